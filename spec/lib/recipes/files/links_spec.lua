local folder = require "spec.support.folder"
local fs = require "core.fs"
local links = require "lib.recipes.files.links"

describe("recipes.links", function()
  local place, real
  before_each(function()
    place = folder.new()
    real = assert(fs.realpath(place.path))
  end)
  after_each(function() place:remove() end)

  local function link(target, name)
    assert(os.execute(("ln -s '%s' '%s/%s'"):format(target, place.path, name)))
  end

  -- The folders below the spec's own that the way leads through, with the names in them.
  local function steps(name)
    local way, list = links.way(place.path .. "/" .. name), {}
    for _, step in ipairs(way.steps) do
      local inside = step.folder:sub(1, #real) == real and step.folder:sub(#real + 1)
      if inside then list[#list + 1] = ("%s/%s%s"):format(inside, step.name, step.target and " -> " .. step.target or "") end
    end
    return list, way
  end

  it("walks a plain path name by name", function()
    place:write("a/b.lua", "")
    local list, way = steps "a/b.lua"
    assert.same({ "/a", "/a/b.lua" }, list)
    assert.equal(real .. "/a/b.lua", way.path)
    assert.is_false(way.linked)
    assert.is_nil(way.missing)
  end)

  it("walks chains of links, relative and absolute, of files and of folders", function()
    place:write("store/v2/poster.lua", "")
    link("v2", "store/current")
    link("../store/current/poster.lua", "poster.lua")
    link(real .. "/store", "all")
    local list, way = steps "all/../poster.lua"
    assert.same({ "/all -> " .. real .. "/store" }, { list[1] })
    assert.is_true(way.missing) -- the ".." of a relative link leads out of the spec's folder
    os.remove(place.path .. "/poster.lua")
    link("store/current/poster.lua", "poster.lua")
    list, way = steps "poster.lua"
    assert.same({
      "/poster.lua -> store/current/poster.lua", "/store", "/store/current -> v2", "/store/v2", "/store/v2/poster.lua",
    }, list)
    assert.equal(real .. "/store/v2/poster.lua", way.path)
    assert.is_true(way.linked)
  end)

  it("ends with the first name that is not there", function()
    link("gone/poster.lua", "poster.lua")
    local list, way = steps "poster.lua"
    assert.same({ "/poster.lua -> gone/poster.lua", "/gone" }, list)
    assert.is_true(way.missing)
    assert.same({ "/none" }, (steps "none/at/all"))
  end)

  it("does not follow links for ever", function()
    link("b", "a")
    link("a", "b")
    local list, way = steps "a"
    assert.is_true(way.missing)
    assert.is_true(#list < 50)
    link(".", "self")
    assert.is_nil((select(2, steps "self/self/self")).missing)
  end)

  it("begins in the current folder where a path is relative", function()
    local way = links.way "lua/main.lua"
    assert.equal(assert(fs.realpath "lua/main.lua"), way.path)
  end)
end)
