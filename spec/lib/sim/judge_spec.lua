local graphs = require "lib.sim.graphs"
local json = require "core.json"
local judge = require "lib.sim.judge"

-- The graph of the simulated deployment text-to-image.
local function workflow()
  local graph = graphs.workflows[1].graph
  return type(graph) == "string" and json.decode(graph) or graph
end

local function problems(overrides)
  return judge.problems(workflow(), { overrides = json.decode(json.encode(overrides)) })
end

describe("sim.judge", function()
  it("names what the simulator would refuse, with its place", function()
    assert.same({ "3.inputs.steps: Value 0 smaller than min of 1" }, problems { ["3"] = { inputs = { steps = 0 } } })
    local list = problems { ["3"] = { inputs = { cfg = 200, sampler_name = "eular" } } }
    assert.equal(2, #list)
    assert.equal("3.inputs.cfg: Value 200 bigger than max of 100.0", list[1])
    assert.matches("^3.inputs.sampler_name: Value not in list", list[2])
    assert.same({ "77: Node '77' does not exist in the workflow" }, problems { ["77"] = { inputs = {} } })
  end)

  it("finds nothing in what runs, nor in what it does not know", function()
    assert.same({}, problems { ["3"] = { inputs = { steps = 20, cfg = 7.5 } } })
    assert.same({}, judge.problems(nil, { overrides = { ["3"] = { inputs = { steps = 0 } } } }))
    assert.same({}, judge.problems(workflow(), {}))
  end)

  it("judges a whole workflow", function()
    assert.same({}, judge.problems(nil, { workflow_api_json = workflow() }))
    local graph = workflow()
    graph["3"].inputs.steps = 0
    assert.same({ "3.inputs.steps: Value 0 smaller than min of 1" }, judge.problems(nil, { workflow_api_json = graph }))
    assert.same({ "Prompt has no outputs" }, judge.problems(nil, { workflow_api_json = {} }))
  end)
end)
