local findings = require "spec.support.findings"
local registry = require "lib.features.registry"

local function only(body, tools)
  local list = findings.of(body, tools)
  assert.equal(1, #list, body .. "\n" .. table.concat(list, "\n"))
  return list[1]
end

describe("lib.workbench.lint.options", function()
  local tools

  setup(function()
    tools = { get_deployment = assert(registry.compile {
      name = "get_deployment", description = "D.",
      input = { { "deployment_id", "string", "Id", max_length = 40 }, { "count", "integer", "N", minimum = 1, optional = true } },
      annotations = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = true },
      run = function() return { text = "" } end,
    }) }
  end)

  it("names fields that there are not, with what may be meant", function()
    assert.matches("1 unknown-field: rc.submit has no field 'deploymnt_id'",
      only "rc.submit { deploymnt_id = 'd', deployment_id = 'd' }", 1, true)
    assert.matches("did you mean", only "rc.submit { deploymnt_id = 'd', deployment_id = 'd' }", 1, true)
    assert.matches("2 unknown-field", only "rc.job('d', 'r'):wait {\ntimeot = 3 }", 1, true)
  end)

  it("says what a field takes", function()
    assert.matches("'timeout' takes .*, not a text", only "rc.job('d', 'r'):wait { timeout = '3' }")
    assert.same({}, findings.of "rc.job('d', 'r'):wait { timeout = input.seconds }")
  end)

  it("follows a table to where it was made, as long as it stays what it was", function()
    assert.matches("^1 unknown%-field", only "local o = { timeot = 3 } rc.job('d', 'r'):wait(o)")
    assert.same({}, findings.of "local o = { timeot = 3 } o.timeot = nil rc.job('d', 'r'):wait(o)")
    assert.same({}, findings.of "local o = { timeot = 3 } o = {} rc.job('d', 'r'):wait(o)")
  end)

  it("holds a tool's arguments to its schema", function()
    assert.matches("1 unknown-field: rc.tools.get_deployment has no field 'id'",
      only("return rc.tools.get_deployment { id = 'd', deployment_id = 'd' }", tools), 1, true)
    assert.matches("'deployment_id' takes a text, not", only("return rc.tools.get_deployment { deployment_id = {} }", tools), 1, true)
    assert.matches("count", only("return rc.tools.get_deployment { deployment_id = 'd', count = -1 }", tools), 1, true)
    assert.same({}, findings.of("return rc.tools.get_deployment { deployment_id = input.x, count = 2 }", tools))
  end)

  it("wants one table for a tool", function()
    assert.matches("rc.tools.get_deployment takes one table", only("return rc.tools.get_deployment('d')", tools), 1, true)
    assert.matches("rc.tools.get_deployment takes one table",
      only("return rc.tools.get_deployment({ deployment_id = 'd' }, 2)", tools), 1, true)
  end)

  it("finds a function where JSON is sent", function()
    assert.matches("^2 argument: rc.submit: a function is no JSON: is %(%) missing behind it%?",
      only "rc.submit { deployment_id = 'd', overrides = { ['6'] = { inputs = {\ntext = rc.uuid } } } }")
    assert.matches("rc.json.encode: a function is no JSON", only "return rc.json.encode { a = { b = function() end } }", 1, true)
  end)

  it("knows the shape of overrides", function()
    assert.matches("node '6' has 'input' where 'inputs' should be",
      only "rc.submit { deployment_id = 'd', overrides = { ['6'] = { input = { text = 'x' } } } }", 1, true)
    assert.matches("^1 overrides: rc.submit: ", only "rc.submit { deployment_id = 'd', overrides = { ['6'] = 'x' } }")
    for _, overrides in ipairs {
      "{ ['6'] = { inputs = { text = input.x } } }", "{ [input.node] = { inputs = input.values } }", "input.overrides", "{}",
      "{ ['6'] = { inputs = { a = { b = 1 } } } }",
    } do
      assert.same({}, findings.of(("rc.submit { deployment_id = 'd', overrides = %s }"):format(overrides)), overrides)
    end
  end)
end)
