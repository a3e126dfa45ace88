local folder = require "spec.support.folder"
local fs = require "core.fs"
local writers = require "lib.recipes.files.writers"

describe("recipes.writers", function()
  local place, elsewhere
  before_each(function() place, elsewhere = folder.new(), folder.new() end)
  after_each(function()
    place:remove()
    elsewhere:remove()
  end)

  local function problem(name)
    local stat, message = writers.check(place.path .. "/" .. name, name, place.path)
    assert.is_table(stat, message)
    return message
  end

  local function link(target, name)
    assert(os.execute(("ln -s '%s' '%s/%s'"):format(target, place.path, name)))
  end

  it("refuse what others may write to, and any folder between it and the recipe folder", function()
    place:write("lib/deep/util.lua", "")
    assert.is_nil(problem "lib/deep/util.lua")
    place:chmod("666", "lib/deep/util.lua")
    assert.matches("^lib/deep/util.lua is writable by everyone", problem "lib/deep/util.lua")
    place:chmod("644", "lib/deep/util.lua")
    for _, name in ipairs { "lib", "lib/deep" } do
      place:chmod("777", name)
      local text = problem "lib/deep/util.lua"
      assert.matches("lies in " .. place.path .. "/" .. name .. ", which is writable by everyone", text, 1, true)
      assert(os.execute((text:match "run: (chmod .-) %(or")))
      assert.is_nil(problem "lib/deep/util.lua")
    end
  end)

  it("refuse any group but the owner's own", function()
    local path = place:write("groups.lua", "")
    local stat = assert(fs.stat(path))
    local function refused(fields)
      fields.mode = fields.mode or 436 -- 0664
      return writers.permission_problem(setmetatable(fields, { __index = stat }), "groups.lua", path)
    end
    local root, bin = 0, 2
    assert.is_nil(refused { owner = root, group = root })
    assert.matches("writable by its group", refused { owner = root, group = bin }, 1, true)
    assert.matches("writable by its group", refused { owner = 54321, group = 54321 }, 1, true)
    assert.matches("writable by everyone", refused { owner = root, group = root, mode = 438 }, 1, true)
  end)

  it("look at where a link leads, and at each folder on the way there", function()
    elsewhere:write("store/v1/poster.lua", "")
    link(elsewhere.path .. "/store/v1/poster.lua", "poster.lua")
    assert.is_nil(problem "poster.lua")
    for name, mode in pairs { ["store/v1/poster.lua"] = "644", ["store/v1"] = "755", store = "755" } do
      elsewhere:chmod("777", name)
      assert.matches("writable by everyone", problem "poster.lua", 1, true, name)
      elsewhere:chmod(mode, name)
      assert.is_nil(problem "poster.lua")
    end
    elsewhere:chmod "777"
    assert.matches("poster.lua leads through " .. elsewhere.path .. ", which is writable by everyone", problem "poster.lua", 1, true)
  end)

  it("look at the folders of each link of a chain", function()
    elsewhere:write("store/poster.lua", "")
    elsewhere:write("links/none", "")
    assert(os.execute(("ln -s ../store/poster.lua '%s/links/poster.lua'"):format(elsewhere.path)))
    link(elsewhere.path .. "/links/poster.lua", "poster.lua")
    assert.is_nil(problem "poster.lua")
    elsewhere:chmod("777", "links")
    assert.matches("/links, which is writable by everyone", problem "poster.lua", 1, true)
  end)

  it("look through a linked folder, and a linked recipe folder, too", function()
    elsewhere:write("grid/main.lua", "")
    link(elsewhere.path .. "/grid", "grid")
    assert.is_nil(problem "grid/main.lua")
    elsewhere:chmod("777", "grid")
    assert.matches("grid, which is writable by everyone", problem "grid/main.lua", 1, true)
    assert.matches("grid is writable by everyone", problem "grid", 1, true)
    elsewhere:chmod("755", "grid")
    elsewhere:chmod "777"
    local _, message = writers.check(place.path .. "/grid", "grid", place.path .. "/grid")
    assert.matches("leads through " .. elsewhere.path, message, 1, true)
  end)

  it("take what lies in a folder such as /tmp, where others cannot replace it", function()
    elsewhere:write("mine.lua", "")
    elsewhere:chmod "1777"
    link(elsewhere.path .. "/mine.lua", "poster.lua")
    assert.is_nil(problem "poster.lua")
    assert(os.execute(("ln -s mine.lua '%s/hop.lua'"):format(elsewhere.path)))
    link(elsewhere.path .. "/hop.lua", "hop.lua")
    assert.matches("writable by everyone", problem "hop.lua", 1, true)
  end)

  it("refuse what a link leads to and another user owns", function()
    if not os.execute(("chown 54321 '%s' 2>/dev/null"):format(elsewhere:write("theirs.lua", ""))) then
      return pending "only root may give a file to another user"
    end
    link(elsewhere.path .. "/theirs.lua", "poster.lua")
    for _, mode in ipairs { "644", "664" } do
      assert(os.execute(("chmod %s '%s/theirs.lua'"):format(mode, elsewhere.path)))
      assert.matches("theirs.lua, which belongs to another user", problem "poster.lua", 1, true)
    end
  end)

  it("say what is not there", function()
    local stat, message = writers.check(place.path .. "/none.lua", "none.lua", place.path)
    assert.is_nil(stat)
    assert.matches("no such file", message)
  end)
end)
