--- What a recipe sees is the same in each process: run twice, in processes with other addresses, another seed of Lua's hashes and
--- another history.
local child = require "spec.support.child"

local function seen_by(...)
  local process = child.spawn(child.program, { "lua", "spec/support/determinism.lua", ... })
  assert.equal(0, process:wait(60), process.err)
  return process.out
end

describe("a recipe in two processes", function()
  it("sees the same", function()
    local first = seen_by()
    assert.is_true(#first > 10000, first)
    assert.matches("\nweak ", first, 1, true)
    assert.equal(first, seen_by())
    assert.equal(first, seen_by "noise")
  end)
end)
