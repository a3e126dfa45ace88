local clock = require "lib.async.clock"
local context = require "lib.calls.context"
local fiber = require "lib.async.fiber"
local invoke = require "lib.recipes.run.invoke"
local kit = require "spec.support.rc"
local registry = require "lib.features.registry"

local function run(text, options)
  local result, err
  kit.with({}, function() result, err = kit.run(text, options) end)
  return result, err
end

-- A recipe as a tool, as the catalog makes it.
local function recipe_tool(name, text, uses, find)
  local recipe, fn = kit.load(text, name)
  return assert(registry.compile({
    name = name, description = "A recipe.", input = { { "n", "integer", "N", default = 1 } },
    run = function(input, ctx)
      return invoke.call(recipe, fn, { input }, ctx, { declaration = { name = name, uses = uses }, find = find })
    end,
  }, { strict = true }))
end

describe("lib.recipes.run.invoke", function()
  it("gives each call a state of its own, and all the same code", function()
    kit.with({}, function()
      local recipe, fn = kit.load "rc.sleep(input.s) return { s = input.s, left = ctx.deadline - rc.now() }"
      local function call(s, seconds)
        return fiber.spawn(function()
          return invoke.call(recipe, fn, { { s = s } }, kit.context(), {
            declaration = { name = "probe" }, find = kit.tools().find, settings = { recipe_seconds = seconds },
          })
        end)
      end
      local slow, quick = call(5, 10), call(1, 100)
      local _, first = slow:join()
      local _, second = quick:join()
      assert.same({ s = 5, left = 5 }, first.data)
      assert.same({ s = 1, left = 99 }, second.data)
    end)
  end)

  it("tells what a resource gives that JSON cannot say as the recipe's mistake, with its place", function()
    kit.with({}, function()
      for body, what in pairs {
        ["return { x = 0 / 0 }"] = "at .x: JSON has no infinity and no NaN", ["return { '\\xFF' }"] = "not valid UTF%-8",
      } do
        local recipe, fn = kit.load(body)
        local task = fiber.spawn(function()
          return invoke.value(recipe, fn, {}, kit.context(), { declaration = { name = "probe" }, find = kit.tools().find })
        end)
        local ok, value, err = task:join()
        assert.is_true(ok)
        assert.is_nil(value)
        assert.equal("bad_result", err.code)
        assert.matches("returned what is no result: .*" .. what .. ".*\n  at probe.lua:1, in the function that begins there", err.message)
      end
    end)
  end)

  it("takes the limits from the settings", function()
    local _, err = run("while true do end", { settings = { recipe_cpu_ms = 20 } })
    assert.equal("cpu", err.code)
    _, err = run("local t = {} for i = 1, 1e7 do t[i] = i end", { settings = { recipe_memory_bytes = 1024 * 1024 } })
    assert.equal("memory", err.code)
    _, err = run("rc.sleep(100)", { settings = { recipe_seconds = 10 } })
    assert.equal("timeout", err.code)
    local at_once, most = 0, 0
    local function nap()
      at_once = at_once + 1
      most = math.max(most, at_once)
      clock.sleep(1)
      at_once = at_once - 1
      return { data = {} }
    end
    assert(run("rc.map({ 1, 2, 3, 4, 5 }, function() rc.tools.nap() end, { concurrency = 5 })", {
      settings = { recipe_calls = 2 }, uses = { "nap" }, tools = { { name = "nap", description = "Sleeps.", run = nap } },
    }))
    assert.equal(2, most)
  end)

  it("lets a recipe call a recipe, whose errors and progress come through", function()
    kit.with({}, function()
      local set = {}
      local function find(name) return set[name] end
      set.inner = recipe_tool("inner", [[
        ctx:progress(1, 2, "inside")
        if input.n > 1 then rc.fail("too many", { code = "many", n = input.n }) end
        return { doubled = input.n * 2 }
      ]], {}, find)
      set.outer = recipe_tool("outer", [[
        local first = rc.tools.inner { n = 1 }
        local ok, err = pcall(rc.tools.inner, { n = 2 })
        return { first = first.doubled, code = err.code, n = err.data.n }
      ]], { "inner" }, find)
      set.round = recipe_tool("round", "return rc.tools.again {}", { "again" }, find)
      set.again = recipe_tool("again", "return rc.tools.round {}", { "round" }, find)
      local ctx = kit.context()
      assert.same({ first = 2, code = "many", n = 2 }, assert(registry.attempt(set.outer, {}, ctx)).data)
      assert.equal("inside", ctx.reports[1][3])
      local _, err = registry.attempt(set.round, {}, ctx)
      assert.equal("cycle", err.code)
      assert.matches("round > again > round", err.message, 1, true)
    end)
  end)

  it("works behind the context of a client's call", function()
    kit.with({}, function()
      local tool = recipe_tool("told", "ctx:progress(1) rc.log('debug', 'x') return { client = ctx.client.name }", {}, kit.tools().find)
      local ctx = context.new { tool = "told", client = { name = "editor" } }
      assert.same({ client = "editor" }, registry.call(tool, {}, ctx).data)
    end)
  end)

  it("shows the place of an error in the recipe's own file", function()
    local _, err = run "local t = nil\nreturn t.x"
    assert.matches("probe.lua:2: attempt to index a nil value (local 't')", err.message, 1, true)
    assert.matches("at probe.lua:2", err.message, 1, true)
  end)

  it("is not led astray by what a recipe raises or returns", function()
    for _, text in ipairs {
      "error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end }))",
      "error(setmetatable({}, { __metatable = setmetatable({}, { __eq = function() while true do end end }) }))",
      "return setmetatable({}, { __pairs = function() while true do end end, __len = function() while true do end end })",
      "rc.all { function() error(setmetatable({}, { __tostring = function() while true do end end })) end }",
      "rc.tools.get_deployment(setmetatable({}, { __pairs = function() while true do end end, __index = function() error 'x' end }))",
      "rc.submit(setmetatable({}, { __index = function() while true do end end }))",
    } do
      local result, err = run(text, { uses = { "get_deployment", "submit_request" } })
      assert.is_true(result ~= nil or err.code ~= "cpu", text)
    end
  end)
end)
