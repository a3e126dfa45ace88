-- Lua's stack grows, too: where there is no memory for that it is said in Lua's own words for want of memory, upon which what was to be
-- done is done again, and not as a mistake of who asked for it.
local budgets = require "core.budget"
local host = require "core.host"
local json = require "core.json"
local memory = require "spec.support.memory"
local sandbox = require "core.sandbox"

-- In a coroutine, whose stack is small.
local function in_coroutine(fn, ...)
  local ok, err = coroutine.resume(coroutine.create(fn), ...)
  if not ok then error(err, 0) end
end

local function table_of(count)
  local values = {}
  for i = 1, count do values["key " .. i] = i end
  return values
end

describe("memory that runs out for a larger stack", function()
  local values, text = table_of(100), nil

  setup(function() text = json.encode(values) end)

  local works = {
    pairs = function() for _ in sandbox.pairs(values) do end end, -- luacheck: ignore 542
    sort = function() sandbox.sort { 3, 1, 2 } end,
    decode = function() json.decode(text) end,
    encode = function() json.encode(values) end,
    pack = function() json.pack(values) end,
  }

  for name, work in pairs(works) do
    it("is told as such: " .. name, function()
      assert.is_true(memory.sweep(function() in_coroutine(work) end) > 0)
    end)
  end

  it("as a coroutine is given more than its stack holds raises, and does not end that", function()
    local raised

    local function try(after, ...)
      local got
      local thread = budgets.create_plain(function(...)
        got = select("#", ...)
        coroutine.yield()
      end)
      collectgarbage()
      pcall(select, "#", thread, ...) -- there is room for them here
      host.fail_allocations(after, 2)
      local ok, err = pcall(budgets.resume_plain, thread, ...)
      host.fail_allocations(0, 0)
      if ok then return end
      raised = err
      assert.is_nil(got)
      assert.is_true(budgets.resume_plain(thread, ...))
      assert.equal(300, got)
    end

    local many = {}
    for i = 1, 300 do many[i] = i end
    for after = 0, 20 do try(after, table.unpack(many)) end
    assert.equal("not enough memory", raised)
  end)
end)
