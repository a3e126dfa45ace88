local folder = require "spec.support.folder"
local output_folder = require "lib.output_folder"

describe("lib.output_folder", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("is where the folder is, else where it would be made", function()
    assert.equal(files.path, output_folder.place(files.path))
    assert.equal(files.path, output_folder.place(files.path .. "/a/b"))
  end)

  it("is nowhere with a file on the way, or links in a circle", function()
    local file = files:write("file", "")
    assert.same({ nil, file .. " is no folder" }, { output_folder.place(file .. "/out") })
    assert(os.execute(("ln -s circle '%s/circle'"):format(files.path)))
    assert.matches("circle/out: too many symbolic links", select(2, output_folder.place(files.path .. "/circle/out")), 1, true)
  end)

  it("is nowhere that this user may not write to", function()
    files:chmod "555"
    local place, problem = output_folder.place(files.path .. "/out")
    files:chmod "755"
    if place then return pending "this user may write everywhere" end
    assert.equal(files.path .. " may not be written to", problem)
  end)
end)
