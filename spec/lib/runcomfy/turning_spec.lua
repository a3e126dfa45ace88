-- What reads an answer of the API that has very many members lets the loop turn meanwhile.

local deployment = require "lib.runcomfy.deployment"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local loop = require "core.loop"
local outputs = require "lib.runcomfy.outputs"
local turning = require "spec.support.turns"

-- What `fn` gives in a fiber that is cancelled while it runs or not, and how often the loop turned.
local function run(fn, cancel)
  local turns <close> = turning.count()
  local task = fiber.spawn(fn)
  task.quiet = true
  if cancel then task:cancel "enough" end
  while task.status ~= "done" do loop.step(true) end
  return turns.number, select(2, task:join())
end

local function raw(head, unit, count, tail)
  return assert(json.raw(head .. unit:rep(count) .. tail))
end

describe("an answer with very many members", function()
  it("is looked through for outputs while others are served, and to the end: it may be a result that was paid", function()
    local numbers = raw("[", "7,", 500000, "7]")
    local empty = raw('{"outputs":{', '"1":{},', 200000, '"2":[]}}')
    for _, cancel in ipairs { false, true } do
      local turns, found = run(function() return outputs.empty(numbers) end, cancel)
      assert.is_true(turns > 1, turns)
      assert.is_true(found)
      turns, found = run(function() return outputs.empty(empty) end, cancel)
      assert.is_true(turns > 1, turns)
      assert.is_true(found)
    end
  end)

  it("is summed up while others are served", function()
    local many = raw('{"payload":{"workflow_api_json":{', '"1":2,', 200000, '"9":{"class_type":"A"}}}}')
    local turns, summary = run(function() return deployment.payload_summary(many) end)
    assert.is_true(turns > 1, turns)
    assert.equal("9", summary.workflow_node_summary[1].node_id)
  end)
end)
