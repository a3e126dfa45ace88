local clock = require "lib.async.clock"
local kept_log = require "spec.support.log"
local results = require "lib.calls.results"

local function ended(id, text)
  return {
    id = id, lasting = { key = "k", name = "maker" }, outcome = { ok = true, result = { text = text or "" } },
    receipts = { list = { { deployment_id = "d", request_id = "r-" .. id } } },
  }
end

describe("calls.results", function()
  it("are kept until they are taken, each once, and it is known what became of them", function()
    local kept, call = results.new(), ended "1"
    kept:keep(call)
    kept:keep(call)
    assert.equal(1, #kept:uncollected())
    assert.matches("the result of run 1 of recipe 'maker' was collected. It had begun: request r-1", kept:uncollected()[1], 1, true)
    kept:take(call)
    assert.same({}, kept:uncollected())
    assert.matches("its result was given already", kept:what_became_of "1", 1, true)
  end)

  it("are given up, the oldest first, past 200 of them, past 128 MiB and after an hour: the log names what was paid for", function()
    local dropped = {}
    local kept = results.new(function(call) dropped[#dropped + 1] = call.id end)
    local lines = kept_log.lines_of(function()
      for n = 1, 201 do kept:keep(ended(tostring(n))) end
      assert.same({ "1" }, dropped)
      for n = 1, 5 do kept:keep(ended("big " .. n, ("x"):rep(30 * 1024 * 1024))) end
      assert.equal("big 1", dropped[#dropped])
      local now = clock.now
      local _ <close> = setmetatable({}, { __close = function() clock.now = now end })
      local later = now() + 3601
      clock.now = function() return later end
      kept:expire()
    end)
    assert.same({}, kept:uncollected())
    assert.matches("result of run 1 of recipe 'maker' is given up: others needed the room. It had begun: request r-1", lines[1], 1, true)
    assert.matches("it was kept for 3600 s", kept:what_became_of "big 5", 1, true)
  end)

  it("say of a call that was cancelled what it had begun, and of an unknown one what may have happened", function()
    local kept = results.new()
    kept:forget(ended "1", "it was cancelled")
    assert.matches("There is nothing to collect of run 1: it was cancelled. It had begun: request r-1", kept:what_became_of "1", 1, true)
    assert.matches("before you run the recipe again", kept:what_became_of "other", 1, true)
  end)
end)
