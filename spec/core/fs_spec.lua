local fs = require "core.fs"
local memory = require "spec.support.memory"

describe("core.fs", function()
  local root

  before_each(function()
    root = os.tmpname()
    os.remove(root)
    assert(fs.mkdir(root))
  end)

  after_each(function()
    local function remove(path)
      if fs.stat(path).type == "directory" then
        for _, name in ipairs(fs.list(path)) do remove(path .. "/" .. name) end
      end
      assert(os.remove(path))
    end
    remove(root)
  end)

  local function write(name, text)
    local file = assert(io.open(root .. "/" .. name, "wb"))
    file:write(text)
    file:close()
  end

  it("tells the room that is left and whether one may write, and what is missing", function()
    assert.is_true(fs.space(root) > 0)
    assert.equal("integer", math.type(fs.space(root)))
    assert.is_true(fs.may_write(root))
    for _, ask in ipairs { fs.space, fs.may_write } do
      local answer, message, code = ask(root .. "/none")
      assert.is_nil(answer)
      assert.matches("none: no such file", message, 1, true)
      assert.equal("ENOENT", code)
      assert.has_error(function() ask "" end)
      assert.has_error(function() ask "a\0b" end)
    end
  end)

  it("tells type, size, permissions and time of a file and of a folder", function()
    write("a", "four")
    local stat = assert(fs.stat(root .. "/a"))
    assert.equal("file", stat.type)
    assert.equal(4, stat.size)
    assert.is_true(stat.mtime > 1e9)
    assert.equal("integer", math.type(stat.owner))
    local folder = assert(fs.stat(root))
    assert.equal("directory", folder.type)
    assert.equal(448, folder.mode) -- 0700: what is made is the user's alone
    assert.equal("other", fs.stat("/dev/null").type)
  end)

  it("tells the group of a file, and whether it is its owner's own", function()
    write("a", "")
    local stat = assert(fs.stat(root .. "/a"))
    assert.equal("integer", math.type(stat.group))
    assert.is_true(fs.is_private_group(0, 0)) -- root's, on every system that these specs run on
    assert.is_false(fs.is_private_group(0, 1))
    assert.is_false(fs.is_private_group(54321, 0))
    assert.is_false(fs.is_private_group(54321, 54321))
    assert.is_false(fs.is_private_group(65534, 65534)) -- nobody, of nogroup
    assert.has_error(function() fs.is_private_group(-1, 0) end)
  end)

  it("reads where a link leads, as it is written", function()
    write("a", "")
    assert(os.execute(("ln -s ./a '%s/link'"):format(root)))
    assert.equal("./a", fs.readlink(root .. "/link"))
    local target, message, code = fs.readlink(root .. "/a")
    assert.is_nil(target)
    assert.equal("EINVAL", code)
    assert.matches(root .. "/a: ", message, 1, true)
    assert.equal("ENOENT", select(3, fs.readlink(root .. "/none")))
    os.remove(root .. "/link")
  end)

  it("makes a folder with its parents, and does not mind one that is there", function()
    assert.is_true(fs.mkdir(root .. "/x/y/z"))
    assert.is_true(fs.mkdir(root .. "/x/y/z/"))
    assert.is_true(fs.mkdir(root .. "/x//w", 493))
    assert.equal("directory", fs.stat(root .. "/x/y/z").type)
    assert.same({ "w", "y" }, fs.list(root .. "/x"))
  end)

  it("refuses a folder in place of a file", function()
    write("a", "")
    local made, message, code = fs.mkdir(root .. "/a/b")
    assert.is_nil(made)
    assert.matches(root .. "/a/b", message, 1, true)
    assert.equal("ENOTDIR", code)
    assert.equal("ENOTDIR", select(3, fs.mkdir(root .. "/a")))
  end)

  it("lists names sorted bytewise, hidden ones too", function()
    for _, name in ipairs { "b", "B", "a b", ".h", "é" } do write(name, "") end
    assert.same({ ".h", "B", "a b", "b", "é" }, fs.list(root))
    assert.same({}, (function() fs.mkdir(root .. "/n") return fs.list(root .. "/n") end)())
  end)

  it("follows links, '.' and '..' to the real path", function()
    local real = assert(fs.realpath(root))
    assert(fs.mkdir(root .. "/a/b"))
    write("f", "x")
    assert(os.execute(("ln -s ../f '%s/a/link'"):format(root)))
    assert.equal(real .. "/f", fs.realpath(root .. "/a/./b/../link"))
    assert.equal(real, fs.realpath(root .. "/a/.."))
    assert.equal("/", fs.realpath("/"))
  end)

  it("says what is missing", function()
    local missing = root .. "/none"
    for _, ask in ipairs { fs.stat, fs.list, fs.realpath } do
      local value, message, code = ask(missing)
      assert.is_nil(value)
      assert.equal(missing .. ": no such file or directory", message)
      assert.equal("ENOENT", code)
    end
  end)

  it("refuses misuse", function()
    assert.error_matches(function() fs.stat("") end, "not a path")
    assert.error_matches(function() fs.list("a\0b") end, "not a path")
    assert.error_matches(function() fs.mkdir("/x", -1) end, "not permission bits")
  end)

  it("survives memory that runs out at any point", function()
    write("a", "")
    memory.sweep(function()
      fs.stat(root)
      fs.list(root)
      fs.mkdir(root)
      fs.realpath(root)
    end)
  end)
end)
