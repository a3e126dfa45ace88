local fiber = require "lib.async.fiber"
local kit = require "spec.support.mcp"
local linking = require "lib.recipes.link.linking"
local loop = require "core.loop"
local meter = require "lib.async.meter"
local registry = require "lib.features.registry"
local turning = require "spec.support.turns"

local HARMLESS = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false }

local function builtin(name, annotations)
  return assert(registry.compile(kit.tool { name = name, annotations = annotations or HARMLESS }))
end

local builtins = {
  list = builtin "list",
  delete = builtin("delete", { destructiveHint = true, idempotentHint = true, openWorldHint = false }),
}

-- A recipe of one tool, in the folder of `rank`.
local function item(name, uses, options)
  options = options or {}
  local fields = { name = name, uses = uses, annotations = options.annotations }
  local entry = { key = name, fields = fields, compiled = builtin(name) }
  return {
    rank = options.rank or 1,
    recipe = {
      name = name, shown = options.shown or name .. ".lua", file = "/" .. (options.rank or 1) .. "/" .. name .. ".lua",
      tools = { entry }, prompts = {}, resources = {}, templates = {},
    },
  }
end

local function link(...)
  return linking.link({ ... }, {
    builtins = builtins, reserved = { run_recipe = true }, body = function() return function() return {} end end,
  })
end

local function names(linked)
  local result = {}
  for i, tool in ipairs(linked.tools) do result[i] = tool.name end
  return table.concat(result, " ")
end

local function only_problem(linked, of)
  local item_of, problem = next(linked.problems)
  assert.is_nil(next(linked.problems, item_of))
  assert.equal(of, item_of)
  return problem
end

describe("recipes.linking", function()
  it("makes one sorted set, in which a recipe uses tools and recipes", function()
    local linked = link(item("b", { "a", "delete" }), item("a", { "list" }))
    assert.same({}, linked.problems)
    assert.equal("a b", names(linked))
    assert.is_true(linked.tools[1].annotations[1][2])
    assert.same({ "destructiveHint", true }, linked.tools[2].annotations[2])
  end)

  it("lets the loop turn while it looks for what misspelt names were meant to be", function()
    local items = {}
    for i = 1, 60 do items[i] = item("the_name_of_recipe_" .. i, { "the_neme_of_recipy_" .. i, "a_name_of_racipe_" .. i }) end
    local linked, turned
    local task = fiber.spawn(function()
      local turns <close> = turning.count()
      linked = linking.link(items, { builtins = builtins, reserved = {}, body = function() end, work = meter.new() })
      turned = turns.number
    end)
    while task.status ~= "done" do loop.step(true) end
    assert(task:join())
    assert.is_true(turned >= 2, turned)
    assert.matches("did you mean 'the_name_of_recipe_7'?", linked.problems[items[7]], 1, true)
  end)

  it("keeps a tool the same value while its recipe and its hints are the same", function()
    local a, b = item("a", { "list" }), item("b", { "a" })
    local first, second = link(a, b), link(a, b)
    assert.equal(first.tools[1], second.tools[1])
    assert.equal(first.tools[2], second.tools[2])
    local worse = link(item("a", { "delete" }), b)
    assert.are_not.equal(first.tools[2], worse.tools[2])
    assert.same({ "destructiveHint", true }, worse.tools[2].annotations[2])
  end)

  it("lets a later folder shadow an earlier one, and tells", function()
    local first, second = item("a"), item("a", nil, { rank = 2 })
    local linked = link(first, second)
    assert.same({}, linked.problems)
    assert.equal("a", names(linked))
    assert.same({ { name = "a", by = second.recipe } }, linked.shadowed[first])
  end)

  it("refuses two of one name in one folder, both of them", function()
    local one, two = item("a"), item("a", nil, { shown = "copy.lua" })
    local linked = link(one, two)
    assert.matches("tool 'a' is declared by copy.lua, too", linked.problems[one], 1, true)
    assert.matches("tool 'a' is declared by a.lua, too", linked.problems[two], 1, true)
  end)

  it("refuses the name of a built-in tool and of a meta tool", function()
    local one = item "list"
    assert.matches("'list' is the name of a built%-in tool", only_problem(link(one), one))
    one = item "run_recipe"
    assert.matches("'run_recipe' is the name of a built%-in tool", only_problem(link(one), one))
  end)

  it("refuses to use what is not there, with the name that was probably meant", function()
    local one = item("one", { "lisd" })
    assert.equal("field 'uses': there is no tool 'lisd', did you mean 'list'?", only_problem(link(one), one))
    one = item("one", { "othr" })
    assert.matches("did you mean 'other'?", only_problem(link(one, item "other"), one), 1, true)
    one = item("one", { "run_recipe" })
    assert.matches("is for clients", only_problem(link(one), one))
  end)

  it("names a circle, of one or of several", function()
    local one = item("one", { "one" })
    assert.equal("field 'uses' closes a circle: one uses one", only_problem(link(one), one))
    local linked = link(item("a", { "b" }), item("b", { "c" }), item("c", { "a" }))
    local _, problem = next(linked.problems)
    assert.matches("closes a circle: a uses b uses c uses a", problem, 1, true)
  end)

  it("refuses more than 16 levels of recipes", function()
    local function chain(length)
      local items = { item "r01" }
      for i = 2, length do items[i] = item(("r%02d"):format(i), { ("r%02d"):format(i - 1) }) end
      return items
    end
    assert.same({}, link(table.unpack(chain(16))).problems)
    local items = chain(17)
    assert.matches("more than 16 levels deep", only_problem(link(table.unpack(items)), items[17]))
  end)

  it("refuses hints that are milder than what is used, also through a recipe", function()
    local outer = item("outer", { "inner" }, { annotations = { readOnlyHint = true } })
    assert.matches("readOnlyHint cannot be true: it uses 'inner'", only_problem(link(outer, item("inner", { "delete" })), outer))
  end)

  it("blames the one that is wrong, not those that use it", function()
    local inner = item("inner", { "nothing_like_it" })
    assert.matches("there is no tool", only_problem(link(item("outer", { "inner" }), inner), inner))
  end)

  it("says which of several tools of a file it means", function()
    local one = item("one", { "unknown_thing" })
    table.insert(one.recipe.tools, item("two").recipe.tools[1])
    assert.matches("^tool 'one': field 'uses'", only_problem(link(one), one))
  end)

  it("checks what prompts and resources use", function()
    local one = item "one"
    one.recipe.prompts[1] = { key = "ask", fields = { name = "ask", uses = { "lisd" } }, compiled = { name = "ask" } }
    assert.matches("prompt 'ask': field 'uses': there is no tool 'lisd'", only_problem(link(one), one), 1, true)
  end)

  it("lets resources and templates use read-only tools alone, for clients read them unasked", function()
    for _, kind in ipairs { "resources", "templates" } do
      local one, through = item("one", { "list" }), item("through", { "delete" })
      one.recipe[kind][1] = { key = "recipe://x", fields = { uses = { "list", "one" } }, compiled = { name = "x" } }
      assert.same({}, link(one, through).problems)
      for _, costly in ipairs { "delete", "through" } do
        one.recipe[kind][1].fields.uses = { "list", costly }
        local problem = link(one, through).problems[one]
        assert.matches(("'recipe://x': field 'uses': '%s' is not read-only"):format(costly), problem, 1, true)
      end
    end
    local one = item "one"
    one.recipe.prompts[1] = { key = "ask", fields = { name = "ask", uses = { "delete" } }, compiled = { name = "ask" } }
    assert.same({}, link(one).problems)
  end)
end)
