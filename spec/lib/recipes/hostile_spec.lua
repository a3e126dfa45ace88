local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local recipe = require "spec.support.recipe"

local SMALL = { cpu_ms = 40, memory_bytes = 8 * 1024 * 1024 }

-- After each of them the next call is answered.
local function still_works()
  assert.equal(42, recipe.run("return 6 * 7").values[1])
  assert.equal(0, fiber.count())
end

local function stopped_by(code, text)
  local limits = code == "memory" and { cpu_ms = 20000, memory_bytes = SMALL.memory_bytes } or SMALL
  local outcome, err = recipe.run(text, { limits = limits })
  assert.is_nil(outcome)
  assert.equal(code, err.code, err.message)
  still_works()
  return err
end

local function raises(pattern, text)
  local outcome, err = recipe.run(text, { limits = { cpu_ms = 20000, memory_bytes = SMALL.memory_bytes } })
  assert.is_nil(outcome)
  assert.matches(pattern, err.message)
  still_works()
end

local function gives(expected, text, options)
  local outcome, err = recipe.run(text, options)
  assert(outcome, err and err.message)
  assert.same(expected, outcome.values[1])
  still_works()
end

describe("a hostile recipe", function()
  it("loops for ever", function()
    local err = stopped_by("cpu", "local n = 0\nwhile true do n = n + 1 end")
    assert.matches("^stopped: recipe 'hostile' used more than the 0.04 seconds of processor time", err.message)
    assert.matches("hostile.lua:[23],", err.message)
  end)

  it("loops inside pcall, xpcall and error handlers", function()
    stopped_by("cpu", "while true do pcall(function() while true do end end) end")
    stopped_by("cpu", "while true do xpcall(error, function() while true do end end) end")
    stopped_by("cpu", "while true do pcall(error, setmetatable({}, { __tostring = function() while true do end end })) end")
  end)

  it("loops inside coroutines", function()
    stopped_by("cpu", "coroutine.wrap(function() while true do end end)()")
    stopped_by("cpu", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end")
    stopped_by("cpu", "while true do pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) end")
    stopped_by("cpu", "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end")
  end)

  it("loops in __close, also of coroutines that it closes", function()
    local guard = "local function loop() while true do end end\nlocal guard = setmetatable({}, { __close = loop })\n"
    stopped_by("cpu", guard .. "local _ <close> = guard")
    stopped_by("cpu", guard .. "local _ <close> = guard; error 'x'")
    stopped_by("cpu", guard .. [[
      local co = coroutine.create(function() local _ <close> = guard; coroutine.yield() end)
      coroutine.resume(co)
      coroutine.close(co)]])
    stopped_by("cpu", guard .. [[
      local wrapped = coroutine.wrap(function() local _ <close> = guard; error "x" end)
      while true do pcall(wrapped) end]])
    stopped_by("cpu", guard .. "local _ <close> = guard; while true do end")
  end)

  it("loops in the handler of an error that the limit raises", function()
    stopped_by("cpu", [[
      local function loop() while true do end end
      table.sort({ 1, 2, 3 }, function() xpcall(loop, loop) end)]])
  end)

  it("looks for sets that are long to read", function() -- 12 to 19 s each in Lua's own matcher
    local texts = 'local a, b = ("a"):rep(1e5), ("b"):rep(4e4) '
    for _, search in ipairs {
      'a:find("[" .. b .. "]x")', 'a:match("[" .. b .. "]-x")', 'a:match("%f[" .. b .. "]")', 'a:gmatch("[" .. b .. "]+x")()',
      'a:find("[" .. b .. "]?[" .. b .. "]?x")',
    } do
      gives("none", texts .. "return " .. search .. " or 'none'")
    end
    stopped_by("cpu", texts .. 'local _ = a:gsub("[^" .. b .. "]*x", "")')
    stopped_by("cpu", texts .. 'local _ = a:find(("[" .. b .. "]?"):rep(9) .. "x")') -- more sets than are remembered
    gives(6, [[return (("x1y22z333"):gsub("[" .. ("0-9"):rep(1000) .. "]+", "") .. "abc"):len()]])
  end)

  it("closes coroutines within coroutines, as deep as it likes", function()
    local chain = [[
      local function chain(depth, stop)
        local co = coroutine.create(function()
          local _ <close> = setmetatable({}, { __close = function()
            if depth > 1 then stop(chain(depth - 1, stop)) end
          end })
          coroutine.yield()
        end)
        coroutine.resume(co)
        return co
      end
      local function close(co)
        local ok, err = coroutine.close(co)
        if not ok then error(err, 0) end
      end
    ]]
    raises("coroutines are closed within each other more than 16 deep", chain .. "close(chain(10000, close))")
    gives("went on", chain .. "close(chain(10000, function(co) pcall(pcall, close, co) close(co) end)) return 'went on'")
    gives(true, chain .. "return coroutine.close(chain(16, close))")
    gives("whole", chain .. [[
      local guard = setmetatable({}, { __close = function() close(chain(10000, close)) end })
      pcall(coroutine.wrap(function() local _ <close> = guard error "x" end))
      return "whole"
    ]])
  end)

  it("closes in a clean-up a coroutine that died at the limit", function()
    stopped_by("cpu", [[
      local function loop() while true do end end
      local co = coroutine.create(function()
        local _ <close> = setmetatable({}, { __close = loop })
        table.sort({ 1, 2 }, loop)
      end)
      rc.finally(function() coroutine.close(co) end)
      coroutine.resume(co)]])
  end)

  it("loops in clean-ups", function()
    local outcome = recipe.run("rc.finally(function() while true do end end) rc.finally(function() print 'later' end) return 1")
    assert.equal(1, outcome.values[1])
    assert.matches("a clean%-up failed", outcome.notes[1])
    still_works()
  end)

  it("registers clean-ups in clean-ups", function()
    local outcome = recipe.run("rc.finally(function() rc.finally(print) end) return 1")
    assert.matches("being cleaned up already", outcome.notes[1])
  end)

  it("wants a finalizer", function()
    raises("__gc", "setmetatable({}, { __gc = function() while true do end end })")
    raises("__gc", "local meta = {} meta.__gc = true setmetatable({}, meta)")
    gives("harmless", [[
      local meta = {}
      for i = 1, 100 do setmetatable({}, meta) end
      meta.__gc = function() while true do end end
      return "harmless"]])
    collectgarbage()
    collectgarbage()
  end)

  it("builds strings and tables without end", function()
    stopped_by("memory", "local s = 'x' while true do s = s .. s end")
    stopped_by("memory", "local t = {} for i = 1, math.huge do t[i] = i end")
    stopped_by("memory", "local t = {} while true do t = { t, ('x'):rep(100) .. #t } end")
    raises("not enough memory", "return ('x'):rep(1 << 30)")
    raises("too large", "return ('x'):rep(1 << 62)")
    stopped_by("cpu", "while true do pcall(string.rep, 'x', 1 << 30) end")
    raises("memory", "return table.concat({ ('x'):rep(3000000), ('y'):rep(3000000) }, ',', 1, 2)")
  end)

  it("recurses without end", function()
    local outcome, err = recipe.run("local function f() return 1 + f() end return f()")
    assert.is_nil(outcome)
    assert.is_true(err.code == "memory" or err.message:find("stack overflow", 1, true) ~= nil, err.message)
    raises("overflow", "local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k + 1] end return t[1]")
    raises("possible loop", "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x")
    raises("overflow", "local function f() return coroutine.wrap(f)() end f()")
    still_works()
  end)

  it("sends string.find into the woods", function()
    stopped_by("cpu", "return (('a'):rep(28)):find(('.-'):rep(12) .. 'b')")
    stopped_by("cpu", "return pcall(string.gsub, ('a'):rep(1000000), '.-b', '')")
  end)

  it("makes C functions count for ever", function()
    raises("more than 4194304 elements", "table.move({}, 1, 1 << 60, 2)")
    raises("more than 4194304 elements", "table.move({}, 1.0, 1e15, 2)")
    raises("more than 4194304 elements", "return table.concat({}, '', 1, 1 << 60)")
    raises("__len", "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 'x')")
    raises("__len", "table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)")
    raises("__len", "table.sort(setmetatable({}, { __len = function() return (1 << 31) - 2 end }))")
    gives("", "return (''):rep(1 << 60)")
  end)

  it("raises errors in error handlers", function()
    gives(false, "return (xpcall(error, function() error 'again' end))")
    gives(false, "local function h() error(setmetatable({}, { __tostring = error })) end return (xpcall(error, h))")
  end)

  it("raises values that bite", function()
    raises("without a message", "error(setmetatable({}, { __tostring = function() while true do end end, __index = error }))")
    raises("without a message", "error(nil)")
    raises("without a message", "error(setmetatable({ message = {} }, { __metatable = 1 }))")
    raises("a function without a message", "error(print)")
  end)

  it("raises and returns values whose metatable bites when it is compared", function()
    local trap = "local trap = setmetatable({}, { __eq = function() while true do end end })\n"
      .. "local value = setmetatable({}, { __metatable = trap })\n"
    raises("without a message", trap .. "error(value)")
    raises("without a message", trap .. "rc.finally(function() error(value) end) error(value)")
    gives({}, trap .. "return value")
  end)

  it("starts fibers without end, each too short for the hook", function()
    local time <close> = clock.virtual()
    local loaded, fn = recipe.load("rc.many(function() end)")
    local calls, runner = require "lib.recipes.run.call", require "lib.recipes.run.runner"
    local started, call = 0, nil
    local host_work = require "lib.recipes.boundary.host_work"
    local function rc_many(step)
      local current = calls.current()
      host_work.run_raw(function()
        call = current
        repeat
          local task = runner.spawn(current, step)
          started = started + 1
        until task.stopped
      end)
    end
    loaded.rc.many = rc_many
    local task = fiber.spawn(function() return runner.run(loaded, fn, { n = 0 }, nil, { limits = SMALL }) end)
    time:run_until(function() return task.status == "done" end)
    local _, _, err = task:join()
    assert.equal("cpu", err.code)
    assert.equal("over", call.phase)
    assert.is_true(started > 1)
  end)

  it("returns values that bite", function()
    raises("is a function", "return { run = print }")
    raises("contains itself", "local t = {} t.t = t return t")
    raises("nested more than 100 levels", "local t = {} for _ = 1, 200 do t = { t } end return t")
    raises("a key of type table", "return { [{}] = 1 }")
    gives({ a = 1 }, [[
      local trap = function() while true do end end
      return setmetatable({ a = 1 }, { __index = trap, __pairs = trap, __tostring = trap, __len = trap, __close = trap })]])
  end)

  it("yields across everything", function()
    raises("to wait, use rc.sleep", "coroutine.yield(function() end)")
    raises("to wait, use rc.sleep", "coroutine.yield()")
    raises("^hostile.lua:2: coroutine.yield cannot be done in a function that table.sort calls",
      "for _ in coroutine.wrap(function() table.sort({ 1, 2 }, coroutine.yield) end) do end")
    gives("ok", "local t = setmetatable({}, { __index = function() rc.sleep(0) return 'ok' end }) return t.x")
  end)

  it("looks for the coroutines of the host", function()
    gives("nil true", "local co, main = coroutine.running() return tostring(co) .. ' ' .. tostring(main)")
    gives("thread", "local co = coroutine.wrap(function() return type((coroutine.running())) end) return co()")
  end)

  it("looks for the host's tables", function()
    for _, name in ipairs { "io", "debug", "package", "load", "dofile", "loadfile", "collectgarbage", "arg" } do
      gives("nil", "return type(_G." .. name .. ")")
    end
    raises("attempt to call a nil value %(field 'exit'%)", "os.exit(1)")
    raises("attempt to call a nil value", "os.execute('true')")
    raises("attempt to call a nil value", "os.getenv('HOME')")
    raises("module 'core.fs' not found", "require 'core.fs'")
    raises("a name is letters", "require '../secret'")
    raises("a name is letters", "require '/etc/passwd'")
  end)

  it("poisons metatables", function()
    gives(false, "return getmetatable('')")
    raises("expected", "setmetatable('', {})")
    raises("attempt to index a boolean", "local s = getmetatable('').__index s.rep = nil")
  end)

  it("finds no way through error values", function()
    local loaded = recipe.run([[
      local ok, err = pcall(rc.sleep, {})
      pcall(function() err.__index.__tostring = error end)
      pcall(function() getmetatable(err).__tostring = error end)
      return getmetatable(err), tostring(err)]])
    assert.is_false(loaded.values[1])
    assert.is_string(loaded.values[2])
    assert.equal("fine", tostring(errors.new("fine")))
  end)

  it("changes libraries for itself alone", function()
    gives("mine", "string.upper = function() return 'mine' end; table.insert = nil; math.floor = nil; _G.print = nil; "
      .. "return string.upper('x')")
    gives("X", "return ('x'):upper() .. (table.insert and '' or 'gone')")
    gives("nil nil", "leak = leak; return type(leak) .. ' ' .. type(_G.leak)")
    assert.equal("X", string.upper("x"))
    assert.is_function(table.insert)
    assert.is_nil(rawget(_G, "leak"))
  end)

  it("leaks globals to no other recipe", function()
    gives(1, "shared = 1 return shared")
    gives("nil", "return type(shared)")
  end)

  it("swallows its cancellation", function()
    local task = recipe.start("while true do pcall(rc.sleep, 1000) end", { limits = SMALL })
    task:cancel()
    assert.equal("done", task.status)
    assert.is_true(fiber.is_cancelled(select(2, task:join())))
    still_works()
  end)

  it("asks for what is answered at once, for ever, and others still run", function()
    local task = recipe.start("while true do rc.host(select, 1, 'x') end")
    local other = 0
    local ticker = fiber.spawn(function()
      for _ = 1, 3 do
        fiber.sleep(0.001)
        other = other + 1
      end
    end)
    while ticker.status ~= "done" do require("core.loop").step(true) end
    assert.equal(3, other)
    assert.equal("waiting", task.status)
    task:cancel()
    while task.status ~= "done" do require("core.loop").step(true) end
    still_works()
  end)

  it("sleeps, ten thousand times", function()
    local time <close> = clock.virtual()
    local loaded, fn = recipe.load("rc.sleep(60) return input")
    local runner = require "lib.recipes.run.runner"
    local tasks = {}
    for i = 1, 10000 do
      tasks[i] = fiber.spawn(function() return runner.run(loaded, fn, { i, n = 1 }) end)
    end
    time:run_until(function() return fiber.count() == 0 end)
    for i = 1, 10000, 997 do assert.equal(i, select(2, tasks[i]:join()).values[1]) end
    still_works()
  end)

  it("keeps JSON's own through the border", function()
    local outcome = recipe.run("return input", {
      input = { list = json.as_array {}, null = json.null, big = json.integer("18446744073709551615") },
    })
    assert.equal('{"big":18446744073709551615,"list":[],"null":null}', json.encode(outcome.values[1]))
  end)
end)
