local catalog = require "lib.recipes.link.catalog"
local folder = require "spec.support.folder"
local kept_log = require "spec.support.log"
local kit = require "spec.support.catalog"
local modules = require "lib.recipes.files.modules"

describe("recipes.modules", function()
  local place, recipes
  before_each(function()
    place = folder.new()
    recipes = catalog.new { folders = { { path = place.path, label = "spec" } }, registry_tools = { kit.BUILTIN }, meta_tools = false }
  end)
  after_each(function() place:remove() end)

  -- A recipe that answers with what the module gives.
  local function write_user(module, name, file)
    name = name or "poster"
    place:write(file or name .. ".lua", ([[local rc, module = require "rc", require %q
      return rc.tool { name = %q, description = "A recipe.", run = function() return { version = module } end }]]):format(module, name))
  end

  -- One that requires it only while it runs.
  local function write_late(expression)
    place:write("poster.lua", ([[local rc = require "rc"
      return rc.tool { name = "poster", description = "A recipe.", run = function() local m = require(%s) return { version = m } end }
    ]]):format(expression))
  end

  local function scan()
    return kept_log.lines_of(function() recipes:scan() end)
  end

  local function version(name)
    local tool = recipes:find(name or "poster")
    assert.is_table(tool, "it is not loaded")
    local result = kit.call(tool)
    return not result.is_error and result.data.version or result.text
  end

  local function problem(name)
    for _, entry in ipairs(recipes:report()) do
      if entry.name == (name or "poster") then return entry.error end
    end
  end

  local places = {
    ["beside a recipe"] = { "helper", "helper.lua" },
    ["in a folder beside it"] = { "sub.helper", "sub/helper.lua" },
    ["deep in a folder beside it"] = { "sub.a.b.c.d.helper", "sub/a/b/c/d/helper.lua" },
    ["in lib/"] = { "helper", "lib/helper.lua" },
    ["deep in lib/"] = { "a.b.c.d.e.helper", "lib/a/b/c/d/e/helper.lua" },
    ["in a recipe's own folder"] = { "parts.helper", "poster/parts/helper.lua", "poster/main.lua" },
  }

  for where, at in pairs(places) do
    it("are read again when they change, " .. where, function()
      place:write(at[2], "return 1")
      write_user(at[1], "poster", at[3])
      scan()
      assert.equal(1, version())
      place:write(at[2], "return 2")
      scan()
      assert.equal(2, version())
    end)

    it("are refused where others may write to them, " .. where, function()
      place:write(at[2], "return 1")
      write_user(at[1], "poster", at[3])
      place:chmod("666", at[2])
      scan()
      assert.is_nil(recipes:find "poster")
      assert.matches("helper.lua is writable by everyone", problem(), 1, true)
      place:chmod("644", at[2])
      scan()
      assert.equal(1, version())
      assert.is_nil(problem())
      place:chmod("666", at[2])
      place:write(at[2], "return 'not mine'")
      local lines = scan()
      assert.equal(1, version())
      assert.matches("writable by everyone.*the version before it stays", lines[1])
    end)
  end

  it("are refused, and not read, where they are pipes or devices, which may never end", function()
    place:pipe "lib/helper.lua"
    write_user "helper"
    scan()
    assert.matches("lib/helper.lua is a device, not a file", problem(), 1, true)
    write_late '"hel" .. "per"'
    scan()
    assert.matches("lib/helper.lua is a device, not a file", version(), 1, true)
  end)

  it("say so themselves where they require each other, or are required by nobody else", function()
    place:write("one.lua", 'require "two"')
    place:write("two.lua", 'require "one"')
    place:write("alone.lua", 'require "alone"')
    scan()
    for _, name in ipairs { "one", "two", "alone" } do assert.matches("requires itself", problem(name)) end
    write_user "one"
    scan()
    assert.matches("requires itself", problem())
    assert.is_nil(problem "one")
  end)

  it("are looked for a thousand times by one recipe, not more", function()
    place:write("poster.lua", [[for i = 1, 999 do pcall(require, "none" .. i) end
      local _, missing = pcall(require, "none1000")
      local _, refused = pcall(require, "none1001")
      local _, known = pcall(require, "none7")
      error(missing .. "|" .. refused .. "|" .. known)]])
    scan()
    assert.matches("'none1000' not found.*|.*'none1001' is refused: a recipe may look for 1000 modules.*|.*'none7' not found", problem())
  end)

  it("are refused where others may write into a folder that they lie in", function()
    place:write("lib/a/b/helper.lua", "return 1")
    write_user "a.b.helper"
    place:chmod("757", "lib/a")
    scan()
    assert.matches("lies in .*/lib/a, which is writable by everyone", problem())
    place:chmod("755", "lib/a")
    place:chmod("757", "lib")
    scan()
    assert.matches("lies in .*/lib, which is writable by everyone", problem())
  end)

  it("are refused, too, where the name is made at run time, or required late", function()
    place:write("lib/helper.lua", "return 1")
    write_late '"hel" .. "per"'
    scan()
    assert.equal(1, version())
    write_late '"hel" .. "p" .. "er"'
    place:chmod("666", "lib/helper.lua")
    scan()
    assert.matches("module 'helper' is refused: lib/helper.lua is writable by everyone", version())
    write_late '"helper"'
    scan()
    assert.matches("writable by everyone", problem())
  end)

  it("are taken whoever may write to them where the operator says so", function()
    recipes:configure { allow_writable_recipes = true }
    place:write("lib/helper.lua", "return 1")
    place:chmod("666", "lib/helper.lua")
    write_user "helper"
    scan()
    assert.equal(1, version())
    recipes:configure { allow_writable_recipes = false }
    assert.matches("writable by everyone", scan()[1])
  end)

  it("keep the version before them while they are broken, with a note, also those required late", function()
    for _, write in ipairs { function() write_user "helper" end, function() write_late '"helper"' end } do
      place:write("lib/helper.lua", "return 1")
      write()
      scan()
      assert.equal(1, version())
      place:write("lib/helper.lua", "return return")
      local lines = scan()
      assert.equal(1, #lines)
      assert.matches("poster.lua: lib/helper.lua:1: .*the version before it stays", lines[1])
      assert.equal(1, version())
      assert.same({}, scan())
      place:write("lib/helper.lua", "return 2")
      scan()
      assert.equal(2, version())
    end
  end)

  it("belong to a version: what is saved while it is loaded does not mix with it", function()
    place:write("lib/helper.lua", "return 1")
    write_late '"helper"'
    scan()
    place:write("lib/helper.lua", "return 2")
    assert.equal(1, version())
    scan()
    assert.equal(2, version())
  end)

  it("load anew the recipes that required them, and no others", function()
    place:write("lib/helper.lua", "return 1")
    place:write("lib/other.lua", "return require 'helper'")
    write_user("other", "uses_it")
    place:write("alone.lua", kit.source("alone", 1))
    scan()
    local alone, uses_it = recipes:find "alone", recipes:find "uses_it"
    place:write("lib/helper.lua", "return 2")
    place:write("lib/third.lua", "return 3")
    scan()
    assert.equal(alone, recipes:find "alone")
    assert.are_not.equal(uses_it, recipes:find "uses_it")
    assert.equal(2, version "uses_it")
  end)

  it("are found when they are made, or stand before one of lib/, later", function()
    write_user "helper"
    assert.matches("module 'helper' not found", scan()[1])
    place:write("lib/helper.lua", "return 'lib'")
    scan()
    assert.equal("lib", version())
    place:write("helper.lua", "return 'own'")
    scan()
    assert.equal("own", version())
    place:delete "helper.lua"
    scan()
    assert.equal("lib", version())
  end)

  it("are followed through links that are pointed elsewhere", function()
    place:write("lib/v1.lua", "return 1")
    place:write("lib/v2.lua", "return 2")
    local function point(name) assert(os.execute(("ln -sfn %s '%s/lib/helper.lua'"):format(name, place.path))) end
    point "v1.lua"
    write_user "helper"
    scan()
    assert.equal(1, version())
    point "v2.lua"
    scan()
    assert.equal(2, version())
  end)

  it("are no broken recipes where they lie beside those that require them", function()
    place:write("helper.lua", "return { size = 1 }")
    write_user "helper"
    assert.same({}, scan())
    for _, entry in ipairs(recipes:report()) do
      if entry.name == "helper" then
        assert.equal("module", entry.state)
        assert.is_nil(entry.error)
      end
    end
    place:delete "poster.lua"
    assert.matches("helper.lua: what the file returns must be rc.tool", scan()[1], 1, true)
  end)

  it("are not looked for where only a comment names them", function()
    place:write("lib/broken.lua", "return return")
    place:write("poster.lua", "-- see require 'broken'\n" .. kit.source("poster", 1))
    assert.same({}, scan())
    assert.equal(1, version())
  end)

  it("have names: what is none is looked for nowhere, whoever asks", function()
    place:write("sub/own.lua", "return 1")
    place:write("own.lua", "return 1")
    local found = modules.new { folder = place.path }
    assert.is_table(found:find "own")
    assert.is_table(found:find "sub.own")
    for _, name in ipairs { "", "sub/own", "../own", ".own", "/own", "sub..own", "own\0", "\0", ("x"):rep(5000), "own " } do
      assert.is_nil(found:find(name), name)
    end
  end)

  it("have names of a bounded length, checked in linear time", function()
    assert.is_true(modules.is_name "deep.colours-2")
    for _, name in ipairs { "", ".a", "a..b", "../a", "/etc/passwd", "a b", ("a"):rep(256), ("a"):rep(1000000) .. "!" } do
      assert.is_false(modules.is_name(name))
    end
  end)

  it("may be no Lua at all for a recipe that catches that", function()
    place:write("broken.lua", [[local more = require "more" return "unfinished]])
    place:write("poster.lua", [[local rc = require "rc"
      local found = pcall(require, "broken")
      return rc.tool { name = "poster", description = "A recipe.", run = function() return { version = found and 1 or 0 } end }]])
    scan()
    assert.equal(0, version())
  end)
end)
