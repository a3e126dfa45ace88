local job_calls = require "lib.recipes.effects.job_calls"
local json = require "core.json"
local tools = require "lib.recipes.effects.tools"

describe("recipes.effects.job_calls", function()
  local call = tools.call
  after_each(function() tools.call = call end)

  it("names the job alone to the tool, and says on whose behalf it calls", function()
    local given
    tools.call = function(...)
      given = table.pack(...)
      return { data = {} }
    end
    local record = { state = { name = "r" }, deployment_id = "d", request_id = "q", instance_id = "i" }
    assert.same({ data = {} }, (job_calls.call(record, "get_request_status")))
    assert.same({ record.state, "get_request_status", { deployment_id = "d", request_id = "q" }, tools.FOR_JOB },
      { table.unpack(given, 1, 4) })
    local poll = { poll = { total_ms = 5 } }
    job_calls.call(record, "get_request_result", poll)
    assert.equal(poll, given[4])
  end)

  it("keeps an answer's bytes, and takes what is not there for null", function()
    assert.equal('{"seed":18446744073709551615}', job_calls.raw(json.raw '{"seed":18446744073709551615}'):text())
    assert.equal('{"a":1}', job_calls.raw({ a = 1 }):text())
    assert.equal("null", job_calls.raw(nil):text())
  end)
end)
