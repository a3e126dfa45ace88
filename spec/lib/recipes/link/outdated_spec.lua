local catalog = require "lib.recipes.link.catalog"
local folder = require "spec.support.folder"
local kept_log = require "spec.support.log"
local kit = require "spec.support.catalog"

describe("a call of a recipe whose saved file is broken", function()
  local place, weaker, recipes
  before_each(function()
    place, weaker = folder.new(), folder.new()
    recipes = catalog.new {
      folders = { { path = weaker.path, label = "weaker" }, { path = place.path, label = "spec" } }, registry_tools = { kit.BUILTIN },
      meta_tools = false,
    }
  end)
  after_each(function()
    place:remove()
    weaker:remove()
  end)

  local function scan() kept_log.lines_of(function() recipes:scan() end) end

  local function save(text, name)
    place:write(name or "poster.lua", text)
    scan()
  end

  local function call(name)
    local tool = recipes:find(name or "poster")
    return kit.call(tool)
  end

  local BROKEN = "\nreturn rc.tool {"
  local NOTE = "This ran the version before: what is saved now is broken: poster.lua:2: "

  it("says so in words and among the data, with file and line, until it is mended", function()
    save(kit.source("poster", 1))
    assert.is_nil(call().text)
    save(BROKEN)
    local result = call()
    assert.equal(1, result.data.version)
    assert.matches(NOTE, result.text, 1, true)
    assert.matches(NOTE, result.data.outdated, 1, true)
    save(kit.source("poster", 2))
    assert.is_nil(call().text)
    assert.is_nil(call().data.outdated)
  end)

  it("says so, too, where a module is broken, others may write to it, or it cannot be linked any more", function()
    save("return 1", "lib/size.lua")
    save('local size = require "size"\n' .. kit.source("poster", 1))
    save("return return", "lib/size.lua")
    assert.matches("what is saved now is broken: poster.lua: lib/size.lua:1:", call().text, 1, true)
    save("return 1", "lib/size.lua")
    assert.is_nil(call().text)
    place:chmod("666", "poster.lua")
    scan()
    assert.matches("poster.lua is writable by everyone", call().text, 1, true)
    place:chmod("644", "poster.lua")
    save(kit.source("poster", 3, 'uses = { "nobody" },'))
    assert.matches("there is no tool 'nobody'", call().text, 1, true)
  end)

  it("keeps data that a schema closes as they are, and lists", function()
    save(kit.source("poster", 1, 'output = { type = "object", properties = { version = {} }, additionalProperties = false },'))
    save(BROKEN)
    assert.same({ version = 1 }, call().data)
    assert.matches(NOTE, call().text, 1, true)
    save('local rc = require "rc" return rc.tool { name = "list", description = "L.", run = function() return { 1, 2 } end }', "list.lua")
    save(BROKEN, "list.lua")
    assert.equal(2, #call("list").data)
    assert.is_nil(call("list").data.outdated)
    assert.matches("This ran the version before", call("list").text, 1, true)
  end)

  it("says so in an error", function()
    save('local rc = require "rc" return rc.tool { name = "poster", description = "P.", run = function() rc.fail "too bad" end }')
    save(BROKEN)
    local result = call()
    assert.is_true(result.is_error)
    assert.matches("^too bad\n" .. NOTE, result.text)
  end)

  it("says so once, in the outermost result, where other recipes use it", function()
    save(kit.source("poster", 1))
    save([[local rc = require "rc"
      return rc.tool { name = "twice", description = "T.", uses = { "poster" }, run = function()
        return { first = rc.tools.poster {}, second = rc.tools.poster {} }
      end }]], "twice.lua")
    save(BROKEN)
    local result = call "twice"
    assert.equal(1, select(2, result.text:gsub("This ran the version before", "")))
    assert.same({ version = 1 }, result.data.first)
  end)

  it("says so where a recipe of a weaker folder runs in its place", function()
    weaker:write("poster.lua", kit.source("poster", 7))
    save(BROKEN)
    local result = call()
    assert.equal(7, result.data.version)
    assert.matches(
      ("This ran %s/poster.lua: %s/poster.lua is broken: poster.lua:2:"):format(weaker.path, place.path), result.text, 1, true)
  end)
end)
