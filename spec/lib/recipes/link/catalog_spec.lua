local catalog = require "lib.recipes.link.catalog"
local clock = require "lib.async.clock"
local context = require "lib.calls.context"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local kept_log = require "spec.support.log"
local kit = require "spec.support.catalog"
local json = require "core.json"
local loop = require "core.loop"
local registry = require "lib.features.registry"
local resources = require "lib.features.resources"
local timer = require "core.timer"

local BUILTIN, call, source = kit.BUILTIN, kit.call, kit.source

describe("recipes.catalog", function()
  local place, other
  before_each(function() place, other = folder.new(), folder.new() end)
  after_each(function()
    place:remove()
    other:remove()
  end)

  local function open(options)
    options = options or {}
    options.folders = { { path = place.path, label = "first" }, { path = other.path, label = "second" } }
    options.registry_tools = { BUILTIN }
    if options.meta_tools == nil then options.meta_tools = false end
    return catalog.new(options)
  end

  local function names(recipes)
    local list = {}
    for i, tool in ipairs(recipes:snapshot().list) do list[i] = tool.name end
    return table.concat(list, " ")
  end

  local function version(recipes, name)
    local tool = recipes:find(name)
    assert.is_table(tool, "there is no " .. name)
    local result = call(tool)
    assert.is_false(result.is_error, result.text)
    return result.data.version
  end

  local function report(recipes, name)
    for _, entry in ipairs(recipes:report()) do
      if entry.name == name then return entry end
    end
  end

  it("makes one set of built-in tools and recipes, and calls them", function()
    place:write("poster.lua", source("poster", 1))
    place:write("grid/main.lua", source("grid", 2))
    local recipes = open()
    assert.is_true(recipes:scan())
    assert.equal("grid list_deployments poster", names(recipes))
    assert.equal(1, version(recipes, "poster"))
    assert.equal(2, version(recipes, "grid"))
    assert.equal("loaded", report(recipes, "poster").state)
    assert.same({ "poster" }, report(recipes, "poster").tools)
    assert.equal("first", report(recipes, "poster").folder)
    assert.is_true(report(recipes, "poster").load_ms >= 0)
  end)

  it("looks again, as long as it serves, for what no worker could be started for, and keeps what it has", function()
    local loader, refused = require "lib.recipes.load.loader", false
    local worker = { load_text = function(_, ...)
      if refused then return nil, require("lib.recipes.worker.ends").missing "no memory" end
      return loader.load_text(...)
    end }
    place:write("poster.lua", source("poster", 1))
    local time <close> = clock.virtual()
    local recipes <close> = open { worker = worker, quiet = true }
    time:run(recipes.scan, recipes)
    refused = true
    place:write("poster.lua", source("poster", 2))
    place:write("grid.lua", source("grid", 1))
    recipes:insist()
    time:run(recipes.scan, recipes)
    assert.equal("list_deployments poster", names(recipes))
    assert.matches("no worker can be started for it: no memory", report(recipes, "grid").error)
    time:advance(29)
    refused = false
    time:advance(2)
    assert.equal("grid list_deployments poster", names(recipes))
    assert.equal(2, version(recipes, "poster"))
    assert.is_nil(report(recipes, "grid").error)
    assert.is_nil(recipes.later)
  end)

  it("changes only when something does, and tells after the swap", function()
    place:write("poster.lua", source("poster", 1))
    local recipes, told = open(), {}
    recipes:on_change(function(now) told[#told + 1] = now:snapshot() end)
    recipes:scan()
    local first = recipes:snapshot()
    assert.is_false(recipes:scan())
    assert.equal(first, recipes:snapshot())
    place:write("poster.lua", source("poster", 2))
    assert.is_true(recipes:scan())
    assert.same({ first, recipes:snapshot() }, told)
    assert.equal(1, call(first.find "poster").data.version)
    assert.equal(2, version(recipes, "poster"))
    place:delete "poster.lua"
    assert.is_true(recipes:scan())
    assert.equal("list_deployments", names(recipes))
    assert.same({}, recipes:report())
  end)

  it("keeps what is good beside what is broken", function()
    place:write("bad.lua", "return rc.tool {")
    place:write("good.lua", source("good", 1))
    local recipes = open()
    local lines = kept_log.lines_of(function() recipes:scan() end)
    assert.equal(1, version(recipes, "good"))
    assert.equal("failed", report(recipes, "bad").state)
    assert.matches("^bad.lua:1: ", report(recipes, "bad").error)
    assert.equal(1, #lines)
    assert.matches("^error: recipes: bad.lua:1: ", lines[1])
  end)

  it("keeps the last good version, says why once, and takes the next good one", function()
    place:write("poster.lua", source("poster", 1))
    local recipes = open()
    recipes:scan()
    place:write("poster.lua", "return nothing")
    local lines = kept_log.lines_of(function()
      assert.is_false(recipes:scan())
      recipes:scan()
    end)
    assert.equal(1, #lines)
    assert.matches("the version before it stays", lines[1])
    assert.equal(1, version(recipes, "poster"))
    assert.equal("loaded", report(recipes, "poster").state)
    assert.matches("what the file returns", report(recipes, "poster").error)
    place:write("poster.lua", source("poster", 3))
    recipes:scan()
    assert.equal(3, version(recipes, "poster"))
    assert.is_nil(report(recipes, "poster").error)
  end)

  it("keeps the last good version, too, of one that cannot be linked any more", function()
    place:write("poster.lua", source("poster", 1, 'uses = { "helper" },'))
    place:write("helper.lua", source("helper", 1))
    local recipes = open()
    recipes:scan()
    kept_log.lines_of(function()
      place:write("helper.lua", source("helper", 2, 'uses = { "poster" },'))
      recipes:scan()
      assert.equal(1, version(recipes, "helper"))
      assert.matches("helper.lua:2: field 'uses' closes a circle", report(recipes, "helper").error)
      assert.is_nil(report(recipes, "poster").error)
      place:delete "helper.lua"
      recipes:scan()
    end)
    assert.equal("failed", report(recipes, "poster").state)
    assert.matches("poster.lua:2: field 'uses': there is no tool 'helper'", report(recipes, "poster").error)
    place:write("helper.lua", source("helper", 4))
    kept_log.lines_of(function()
      place:write("poster.lua", "x")
      recipes:scan()
    end)
    assert.equal("helper list_deployments poster", names(recipes))
    assert.equal(1, version(recipes, "poster"))
  end)

  it("lets the one that was there first keep its name against a copy", function()
    place:write("poster.lua", source("poster", 1))
    local recipes = open()
    recipes:scan()
    place:write("copy.lua", source("poster", 2))
    kept_log.lines_of(function() recipes:scan() end)
    assert.equal(1, version(recipes, "poster"))
    assert.equal("failed", report(recipes, "copy").state)
    assert.matches("is declared by poster.lua, too", report(recipes, "copy").error)
    local fresh = open()
    kept_log.lines_of(function() fresh:scan() end)
    assert.is_nil(fresh:find "poster")
    assert.equal("failed", report(fresh, "poster").state)
  end)

  it("lets a later folder shadow an earlier one, says so, and brings it back", function()
    place:write("poster.lua", source("poster", 1))
    other:write("mine.lua", source("poster", 2))
    local recipes = open()
    local lines = kept_log.lines_of(function()
      recipes:scan()
      recipes:scan()
    end)
    assert.equal(2, version(recipes, "poster"))
    assert.equal("shadowed", report(recipes, "poster").state)
    assert.same({ { name = "poster", by = other.path .. "/mine.lua" } }, report(recipes, "poster").shadowed)
    assert.same({}, report(recipes, "poster").tools)
    assert.equal(1, #lines)
    assert.matches("'poster' is shadowed by " .. other.path, lines[1], 1, true)
    other:delete "mine.lua"
    recipes:scan()
    assert.equal(1, version(recipes, "poster"))
    assert.equal("loaded", report(recipes, "poster").state)
  end)

  it("drops a recipe that is disabled", function()
    place:write("poster.lua", source("poster", 1))
    local recipes = open()
    recipes:scan()
    os.rename(place.path .. "/poster.lua", place.path .. "/poster.lua.disabled")
    recipes:scan()
    assert.is_nil(recipes:find "poster")
    assert.equal("disabled", report(recipes, "poster").state)
  end)

  it("refuses what others may write to, and takes it when that is over", function()
    place:write("poster.lua", source("poster", 1))
    place:chmod("666", "poster.lua")
    local recipes = open()
    kept_log.lines_of(function() recipes:scan() end)
    assert.is_nil(recipes:find "poster")
    assert.matches("writable by everyone", report(recipes, "poster").error)
    local lenient = open { lenient = true }
    lenient:scan()
    assert.is_table(lenient:find "poster")
    place:chmod("644", "poster.lua")
    recipes:scan()
    assert.is_table(recipes:find "poster")
  end)

  it("keeps the recipes of a folder that cannot be used for now, and says so once", function()
    place:write("poster.lua", source("poster", 1))
    local recipes = open()
    recipes:scan()
    place:chmod "777"
    local lines = kept_log.lines_of(function()
      recipes:scan()
      recipes:scan()
    end)
    assert.equal(1, #lines)
    assert.equal(place.path, recipes:folder_problems()[1].path)
    assert.is_table(recipes:find "poster")
  end)

  it("loads again what requires a module that has changed", function()
    place:write("lib/util.lua", "return { version = 1 }")
    place:write("poster.lua", [[local rc, util = require "rc", require "util"
      return rc.tool { name = "poster", description = "A recipe.", run = function() return { version = util.version } end }]])
    local recipes = open()
    recipes:scan()
    assert.equal(1, version(recipes, "poster"))
    place:write("lib/util.lua", "return { version = 2 }")
    recipes:scan()
    assert.equal(2, version(recipes, "poster"))
  end)

  it("lets a running call end with the version, and with the set, that it began with", function()
    place:write("helper.lua", source("helper", 1))
    place:write("poster.lua", [[local rc = require "rc"
      return rc.tool { name = "poster", description = "A recipe.", uses = { "helper" }, run = function()
        rc.sleep(60)
        return { version = 1, helper = rc.tools.helper({}).version }
      end }]])
    local recipes = open()
    recipes:scan()
    local time <close> = clock.virtual()
    time:run(function()
      local result
      local task = fiber.spawn(function()
        result = registry.call(recipes:find "poster", {}, context.new { tool = "poster" })
      end)
      place:write("poster.lua", source("poster", 2))
      place:write("helper.lua", source("helper", 2))
      assert.is_true(recipes:scan())
      assert.equal("waiting", task.status)
      task:join()
      assert.same({ version = 1, helper = 1 }, result.data)
    end)
    assert.equal(2, version(recipes, "poster"))
    assert.equal(2, version(recipes, "helper"))
  end)

  it("loads a folder again when a module in it has changed", function()
    place:write("grid/parts/cell.lua", "return { version = 1 }")
    place:write("grid/main.lua", [[local rc, cell = require "rc", require "parts.cell"
      return rc.tool { name = "grid", description = "A recipe.", run = function() return { version = cell.version } end }]])
    local recipes = open()
    recipes:scan()
    assert.equal(1, version(recipes, "grid"))
    place:write("grid/parts/cell.lua", "return { version = 2 }")
    recipes:scan()
    assert.equal(2, version(recipes, "grid"))
  end)

  it("tells what became of each file in the resource rcmcp://recipes, once there is a folder", function()
    place:write("bad.lua", "x")
    local recipes = open()
    kept_log.lines_of(function() recipes:scan() end)
    local resource, contents = recipes:snapshot().resources.find "rcmcp://recipes", nil
    fiber.spawn(function() contents = resources.read(resource, resource.uri, nil, context.new { tool = "spec" }) end)
    local told = json.decode(contents.text)
    assert.equal("application/json", contents.mimeType)
    assert.equal("bad", told.recipes[1].name)
    assert.equal("failed", told.recipes[1].state)
    assert.matches("bad.lua:1", told.recipes[1].error)
    local none = catalog.new { folders = { { path = place.path .. "/none", label = "spec" } }, registry_tools = { BUILTIN } }
    none:scan()
    assert.same({}, none:snapshot().resources.list)
  end)

  it("forgets versions that are gone, after 200 good and bad ones, some of them called", function()
    place:write("poster.lua", source("poster", 0))
    local recipes, versions = open(), setmetatable({}, { __mode = "k" })
    recipes:scan()
    kept_log.lines_of(function()
      for i = 1, 200 do
        place:write("poster.lua", i % 3 == 0 and "return rc.tool {" or source("poster", i))
        recipes:scan()
        versions[recipes:find "poster"] = i
        if i % 10 == 0 then version(recipes, "poster") end
      end
    end)
    loop.run() -- timers let go of what they hold when the loop has closed them
    collectgarbage()
    collectgarbage()
    local left = 0
    for _ in pairs(versions) do left = left + 1 end
    assert.equal(1, left)
    assert.equal(200, version(recipes, "poster"))
  end)

  it("has prompts and resources beside the tools, and keeps their sets while they are the same", function()
    place:write("mix.lua", [[local rc = require "rc"
      return { rc.prompt { name = "ask", description = "Asks.", run = function() return "ask" end },
        rc.resource { uri = "recipe://a", name = "a", read = function() return { b = 1 } end } }]])
    local recipes = open()
    recipes:scan()
    local before = recipes:snapshot()
    assert.equal("ask", before.prompts.find("ask").name)
    assert.equal("recipe://a", before.resources.find("recipe://a").uri)
    place:write("poster.lua", source("poster", 1))
    recipes:scan()
    assert.are_not.equal(before, recipes:snapshot())
    assert.equal(before.prompts, recipes:snapshot().prompts)
    assert.equal(before.resources, recipes:snapshot().resources)
  end)

  it("watches: a saved file is in the set without being asked for", function()
    local recipes <close> = open()
    recipes:scan()
    recipes:watch()
    local changes, expired = 0, false
    recipes:on_change(function() changes = changes + 1 end)
    local _ <close> = timer.after(20000, function() expired = true end)
    place:replace("poster.lua", source("poster", 1))
    while changes == 0 do
      assert(not expired)
      loop.step(true)
    end
    assert.equal(1, version(recipes, "poster"))
  end)

  it("gives hints that what the code does cannot break", function()
    local function tool_text(name, body, more)
      return ("rc.tool { name = %q, description = 'A recipe.', %s run = function() %s end }"):format(name, more or "", body)
    end
    local head = 'local rc = require "rc"\nreturn '
    place:write("saves.lua", head .. tool_text("saves", "rc.download 'https://x.runcomfy.net/a.png'"))
    place:write("hidden.lua", head .. tool_text("hidden", "rc['down' .. 'load'] 'https://x.runcomfy.net/a.png'"))
    place:write("reaches.lua", head .. tool_text("reaches", "rc['ht' .. 'tp'] { url = 'https://x.runcomfy.net/a.png' }"))
    place:write("two.lua", head .. "{ " .. tool_text("reads", "return {}", "annotations = { readOnlyHint = true },") .. ", "
      .. tool_text("writes", "rc.download 'https://x.runcomfy.net/a.png'") .. " }")
    place:write("lib/keep.lua", "local rc = require 'rc' return function(url) return rc.download(url) end")
    place:write("keeper.lua", "local keep = require 'keep'\n" .. head .. tool_text("keeper", "keep 'https://x.runcomfy.net/a.png'"))
    place:write("mild.lua", head .. "\n" .. tool_text("mild", "rc.download 'https://x.runcomfy.net/a.png'",
      "annotations = { readOnlyHint = true },"))
    local recipes = open { quiet = true }
    recipes:scan()
    local read_only = {}
    for _, tool in ipairs(recipes:recipe_tools()) do read_only[tool.name] = tool.annotations[1][2] end
    assert.same({ saves = false, hidden = true, reaches = true, reads = true, writes = false, keeper = false }, read_only)
    assert.matches("mild.lua:3: field 'annotations': readOnlyHint cannot be true: it calls rc.download, which saves files",
      report(recipes, "mild").error, 1, true)
    assert.matches("rc.download: clients were told that 'hidden' has readOnlyHint = true; declare annotations = { readOnlyHint = false }",
      call(recipes:find "hidden").text, 1, true)
    assert.matches("rc.http: clients were told that 'reaches' has openWorldHint = false", call(recipes:find "reaches").text, 1, true)
  end)
end)
