local open_requests = require "lib.recipes.run.open_requests"
local bed = require "spec.support.runcomfy"
local remote_cancel = require "lib.runcomfy.remote_cancel"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

describe("lib.runcomfy.remote_cancel", function()
  local lines
  before_each(function() lines = {} end)

  local function with(options, fn)
    bed.with({ cancel_remote = options.cancel_remote }, function(sim)
      local job = { deployment_id = ID, request_id = bed.runcomfy():submit(ID, {}):value "request_id" }
      local requests = open_requests.new()
      fn(job, requests, function(cancel)
        remote_cancel.cancel(job, {
          runcomfy = bed.runcomfy(), requests = requests, cancel = cancel, log = function(text) lines[#lines + 1] = text end,
        })
      end, function() return #sim:requests { path = "/cancel" } end)
    end)
  end

  it("cancels the job at RunComfy, says so, and knows that it has ended", function()
    with({ cancel_remote = true }, function(job, requests, leave, cancels)
      requests:add { deployment_id = ID, request_id = job.request_id }
      leave()
      assert.equal(1, cancels())
      assert.same({}, requests:list())
      local text = ("the caller gave up on request %s of deployment %s; cancelling the job: cancelled"):format(job.request_id, ID)
      assert.same({ text }, lines)
    end)
  end)

  it("does so once, whoever comes first, and not for what has ended", function()
    with({ cancel_remote = true }, function(job, requests, leave, cancels)
      local entry = requests:add { deployment_id = ID, request_id = job.request_id }
      entry.cancelling = true
      leave()
      entry.cancelling = nil
      leave()
      leave()
      assert.equal(1, cancels())
      assert.equal(1, #lines)
    end)
  end)

  it("leaves it alone where the operator has not set that, and says nothing: it goes on", function()
    with({}, function(job, requests, leave, cancels)
      local entry = requests:add { deployment_id = ID, request_id = job.request_id }
      leave()
      assert.equal(0, cancels())
      assert.is_nil(entry.told)
      assert.same({}, lines)
    end)
  end)

  it("asks another way to cancel, where there is one, and tells of a cancel that fails", function()
    with({ cancel_remote = true }, function(_, _, leave, cancels)
      leave(function() return "no answer" end)
      assert.equal(0, cancels())
      assert.matches("cancelling the job: no answer$", lines[1])
    end)
    with({ cancel_remote = true }, function(job, _, leave)
      job.request_id = "none-such"
      leave()
      assert.matches("cancelling the job: HTTP 404", lines[2], 1, true)
    end)
  end)
end)
