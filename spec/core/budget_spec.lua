local budgets = require "core.budget"
local host = require "core.host"
local memory = require "spec.support.memory"

local MIB = 1024 * 1024

local function run(fn, limits)
  local budget = budgets.new(limits or { cpu_ms = 30, memory_bytes = 8 * MIB })
  return budget, table.pack(budget:resume(budget:create(fn)))
end

local function outcome_of(fn, limits)
  local budget, results = run(fn, limits)
  return results[1], results[2], budget
end

local function loop()
  while true do end
end

describe("core.budget", function()
  it("runs a function and gives what it returned", function()
    local _, results = run(function(...) return select("#", ...), 7 end)
    assert.same({ n = 3, "done", 0, 7 }, results)
  end)

  it("passes arguments and results through the slices of a coroutine", function()
    local budget = budgets.new {}
    local thread = budget:create(function(a)
      local b = coroutine.yield(a + 1)
      local c = coroutine.yield(b * 2, "two")
      return c
    end)
    assert.same({ "waiting", 42 }, { budget:resume(thread, 41) })
    assert.same({ "waiting", 10, "two" }, { budget:resume(thread, 5) })
    assert.same({ "done", "end" }, { budget:resume(thread, "end") })
    assert.error_matches(function() budget:resume(thread) end, "runs or has ended")
  end)

  it("gives the error and a traceback", function()
    local value = {}
    local _, results = run(function() error(value) end)
    assert.equal("failed", results[1])
    assert.equal(value, results[2])
    assert.matches("budget_spec.lua:", results[3])
  end)

  it("stops what takes too long, whatever it does to go on", function()
    local stubborn = {
      loop = loop,
      pcall = function() while true do pcall(loop) end end,
      xpcall = function() while true do xpcall(loop, loop) end end,
      coroutine = function() while true do budgets.resume_nested(coroutine.create(loop)) end end,
      close = function() local _ <close> = setmetatable({}, { __close = loop }) end,
      close_error = function() local _ <close> = setmetatable({}, { __close = loop }) error "x" end,
      sort = function() while true do pcall(table.sort, { 1, 2, 3 }, loop) end end,
      gsub = function() while true do pcall(string.gsub, "abc", ".", loop) end end,
      index = function() while true do pcall(function() return setmetatable({}, { __index = loop }).x end) end end,
      deep = function() -- as deep as C allows
        local function nest() while true do pcall(nest) end end
        nest()
      end,
      sort_in_coroutine = function()
        while true do
          budgets.resume_nested(coroutine.create(function() table.sort({ 1, 2 }, loop) end))
        end
      end,
    }
    for name, fn in pairs(stubborn) do
      local outcome, limit, budget = outcome_of(fn)
      assert.same({ name, "stopped", "cpu" }, { name, outcome, limit })
      assert.equal("cpu", budget:expired())
    end
  end)

  it("stops patterns that would run for ever", function()
    local bombs = {
      function() return (("a"):rep(28)):find((".-"):rep(12) .. "b") end,
      function() return pcall(string.match, ("a"):rep(3000), "(.*)(.*)(.*)(.*)b") end,
      function() return ("a"):rep(100000):gsub(".-b", "") end,
      function() for _ in ("a"):rep(100000):gmatch("a-b") do end end,
      function() return ("("):rep(200000):match(("%b()"):rep(3) .. "x") end,
      function() return ("a"):rep(28):find(("%Z-"):rep(8) .. "b") end, -- a class of Lua 5.1 that is still there
    }
    for i, fn in ipairs(bombs) do
      local outcome, limit = outcome_of(fn)
      assert.same({ i, "stopped", "cpu" }, { i, outcome, limit })
    end
    assert.equal("done", (outcome_of(function() return ("x y "):rep(5000):match("^%s*(.-)%s*$") end)))
    assert.equal("done", (outcome_of(function() return (""):rep(1 << 60) end)))
  end)

  it("gives patterns inside a slice the results that they have outside", function()
    local text = ("key = [value]; (a(b)c) 2024-01-02 %x "):rep(40)
    local patterns = { "(%w+) = %[(.-)%]", "%b()", "%f[%w]%w+", "(%d+)-(%d+)-(%d+)", "^(.*)%%x%s*$", "()a()", "[]%]-]+", "(%w)%1",
      "%Z+%]", "[%z1]2" }
    local function all()
      local results = {}
      for _, pattern in ipairs(patterns) do
        results[#results + 1] = { text:find(pattern) }
        results[#results + 1] = { text:match(pattern, -30) }
        results[#results + 1] = { text:gsub(pattern, "<%0>", 7) }
        for a, b in text:gmatch(pattern) do results[#results + 1] = { a, b } end
      end
      return results
    end
    local _, results = run(all, { cpu_ms = 5000 })
    assert.same({ "done", all() }, { results[1], results[2] })
  end)

  it("refuses a malformed pattern before it has cost anything", function()
    local _, results = run(function() return ("a"):rep(3000):find((".-"):rep(8) .. "%") end)
    assert.equal("failed", results[1])
    assert.matches("malformed pattern", results[2])
  end)

  it("stops what needs too much memory", function()
    local greedy = {
      string = function() local s = "x" while true do s = s .. s end end,
      table = function() local t = {} while t do t[#t + 1] = {} end end,
      pcall = function() while true do pcall(function() local t = {} while t do t[#t + 1] = { t } end end) end end,
      stack = function() local function f() return 1 + f() end return f() end,
      threads = function() local t = {} while t do t[#t + 1] = coroutine.create(loop) end end,
      closures = function() local t = {} while #t >= 0 do t[#t + 1] = function() return t end end end,
    }
    for name, fn in pairs(greedy) do
      local outcome, limit = outcome_of(fn, { cpu_ms = 100000, memory_bytes = 4 * MIB })
      assert.same({ name, "stopped", "memory" }, { name, outcome, limit })
    end
    assert.is_true(select(2, host.memory()) > 0)
  end)

  it("does not count garbage", function()
    local outcome = outcome_of(function()
      for i = 1, 300000 do local _ = { i, tostring(i) } end
    end, { cpu_ms = 100000, memory_bytes = MIB })
    assert.equal("done", outcome)
  end)

  it("credits memory to its owner, whoever frees it and whenever", function()
    local budget = budgets.new { memory_bytes = 8 * MIB, cpu_ms = 100000 }
    local thread = budget:create(function()
      for _ = 1, 20 do
        local block = ("x"):rep(MIB) .. coroutine.yield()
        assert(#block > MIB)
      end
    end)
    local outcome
    repeat
      outcome = budget:resume(thread, "y")
      collectgarbage()
    until outcome ~= "waiting"
    assert.equal("done", outcome)
    local _, bytes, peak = budget:used()
    assert.is_true(bytes < MIB, bytes)
    assert.is_true(peak >= MIB)
  end)

  it("counts what is kept from one budget to the next in the one that holds them", function()
    local whole = budgets.new { memory_bytes = 8 * MIB }
    local kept, outcome, limit = {}, nil, nil
    for _ = 1, 20 do
      local part = budgets.new { memory_bytes = 4 * MIB, within = whole }
      outcome, limit = part:resume(part:create(function() kept[#kept + 1] = ("x"):rep(MIB) .. #kept end))
    end
    -- Which of the two depends on what the collector had in hand when the last block was refused.
    local reason = outcome == "stopped" and "memory" or "not enough memory"
    assert.is_true(outcome == "stopped" or outcome == "failed", outcome)
    assert.matches(reason, limit, 1, true)
    assert.is_true(#kept > 4 and #kept < 8, #kept)
    kept = nil
    collectgarbage()
    assert.is_true(select(2, whole:used()) < MIB, kept)
  end)

  it("collects before a long string would be refused for garbage", function()
    local outcome = outcome_of(function()
      for i = 1, 40 do
        local block = ("x"):rep(MIB) .. i
        for _ = 1, 400 do assert(#block > MIB) end
      end
    end, { cpu_ms = 100000, memory_bytes = 8 * MIB })
    assert.equal("done", outcome)
  end)

  it("leaves the host's own coroutines inside a slice alone", function()
    local outcome, finished = outcome_of(function()
      local plain = budgets.create_plain(function()
        local t = {}
        for i = 1, 200000 do t[i] = { i } end
        assert(#t == 200000)
        return budgets.current() == nil
      end)
      local _, alone = budgets.resume_plain(plain)
      return alone and budgets.current() ~= nil
    end, { cpu_ms = 5, memory_bytes = MIB })
    assert.equal("done", outcome)
    assert.is_true(finished)
  end)

  it("gives all slices of one turn one limit, and a later turn a fresh one", function()
    local budget = budgets.new { cpu_ms = 60 }
    local function work()
      local start = os.clock()
      while os.clock() - start < 0.04 do end
    end
    budgets.new_turn()
    assert.equal("done", (budget:resume(budget:create(work))))
    budgets.new_turn()
    assert.equal("done", (budget:resume(budget:create(work))))
    assert.equal("stopped", (budget:resume(budget:create(work))))
  end)

  it("closes with another budget what was stopped", function()
    local closed = {}
    local budget = budgets.new { cpu_ms = 10 }
    local thread = budget:create(function()
      local _ <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "outer" end })
      local _ <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "inner" error("oh", 0) end })
      loop()
    end)
    assert.equal("stopped", (budget:resume(thread)))
    assert.same({ false, "oh" }, { budgets.new({}):close(thread) })
    assert.same({ "inner", "outer" }, closed)
    assert.is_true(budgets.new({}):close(thread))
  end)

  it("stops a loop in what is closed", function()
    local budget = budgets.new { cpu_ms = 10 }
    local thread = budget:create(function()
      local _ <close> = setmetatable({}, { __close = function() while true do pcall(loop) end end })
      loop()
    end)
    budget:resume(thread)
    assert.is_false((budgets.new { cpu_ms = 10 }:close(thread)))
  end)

  it("counts the stacks of its coroutines, wherever they were made", function()
    local budget = budgets.new { memory_bytes = 2 * MIB, cpu_ms = 100000 }
    local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
    local outcome, limit = budget:resume(budget:create(function() return deep(150000) end))
    assert.same({ "stopped", "memory" }, { outcome, limit })
  end)

  it("runs nothing of a budget that is used up", function()
    local budget = budgets.new { cpu_ms = 5 }
    budget:resume(budget:create(loop))
    local outcome, limit = budget:resume(budget:create(function() error("it ran") end))
    assert.same({ "stopped", "cpu" }, { outcome, limit })
  end)

  it("refuses what cannot be a limit", function()
    assert.error_matches(function() budgets.new { cpu_ms = 0 } end, "cpu_ms must be positive")
    assert.error_matches(function() budgets.new { memory_bytes = -1 } end, "memory_bytes must be positive")
    assert.error_matches(function() budgets.new {}:resume("thread") end, "coroutine expected")
  end)

  it("survives the failure of any allocation", function()
    local function scenario()
      local budget = budgets.new { cpu_ms = 1000 }
      local thread = budget:create(function()
        local co = coroutine.create(function() error({ "inner" }) end)
        budgets.resume_nested(co)
        coroutine.yield(("a"):rep(100):gsub("a+", "b"))
        error("outer")
      end)
      budget:resume(thread)
      budget:resume(thread)
      budget:close(thread)
    end
    assert.is_true(memory.sweep(function() pcall(scenario) end) > 10)
    scenario()
  end)

  it("closes the metatable of strings", function()
    assert.is_false(getmetatable(""))
    assert.error_matches(function() setmetatable("", {}) end, "table expected")
  end)
end)
