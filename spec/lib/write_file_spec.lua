local folder = require "spec.support.folder"
local fs = require "core.fs"
local write_file = require "lib.write_file"

describe("lib.write_file", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("writes all of it", function()
    local path = files.path .. "/file"
    assert.is_true(write_file.write(path, "one", "\n"))
    assert.equal(4, fs.stat(path).size)
    assert.is_true(write_file.write(path, "x"))
    assert.equal(1, fs.stat(path).size)
  end)

  it("tells of a full disk also where only the close does, and takes no device away", function()
    assert.same({ nil, "/dev/full: No space left on device" }, { write_file.write("/dev/full", "short") })
    assert.same({ nil, "/dev/full: No space left on device" }, { write_file.write("/dev/full", ("long"):rep(100000)) })
    assert.equal("other", fs.stat("/dev/full").type)
  end)

  it("names what cannot be opened", function()
    assert.matches("/none/file: No such file", select(2, write_file.write(files.path .. "/none/file", "x")), 1, true)
    assert.matches(": Is a directory", select(2, write_file.write(files.path, "x")), 1, true)
  end)

  it("can try without leaving a trace", function()
    local path = files:write("kept", "text")
    assert.is_true(write_file.try(path))
    assert.equal(4, fs.stat(path).size)
    assert.is_true(write_file.try(files.path .. "/new"))
    assert.is_nil(fs.stat(files.path .. "/new"))
    assert.is_true(write_file.try(files:pipe "pipe")) -- which nobody reads
    assert.matches("No such file", select(2, write_file.try(files.path .. "/none/new")), 1, true)
  end)
end)
