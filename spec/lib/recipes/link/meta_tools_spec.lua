local catalog = require "lib.recipes.link.catalog"
local folder = require "spec.support.folder"
local hosts = require "lib.recipes.worker.host"
local json = require "core.json"
local kept_log = require "spec.support.log"
local kit = require "spec.support.catalog"
local loop = require "core.loop"
local process = require "core.process"
local report = require "lib.recipes.link.report"
local timer = require "core.timer"
local to_end = require "lib.async.to_end"

local BUILTIN, call, source = kit.BUILTIN, kit.call, kit.source

local function wrap(fn, first)
  return function(...)
    first()
    return fn(...)
  end
end

describe("recipes.meta_tools", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function open(worker)
    local recipes = catalog.new { folders = { { path = place.path, label = "spec" } }, registry_tools = { BUILTIN }, worker = worker }
    kept_log.lines_of(function() to_end(recipes.scan, recipes) end)
    return recipes
  end

  it("list what is there, and what has a problem", function()
    place:write("poster.lua", source("poster", 1))
    place:write("bad.lua", "x")
    local result = call(open():find "list_recipes")
    assert.is_false(result.is_error)
    assert.equal("poster", result.data.recipes[1].name)
    assert.equal("object", result.data.recipes[1].input_schema.type)
    assert.is_true(result.data.recipes[1].hints.readOnlyHint)
    assert.equal("bad", result.data.failed[1].name)
    assert.matches("poster: A recipe", result.text)
  end)

  it("list them also where a file's name is no UTF-8", function()
    place:write("poster.lua", source("poster", 1))
    place:write("caf\xE9.lua", "x =")
    local result = call(open():find "list_recipes")
    assert.equal("caf\u{FFFD}", result.data.failed[1].name)
    assert.equal("caf\u{FFFD}.lua:1: unexpected symbol near <eof>", result.data.failed[1].error)
    assert.is_string(json.encode(result.data))
    assert.equal("caf\u{FFFD}", report.json(open()).recipes[1].name)
  end)

  for _, where in ipairs { "in the process", "in a worker" } do
    describe(where, function()
      local worker
      before_each(function() worker = where == "in a worker" and hosts.new() or nil end)
      after_each(function() if worker then worker:close() end end)

      -- Nothing turns the loop between the writing and the call.
      it("run a recipe by its name, also one that came a moment ago", function()
        local recipes <close> = open(worker)
        recipes:watch()
        local run = recipes:find "run_recipe"
        place:write("poster.lua", source("poster", 7))
        assert.equal(7, call(run, { name = "poster" }).data.version)
      end)

      it("list what came a moment ago, and no more what went then", function()
        place:write("old.lua", source("old", 1))
        local recipes <close> = open(worker)
        recipes:watch()
        place:write("poster.lua", source("poster", 7))
        place:delete "old.lua"
        local listed = call(recipes:find "list_recipes").data.recipes
        assert.equal(1, #listed)
        assert.equal("poster", listed[1].name)
      end)

      it("see it also where the call comes in a turn whose look at the folders is over", function()
        local recipes <close> = open(worker)
        recipes:watch()
        local result
        local function come()
          place:write("poster.lua", source("poster", 7))
          kit.begin(recipes:find "run_recipe", { name = "poster" }, function(answer) result = answer end)
        end
        local _ <close> = assert(process.spawn { file = "true", args = {}, on_stdout = function(bytes) if not bytes then come() end end })
        while not result do loop.step(true) end
        assert.equal(7, result.data.version)
      end)

      it("run what was saved as soon as that was noticed, not what stands there until the folder rests", function()
        place:write("poster.lua", source("poster", 1))
        local recipes <close> = open(worker)
        recipes:watch()
        local seen = false
        recipes.watcher.options.on_change = wrap(recipes.watcher.options.on_change, function() seen = true end)
        place:write("poster.lua", source("poster", 2))
        local late = false
        local _ <close> = timer.after(30000, function() late = true end) -- the loop turns for it
        while not recipes.watcher.since and not late do loop.step(true) end
        assert.is_false(late)
        assert.is_false(seen)
        assert.equal(2, call(recipes:find "run_recipe", { name = "poster" }).data.version)
        assert.is_true(seen)
      end)
    end)
  end

  it("check the recipe's own input", function()
    place:write("poster.lua", source("poster", 1, 'input = { { "image", "string", "An image" } },'))
    local result = call(open():find "run_recipe", { name = "poster", input = { imgae = "x" } })
    assert.is_true(result.is_error)
    assert.matches("imgae", result.text)
  end)

  it("say what is wrong with a name", function()
    place:write("poster.lua", source("poster", 1))
    place:write("bad.lua", "x")
    local recipes = open()
    local result = call(recipes:find "run_recipe", { name = "postr" })
    assert.is_true(result.is_error)
    assert.matches("did you mean 'poster'", result.text)
    assert.matches("bad.lua:1", call(recipes:find "run_recipe", { name = "bad" }).text)
  end)

  it("are not there without a recipe folder, nor when they are switched off", function()
    place:write("poster.lua", source("poster", 1))
    local off = catalog.new { folders = { { path = place.path, label = "spec" } }, registry_tools = { BUILTIN }, meta_tools = false }
    off:scan()
    assert.is_nil(off:find "run_recipe")
    local none = catalog.new { folders = { { path = place.path .. "/none", label = "spec" } }, registry_tools = { BUILTIN } }
    none:scan()
    assert.is_nil(none:find "run_recipe")
    assert.same({ BUILTIN }, none:snapshot().list)
  end)
end)
