local codec = require "core.codec"
local kit = require "spec.support.rc"
local scratch = require "spec.support.scratch"

local function file(path, folders)
  local result, err
  kit.with({}, function()
    result, err = kit.run("return { uri = rc.file(input.path) }", { input = { path = path }, settings = { file_folders = folders } })
  end)
  return result and result.data.uri, err
end

describe("rc.read", function()
  local function contents(path, folders)
    local result, err
    kit.with({}, function()
      result, err = kit.run("return { text = rc.read(input.path) }", { input = { path = path }, settings = { file_folders = folders } })
    end)
    return result and result.data.text, err
  end

  it("gives the bytes of a file in an allowed folder, and of no other", function()
    local dir <close> = scratch.new()
    local other <close> = scratch.new()
    dir:write("prompts.csv", "prompt\r\na fox\n")
    other:write("prompts.csv", "prompt\n")
    assert.equal("prompt\r\na fox\n", contents(dir.path .. "/prompts.csv", { dir.path }))
    local text, err = contents(other.path .. "/prompts.csv", { dir.path })
    assert.is_nil(text)
    assert.equal("not_allowed", err.code)
    text, err = contents("https://example.com/a.csv", { dir.path })
    assert.is_nil(text)
    assert.equal("file", err.code)
    err = select(2, contents(dir.path, { dir.path })) -- the folder itself is not said to be outside of itself
    assert.matches("is a directory, not a file", err.message, 1, true)
    err = select(2, contents(5))
    assert.matches("rc.read takes a path", err.message, 1, true)
  end)
end)

describe("rc.file", function()
  it("makes a file of an allowed folder a data URI, its type found in its bytes", function()
    local dir <close> = scratch.new()
    local png = "\x89PNG\r\n\x1A\n0123"
    dir:write("in/cat.jpg", png)
    assert.equal("data:image/png;base64," .. codec.base64_encode(png), file(dir.path .. "/in/../in/cat.jpg", { dir.path }))
    dir:write("notes", "hello")
    assert.equal("data:text/plain;base64,aGVsbG8=", file(dir.path .. "/notes", { "/nowhere", dir.path }))
  end)

  it("passes URLs and data URIs", function()
    assert.equal("https://x.test/a.png", file("https://x.test/a.png", {}))
    assert.equal("data:image/png;base64,AA==", file("data:image/png;base64,AA==", {}))
  end)

  it("reads nothing outside, also not through links and hidden folders", function()
    local dir <close> = scratch.new()
    local other <close> = scratch.new()
    other:write("secret", "x")
    dir:write(".ssh/id", "x")
    assert(os.execute(("ln -s '%s/secret' '%s/link'"):format(other.path, dir.path)))
    for path, message in pairs {
      [other.path .. "/secret"] = "in no folder whose files recipes may read", [dir.path .. "/link"] = "in no folder",
      [dir.path .. "/../" .. other.path:match "[^/]+$" .. "/secret"] = "in no folder", [dir.path .. "/.ssh/id"] = "is hidden",
      ["/etc/passwd"] = "in no folder",
    } do
      local uri, err = file(path, { dir.path })
      assert.is_nil(uri, path)
      assert.equal("not_allowed", err.code)
      assert.matches(message, err.message, 1, true)
    end
  end)

  it("says what is wrong with a file", function()
    local dir <close> = scratch.new()
    dir:write("empty", "")
    dir:write("large", ("x"):rep(20 * 1024 * 1024 + 1))
    for path, message in pairs {
      [dir.path .. "/none"] = "no such file", [dir.path] = "is a directory, not a file", [dir.path .. "/empty"] = "is empty",
      [dir.path .. "/large"] = "has 20971521 bytes",
    } do
      local _, err = file(path, { dir.path })
      assert.matches(message, err.message, 1, true)
    end
    local _, err = file(dir.path .. "/in", { dir.path .. "/.." })
    assert.matches("no such file", err.message, 1, true)
    _, err = file(5)
    assert.matches("probe.lua:1: rc.file takes a path", err.message, 1, true)
  end)
end)
