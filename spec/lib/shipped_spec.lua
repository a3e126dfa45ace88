local fs = require "core.fs"
local host = require "core.host"
local scratch = require "spec.support.scratch"
local shipped = require "lib.shipped"

describe("lib.shipped", function()
  it("finds what is installed beside the program", function()
    local place <close> = scratch.new()
    local program = place:write("bin/rcmcp", "")
    place:write(host.data_folder:gsub("^%.%./", "") .. "/rcmcp/meta/rc.lua", "")
    local path, found = shipped.folder("meta", program)
    assert.is_true(found)
    assert.equal("file", fs.stat(path .. "/rc.lua").type)
    assert.is_nil(path:find("..", 1, true))
  end)

  it("prefers what the build put beside a program that is not installed", function()
    local place <close> = scratch.new()
    local program = place:write("a/build/rcmcp", "")
    place:write("a/share/rcmcp/recipes/other.lua", "")
    place:write("a/build/share/rcmcp/recipes/own.lua", "")
    assert.same({ place.path .. "/a/build/share/rcmcp/recipes", true }, { shipped.folder("recipes", program) })
  end)

  it("takes no other file for a folder, and says where the files should be", function()
    local place <close> = scratch.new()
    local program = place:write("bin/rcmcp", "")
    place:write("bin/share/rcmcp/recipes", "a file")
    assert.same({ place.path .. "/share/rcmcp/recipes", false }, { shipped.folder("recipes", program) })
  end)

  it("looks beside the running program unless told otherwise", function()
    local path, found = shipped.folder "meta"
    assert.is_true(found, path)
    assert.equal("file", fs.stat(path .. "/rc.lua").type)
  end)
end)
