local recipe = require "spec.support.recipe"

local FREEZE = 10 -- seconds of processor time, each; without a limit it is minutes to hours

-- Stopped at the limit of 40 ms, give or take one single piece of work.
local function stopped(text)
  local started = os.clock()
  local outcome, err = recipe.run(text, { limits = { cpu_ms = 40, memory_bytes = 80 * 1024 * 1024 } })
  assert.is_nil(outcome)
  assert.equal("cpu", err.code, text .. ": " .. err.message)
  assert.is_true(os.clock() - started < FREEZE, text)
end

-- Long, and with their copies far below the limit of memory, wherever the collector stands.
local LONG = "local zeros, text = ('\\0'):rep(5e6), ('a'):rep(5e6) local other = text .. 'b'\n"

describe("a recipe that works on what is long", function()
  it("is stopped between single instructions", function()
    stopped(LONG .. "local more = zeros .. 'x' while true do local _ = zeros < more end")
    stopped(LONG .. "local same = ('a'):rep(5e6) while true do local _ = text == same end")
    stopped(LONG .. "local same, t = ('a'):rep(5e6), { [text] = 1 } while true do local _ = t[same] end")
    stopped(LONG .. "local digits = ('1'):rep(5e6) while true do local _ = digits + 1 end")
    stopped(LONG .. "for _ = 1, 1e6 do end local more = zeros .. 'x' while true do local _ = zeros < more end")
    stopped(LONG .. "coroutine.wrap(function() local more = zeros .. 'x' while true do local _ = zeros < more end end)()")
    stopped("local co = coroutine.wrap(function() local a, b = coroutine.yield() while b do b = a <= b and b end end) co() "
      .. "local a = ('\\0'):rep(5e6) co(a, a .. 'x')")
  end)

  it("is stopped between functions that go through all of it", function()
    for _, call in ipairs {
      "utf8.len(text)", "utf8.offset(text, 4e6)", "string.packsize(('b'):rep(5e6))", "tonumber(text, 36)", "rawequal(text, other)",
      "pcall(string.unpack, text, text)", "pcall(string.format, '%q', zeros:sub(1, 2e6))", "text:find('b', 1, true)", "text:upper()",
    } do
      stopped(LONG .. "while true do local _ = " .. call .. " end")
    end
  end)

  it("is stopped between functions that go through a long table", function()
    stopped("local t = {} for i = 1, 1e6 do t[i] = '' end while true do table.concat(t) end")
    stopped("local t = {} for i = 1, 1e6 do t[i] = i end while true do table.insert(t, 1, 1) table.remove(t, 1) end")
    stopped("local t = {} for i = 1, 9e5 do t[i] = i end while true do select('#', table.unpack(t)) end")
    stopped("local t = {} for i = 1, 1e6 do t['k' .. i] = i end for k in pairs(t) do t[k] = nil end while true do next(t) end")
    stopped("while true do table.move({}, 1, 4e6, 2) end")
    stopped("while true do table.move({}, '1', 4e6, 1, {}) end")
  end)

  it("is stopped while it sorts", function()
    stopped("local t, s = {}, ('a'):rep(1e6) for i = 1, 1e5 do t[i] = s end table.sort(t)")
    stopped("local t, s = {}, ('a'):rep(1e6) local few = { s .. 0, s .. 1, s .. 2 } "
      .. "for i = 1, 500 do t[i] = few[i % 3 + 1] end table.sort(t)")
    stopped("local t = {} for i = 1, 1e6 do t[i] = (i * 7919) % 1000003 end table.sort(t)")
    stopped("local t = {} for i = 1, 1e4 do t[i] = ('0'):rep(1000) .. i % 7 end while true do pcall(table.sort, t, utf8.len) end")
    stopped("local t, s = {}, ('\\0'):rep(1e6) for i = 1, 30 do t[i] = s .. i end while true do table.sort(t) end")
  end)

  it("gets from bounded functions what Lua's own give", function()
    local outcome, err = recipe.run([[
      local names, numbers = {}, {}
      for i = 1, 3000 do names[i], numbers[i] = ("%04d"):format(3001 - i), 3001 - i end
      table.sort(names) table.sort(numbers)
      local few = { 3, 1, 2 } table.sort(few, math.ult)
      local long = { ("b"):rep(2000), "a" } table.sort(long)
      local ok, message = pcall(table.sort, { 1, ("x"):rep(2000), {} })
      local moved = table.move(numbers, 1, 3000, 2)
      local wide = {} for i = 1, 25000 do wide[i] = i end
      table.move(wide, 1, 25000, 3) table.move(wide, 5, 25002, 4)
      return { names[1], names[3000], numbers[1], few[1], #long[1], ok, message, rawequal(moved, numbers), moved[3001],
        wide[1], wide[4], wide[25001] }]])
    assert(outcome, err and err.message)
    local value = outcome.values[1]
    assert.matches("^attempt to compare", table.remove(value, 7))
    assert.same({ "0001", "3000", 1, 1, 1, false, true, 3000, 1, 3, 25000 }, value)
  end)
end)
