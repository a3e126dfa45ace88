local bed = require "spec.support.worker"
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kept_log = require "spec.support.log"
local processes = require "lib.recipes.worker.process"
local timer = require "core.timer"

-- The first end of a worker.
local function ending(host)
  bed.await(function() return #host:endings() > 0 end)
  return host:endings()[1]
end

-- A call that waits for an effect: `asked` how often it was performed, `answer(value)` ends that.
local function call_that_waits(host, recipe)
  local waiting = { asked = 0 }
  waiting.task = fiber.spawn(function()
    return bed.call(host, recipe, function()
      waiting.asked = waiting.asked + 1
      return fiber.await(function(callback)
        waiting.answer = callback
        return setmetatable({}, { __close = function() end })
      end)
    end)
  end)
  bed.await(function() return waiting.answer ~= nil end)
  return waiting
end

local WAITS = bed.tool "rc.sleep(60); return { ok = true }"
local ANSWERS = bed.tool "return { sum = 1 + (input.n or 0) }"
local HANGS = bed.tool "while true do end"

local function assert_runs(host, recipe)
  local result, err = bed.call(host, recipe, nil, { input = { n = 41 } })
  assert.is_nil(err)
  assert.equal(42, result.data.sum)
end

describe("a recipe in a worker", function()
  it("declares there", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool "return 1"))
      assert.equal("probe", recipe.tools[1].key)
      assert.equal("Does what a spec wants", recipe.tools[1].compiled.description)
      assert.error_matches(recipe.tools[1].fields.run, "in its worker")
    end)
  end)

  it("is refused for the same reasons as here", function()
    local declared = "local rc = require 'rc'\nlocal t = rc.tool { name = 'a', description = 'b', %s }\nreturn %s"
    bed.with(nil, function(host)
      for _, text in ipairs {
        "", "return", "return 5", "return {}", "return { 1 }", "return {{}}", "error 'no'", "error {}", "x =", "return require 'nothing'",
        "while true do end", bed.tool("", "5"), "local rc = require 'rc'\nreturn rc.tool { name = 'a', description = 'b' }",
        declared:format("run = print, x = function() end", "t"), declared:format("run = print", "{ t, t }"),
        declared:format("run = 5", "t"), declared:format("run = print, read = print", "t"), declared:format("run = print, [1] = 2", "t"),
        declared:format("run = print, input = { { 'a' } }", "t"), "local rc = require 'rc'\nreturn rc.tool(5)",
      } do
        local options = { name = "probe", shown = "probe.lua", folder = "/nowhere", root = "/nowhere" }
        local none, here = require("lib.recipes.load.loader").load_text(text, "/nowhere/probe.lua", options)
        local there = select(2, bed.load(host, text))
        assert.is_nil(none)
        assert.equal(here.message, there and there.message)
      end
      assert.same({}, host:endings())
    end)
  end)

  it("requires what the host has found for it, also by names that its text does not say", function()
    local folder = require("spec.support.scratch").new()
    local _ <close> = folder
    folder:write("words.lua", "return { 'a', require('more.' .. 'of') }")
    folder:write("lib/other.lua", "return 'other'")
    folder:write("more/of.lua", "return 'more'")
    local text = "local rc = require 'rc'\nlocal words, other = require('wo' .. 'rds'), require 'other'\n"
      .. "return rc.tool { name = 'probe', description = words[1], run = function() return require('cjson').encode(words) .. other end }"
    bed.with(nil, function(host)
      local recipe = assert(host:load_text(text, folder.path .. "/probe.lua", {
        name = "probe", shown = "probe.lua", folder = folder.path, root = folder.path,
      }))
      local result, err = bed.call(host, recipe)
      assert.is_nil(err)
      assert.equal('["a","more"]other', result.text)
    end)
  end)

  it("requires while it runs what its text does not say, once, in whichever worker it runs", function()
    local folder = require("spec.support.scratch").new()
    local _ <close> = folder
    folder:write("late.lua", "return { word = 'late' }")
    local text = [[
      local rc = require "rc"
      return rc.tool { name = "probe", description = "Requires late", uses = { "a" }, run = function()
        local none, why = pcall(require, "la" .. "ck")
        local first = require("la" .. "te")
        rc.tools.a {}
        return { word = first.word, same = require("la" .. "te") == first, none = none, why = why }
      end }]]
    bed.with(nil, function(host)
      local modules = require("lib.recipes.files.modules").new { folder = folder.path }
      local recipe = assert(host:load_text(text, folder.path .. "/probe.lua", {
        name = "probe", shown = "probe.lua", folder = folder.path, root = folder.path, modules = modules,
      }))
      local state = { call = { recipe = recipe } }
      local asked = {}
      local result, err = bed.call(host, recipe, function(effect)
        asked[#asked + 1] = effect.name
        if effect.kind == "module" then return require("lib.recipes.effects.modules").perform(state, effect) end
        bed.signal(host:pids()[1], "KILL")
        return "{}"
      end)
      assert.is_nil(err)
      assert.same({ true, "late", false }, { result.data.same, result.data.word, result.data.none })
      assert.matches("module 'lack' not found", result.data.why)
      assert.same({ "lack", "late", "a" }, asked)
      assert.equal(1, #host:endings())
    end)
  end)

  it("begins nothing more once it is cancelled, though it has not heard of it, but for its clean-ups", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        rc.finally(function() rc.tools.a { n = "back" } end)
        rc.tools.a { n = "up" }
        for _ = 1, 3e6 do end -- computes, and hears nothing
        rc.tools.a { n = "more" }
      ]], '{ "a" }')))
      local asked, call = {}, nil
      call = fiber.spawn(bed.call, host, recipe, function(effect)
        asked[#asked + 1] = effect.input.n
        if effect.input.n == "up" then fiber.spawn(function()
          fiber.next_turn()
          call:cancel()
        end) end
        return "{}"
      end)
      call.quiet = true
      bed.await(function() return next(host.calls) == nil end)
      assert.same({ "up", "back" }, asked)
    end)
  end)

  it("asks for its effects one by one, each under its key, and gets the answers", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        local first = rc.tools.a { n = 1 }
        local both = rc.all { function() return rc.tools.a { n = 2 } end, function() return rc.tools.a { n = 3 } end }
        local ok, err = pcall(rc.tools.a, { n = 4 })
        return { first, both[1], both[2], { ok = ok, message = err.message, code = err.code, data = err.data } }
      ]], '{ "a" }')))
      local keys = {}
      local result, problem = bed.call(host, recipe, function(effect)
        keys[#keys + 1] = ("%s %d %s %s"):format(effect.branch, effect.seq, effect.kind, effect.name)
        if effect.input.n == 4 then return nil, require("lib.errors").new("too many", { code = "busy", data = { left = 0 } }) end
        return json.encode { n = effect.input.n * 10 }
      end)
      assert.is_nil(problem)
      assert.same({ " 1 tool a", "2:1 1 tool a", "2:2 1 tool a", " 3 tool a" }, keys)
      assert.equal('[{"n":10},{"n":20},{"n":30},{"code":"busy","data":{"left":0},"message":"too many","ok":false}]',
        json.encode(result.data))
    end)
  end)

  it("tells its progress and its lines, and waits no more for what it has left", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        ctx:progress(1, 2, "half")
        rc.log("warning", "look")
        rc.all { function() rc.tools.a {} end, function() error "no" end }
      ]], '{ "a" }')))
      local told, left = {}, false
      local _, err = bed.call(host, recipe, function()
        local _ <close> = setmetatable({}, { __close = function() left = true end })
        fiber.sleep(60)
      end, {
        progress = function(...) told[#told + 1] = table.concat({ ... }, " ") end,
        log = function(level, text) told[#told + 1] = level .. " " .. text end,
      })
      assert.matches("no$", err.message:match "^[^\n]*")
      assert.is_true(left)
      assert.equal("1 2 half", told[1])
    end)
  end)

  it("draws the same numbers from the same seed", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool "return { rc.random(1000000), rc.uuid(), math.random(6) }"))
      local one = bed.call(host, recipe, nil, { seed = "0123456789abcdef" })
      local other = bed.call(host, recipe, nil, { seed = "0123456789abcdef" })
      local third = bed.call(host, recipe, nil, { seed = "0123456789abcdeF" })
      assert.same(one.data, other.data)
      assert.not_same(one.data, third.data)
    end)
  end)

  it("is told as many readings of clocks as are recorded, however many there are", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool "local last for i = 1, 30000 do last = rc.now() end return { last = last }"))
      local noted = 0
      local result = assert(bed.call(host, recipe, nil, { noted = function() noted = noted + 1 end }))
      assert.is_number(result.data.last)
      assert.equal(10000, noted)
    end)
  end)

  it("gives what is long in steps, between which the loop turns", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool [[
        local list = {}
        for i = 1, 100000 do list[i] = { i = i } end
        return list
      ]]))
      local turns, over = 0, false
      local function turn()
        turns = turns + 1
        if not over then timer.next_turn(turn) end
      end
      timer.next_turn(turn)
      local result, err = bed.call(host, recipe)
      over = true
      assert.is_nil(err)
      assert.equal(100000, #result.data)
      assert.same({ i = 100000 }, result.data[100000])
      assert.is_true(turns > 10)
    end)
  end)

  it("is stopped at its own limit without harm to its worker", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool "while true do end"))
      local result, err = bed.call(host, recipe, nil, { settings = { recipe_cpu_ms = 50 } })
      assert.is_nil(result)
      assert.equal("cpu", err.code)
      assert.same({}, host:endings())
    end)
  end)

  it("ends with its clean-ups where nobody waits for it any more", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, bed.tool([[
        rc.finally(function() rc.tools.a { clean = true } end)
        rc.sleep(60)
      ]], '{ "a" }')))
      local sleeping, cleaned = false, false
      local task = fiber.spawn(function()
        bed.call(host, recipe, function(effect)
          if effect.kind == "tool" then
            cleaned = effect.input.clean
            return "{}"
          end
          sleeping = true
          fiber.sleep(60)
        end)
      end)
      task.quiet = true
      bed.await(function() return sleeping end)
      task:cancel()
      bed.await(function() return cleaned end)
      assert.same({}, host:endings())
    end)
  end)
end)

describe("a worker's end", function()
  for name, words in pairs {
    KILL = "it was killed (SIGKILL): the system does that where memory runs out",
    SEGV = "it crashed (SIGSEGV)", ABRT = "it gave up (SIGABRT)", ALRM = "signal 14 ended it",
  } do
    it("is told in words, and costs nobody anything: " .. name, function()
      bed.with(nil, function(host)
        local waits, answers = assert(bed.load(host, WAITS)), assert(bed.load(host, ANSWERS))
        local calls, before = {}, host:pids()[1]
        for i = 1, 20 do calls[i] = call_that_waits(host, waits) end
        bed.signal(before, name)
        local why = ending(host)
        if not why:find("ABORTING", 1, true) then assert.equal(words, (why:gsub("; its last words.*", ""))) end -- a sanitizer's
        assert_runs(host, answers)
        assert.not_equal(before, host:pids()[1])
        for _, call in ipairs(calls) do
          call.answer(true)
          local _, result, err = call.task:join()
          assert.is_nil(err)
          assert.same({ ok = true }, result.data)
          assert.equal(1, call.asked)
        end
        bed.await(function() return #host:pids() == 1 end)
      end)
    end)
  end

  it("is brought about where it takes no turn; the call that takes it is found, and ends alone", function()
    bed.with({ turn_seconds = 0.3 }, function(host)
      local answers, waits = assert(bed.load(host, ANSWERS)), assert(bed.load(host, WAITS))
      local hangs = assert(bed.load(host, HANGS))
      local calls = {}
      for i = 1, 3 do calls[i] = call_that_waits(host, waits) end
      local result, err = bed.call(host, hangs)
      assert.is_nil(result)
      assert.equal("the worker that ran the recipe has ended: it took no turn for 0.3 s", err.message)
      assert.equal("worker_ended", err.code)
      for _, call in ipairs(calls) do
        call.answer(true)
        assert.same({ ok = true }, select(2, call.task:join()).data)
        assert.equal(1, call.asked)
      end
      assert_runs(host, answers)
    end)
  end)

  it("is not, where a setting lets the call compute for longer", function()
    -- Not less: for so long a busy machine may give a process nothing at all.
    bed.with({ turn_seconds = 0.5 }, function(host)
      local computes = assert(bed.load(host, bed.tool "local from = os.clock() repeat until os.clock() - from > 1.2 return { ok = true }"))
      local result, err = bed.call(host, computes, nil, { settings = { recipe_cpu_ms = 60000 } })
      assert.is_nil(err)
      assert.same({ ok = true }, result.data)
      assert.same({}, host:endings())
    end)
  end)

  it("also where the system has stopped it", function()
    bed.with({ turn_seconds = 0.3 }, function(host)
      local call = call_that_waits(host, assert(bed.load(host, WAITS)))
      bed.signal(host:pids()[1], "STOP")
      assert.equal("it took no turn for 0.3 s", ending(host))
      call.answer(true)
      assert.same({ ok = true }, select(2, call.task:join()).data)
    end)
  end)

  it("which a recipe brings that another loaded well before comes to calls of that one alone", function()
    local loads = 0
    local function start(options)
      local process, message, code = processes.start(options)
      if not process then return nil, message, code end
      local send = process.send
      function process:send(item)
        if item.kind == "load" and item.text:find("BITES", 1, true) then
          loads = loads + 1
          if loads > 1 then bed.signal(self:pid(), "KILL") end
        end
        return send(self, item)
      end
      return process
    end
    bed.with({ start = start }, function(host)
      local answers, waits = assert(bed.load(host, ANSWERS)), assert(bed.load(host, WAITS))
      local bites = assert(bed.load(host, "-- BITES\n" .. ANSWERS))
      local call = call_that_waits(host, waits)
      bed.signal(host:pids()[1], "KILL")
      ending(host)
      assert_runs(host, answers)
      call.answer(true)
      assert.same({ ok = true }, select(2, call.task:join()).data)
      assert.same({ 1, 1 }, { loads, #host:endings() })
      local result, err = bed.call(host, bites)
      assert.is_nil(result)
      assert.equal("worker_ended", err.code)
      assert_runs(host, answers)
    end)
  end)

  it("is told in the log, with the reason", function()
    bed.with(nil, function(host)
      local call = call_that_waits(host, assert(bed.load(host, WAITS)))
      local lines = kept_log.lines_of(function()
        bed.signal(host:pids()[1], "KILL")
        ending(host)
      end)
      assert.matches("^warning: a worker of recipes has ended: it was killed %(SIGKILL%).*; calls that ran there: 1$", lines[1])
      call.answer(true)
      call.task:join()
    end)
  end)

  it("or its start: a server's log tells which walls do not stand, once", function()
    local open = { { name = "system calls", stands = false, refused = true, text = "not filtered: not permitted" } }
    local function lines_of(reports)
      return kept_log.lines_of(function()
        bed.with({ reports = reports, start = function(options)
          local on_ready = options.on_ready
          function options.on_ready() on_ready(open) end
          return processes.start(options)
        end }, function(host)
          assert(host:ready())
          bed.signal(host:pids()[1], "KILL")
          ending(host)
          assert(host:ready())
        end)
      end)
    end
    local function told(lines)
      local count = 0
      for _, line in ipairs(lines) do count = count + (line:find("lacks a wall: system calls", 1, true) and 1 or 0) end
      return count
    end
    assert.equal(1, told(lines_of(true)))
    assert.equal(0, told(lines_of(nil)))
  end)

  it("costs those who want another that cannot be started, until one can be; the log says so once", function()
    local refusal = nil
    local function start_it(options)
      if refusal then return nil, refusal, "EAGAIN" end
      return processes.start(options)
    end
    bed.with({ start = start_it }, function(host)
      local answers, waits = assert(bed.load(host, ANSWERS)), assert(bed.load(host, WAITS))
      local call = call_that_waits(host, waits)
      refusal = "no processes are left"
      local lines = kept_log.lines_of(function()
        bed.signal(host:pids()[1], "KILL")
        local _, result, err = call.task:join()
        assert.is_nil(result)
        assert.equal("no_worker", err.code)
        assert.equal("the recipe cannot run: no worker can be started for it: no processes are left", err.message)
        result, err = bed.call(host, answers)
        assert.is_nil(result)
        assert.equal("no_worker", err.code)
        result, err = bed.load(host, ANSWERS)
        assert.is_nil(result)
        assert.equal("no_worker", err.code)
        assert.matches("^probe.lua: the recipe cannot run: .*no processes are left$", err.message)
        assert.equal("no_worker", select(2, host:ready()).code)
      end)
      local said = 0
      for _, line in ipairs(lines) do said = said + (line:find("no worker can be started", 1, true) and 1 or 0) end
      assert.equal(1, said)
      refusal = nil
      assert_runs(host, answers)
    end)
  end)

  it("ends a load with the reason where that comes to pass each time", function()
    bed.with({ turn_seconds = 0.1 }, function(host)
      local recipe, err = bed.load(host, "while true do end")
      assert.is_nil(recipe)
      assert.equal("probe.lua: the worker that ran the recipe has ended: it took no turn for 0.1 s", err.message)
      assert.equal(3, #host:endings())
    end)
  end)

  it("which something else has brought ends no load", function()
    bed.with(nil, function(host)
      local task = fiber.spawn(bed.load, host, ANSWERS)
      bed.signal(host:pids()[1], "KILL")
      local _, recipe = task:join()
      assert_runs(host, assert(recipe))
      assert.equal(1, #host:endings())
    end)
  end)

  it("that a load has brought is not that of a call that was under way alone", function()
    bed.with({ turn_seconds = 0.1 }, function(host)
      local call = call_that_waits(host, assert(bed.load(host, WAITS)))
      assert.is_nil((bed.load(host, "while true do end")))
      call.answer(true)
      assert.same({ ok = true }, select(2, call.task:join()).data)
    end)
  end)

  it("comes to the recipes that nobody has any more without any end of its own", function()
    bed.with(nil, function(host)
      local kept = assert(bed.load(host, ANSWERS))
      assert(bed.load(host, ANSWERS))
      collectgarbage()
      assert(bed.load(host, HANGS))
      local count = 0
      for _ in pairs(host.sources) do count = count + 1 end
      assert.equal(2, count)
      assert_runs(host, kept)
    end)
  end)

  it("does not come where memory runs out behind its walls: the call that wants it fails, others go on", function()
    bed.with({ memory = 256 * 1024 * 1024 }, function(host)
      local answers = assert(bed.load(host, ANSWERS))
      if not host:walls()[3].stands then return pending(host:walls()[3].text) end
      local hoards = assert(bed.load(host, bed.tool [[
        local kept = {}
        for i = 1, 1e9 do kept[i] = ("x"):rep(1000000) .. i end
      ]]))
      local result, err = bed.call(host, hoards, nil, { settings = { recipe_memory_bytes = 8 << 30 } })
      assert.is_nil(result)
      local words = "not enough memory: the process that runs recipes holds as much as it may (setting worker_memory_bytes)"
      assert.equal(words, err.message:sub(1, #words))
      assert_runs(host, answers)
    end)
  end)

  it("comes with the host's", function()
    local host <close> = child.rcmcp { "lua", "spec/support/worker_host.lua" }
    local pid = host:line()
    host.handle:kill "KILL"
    host:wait()
    local gone = false
    local _ <close> = timer.after(20000, function() error "the worker lives on" end)
    while not gone do
      local look <close> = child.spawn("kill", { "-0", pid })
      gone = look:wait() ~= 0
    end
  end)

  it("comes, unnoticed, when the host is closed", function()
    bed.with(nil, function(host)
      assert(bed.load(host, ANSWERS))
      host:close()
      assert.same({}, host:pids())
      assert_runs(host, assert(bed.load(host, ANSWERS)))
    end)
  end)

  -- Recipes may keep what they were given in their variables.
  local KEEPS = "local kept = {}\n" .. bed.tool([[
    rc.tools.a {}
    kept[#kept + 1] = input.secret
    return { kept = kept }]], '{ "a" }')

  local function keep(host, recipe, account, secret, effect)
    local result, err = bed.call(host, recipe, effect or function() return "{}" end, { account = account, input = { secret = secret } })
    return assert(result, err and err.message).data.kept
  end

  it("takes none of another account with it: the calls of two run in two workers", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, KEEPS))
      assert.same({ "1a" }, keep(host, recipe, "1", "1a"))
      assert.same({ "2a" }, keep(host, recipe, "2", "2a"))
      assert.same({ "1a", "1b" }, keep(host, recipe, "1", "1b"))
      assert.same({ "2a", "2b" }, keep(host, recipe, "2", "2b"))
      assert.equal(2, #host:pids())
    end)
  end)

  it("brings no two accounts together where their calls are run again", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, KEEPS))
      local begun, goes_on, tasks = 0, false, {}
      for i = 1, 40 do
        local account = tostring(i % 2)
        tasks[i] = fiber.spawn(keep, host, recipe, account, account, function()
          begun = begun + 1
          bed.await(function() return goes_on end)
          return "{}"
        end)
        tasks[i].quiet = true
      end
      bed.await(function() return begun == 40 end)
      for _, pid in ipairs(host:pids()) do bed.signal(pid, "KILL") end
      bed.await(function() return #host:endings() == 2 end)
      goes_on = true
      for i, task in ipairs(tasks) do
        local ok, kept = task:join()
        assert.is_true(ok, kept)
        for _, account in ipairs(kept) do assert.equal(tostring(i % 2), account) end
      end
    end)
  end)

  it("leaves few workers of accounts that call nothing", function()
    bed.with(nil, function(host)
      local recipe = assert(bed.load(host, KEEPS))
      for i = 1, 12 do keep(host, recipe, "account " .. i, "x") end
      assert.is_true(#host:pids() <= 9)
    end)
  end)
end)
