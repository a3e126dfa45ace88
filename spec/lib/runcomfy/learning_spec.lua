local errors = require "lib.errors"
local json = require "core.json"
local learning = require "lib.runcomfy.learning"
local open_requests = require "lib.recipes.run.open_requests"

local SUBMIT, ABOUT = { deployment_id = "d" }, { deployment_id = "d", request_id = "r" }

describe("lib.runcomfy.learning", function()
  local requests
  before_each(function() requests = open_requests.new() end)

  local function begun()
    learning.submitted(requests, SUBMIT, { data = { submission = json.raw '{"request_id":"r"}' } })
    assert.equal("r", requests:list()[1].request_id)
  end

  local function ended(made)
    assert.same({}, requests:list())
    assert.is_true(requests:has_ended("d", "r"))
    assert.equal(made, #requests:made())
  end

  it("learns of a submit what goes on, whose id is unknown, what has ended meanwhile", function()
    begun()
    learning.submitted(requests, SUBMIT, nil, errors.new("lost", { delivery = "unknown" }))
    assert.same({ deployment_id = "d", delivery = "unknown" }, requests:list()[2])
    learning.submitted(requests, SUBMIT, nil, errors.new("refused", { status_code = 422 }))
    assert.equal(2, #requests:list())
    local done = { submission = json.raw '{"request_id":"r"}', result = json.raw '{"status":"succeeded"}' }
    learning.submitted(requests, SUBMIT, { data = done })
    assert.equal(1, #requests:list())
    assert.equal(1, #requests:made())
  end)

  it("learns of the ids in an error that names the request", function()
    learning.submitted(requests, SUBMIT, nil, errors.new("lost", { data = { delivery = "unknown", request_id = "r-2" } }))
    assert.same({ deployment_id = "d", request_id = "r-2", delivery = "unknown" }, requests:list()[1])
  end)

  it("learns of the end from a status, from a result, and from the error of a job that failed", function()
    begun()
    learning.status(requests, ABOUT, { data = { status = json.raw '{"status":"in_progress"}' } })
    assert.equal(1, #requests:list())
    learning.status(requests, ABOUT, { data = { status = json.raw '{"status":"completed"}' } })
    ended(1)
    requests = open_requests.new()
    begun()
    learning.result(requests, ABOUT, nil, errors.new("HTTP 503", { status_code = 503 }))
    assert.equal(1, #requests:list())
    learning.result(requests, ABOUT, nil, errors.new("failed", { code = "job_failed" }))
    ended(0)
  end)

  it("learns of a cancel, and of one that came too late", function()
    for outcome, made in pairs { cancelled = 0, not_cancellable = 1 } do
      requests = open_requests.new()
      begun()
      learning.cancelled(requests, ABOUT, { data = { outcome = "unknown" } })
      assert.equal(1, #requests:list())
      learning.cancelled(requests, ABOUT, { data = { outcome = outcome } })
      ended(made)
    end
  end)

  it("is named by the tools that deal with requests, and by no other", function()
    local named = {}
    for _, module in ipairs(require("core.host").modules "tools.") do
      local tool = require(module)
      if tool.learn then named[#named + 1] = tool.name end
    end
    table.sort(named)
    assert.same({ "cancel_request", "get_request_result", "get_request_status", "submit_request" }, named)
  end)
end)
