--- What patterns cost in a slice.  That they give what Lua's own give: matcher_differential_spec.
local budgets = require "core.budget"

local LIMIT = 0.02 -- seconds of processor time
local MOST_OVER = 0.1 -- likewise: it is below 0.001 but under a sanitizer

local MB = 1000000
local letters, opens = ("a"):rep(MB), ("("):rep(MB)

local function run(fn)
  local budget = budgets.new { cpu_ms = math.floor(LIMIT * 1000), memory_bytes = 512 * 1024 * 1024 }
  local outcome, limit = budget:resume(budget:create(fn))
  return outcome, limit, (budget:used())
end

describe("a pattern in a slice", function()
  it("stops at its limit, on a megabyte of whatever is worst", function()
    local half, many = ("a"):rep(MB // 2) .. "b", letters:sub(1, 15000)
    for name, fn in pairs {
      repeats = function() return letters:find("a*a*a*a*x") end,
      any = function() return letters:find(".*x") end,
      least = function() return letters:find("a-a-x") end,
      sets = function() return letters:find(("[" .. ("b"):rep(10007) .. "]?"):rep(99) .. "x") end,
      set_least = function() return letters:find("[^" .. ("b"):rep(MB) .. "]-x") end,
      balance = function() return opens:find("%b()") end,
      back = function() return (letters .. "b"):find("(.*)%1%1x") end,
      plain = function() return letters:find(half, 1, true) end,
      gsub = function() return letters:gsub(".-b", "") end,
      replacements = function() while true do letters:gsub("a", "xy") end end,
      positions = function() return letters:gsub("()a", ("%1"):rep(30)) end,
      gmatch = function() for _ in letters:gmatch("a-b") do end end,
      short_calls = function() while true do many:find("[b]") end end, -- each of fewer steps than are counted at once
      captures = function() while true do letters:match("(((a*)))") end end,
    } do
      local outcome, limit, used = run(fn)
      assert.same({ name, "stopped", "cpu" }, { name, outcome, limit })
      assert.is_true(used - LIMIT < MOST_OVER, ("%s: %.3f s"):format(name, used))
    end
  end)

  it("stops also below a C function, where no coroutine can be left", function()
    local outcome, limit = run(function()
      pcall(table.sort, { 1, 2 }, function() return letters:find("a-a-x") end)
      while true do end
    end)
    assert.same({ "stopped", "cpu" }, { outcome, limit })
    outcome, limit = run(function() return letters:gsub("a", function() return letters:find("a-a-x") end) end)
    assert.same({ "stopped", "cpu" }, { outcome, limit })
  end)

  it("reads a set once, however long it is", function()
    local outcome = run(function() return letters:sub(1, 100000):find("[" .. ("b"):rep(40000) .. "]x") end)
    assert.equal("done", outcome)
  end)

  it("goes on with an iterator where the host calls it", function()
    local _, iterator = budgets.new {}:resume(budgets.new {}:create(function() return ("a1 b2"):gmatch "(%a)(%d)" end))
    assert.same({ "a", "1" }, { iterator() })
    assert.same({ "b", "2" }, { iterator() })
    assert.is_nil(iterator())
    assert.is_nil(iterator())
  end)
end)
