-- What a run asks of the person while requests come and go.
local bed = require "spec.support.background"
local clock = require "lib.async.clock"
local kit = require "spec.support.mcp"
local under_way = require "lib.recipes.run.under_way"

local CAN_ASK, ID, SLICE, with = bed.CAN_ASK, bed.ID, bed.SLICE, bed.with

describe("recipes.background: a question", function()
  it("keeps a question for whoever joins, while nobody is attached, for ten minutes", function()
    with(function(_, client)
      client:call("maker", { how = "ask_late" }, nil, CAN_ASK)
      clock.sleep(500) -- the question came at 70
      local asked = client:call("maker", { how = "ask_late" }, nil, CAN_ASK)
      assert.equal("input_required", asked.resultType)
      local yes = { requestState = asked.requestState, inputResponses = { question = { action = "accept", content = { confirm = true } } } }
      assert.is_true(client:call("maker", { how = "ask_late" }, yes, CAN_ASK).structuredContent.pending)
      assert.is_true(client:call("maker", { how = "ask_late" }).structuredContent.ok)
    end)
    with(function(_, client)
      client:call("maker", { how = "ask_late" }, nil, CAN_ASK)
      clock.sleep(800)
      local result = client:call("maker", { how = "ask_late" }, nil, CAN_ASK).structuredContent
      assert.is_false(result.ok)
      assert.matches("Nobody could be asked", result.message, 1, true)
    end)
  end)

  it("asks through a client of 2025-11-25 that joins a run whose question waits", function()
    with({ version = "2025-11-25" }, function(_, client)
      local run = client:call("maker", { how = "ask_late" }).structuredContent.run
      clock.sleep(100)
      local call = client:begin("run_recipe", { collect = run })
      clock.sleep(1)
      local question
      for _, message in ipairs(client.transport.sent) do question = message.method == "elicitation/create" and message or question end
      kit.send(client.session, { id = question.id, result = { action = "accept", content = { confirm = true } } })
      assert.is_true(client:wait(call).structuredContent.pending)
      assert.is_true(client:collect(run).structuredContent.ok)
    end)
  end)

  it("tells that a question waits, and cannot ask through who cannot be asked", function()
    with(function(_, client)
      local run = client:call("maker", { how = "ask_late" }, nil, CAN_ASK).structuredContent.run
      clock.sleep(100)
      local result = client:collect(run) -- without the capability
      assert.is_true(result.structuredContent.pending)
      assert.is_false(client:collect(run).structuredContent.ok)
    end)
  end)

  it("ends a question that waits with the program, and its clean-ups run", function()
    with(function(bench, client)
      client:call("maker", { how = "undo_late" }, nil, CAN_ASK)
      clock.sleep(100)
      assert.equal(0, bench:count("PATCH", ID))
      under_way.drain()
      clock.sleep(1)
      assert.same({ 0, 1 }, { under_way.count(), bench:count("PATCH", ID) })
    end)
  end)

  it("asks whoever joined", function()
    with(function(_, client)
      client:call("maker", { how = "ask_late" }, nil, CAN_ASK)
      local asked = client:call("maker", { how = "ask_late" }, nil, CAN_ASK)
      assert.equal("input_required", asked.resultType)
      local yes = { requestState = asked.requestState, inputResponses = { question = { action = "accept", content = { confirm = true } } } }
      local pending, seconds = client:call("maker", { how = "ask_late" }, yes, CAN_ASK)
      assert.is_true(pending.structuredContent.pending)
      assert.is_true(seconds >= SLICE and seconds < SLICE + 1) -- the patience began anew with the answer
      assert.is_true(client:call("maker", { how = "ask_late" }).structuredContent.ok)
    end)
  end)

  it("does not count the time of a question of 2026-07-28, which is an answer itself", function()
    with(function(_, client)
      local asked = client:call("maker", { how = "ask" }, nil, CAN_ASK)
      clock.sleep(200)
      local yes = { requestState = asked.requestState, inputResponses = { question = { action = "accept", content = { confirm = true } } } }
      local pending = client:call("maker", { how = "ask" }, yes, CAN_ASK).structuredContent
      assert.is_true(pending.pending)
      assert.is_true(client:collect(pending.run).structuredContent.asked)
    end)
  end)

  it("keeps a question of 2025-11-25 open over the slice", function()
    with({ version = "2025-11-25" }, function(_, client)
      local call = client:begin("maker", { how = "ask" })
      local pending = client:wait(call).structuredContent
      assert.is_true(pending.pending)
      local question
      for _, message in ipairs(client.transport.sent) do question = message.method == "elicitation/create" and message or question end
      kit.send(client.session, { id = question.id, result = { action = "accept", content = { confirm = true } } })
      assert.is_true(client:collect(pending.run).structuredContent.pending)
      assert.is_true(client:collect(pending.run).structuredContent.asked)
    end)
  end)
end)
