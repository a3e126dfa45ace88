local folder = require "spec.support.folder"
local folders = require "lib.recipes.folders"
local sources = require "lib.recipes.sources"

describe("recipes.sources", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function read(name, lenient)
    for _, at in ipairs(assert(folders.scan({ path = place.path, label = "spec" }, lenient))) do
      if at.name == name then return assert(sources.of(at, sources.begin(lenient))) end
    end
  end

  it("gives the text, and a stamp that is the same while the file is", function()
    place:write("poster.lua", "return 1")
    local first = read "poster"
    assert.equal("return 1", first.text)
    place:write("poster.lua", "return 1")
    assert.equal(first.stamp, read("poster").stamp)
    place:write("poster.lua", "return 2")
    assert.are_not.equal(first.stamp, read("poster").stamp)
  end)

  it("has another stamp when a module is new, changed, renamed, or gone", function()
    place:write("poster.lua", "return 1")
    local seen = { [read("poster").stamp] = true }
    local function expect_new()
      local stamp = read("poster").stamp
      assert.is_nil(seen[stamp])
      seen[stamp] = true
    end
    place:write("lib/deep/a.lua", "return 1")
    expect_new()
    place:write("lib/deep/a.lua", "return 2")
    expect_new()
    os.rename(place.path .. "/lib/deep/a.lua", place.path .. "/lib/deep/b.lua")
    expect_new()
    place:delete "lib/deep/b.lua"
    place:write("lib/notes.txt", "no module")
    assert.is_true(seen[read("poster").stamp])
  end)

  it("looks at the modules of a folder for that folder's recipe alone", function()
    place:write("poster.lua", "return 1")
    place:write("grid/main.lua", "return 1")
    local poster, grid = read("poster").stamp, read("grid").stamp
    place:write("grid/cell.lua", "return 1")
    assert.equal(poster, read("poster").stamp)
    assert.are_not.equal(grid, read("grid").stamp)
  end)

  it("names the module that others may write to", function()
    place:write("grid/main.lua", "return 1")
    place:write("grid/cell.lua", "return 1")
    place:chmod("666", "grid/cell.lua")
    assert.matches("^grid/cell.lua is writable by everyone", read("grid").problem)
    assert.is_nil(read("grid", true).problem)
  end)
end)
