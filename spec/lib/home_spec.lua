local home = require "lib.home"

describe("lib.home", function()
  local function env(values)
    return function(name) return values[name] end
  end
  local function system(path)
    return function() return path end
  end

  it("is what HOME says, else what the system has for the user", function()
    assert.equal("/h", home.folder(env { HOME = "/h" }, system "/s"))
    assert.equal("/h", home.folder(env { HOME = "/h//" }, system "/s"))
    assert.equal("/s", home.folder(env {}, system "/s"))
    assert.equal("/s", home.folder(env { HOME = "" }, system "/s"))
    assert.equal("/s", home.folder(env { HOME = "relative" }, system "/s"))
    assert.is_nil(home.folder(env {}, system(nil)))
    assert.is_nil(home.folder(env {}, system ""))
    assert.matches("^/", require("core.host").home())
  end)

  it("takes the place of a tilde at the start of a path, and of nothing else", function()
    local function expand(path, folder) return home.expand(path, env { HOME = folder or "/h" }) end
    assert.equal("/h/a", expand "~/a")
    assert.equal("/h", expand "~")
    assert.equal("/a", expand("~/a", "/"))
    assert.equal("/", expand("~", "/"))
    for _, path in ipairs { "/a/~/b", "a~", "~other/a", "./~" } do assert.equal(path, expand(path)) end
  end)

  it("is missed by name, never taken for a folder named ~", function()
    local path, message = home.expand("~/rcmcp-outputs", env {}, system(nil))
    assert.is_nil(path)
    assert.equal("~/rcmcp-outputs: this user has no home folder (HOME is not set, and the system knows none); give the whole path",
      message)
  end)

  it("has the folders of the XDG Base Directory Specification", function()
    assert.equal("/x/rcmcp", home.config("rcmcp", env { XDG_CONFIG_HOME = "/x", HOME = "/h" }))
    assert.equal("/h/.config/rcmcp", home.config("rcmcp", env { XDG_CONFIG_HOME = "x", HOME = "/h" }))
    assert.equal("/.config/rcmcp", home.config("rcmcp", env { HOME = "/" }))
  end)
end)
