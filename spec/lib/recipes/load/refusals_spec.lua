local refusals = require "lib.recipes.load.refusals"

describe("lib.recipes.load.refusals", function()
  local function insert(...)
    return (refusals.told(2, "table.insert", pcall(table.insert, ...)))
  end

  local function message_of(...)
    return (select(2, pcall(function(...) local _ = insert(...) end, ...)))
  end

  it("tells a refusal at the line of who called, whatever module holds the function beside Lua's own", function()
    package.loaded["spec.holds_insert"] = { push = table.insert }
    for _ = 1, 2 do
      assert.matches("^spec/lib/recipes/load/refusals_spec.lua:9: bad argument #1 to 'table.insert' %(table expected, got number%)$",
        message_of(1, 2))
      package.loaded["spec.holds_insert"] = nil
    end
    assert.matches("refusals_spec.lua:9: wrong number of arguments to 'table.insert'$", message_of({}, 1, 2, 3))
  end)

  it("passes on what was given, and what else was raised", function()
    assert.same({ 1, nil, 3 }, { refusals.told(1, "f", true, 1, nil, 3) })
    local raised = { "of the recipe" }
    assert.is_true(rawequal(raised, select(2, pcall(refusals.told, 1, "f", pcall(error, raised)))))
    assert.equal("x:1: of a metamethod, in 'g'", select(2, pcall(refusals.told, 1, "f", false, "x:1: of a metamethod, in 'g'")))
  end)
end)
