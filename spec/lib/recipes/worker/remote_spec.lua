-- Recipes of a worker, called by the runner like others: their effects are performed here.
local bed = require "spec.support.worker"
local calls = require "lib.calls.effects"
local cases = require "spec.support.shipped_calls"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local hosts = require "lib.recipes.worker.host"
local invoke = require "lib.recipes.run.invoke"
local json = require "core.json"
local loader = require "lib.recipes.load.loader"
local processes = require "lib.recipes.worker.process"
local rc = require "spec.support.rc"
local registry = require "lib.features.registry"
local runcomfy = require "spec.support.runcomfy"
local scratch = require "spec.support.scratch"

local function options_of(recipe, more, settings)
  local entry = recipe.tools[1]
  return {
    declaration = entry.fields, find = rc.tools(more).find, schema = entry.compiled.schema, tool = entry.compiled, settings = settings,
  }
end

local function call(recipe, input, ctx, more, settings)
  local tool = registry.changed(recipe.tools[1].compiled, { run = function(checked, its_ctx)
    return invoke.call(recipe, recipe.tools[1].fields.run, { checked }, its_ctx, options_of(recipe, more, settings))
  end })
  return registry.attempt(tool, input, ctx or runcomfy.context())
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

-- What the simulator was asked, but for polls, whose number is chance's.
local function ledger(sim)
  local list = {}
  for _, request in ipairs(sim:requests()) do
    if not request.path:find "/status$" and not request.path:find "/queue$" then
      list[#list + 1] = request.method .. " " .. request.path:gsub("requests/[^/]+", "requests/…")
    end
  end
  table.sort(list)
  return list
end

-- Without what is another in each run: polls are spread by chance.
local function plain(result)
  local text = json.encode(result.data):gsub("%x+%-%x+%-%x+%-%x+%-%x+", "ID"):gsub(":%d+/", ":PORT/")
  return (text:gsub('"seed":%d+', "SEED"):gsub('seconds":[%d.]+', "SECONDS"))
end

describe("a recipe of a worker", function()
  -- Runs `name` on a fresh simulator, on a clock that jumps: what came of it, and what the simulator was asked.
  local function outcome_of(name, load)
    local outcome
    local folder <close> = scratch.new()
    math.randomseed(7) -- polls are spread by chance
    runcomfy.with({}, function(sim)
      local input = cases[name] { call = function(_, tool, arguments) return runcomfy.call(tool, arguments) end }
      local result, err = call(load(name), input, nil, nil, { output_folder = folder.path })
      outcome = { result = plain(assert(result, err and err.message)):gsub(folder.path, "FOLDER"), ledger = ledger(sim) }
    end)
    return outcome
  end

  for name in pairs(cases) do
    it("does to the world what it does here: " .. name, function()
      local here = outcome_of(name, load_here)
      local host <close> = hosts.new()
      local there = outcome_of(name, function() return load_there(host, name) end)
      assert.same(here, there)
      assert.same({}, host:endings())
      assert.is_true(#here.ledger > 0)
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

  it("tells each call what itself has begun, where all end for want of a worker", function()
    local refused = false
    local function start(options)
      if refused then return nil, "no processes are left" end
      return processes.start(options)
    end
    runcomfy.with({}, function()
      local host <close> = hosts.new { start = start }
      local recipe, tasks, waiting = probe(host, [[
        rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
        rc.tools.act {}
      ]], '{ "submit_request", "act" }'), {}, 0
      local tools = tool(function()
        waiting = waiting + 1
        fiber.sleep(60)
      end)
      for i = 1, 18 do -- more than there are groups
        local options = options_of(recipe, tools)
        tasks[i] = fiber.spawn(invoke.call, recipe, recipe.tools[1].fields.run, { {} }, runcomfy.context(), options)
      end
      while waiting < #tasks do clock.sleep(0.01) end
      refused = true
      do
        local _ <close> = clock.hold() -- the end is an event of real time
        bed.signal(host:pids()[1], "KILL")
        while #host:endings() == 0 do fiber.next_turn() end
      end
      local seen = {}
      for _, task in ipairs(tasks) do
        local _, result, err = task:join()
        assert.is_nil(result)
        assert.equal("no_worker", err.code)
        assert.matches("^recipe 'probe': the recipe cannot run: .*: no processes are left\nStill open", err.message)
        assert.equal(1, #err.data.open_requests)
        seen[err.data.open_requests[1].request_id] = true
      end
      local count = 0
      for _ in pairs(seen) do count = count + 1 end
      assert.equal(#tasks, count)
    end)
  end)
end)
