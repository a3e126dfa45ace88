local folder = require "spec.support.folder"
local loader = require "lib.recipes.load.loader"
local redaction = require "lib.redaction"
local steps = require "spec.support.steps"

local HEAD = 'local rc = require "rc"\n'
local GOOD = HEAD .. 'return rc.tool { name = "poster", description = "Makes posters.", run = function() return {} end }\n'

describe("recipes.loader", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function refused(text)
    local recipe, err = loader.load(place:write("poster.lua", text))
    assert.is_nil(recipe)
    assert.equal("bad_recipe", err.code)
    return err.message
  end

  it("gives what a file declares, compiled", function()
    local path = place:write("poster.lua", GOOD)
    local recipe = assert(loader.load(path))
    assert.equal("poster", recipe.name)
    assert.equal(path, recipe.file)
    assert.equal("poster", recipe.tools[1].compiled.name)
    assert.is_table(recipe.environment)
    assert.is_true(recipe.load_ms >= 0)
  end)

  it("compiles regular expressions of 40,000 characters, and names the line of the one that is too many", function()
    local function text_of(count, letter) -- of other letters: what was compiled a moment ago may still be known
      local parts = { HEAD .. 'return rc.tool { name = "poster", description = "Makes posters.", input = {' }
      for i = 1, count do
        parts[#parts + 1] = ('{ "p%d", "string", "A text", optional = true, pattern = "%s%d" },'):format(i, (letter or "a"):rep(1990), i)
      end
      return table.concat(parts, "\n") .. "\n}, run = function() return {} end }\n"
    end
    assert(loader.load(place:write("poster.lua", text_of(20))))
    local work = steps.count(function()
      assert.matches("^poster.lua:23: input%[21%]: parameter 'p21': 'pattern': all patterns up to 'a+…' have more than 40000 characters",
        refused(text_of(100)))
    end)
    assert.is_true(work < 1.5 * steps.count(refused, text_of(25, "b")) + 100000)
  end)

  it("takes tools, prompts, resources and templates out of one list", function()
    local recipe = assert(loader.load(place:write("mix.lua", HEAD .. [[
      return {
        rc.tool { name = "one", description = "One.", run = function() end },
        rc.prompt { name = "two", description = "Two.", arguments = { { "who", "string", "Who" } }, run = function() end },
        rc.resource { uri = "recipe://three", name = "three", read = function() end },
        rc.template { uri_template = "recipe://three/{id}", name = "four", read = function() end },
      }]])))
    assert.same({ 1, 1, 1, 1 }, { #recipe.tools, #recipe.prompts, #recipe.resources, #recipe.templates })
    assert.equal("who", recipe.prompts[1].compiled.arguments[1].name)
  end)

  it("says what a file is that was saved under .lua by mistake", function()
    assert.matches("^poster.lua: the file begins with a byte order mark", refused("\xEF\xBB\xBF" .. GOOD))
    assert.matches("is a web page, not Lua; download the raw file", refused "\n<!DOCTYPE html><html></html>")
    assert.matches("is a web page", refused "<html>")
    assert.matches("is UTF%-16", refused "\xFF\xFEl\0o\0")
    assert.matches("is compiled Lua", refused(string.dump(function() end)))
    assert.matches("is empty", refused " \n")
    assert.matches("is no valid UTF%-8", refused "return '\xE9'")
    assert.matches("a recipe has 1048576 at most", refused("--" .. ("x"):rep(1048577)))
  end)

  it("keeps the beginning of a message of megabytes", function()
    local message = refused 'error(("x"):rep(5000000))'
    assert.matches("^poster.lua:1: x+…$", message)
    assert.is_true(#message < 5000)
  end)

  it("quotes no key that stands in the source", function()
    local key = "rc-live-00112233445566"
    local _ <close> = redaction.add_key(key)
    local text = HEAD .. ("local key = '%s\\q'"):format(key)
    assert.matches("^poster.lua:2: invalid escape sequence near ''%[redacted%]", refused(text))
  end)

  it("names file and line of a syntax error, and of an error while loading", function()
    assert.matches("^poster.lua:3: ", refused(HEAD .. "local x = 1\nreturn rc.tool { name = }"))
    assert.matches("^poster.lua:2: .*on purpose", refused(HEAD .. "error 'on purpose'"))
    assert.matches("^poster.lua:2: .*global 'nothing'", refused(HEAD .. "nothing()"))
    assert.equal("poster.lua:2: rc.tool takes a table of fields, got number", refused(HEAD .. "return rc.tool(1)"))
    place:write("lib/util.lua", "return +")
    assert.matches("^poster.lua: lib/util.lua:1: unexpected symbol", refused "require 'util'")
    assert.matches("^poster.lua:2: rc.tool takes a table of fields", refused(HEAD .. "rc.tool(1)"))
  end)

  it("names file and field of a bad declaration", function()
    assert.equal("poster.lua:2: field 'input' must be a list of parameters, got number",
      refused(HEAD .. "return rc.tool { name = 'a', description = 'b', input = 1, run = print }"))
    assert.matches("^poster.lua:2: input%[1%]: parameter 'x' has type text",
      refused(HEAD .. "return rc.tool { name = 'a', description = 'b', input = { { 'x', 'text', 'X' } }, run = print }"))
    assert.matches("^poster.lua:2: field 'annotations' has an unknown hint 'readonlyHint', did you mean 'readOnlyHint'?",
      refused(HEAD .. "return rc.tool { name = 'a', description = 'b', annotations = { readonlyHint = true }, run = print }"))
    assert.matches("^poster.lua: what the file returns must be rc.tool", refused "local x = 1")
  end)

  it("lets a file declare, not act", function()
    assert.matches("rc.sleep works only inside run", refused(HEAD .. "rc.sleep(1)"))
    assert.matches("rc.tools.list_deployments works only inside run", refused(HEAD .. "rc.tools.list_deployments {}"))
  end)

  it("stops a file that takes too long, and one that catches that", function()
    assert.matches("^poster.lua:1: loading it takes more than 500 ms", refused "while true do pcall(error) end")
  end)

  it("takes the first line of a script, and keeps the numbers of the others", function()
    assert.is_table(loader.load(place:write("poster.lua", "#!/usr/bin/env rcmcp\n" .. GOOD)))
    assert.matches("^poster.lua:2: ", refused "#!/usr/bin/env rcmcp\nreturn rc.")
  end)

  it("says that a file cannot be read", function()
    local recipe, err = loader.load(place.path .. "/none.lua")
    assert.is_nil(recipe)
    assert.matches("^none.lua: cannot be read: ", err.message)
  end)
end)
