local kit = require "spec.support.rc"
local sandbox = require "lib.recipes.load.sandbox"
local invoke = require "lib.recipes.run.invoke"

describe("lib.recipes.load.names", function()
  it("counts in each call, on from what the file has named", function()
    kit.with({}, function()
      local recipe, texts = { name = "probe" }, {}
      local fn, problem = sandbox.declare(recipe, [[
        local kept = {}
        local name = tostring(kept)
        return function()
          local a, b = {}, function() end
          return { name, tostring(a), tostring(b), ("%p"):format(kept), tostring(a) }
        end]], "@probe.lua")
      assert.is_nil(problem)
      for i = 1, 2 do
        texts[i] = assert(invoke.call(recipe, fn, {}, kit.context(), {
          declaration = { name = "probe" }, find = kit.tools().find })).data
      end
      assert.same({ "table: 0x00000001", "table: 0x00000002", "function: 0x00000003", "0x00000001", "table: 0x00000002" }, texts[1])
      assert.same(texts[1], texts[2])
    end)
  end)

  it("has one for each function of Lua's library", function()
    local data
    kit.with({}, function() data = kit.data "return { tostring(string.format), tostring(string.format), tostring(string.rep) }" end)
    assert.equal(data[1], data[2])
    assert.is_not.equal(data[1], data[3])
    assert.matches("^function: 0x10000%x%x%x$", data[1])
  end)
end)
