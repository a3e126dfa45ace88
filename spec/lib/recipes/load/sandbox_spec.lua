local folder = require "spec.support.folder"
local recipe = require "spec.support.recipe"

describe("lib.recipes.load.sandbox", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function run(text)
    local outcome, err = recipe.run(text, { folder = place.path .. "/own", root = place.path })
    return outcome and outcome.values[1], err and err.message
  end

  it("requires Lua files of the own folder first, then of lib/, each once and in the same environment", function()
    place:write("own/sizes.lua", "loads = (loads or 0) + 1 return { place = 'own', name = ... }")
    place:write("lib/sizes.lua", "return { place = 'lib' }")
    place:write("lib/deep/colours.lua", "return { place = 'deep' }")
    assert.same({ "own", "sizes", "deep", 1 }, (run [[
      local sizes = require "sizes"
      assert(sizes == require "sizes")
      return { sizes.place, sizes.name, require("deep.colours").place, loads }]]))
  end)

  it("shows file and line of a module's error", function()
    place:write("own/broken.lua", "\nerror 'too bad'")
    local _, message = run("local m = require 'broken' return m")
    assert.matches("^broken.lua:2: too bad", message)
    assert.matches("at hostile.lua:2,", message)
    place:write("own/broken.lua", "return return")
    assert.matches("^broken.lua:1: ", (select(2, run("local m = require 'broken' return m"))))
  end)

  it("refuses modules that require each other", function()
    place:write("own/a.lua", "return require 'b'")
    place:write("own/b.lua", "return require 'a'")
    assert.matches("module 'a' requires itself", (select(2, run("return require 'a'"))))
  end)

  it("takes no bytecode", function()
    place:write("own/code.lua", string.dump(function() return 1 end))
    assert.matches("attempt to load a binary chunk", (select(2, run("return require 'code'"))))
  end)

  it("reaches nothing outside of its folders", function()
    place:write("secret.lua", "return 'secret'")
    for _, name in ipairs { "../secret", "secret", "..secret", "a..b", "/etc/passwd", "core.fs", "" } do
      local value, message = run(("local m = require %q return m"):format(name))
      assert.is_nil(value, name)
      assert.matches("^hostile.lua:2: module '", message)
    end
  end)

  for _, code in ipairs { "math.random(0)", "math.randomseed()", "rc.random(5)", "rc.submit {}", "rc.finally(print)", "rc.tools.a {}" } do
    it("says at the file's line what it cannot do while that is loaded: " .. code, function()
      local _, problem = require("lib.recipes.load.sandbox").declare({ name = "probe" },
        'local rc = require "rc"\nlocal function act() local drawn = ' .. code .. " return drawn end\nlocal drawn = act()\nreturn drawn",
        "@probe.lua")
      assert.matches("^probe%.lua:2: %S+ works only inside run: while a file is loaded it can declare, not act$", problem)
    end)
  end
end)
