-- What a deployment's payload is summed up to, and how often its workflow is traced for that.

local deployment = require "lib.runcomfy.deployment"
local json = require "core.json"
local summary = require "lib.workflow.summary"

local function of(prompt)
  return assert(json.raw(('{"payload":{"workflow_api_json":{"3":{"class_type":"KSampler","inputs":{"seed":1,"positive":["6",0]}},'
    .. '"6":{"class_type":"CLIPTextEncode","inputs":{"text":%s}},"9":{"class_type":"SaveImage","inputs":{"images":["3",0]}}}}}')
    :format(json.encode(prompt))))
end

describe("a payload's summary", function()
  local traced, lines
  before_each(function()
    traced, lines = 0, summary.lines
    summary.lines = function(...) -- luacheck: ignore 122
      traced = traced + 1
      return lines(...)
    end
  end)
  after_each(function() summary.lines = lines end) -- luacheck: ignore 122

  it("traces a workflow once, as long as it is among the last ones", function()
    local first = deployment.payload_summary(of "once").roles
    assert.matches("6.text", table.concat(first, "\n"), 1, true)
    first[1] = "changed by who got it"
    assert.matches("6.text", table.concat(deployment.payload_summary(of "once").roles, "\n"), 1, true)
    assert.equal(1, traced)
    for i = 1, 4 do deployment.payload_summary(of("another " .. i)) end
    assert.equal(5, traced)
    deployment.payload_summary(of "once")
    assert.equal(6, traced)
  end)

  it("traces another workflow of the same length", function()
    deployment.payload_summary(of "same 1")
    deployment.payload_summary(of "same 2")
    assert.equal(2, traced)
  end)

  it("remembers, too, that nothing was found", function()
    local raw = assert(json.raw '{"payload":{"workflow_api_json":{"1":{"class_type":"Note","inputs":{}}}}}')
    assert.equal(0, #deployment.payload_summary(raw).roles)
    assert.equal(0, #deployment.payload_summary(raw).roles)
    assert.equal(1, traced)
  end)
end)
