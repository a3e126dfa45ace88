local kit = require "spec.support.rc"
local rights = require "lib.recipes.effects.rights"

local function echo(name)
  return { name = name, description = "Gives back what it got.", run = function(input) return { text = "echo", data = input } end }
end

describe("a recipe", function()
  it("calls nothing that 'uses' does not name, and says what was meant", function()
    kit.with({}, function(sim)
      local _, err = kit.run("rc.tools.delete_deployment { deployment_id = 'x' }", { uses = { "delete_deploymant" } })
      assert.equal("not_allowed", err.code)
      assert.matches("did you mean 'delete_deploymant'?", err.message, 1, true)
      assert.equal("Add \"delete_deployment\" to 'uses'.", err.hint)
      for _, name in ipairs { "get_request_status", "cancel_request" } do -- what a job may do, rc.tools may not
        _, err = kit.run(("rc.tools.%s { deployment_id = 'x', request_id = 'y' }"):format(name), { uses = { "submit_request" } })
        assert.equal("not_allowed", err.code)
      end
      _, err = kit.run("rc.tools.nothing {}", { uses = { "nothing" } })
      assert.equal("unknown_tool", err.code)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("stops cycles and calls that are nested too deep", function()
    kit.with({}, function()
      local _, err = kit.run("rc.tools.probe {}", { uses = { "probe" }, tools = { echo "probe" } })
      assert.equal("cycle", err.code)
      assert.matches("probe > probe", err.message, 1, true)
      local ctx = kit.context()
      ctx.chain = {}
      for i = 1, 16 do ctx.chain[i] = "r" .. i end
      _, err = kit.run("rc.tools.echo {}", { uses = { "echo" }, tools = { echo "echo" }, ctx = ctx })
      assert.equal("depth", err.code)
    end)
  end)
end)

describe("rights", function()
  local function state(fields)
    local tools = {
      submit_request = { name = "submit_request", grants = { "cancel_request" } }, cancel_request = { name = "cancel_request" },
    }
    local result = { name = "r", uses = { submit_request = true }, chain = { "r" }, find = function(name) return tools[name] end }
    for key, value in pairs(fields or {}) do result[key] = value end
    return result
  end

  it("include on a job's behalf what the tools in uses grant, and nothing else", function()
    assert.equal("submit_request", rights.find(state(), "submit_request").name)
    assert.equal("cancel_request", rights.find(state(), "cancel_request", {}).name)
    for _, case in ipairs { { state(), "cancel_request" }, { state { uses = {} }, "cancel_request", {} },
                            { state(), "delete_deployment", {} } } do
      local tool, err = rights.find(table.unpack(case))
      assert.same({ nil, "not_allowed" }, { tool, err.code })
      assert.is_true(err.settled) -- asking again does not help
    end
  end)
end)
