local clock = require "lib.async.clock"
local recipes = require "spec.support.recipes"

local function submit(bench, seed)
  return bench:call("submit_request", {
    deployment_id = recipes.TEXT_TO_IMAGE, overrides = { ["3"] = { inputs = { seed = seed } } },
  }).data.submission.request_id
end

local function outcome(bench, request_id)
  return bench.sim.model.requests[request_id].outcome
end

local function is_enabled(bench)
  return bench.sim.model.deployments[recipes.TEXT_TO_IMAGE].is_enabled
end

describe("recipes.pause_when_idle", function()
  it("lets the requests finish, then pauses", function()
    recipes.with({}, function(bench)
      local one, other = submit(bench, 1), submit(bench, 2)
      local answer = bench:call("pause_when_idle", { deployment_id = "text-to-image", request_ids = { one, other } })
      assert.is_true(answer.ok, answer.text)
      assert.equal(2, answer.data.drained)
      assert.is_false(answer.data.is_enabled)
      assert.is_false(is_enabled(bench))
      assert.equal("succeeded", outcome(bench, one))
      assert.equal("succeeded", outcome(bench, other))
      assert.equal(1, bench:count("PATCH", ""))
    end)
  end)

  it("waits for the work of others that their instance still has", function()
    recipes.with({ sim = { run_time = 120 } }, function(bench)
      local ours, theirs = submit(bench, 1), submit(bench, 2)
      local answer = bench:call("pause_when_idle", { deployment_id = "text-to-image", request_ids = { ours } })
      assert.is_true(answer.ok, answer.text)
      assert.equal("succeeded", outcome(bench, theirs))
    end)
  end)

  it("pauses at once when nothing is open", function()
    recipes.with({}, function(bench)
      assert.is_true(bench:call("pause_when_idle", { deployment_id = "text-to-image", request_ids = {} }).ok)
      assert.is_false(is_enabled(bench))
    end)
  end)

  it("counts a request that failed as ended", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run" }
      assert.is_true(bench:call("pause_when_idle", { deployment_id = "text-to-image", request_ids = { submit(bench, 1) } }).ok)
    end)
  end)

  it("does not pause when the time is over first, and names the open request", function()
    recipes.with({ sim = { run_time = 900 } }, function(bench)
      local id = submit(bench, 1)
      local answer = bench:call("pause_when_idle", { deployment_id = "text-to-image", request_ids = { id }, timeout_minutes = 2 })
      assert.is_false(answer.ok)
      assert.equal(id, answer.data.open_request)
      assert.is_true(is_enabled(bench))
      assert.equal(0, bench:count("PATCH", ""))
    end)
  end)

  it("does not pause when it is cancelled", function()
    recipes.with({ sim = { run_time = 900 } }, function(bench)
      local task = bench:start("pause_when_idle", { deployment_id = "text-to-image", request_ids = { submit(bench, 1) } })
      clock.sleep(60)
      task:cancel("the user")
      task:join()
      assert.is_true(is_enabled(bench))
      assert.equal(0, bench:count("PATCH", ""))
    end)
  end)
end)
