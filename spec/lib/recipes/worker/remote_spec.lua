-- Recipes of a worker, called by the runner like others: their effects are performed here.
local bed = require "spec.support.worker"
local calls = require "lib.calls.effects"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local invoke = require "lib.recipes.run.invoke"
local json = require "core.json"
local loader = require "lib.recipes.load.loader"
local rc = require "spec.support.rc"
local runcomfy = require "spec.support.runcomfy"
local simulator = require "lib.sim.server"

local SPEED = 1000

-- Runs `fn(sim)` on a fresh simulator, on a clock that runs: a worker knows no other.
local function with_simulator(fn)
  local _ <close> = setmetatable({}, { __close = function() clock.set_speed(1) end })
  clock.set_speed(SPEED)
  local sim <close> = assert(simulator.start())
  local _ <close> = runcomfy.use { base_url = sim.base_url }
  fn(sim)
end

local function options_of(recipe, more)
  local entry = recipe.tools[1]
  return { declaration = entry.fields, find = rc.tools(more).find, schema = entry.compiled.schema, tool = entry.compiled }
end

local function call(recipe, input, ctx, more)
  return invoke.call(recipe, recipe.tools[1].fields.run, { input }, ctx or runcomfy.context(), options_of(recipe, more))
end

local function load_here(name)
  return assert(loader.load("recipes/" .. name .. ".lua"))
end

local function load_there(host, name)
  local text = assert(loader.read("recipes/" .. name .. ".lua", name .. ".lua"))
  return assert(host:load_text(text, "recipes/" .. name .. ".lua", {
    name = name, shown = name .. ".lua", folder = "recipes", root = "recipes",
  }))
end

-- What the simulator was asked, but for polls, whose number is time's.
local function ledger(sim)
  local list = {}
  for _, request in ipairs(sim:requests()) do
    if not request.path:find "/status$" then
      list[#list + 1] = request.method .. " " .. request.path:gsub("requests/[^/]+", "requests/…")
    end
  end
  table.sort(list)
  return list
end

local cases = {
  generate_image = { deployment_id = "text-to-image", prompt = "a fox", seed = 7 },
  compare_seeds = { deployment_id = "text-to-image", prompt = "a fox", seeds = { 7, 8, 9 } },
  deployment_health = {}, discover_inputs = { deployment_id = "text-to-image" },
}

local function plain(result)
  return (json.encode(result.data):gsub("%x+%-%x+%-%x+%-%x+%-%x+", "ID"):gsub(":%d+/", ":PORT/"):gsub('("%w*seconds%w*":)[%d.]+', "%1N"))
end

describe("a recipe of a worker", function()
  for name, input in pairs(cases) do
    it("does to the world what it does here: " .. name, function()
      local here, there
      with_simulator(function(sim)
        bed.run(function()
          local result, err = call(load_here(name), input)
          here = { result = plain(assert(result, err and err.message)), ledger = ledger(sim) }
        end)
      end)
      with_simulator(function(sim)
        bed.with(nil, function(host)
          local result, err = call(load_there(host, name), input)
          there = { result = plain(assert(result, err and err.message)), ledger = ledger(sim) }
          assert.same({}, host:endings())
        end)
      end)
      assert.same(here.ledger, there.ledger)
      assert.equal(here.result, there.result)
    end)
  end

  local function probe(host, body, uses)
    return assert(bed.load(host, bed.tool(body, uses)))
  end

  local function tool(run)
    return { { name = "act", description = "Acts for a spec", input = { type = "object" }, run = run } }
  end

  it("fails in the same words as here, and tells programs the same", function()
    bed.with(nil, function(host)
      for _, body in ipairs {
        [[rc.fail("no luck", { code = "luck", data = { left = 0 } })]], "local x = nil; return x.y", "error { message = 'm', code = 5 }",
        "return input.nothing", "return print", "rc.sleep('x')", "return { [1.5] = 2 }, { 1 }", "local function f() f() end f()",
        "while true do end", "rc.all { function() error 'one' end, function() rc.sleep(9) end }", "return rc.tools.nothing {}",
        "rc.finally(function() error 'no end' end) error 'x'", "rc.finally(function() error 'no end' end) return 1",
      } do
        local settings = { recipe_cpu_ms = 50 }
        local file = { name = "probe", shown = "probe.lua", folder = "/nowhere", root = "/nowhere" }
        local here = assert(loader.load_text(bed.tool(body), "/nowhere/probe.lua", file))
        local there = assert(bed.load(host, bed.tool(body)))
        local one, other = options_of(here), options_of(there)
        one.settings, other.settings = settings, settings
        local result, err = invoke.call(here, here.tools[1].fields.run, { {} }, runcomfy.context(), one)
        local its, its_err = invoke.call(there, there.tools[1].fields.run, { {} }, runcomfy.context(), other)
        assert.equal(err and err.message, its_err and its_err.message)
        assert.equal(err and err.code, its_err and its_err.code)
        assert.equal(json.encode(err and err.data or json.null), json.encode(its_err and its_err.data or json.null))
        assert.same(err and err.frames, its_err and its_err.frames)
        assert.same(result and { result.text, result.data }, its and { its.text, its.data })
      end
    end)
  end)

  it("sees the host's clock, and its deadline there", function()
    bed.with(nil, function(host)
      local before = clock.wall()
      local recipe = probe(host, "local first = rc.now(); rc.sleep(1); return { first, rc.now(), ctx.deadline }")
      local ctx = runcomfy.context()
      ctx.effects = calls.chain { function(effect, proceed)
        if effect.kind == "sleep" then clock.set_speed(1000) end -- its clock takes a leap while the worker waits
        local result, err = proceed()
        clock.set_speed(1)
        return result, err
      end }
      local result = call(recipe, {}, ctx)
      local first, second, deadline = table.unpack(result.data)
      assert.is_true(before <= first and second >= first + 1 and second <= clock.wall(), json.encode(result.data))
      assert.is_true(deadline > first + 3500 and deadline <= first + 3601, deadline)
    end)
  end)

  it("gives content, text and data", function()
    bed.with(nil, function(host)
      local result = call(probe(host, [[return "words", { n = 1 }, rc.image("\137PNG\r\n\26\n" .. ("x"):rep(20)), "more"]]), {})
      assert.equal("words\nmore", result.text)
      assert.same({ n = 1 }, result.data)
      assert.equal("image/png", result.content[1].mimeType)
    end)
  end)

  it("may call what it uses, and nothing else", function()
    bed.with(nil, function(host)
      local seen = {}
      local tools = tool(function(input)
        seen[#seen + 1] = input.n
        return { data = { n = input.n + 1 } }
      end)
      local recipe = probe(host, "return rc.tools.act { n = 1 }", '{ "act" }')
      assert.same({ n = 2 }, call(recipe, {}, nil, tools).data)
      local _, err = call(probe(host, "return rc.tools.act { n = 1 }"), {}, nil, tools)
      assert.matches("^recipe 'probe' may not call 'act'", err.message)
      assert.same({ 1 }, seen)
    end)
  end)

  it("passes the chain of its context, and tells its progress there", function()
    bed.with(nil, function(host)
      local ctx, seen = runcomfy.context(), {}
      ctx.effects = calls.chain { function(effect, proceed)
        seen[#seen + 1] = ("%s %s"):format(effect.kind, effect.name)
        return proceed()
      end }
      call(probe(host, "ctx:progress(1, 2, 'half'); rc.sleep(0); return 1"), {}, ctx)
      assert.same({ "sleep sleep" }, seen)
      assert.same({ 1, 2, "half" }, ctx.reports[1])
    end)
  end)

  it("has its clean-ups done before a cancellation is over", function()
    bed.with(nil, function(host)
      local order, sleeping = {}, false
      local tools = tool(function(input)
        fiber.sleep(0.02)
        order[#order + 1] = input.what
        return { data = {} }
      end)
      local ctx = runcomfy.context()
      ctx.effects = calls.chain { function(effect, proceed, scope)
        sleeping = sleeping or effect.kind == "sleep"
        if effect.kind == "tool" then order[#order + 1] = scope.cleans and "cleans" or "acts" end
        return proceed()
      end }
      local task = fiber.spawn(call, probe(host, [[
        rc.finally(function() rc.tools.act { what = "undone" } end)
        rc.tools.act { what = "done" }
        rc.sleep(60)
      ]], '{ "act" }'), {}, ctx, tools)
      task.quiet = true
      bed.await(function() return sleeping end)
      task:cancel()
      assert.is_false((task:join()))
      assert.same({ "acts", "done", "cleans", "undone" }, order)
    end)
  end)

  it("goes on in another worker where its own ends, and nothing is done twice", function()
    bed.with(nil, function(host)
      local done = 0
      local tools = tool(function()
        done = done + 1
        if done == 1 then bed.signal(host:pids()[1], "KILL") end
        return { data = { n = done } }
      end)
      local result, err = call(probe(host, "return { rc.tools.act {}, rc.tools.act {} }", '{ "act" }'), {}, nil, tools)
      assert.is_nil(err)
      assert.same({ { n = 1 }, { n = 2 } }, result.data)
      assert.equal(2, done)
    end)
  end)
end)
