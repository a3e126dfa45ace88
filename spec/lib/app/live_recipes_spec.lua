-- The recipes of a server, as they come to be there.
local fiber = require "lib.async.fiber"
local live_recipes = require "lib.app.live_recipes"
local log = require "spec.support.log"
local loop = require "core.loop"

local function nothing() end

-- An app whose recipes are read when `read` is called, and who was told what.
local function bed(settings, patience)
  local self = { told = {}, changes = {} }
  local waiting
  local catalog = { on_change = nothing, watch = nothing, insist = nothing, close = nothing, snapshot = function() return "all" end }
  self.live = live_recipes.new({
    settings = settings,
    recipe_folders = function() return { { path = "/nowhere", expected = true } } end,
    listed = function() return "without recipes" end,
    catalog = function()
      fiber.await(function(callback)
        waiting = callback
        return setmetatable({}, { __close = nothing })
      end)
      return catalog
    end,
  }, function(snapshot) table.insert(self.changes, snapshot) end, patience)
  self.live:open(function(snapshot) table.insert(self.told, snapshot) end)
  function self.read()
    waiting()
    for _ = 1, 10 do loop.step(false) end
  end
  return self
end

describe("lib.app.live_recipes", function()
  it("lets those who ask wait for the recipes", function()
    local it = bed({ hot_reload = true })
    it.read()
    assert.same({ { "all" }, {} }, { it.told, it.changes })
    it.live:close()
  end)

  it("offers the other tools where that takes long, and the recipes once they are there", function()
    local it
    local lines = log.lines_of(function()
      it = bed({ hot_reload = true }, 10)
      while #it.told == 0 do loop.step(true) end
    end)
    assert.same({ { "without recipes" }, {} }, { it.told, it.changes })
    assert.matches("recipes: they take long to load", lines[1], 1, true)
    it.read()
    assert.same({ { "without recipes" }, { "all" } }, { it.told, it.changes })
    it.live:close()
  end)

  it("waits as long as it takes where clients would not be told of a change", function()
    local it = bed({ hot_reload = false }, 0)
    for _ = 1, 10 do loop.step(false) end
    assert.same({}, it.told)
    it.read()
    assert.same({ { "all" }, {} }, { it.told, it.changes })
    it.live:close()
  end)

  it("tells nobody anything more once it is closed", function()
    local it = bed({ hot_reload = true }, 0)
    it.live:close()
    it.read()
    assert.same({ {}, {} }, { it.told, it.changes })
  end)
end)
