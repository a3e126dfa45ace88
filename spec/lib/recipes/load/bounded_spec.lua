describe("table of recipes", function()
  for code, problem in pairs {
    ["table.concat({ {} })"] = "invalid value (table) at index 1 in table for 'concat'",
    ["table.concat(1)"] = "bad argument #1 to 'table.concat' (table expected, got number)",
    ["table.insert({}, 5, 1)"] = "bad argument #2 to 'table.insert' (position out of bounds)",
    ["table.insert({}, 1, 2, 3)"] = "wrong number of arguments to 'table.insert'",
    ["table.insert(1, 1)"] = "bad argument #1 to 'table.insert' (table expected, got number)",
    ["table.remove(1)"] = "bad argument #1 to 'table.remove' (table expected, got number)",
    ["table.sort(1)"] = "bad argument #1 to 'sort' (table expected, got number)",
    ["table.sort({}, 1)"] = "bad argument #2 to 'sort' (function expected, got number)",
    ["table.move(1)"] = "bad argument #2 to 'table.move' (number expected, got nil)",
    ["table.unpack({}, 1, 1e8)"] = "too many results to unpack",
  } do
    it("refuses at the recipe's line: " .. code, function()
      local _, message = require("lib.recipes.load.sandbox").declare({ name = "probe" },
        "local function misuse()\n  local got = " .. code .. "\n  return got\nend\nreturn misuse()", "@probe.lua")
      assert.equal("probe.lua:2: " .. problem, message)
    end)
  end
end)
