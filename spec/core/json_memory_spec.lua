local budgets = require "core.budget"
local host = require "core.host"
local json = require "core.json"
local memory = require "spec.support.memory"

local parts = {}
for i = 1, 40 do
  parts[i] = ('"k%d": {"seed": %d, "big": 18446744073709551615, "text": "line\\n%s", "list": [1, 2.5, null, []]}')
    :format(i, i, ("x"):rep(i * 60))
end
local TEXT = "{" .. table.concat(parts, ", ") .. "}"

--- Runs out of memory at every allocation of `fn`; what it held then must be gone.
local function survives(fn)
  local expected = fn()
  collectgarbage()
  collectgarbage()
  local before = host.memory()
  local result
  assert.is_true(memory.sweep(function() result = fn() end) > 0)
  assert.same(expected, result)
  result = nil -- luacheck: ignore 311
  collectgarbage()
  collectgarbage()
  assert.is_true(host.memory() - before < 8192)
end

describe("core.json out of memory", function()
  it("fails and recovers in decode", function()
    survives(function() return json.encode(json.decode(TEXT)) end)
  end)

  it("fails and recovers in decode of bad text", function()
    survives(function() return select(2, json.decode(TEXT:sub(1, -2))) end)
  end)

  it("fails and recovers in encode", function()
    local value = json.decode(TEXT)
    value.mixed = { 1, 2, x = json.ordered({ "b" }, { a = 1, b = 2 }) }
    survives(function()
      value.deep = { { { {} } } }
      return json.encode(value)
    end)
  end)

  it("fails and recovers in encode as part of a budget", function()
    local value = json.decode(TEXT)
    value.mixed = { { { {} } }, 2, x = 1 }
    survives(function()
      local budget = budgets.new {}
      local outcome, text = budget:resume(budget:create(function() return json.encode(value) end))
      if outcome ~= "done" then error("not enough memory", 0) end
      return text
    end)
  end)

  it("fails and recovers while it tells what encode refuses", function()
    local value = { overrides = { ["6"] = { ["a b"] = { 1, 2, print } } } }
    survives(function()
      local ok, message = pcall(json.encode, value)
      assert(not ok)
      if message == "not enough memory" then error(message, 0) end
      return message
    end)
  end)

  it("fails and recovers in raw and its parts", function()
    survives(function()
      local raw = json.raw(TEXT)
      local texts = {}
      for key, part in raw:pairs() do texts[#texts + 1] = key .. part:get("list"):text() .. part:value("text") end
      for key, part in pairs(raw:members { k3 = true }) do texts[#texts + 1] = key .. part:text() end
      return table.concat(texts) .. json.encode { raw, raw:get "k3" } .. raw:text()
    end)
  end)

  it("fails and recovers in integer, as_array and ordered", function()
    survives(function()
      local order = { "z", "a" }
      return json.encode(json.as_array { json.ordered(order, { a = json.integer "18446744073709551615", z = 1 }) })
    end)
  end)

  it("gives the memory of a large text back", function()
    local statm <close> = io.open "/proc/self/statm"
    if not statm then return pending "this system has no /proc" end
    local maps <close> = assert(io.open "/proc/self/maps")
    local loaded = maps:read "a"
    if loaded:find "libasan" or loaded:find "valgrind" then return pending "memory checkers keep freed blocks" end
    local function resident() -- in pages of 4 KiB
      collectgarbage()
      collectgarbage()
      statm:seek "set"
      return tonumber(statm:read("a"):match "^%d+ (%d+)")
    end
    local before = resident()
    assert.is_true(#json.encode { ("x"):rep(40000000) } > 40000000)
    assert.is_true((resident() - before) * 4096 < 8000000)
  end)
end)
