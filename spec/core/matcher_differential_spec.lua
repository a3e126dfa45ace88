--- The sandbox's matcher beside Lua's own: outside of slices the string library is Lua's.
local budgets = require "core.budget"

local state
local function random(limit)
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % limit + 1
end

local function pick(list)
  return list[random(#list)]
end

local SINGLES = {
  "a", "b", "c", ".", "%a", "%d", "%s", "%w", "%p", "%g", "%A", "%W", "%z", "%.", "%%", "[ab]", "[^a]", "[a-c]", "[%w_]", "[^%s%d]",
  "[]]", "[^]]", "[a-]", "[%a-z]", "[%]]", "[\0a]", "\0", "]", "-", "^", "$", "é", "[\xC0-\xFF]", "[a-%]", "[b-a]",
}
local REPEATS = { "", "", "", "*", "+", "-", "?" }
local OTHERS = {
  "(", ")", "(", ")", "()", "(a)", "(.-)", "(%w+)", "%1", "%2", "%0", "%b()", "%bab", "%baa", "%f[%w]", "%f[^a]", "%f[%z]", "$", "^",
  "%", "[", "[^", "[a", "[%", "%b", "%bx", "%f", "%fa", "%9", "*", "+", "?", "(()", "%f[", "**", "\0*",
}
local LETTERS = { "a", "b", "c", "a", "b", "1", " ", "(", ")", ".", "_", "\0", "]", "\xC3\xA9", "-", "%" }
local REPLACEMENTS = {
  "", "x", "%0", "%1", "<%1-%2>", "%%", "%", "%x", "%9", "a%", { a = "A", b = 1, c = false, [1] = "one", ab = {} }, 7, 1.5,
  function(first) return first end, function() end, function() return {} end, function(...) return select("#", ...) end,
}

local function new_pattern()
  local parts = { random(8) == 1 and "^" or "" }
  for i = 2, 1 + random(5) do
    parts[i] = random(4) == 1 and pick(OTHERS) or pick(SINGLES) .. pick(REPEATS)
  end
  return table.concat(parts)
end

local function new_subject()
  local parts = {}
  for i = 1, random(14) - 1 do parts[i] = pick(LETTERS) end
  return table.concat(parts)
end

local function iterate(subject, pattern, init)
  local list, count = {}, 0
  for first, second in string.gmatch(subject, pattern, init) do
    count = count + 1
    list[count] = tostring(first) .. "|" .. tostring(second)
  end
  return table.concat(list, "\1", 1, count)
end

local find, match, gsub = string.find, string.match, string.gsub

-- Four cases; what each gives, or the message.
local function put(list, at, case)
  local subject, pattern, init = case.subject, case.pattern, case.init
  local _
  _, list[at + 1], list[at + 2], list[at + 3], list[at + 4] = pcall(find, subject, pattern, init)
  _, list[at + 5], list[at + 6], list[at + 7], list[at + 8] = pcall(match, subject, pattern, init)
  _, list[at + 9] = pcall(iterate, subject, pattern, init)
  _, list[at + 10], list[at + 11] = pcall(gsub, subject, pattern, case.replacement, case.most)
end

local WIDTH = 11

local function results_of(cases)
  local list = {}
  for i, case in ipairs(cases) do put(list, (i - 1) * WIDTH, case) end
  return list
end

local function new_cases(count)
  local cases = {}
  while #cases < count do
    local pattern, replacement = new_pattern(), pick(REPLACEMENTS)
    for _ = 1, 10 do
      cases[#cases + 1] = {
        subject = new_subject(), pattern = pattern, replacement = replacement,
        init = random(4) == 1 and random(24) - 12 or nil, most = random(8) == 1 and random(4) - 2 or nil,
      }
    end
  end
  return cases
end

local function in_slice(fn, ...)
  local budget = budgets.new { cpu_ms = 60000, memory_bytes = 256 * 1024 * 1024 }
  local outcome, results = budget:resume(budget:create(fn), ...)
  assert.equal("done", outcome, results)
  return results
end

local function compare(cases)
  local ours, theirs = in_slice(results_of, cases), results_of(cases)
  for i, case in ipairs(cases) do
    for at = (i - 1) * WIDTH + 1, i * WIDTH do
      if ours[at] ~= theirs[at] then
        error(("find, match, gmatch, gsub of %q with %q (init %s, most %s), result %d: %q is %q in Lua"):format(case.subject, case.pattern,
          case.init, case.most, at - (i - 1) * WIDTH, tostring(ours[at]), tostring(theirs[at])))
      end
    end
  end
end

describe("the matcher beside Lua's own", function()
  it("gives the same in a million random cases #load", function()
    state = 20241128
    for _ = 1, 100 do compare(new_cases(2500)) end -- of four functions each
  end)

  it("begins where Lua begins", function()
    local cases = {}
    for _, init in ipairs { math.mininteger, -4, -3, 0, 3, 4, 5, 6, math.maxinteger - 1, math.maxinteger } do
      for _, pattern in ipairs { "", "b", "%a", "()", "$" } do
        cases[#cases + 1] = { subject = "abc", pattern = pattern, init = init, replacement = "" }
      end
    end
    compare(cases)
  end)

  it("has the same classes", function()
    local every = {}
    for c = 0, 255 do every[c + 1] = string.char(c) end
    local cases = {}
    for letter = 0, 255 do
      for _, form in ipairs { "%%%s+", "[%%%s]", "[^%%%s-]" } do
        if not string.char(letter):find "[1-9bf]" then
          cases[#cases + 1] = { subject = table.concat(every), pattern = form:format(string.char(letter)), replacement = "" }
        end
      end
    end
    compare(cases)
  end)

  it("gives patterns up where Lua does", function()
    local cases = {}
    for count = 28, 36 do
      for _, part in ipairs { "()", "(a)", "(" } do
        cases[#cases + 1] = { subject = ("a"):rep(40), pattern = part:rep(count), replacement = "" }
      end
    end
    for count = 195, 205 do
      for _, part in ipairs { "a?", "a-" } do
        cases[#cases + 1] = { subject = ("a"):rep(count + 4), pattern = part:rep(count), replacement = "" }
      end
    end
    compare(cases)
  end)

  it("refuses the same arguments in the same words", function()
    local nothing = {}
    local function all()
      local list = {}
      for _, name in ipairs { "find", "match", "gmatch", "gsub" } do
        for _, args in ipairs {
          {}, { "a" }, { nothing, "a" }, { "a", nothing }, { "a", "b", nothing }, { "a", "b", "c", nothing }, { "a", "b", "c", 1.5 },
          { 12, 2, 1 }, { "a", "b", true }, { "a", "a", "x", "2" },
        } do
          local call = load("local s, args = ... return s." .. name .. "(table.unpack(args))", "=chunk")
          local _, value = pcall(call, string, args)
          list[#list + 1] = type(value) == "function" and "function" or value or "nil"
        end
      end
      return list
    end
    assert.same(all(), in_slice(all))
  end)
end)
