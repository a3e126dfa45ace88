local calls = require "lib.recipes.run.call"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local recipe = require "spec.support.recipe"

local RECIPE = { name = "probe" }

local Told = {}
Told.__index = Told
function Told:__close() self.ctx.waits = self.ctx.waits - 1 end

-- A context that counts who says that the call waits.
local function context(changes)
  local ctx = { waits = 0, told = 0 }
  function ctx:wait()
    self.waits, self.told = self.waits + 1, self.told + 1
    return setmetatable({ ctx = self }, Told)
  end
  for key, value in pairs(changes or {}) do ctx[key] = value end
  return ctx
end

-- Three calls, each made by the one before.
local function family(ctx)
  local outer = calls.new(RECIPE, nil, ctx)
  local middle = calls.new(RECIPE, nil, { call = outer })
  return outer, middle, calls.new(RECIPE, nil, { call = middle })
end

-- A fiber that waits until it is cancelled.
local function waiting(call)
  local task = fiber.spawn(function()
    fiber.await(function() return setmetatable({}, { __close = function() end }) end)
  end)
  task.quiet = true
  call:make_room()
  call:keep(task)
  return task
end

local function close(value) getmetatable(value).__close(value) end

describe("recipes.run.call", function()
  it("has limits of its own, and those that are given", function()
    local call = calls.new(RECIPE, { seconds = 5 })
    assert.same({ 5, 2000, 64 * 1024 * 1024, 32 },
      { call.limits.seconds, call.limits.cpu_ms, call.limits.memory_bytes, call.limits.calls })
    assert.equal(3600, calls.new(RECIPE).limits.seconds)
  end)

  it("is the current one while its code runs, also in coroutines of that, and never in ours", function()
    assert.is_nil(calls.current())
    local seen = {}
    local loaded, fn = recipe.load "rc.look() coroutine.wrap(rc.look)() return 1"
    loaded.rc.look = function() seen[#seen + 1] = calls.current() end
    local task = fiber.spawn(function() return require("lib.recipes.run.runner").run(loaded, fn, {}, nil, {}) end)
    while task.status ~= "done" do require("core.loop").step(true) end
    assert.equal(2, #seen)
    assert.equal(seen[1], seen[2])
    assert.equal(loaded, seen[1].recipe)
    assert.is_nil(calls.current())
  end)

  it("lets rc do nothing where no call runs", function()
    local function act() calls.state("rc.submit", 1) end
    local ok, err = pcall(act)
    assert.is_false(ok)
    assert.matches("call_spec.lua:%d+: rc.submit works only inside run: while a file is loaded it can declare, not act$", err)
  end)

  it("is waiting where a call below it waits, which its caller is told once", function()
    local ctx = context()
    local outer, middle, inner = family(ctx)
    local first, second = inner:wait(), middle:wait()
    assert.same({ 2, 2, 1 }, { outer.waits, middle.waits, inner.waits })
    assert.same({ 1, 1 }, { ctx.waits, ctx.told })
    close(first)
    close(first)
    assert.same({ 1, 1, 0 }, { outer.waits, middle.waits, inner.waits })
    assert.equal(1, ctx.waits)
    close(second)
    assert.same({ 0, 0 }, { outer.waits, ctx.waits })
    close(inner:wait())
    assert.same({ 0, 2 }, { ctx.waits, ctx.told })
  end)

  it("counts no wait that could not begin", function()
    local outer, middle, inner = family(context { wait = function() error("not enough memory", 0) end })
    local ok, err = pcall(inner.wait, inner)
    assert.same({ false, "not enough memory" }, { ok, err })
    assert.same({ 0, 0, 0 }, { outer.waits, middle.waits, inner.waits })
  end)

  it("ends where it waits when it is drained, or as soon as it does", function()
    local time <close> = clock.virtual()
    local at_once, later, never = calls.new(RECIPE), calls.new(RECIPE), calls.new(RECIPE)
    local tasks = { waiting(at_once), waiting(later), waiting(never) }
    local wait = at_once:wait()
    for _, call in ipairs { at_once, later, never } do call:drain() end
    assert.same({ "client_left", nil, nil }, { at_once.reason, later.reason, never.reason })
    assert.equal("done", tasks[1].status)
    local second = later:wait()
    assert.is_nil(later.reason) -- the fiber that asked is not in the wait yet
    time:run(function() clock.sleep(1) end)
    assert.same({ "client_left", "done" }, { later.reason, tasks[2].status })
    assert.same({ nil, "waiting" }, { never.reason, tasks[3].status })
    close(wait)
    close(second)
    never:stop "cancelled"
    never.phase = "cleanup"
    close(never:wait())
  end)

  it("lets clean-ups wait in peace when it is drained", function()
    local time <close> = clock.virtual()
    local call = calls.new(RECIPE)
    call.phase = "cleanup"
    call:drain()
    local wait = call:wait()
    time:run(function() clock.sleep(1) end)
    assert.is_nil(call.reason)
    close(wait)
  end)

  it("keeps the first reason to end, and cancels all of its code", function()
    local call = calls.new(RECIPE)
    local first, second = waiting(call), waiting(call)
    call:stop "timeout"
    call:stop "cancelled"
    assert.equal("timeout", call.reason)
    assert.same({ "done", "done" }, { first.status, second.status })
    assert.is_true(fiber.is_cancelled(select(2, first:join())))
    assert.is_nil(call.waited_at)
  end)

  it("notes where it stood when its client left", function()
    local call = calls.new(RECIPE)
    call.main = waiting(call)
    call:stop "client_left"
    assert.matches("call_spec.lua", call.waited_at, 1, true)
  end)

  it("tells its caller's calls of a write, until it is known that nothing was sent", function()
    local outer, middle, inner = family()
    local sent, unsent = inner:write(function() return true end), middle:write(function() return false end)
    assert.same({ 2, 2, 1 }, { outer.written, middle.written, inner.written })
    assert.same({ 0, 1, 1 }, { outer.writes, middle.writes, inner.writes })
    close(unsent)
    close(sent)
    assert.same({ 1, 1, 1 }, { outer.written, middle.written, inner.written })
    assert.same({ 0, 0, 0 }, { outer.writes, middle.writes, inner.writes })
  end)

  it("calls back when no write is under way any more, or no inner call", function()
    local time <close> = clock.virtual()
    for _, what in ipairs { { "writes", function(call) return call:write(function() return true end) end },
                            { "inner", function(call) return call:begin_inner() end } } do
      local call, told = calls.new(RECIPE), 0
      local first, second = what[2](call), what[2](call)
      local handle = call:none(what[1], 5, function() told = told + 1 end)
      close(first)
      assert.equal(0, told)
      close(second)
      assert.equal(1, told)
      close(handle)
      time:run(function() clock.sleep(10) end)
      assert.equal(1, told, what[1])
    end
  end)

  it("calls back after the time where one does not end, and at once where there is none", function()
    local time <close> = clock.virtual()
    local call, told = calls.new(RECIPE), {}
    local began = clock.now()
    local function note(name) return function() told[name] = clock.now() - began end end
    local write = call:write(function() return true end)
    local late, soon = call:none("writes", 5, note "late"), calls.new(RECIPE):none("writes", 5, note "soon")
    time:run(function() clock.sleep(6) end)
    assert.same({ late = 5, soon = 0 }, told)
    close(late)
    close(soon)
    close(write)
    local unheard = call:none("inner", 5, function() error "after its end" end)
    close(unheard)
    time:run(function() clock.sleep(6) end)
  end)

  it("keeps the fibers that run or were stopped, and drops those that have ended", function()
    local call = calls.new(RECIPE)
    local running = waiting(call)
    local stopped = { status = "done", stopped = true }
    call:make_room()
    call:keep(stopped)
    for _ = 1, 500 do
      call:make_room()
      call:keep({ status = "done" })
    end
    assert.is_true(#call.fibers <= 65)
    assert.same({ true, true }, { call.fibers[1] == running, call.fibers[2] == stopped })
    running:cancel()
  end)

  it("knows whether it cleans up, also for the one that called it, and whether there is something to undo", function()
    local outer, middle, inner = family()
    assert.is_false(inner:is_cleaning())
    middle.cleaning = 1
    assert.same({ false, true, true }, { outer:is_cleaning(), middle:is_cleaning(), inner:is_cleaning() })
    middle.cleaning, outer.phase = 0, "cleanup"
    assert.is_true(inner:is_cleaning())
    assert.is_false(inner:has_to_undo())
    inner.undoes = true
    table.insert(middle.cleanups, {})
    assert.same({ false, true, true }, { outer:has_to_undo(), middle:has_to_undo(), inner:has_to_undo() })
  end)

  it("runs code in budgets with its limits, until they are forgotten", function()
    local call, seen = calls.new(RECIPE, { cpu_ms = 50 }), nil
    local budget = call:new_budget()
    local task = fiber.spawn_in(budget, function() seen = calls.current() end)
    while task.status ~= "done" do require("core.loop").step(true) end
    assert.equal(call, seen)
    call:forget(budget)
    call:forget(nil)
    budget = call:new_budget(10)
    call:forget(budget)
    task = fiber.spawn_in(budget, function() seen = calls.current() end)
    while task.status ~= "done" do require("core.loop").step(true) end
    assert.is_nil(seen)
    budget = call:new_budget(10)
    task = fiber.spawn_in(budget, function() while true do end end)
    task.quiet = true
    while task.status ~= "done" do require("core.loop").step(true) end
    assert.equal("cpu", (budget:expired()))
    assert.is_true(budget:used() < 1)
    call:forget(budget)
  end)
end)
