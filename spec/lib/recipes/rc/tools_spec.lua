local bed = require "spec.support.runcomfy"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local json = require "core.json"
local kit = require "spec.support.rc"

local function echo(name, more)
  local tool = {
    name = name, description = "Gives back what it got.", input = { { "value", "object", "Anything", optional = true } },
    run = function(input) return { text = "echo", data = input } end,
  }
  for key, value in pairs(more or {}) do tool[key] = value end
  return tool
end

describe("rc.tools", function()
  it("calls a tool and gives its structured content, decoded", function()
    kit.with({}, function()
      local data = kit.data([[
        local list = rc.tools.list_deployments {}
        local one = rc.tools.get_deployment { deployment_id = list.deployments[1].id }
        one.name = one.name -- the recipe's own copy
        return { ok = list.ok, count = #list.deployments, one = one.deployment.id }
      ]], { uses = { "list_deployments", "get_deployment" } })
      assert.is_true(data.ok)
      assert.equal(kit.DEPLOYMENT, data.one)
    end)
  end)

  it("carries values unharmed, both ways", function()
    kit.with({}, function()
      local data = kit.data([[
        local back = rc.tools.echo { value = {
          seed = 156680208700286, big = rc.json.integer "18446744073709551615", one = 1.0, none = rc.null,
          list = rc.json.array {}, map = {},
        } }
        return back.value
      ]], { uses = { "echo" }, tools = { echo "echo" } })
      assert.equal('{"big":18446744073709551615,"list":[],"map":{},"none":null,"one":1.0,"seed":156680208700286}', json.encode(data))
    end)
  end)

  it("raises what a tool refuses, as an error value with its fields", function()
    kit.with({}, function()
      local tools = { echo("fails", { run = function()
        local data = { ok = false, error = "no luck", hint = "try again" }
        return nil, errors.new("no luck", { code = "unlucky", status_code = 418, data = data })
      end }) }
      local data = kit.data([[
        local ok, err = pcall(rc.tools.fails, {})
        return { ok = ok, text = tostring(err), code = err.code, status = err.status_code, hint = err.hint, data = err.data }
      ]], { uses = { "fails" }, tools = tools })
      assert.same({ ok = false, text = "no luck", code = "unlucky", status = 418, hint = "try again",
        data = { ok = false, error = "no luck", hint = "try again" } }, data)
      local _, err = kit.run("local x = rc.tools.fails {} return x", { uses = { "fails" }, tools = tools })
      assert.equal("unlucky", err.code)
      assert.matches("no luck\n  at probe.lua:1", err.message, 1, true)
    end)
  end)

  it("names the argument that is wrong", function()
    kit.with({}, function(sim)
      local _, err = kit.run("rc.tools.get_deployment { deployment = 'x' }", { uses = { "get_deployment" } })
      assert.equal("invalid_input", err.code)
      assert.matches("Unknown argument 'deployment'", err.message, 1, true)
      _, err = kit.run("rc.tools.get_deployment 'x'", { uses = { "get_deployment" } })
      assert.matches("probe.lua:1: rc.tools.get_deployment takes one table", err.message, 1, true)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("passes every call through the caller's chain, those of jobs included", function()
    kit.with({ sim = { cold_start = 1 } }, function()
      local ctx, seen = kit.context(), {}
      ctx.effects = effects.chain { function(effect, proceed)
        if effect.kind ~= "tool" then return proceed() end
        seen[#seen + 1] = effect.name
        if effect.name == "cancel_request" then return { data = { ok = true, outcome = "pretended" } } end
        return proceed()
      end }
      local data = kit.data(([[
        local job = rc.submit { deployment_id = "%s" }
        local outcome = job:cancel()
        job:wait()
        return { outcome = outcome }
      ]]):format(kit.DEPLOYMENT), { uses = { "submit_request" }, ctx = ctx })
      assert.equal("pretended", data.outcome)
      assert.same({ "submit_request", "cancel_request", "get_request_status" }, { seen[1], seen[2], seen[3] })
      assert.equal("get_request_result", seen[#seen])
    end)
  end)

  it("shows what the tools report as the recipe's progress, between its own steps", function()
    kit.with({ sim = { cold_start = 30 } }, function()
      local ctx = kit.context()
      kit.data(([[
        ctx:progress(1, 3, "begun")
        rc.tools.submit_request { deployment_id = "%s", wait_for_completion = true }
        ctx:progress(2, 3, "done")
        return {}
      ]]):format(kit.DEPLOYMENT), { uses = { "submit_request" }, ctx = ctx })
      local last = 0
      for _, report in ipairs(ctx.reports) do
        assert.is_true(report[1] > last)
        last = report[1]
      end
      assert.same({ 1, 3, "begun" }, ctx.reports[1])
      assert.same({ 2, 3, "done" }, ctx.reports[#ctx.reports])
      assert.is_true(#ctx.reports > 5)
    end)
  end)

  local function messages_of(body, inputs)
    local ctx = kit.context()
    kit.with({ sim = { cold_start = 30 } }, function()
      kit.data(body:gsub("ID", kit.DEPLOYMENT), { uses = { "submit_request" }, ctx = ctx, input = inputs })
    end)
    local list = {}
    for i, report in ipairs(ctx.reports) do list[i] = report[3] or "" end
    return list
  end

  it("keeps the recipe's own words: what tools tell comes behind them", function()
    local list = messages_of [[
      ctx:progress(1, 3, "drawing")
      rc.tools.submit_request { deployment_id = "ID", wait_for_completion = true }
      ctx:progress(2, 3)
      rc.submit({ deployment_id = "ID", overrides = { ["3"] = { inputs = { seed = 2 } } } }):wait()
      ctx:progress(3, 3, "drawn")
      return {}
    ]]
    assert.is_true(#list > 8)
    for i, text in ipairs(list) do
      if i == #list then assert.equal("drawn", text) elseif text ~= "" then assert.equal("drawing", text:sub(1, 7)) end
    end
    assert.matches("^drawing %(.+%)$", list[2])
  end)

  it("says how many of a list are done, until the recipe counts itself", function()
    local MAP = [[
      rc.map({ 1, 2, 3, 4 }, function(seed)
        rc.submit({ deployment_id = "ID", overrides = { ["3"] = { inputs = { seed = seed } } } }):wait()
        %s
      end, { concurrency = 2 })
      return {}]]
    local text = table.concat(messages_of(MAP:format ""), "\n")
    for _, words in ipairs { "0 of 4 done; ", "\n1 of 4 done", "2 of 4 done", "\n4 of 4 done" } do assert.matches(words, text, 1, true) end
    text = table.concat(messages_of("ctx:progress(0, 4, 'batch') " .. MAP:format ""), "\n")
    assert.matches("batch (2 of 4 done)", text, 1, true)
    local own = messages_of(MAP:format "n = (n or 0) + 1 ctx:progress(n, 4, n .. ' saved')":gsub("rc%.map", "local n = 0 rc.map", 1))
    assert.equal("4 saved", own[#own])
    assert.is_nil(own[#own - 1]:find("of 4", 1, true))
  end)

  it("counts the outermost list only, and none of one item", function()
    local nested = messages_of [[
      rc.map({ 1, 2 }, function() rc.map({ 1, 2, 3 }, function() rc.sleep(1) end) end)
      rc.map({ 1 }, function() rc.sleep(1) end)
      rc.all { function() rc.sleep(1) end, function() rc.sleep(2) end }
      return {}
    ]]
    assert.same({ "1 of 2 done", "2 of 2 done", "1 of 2 done", "2 of 2 done" }, nested)
  end)

  it("works inside run only", function()
    local sandbox = require "lib.recipes.load.sandbox"
    local _, problem = sandbox.declare({ name = "early" }, 'require("rc").tools.list_deployments {}', "@early.lua")
    assert.matches("rc.tools.list_deployments works only inside run", problem, 1, true)
  end)

  it("leads a recipe to nothing of the host's", function()
    kit.with({}, function()
      local data = kit.data([[
        local list = rc.tools.list_deployments {}
        local ok, err = pcall(rc.tools.get_deployment, { deployment_id = "none" })
        local job = rc.job("d", "r")
        return { list = getmetatable(list) == nil, err = getmetatable(err) ~= nil and type(getmetatable(err)) ~= "table",
          tools = type(getmetatable(rc.tools)), job = type(getmetatable(job)), ctx = type(getmetatable(ctx)) }
      ]], { uses = { "list_deployments", "get_deployment" } })
      assert.is_true(data.list)
      for _, name in ipairs { "tools", "job", "ctx" } do assert.is_not.equal("table", data[name]) end
    end)
  end)
end)

it("the bed's names are the tools there are", function() assert.equal(#bed.NAMES, #kit.tools().list) end)
