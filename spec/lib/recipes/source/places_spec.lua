local folder = require "spec.support.folder"
local loader = require "lib.recipes.load.loader"
local places = require "lib.recipes.source.places"

local SOURCE = [[
local rc = require "rc"

local SIZES = {
  { "width", "integer", "Width",
    minimum = "small" },
}

return rc.tool {
  name = "poster",
  description = "Makes posters.",
  input = {
    { "title", "string", "Title" },
    { "style", "strng", "Style" },
    { "more", "object", "More", properties = {
      { "one", "string", "One" },
      { "two", "string" },
    } },
  },
  output = SIZES,
  uses = {
    "submit_request",
    "get_deploymnt",
  },
  annotations = {
    readOnlyHint = false,
    destructive = true,
  },
  ["samples"] = {},
  run = function(input) return {} end,
}
]]

describe("the line of a message about a declaration", function()
  local function line(message, source) return select(2, places.placed("poster.lua", source or SOURCE, message)) end

  it("is that of the field, of its entry, and of what is in it", function()
    assert.equal("poster.lua:10: field 'description' is empty", (places.placed("poster.lua", SOURCE, "field 'description' is empty")))
    assert.equal(13, line "input[2]: parameter 'style' has type strng; the types are string, integer")
    assert.equal(16, line "input[3].properties[2]: parameter 'two' needs a description")
    assert.equal(22, line "field 'uses': there is no tool 'get_deploymnt', did you mean 'get_deployment'?")
    assert.equal(22, line "field 'uses': entry 2 must be a text, got number")
    assert.equal(26, line "field 'annotations' has an unknown hint 'destructive', did you mean 'destructiveHint'?")
    assert.equal(28, line "field 'samples' must be a table, got string")
    assert.equal(26, line "rc.tool: field 'annotations': 'destructive' is a function")
  end)

  it("is found in a local that the field stands for", function()
    assert.equal(5, line "output[1]: parameter 'width': 'minimum' must be a number, got string")
    local source = 'local rc = require "rc"\nlocal spec = {\n  name = "a",\n  title = 1,\n}\nreturn rc.tool(spec)'
    assert.equal(4, line("field 'title' must be a text, got number", source))
  end)

  it("is that of the keyword of a schema", function()
    local source = 'local rc = require "rc"\nreturn rc.tool {\n  input = { type = "object", properties = {\n    s = {\n'
      .. '      minimum = 1 / 0,\n      multipleOf = 0,\n    },\n  } },\n}'
    assert.equal(6, line("field 'input' is no JSON Schema: properties/s/multipleOf must be greater than 0, not 0", source))
    assert.equal(5, line("field 'input' cannot be written as JSON: at .properties.s.minimum: JSON has no infinity", source))
  end)

  it("is that of the declaration where a field is missing, or made elsewhere", function()
    assert.equal(8, line "field 'title' is missing")
    assert.equal(3, line("field 'input' is missing", 'local rc = require "rc"\nlocal t = {}\nreturn rc.tool(t)'))
  end)

  it("is of the declaration that the message names, of several", function()
    local source = 'local rc = require "rc"\nreturn {\n  rc.tool { name = "a",\n    title = "" },\n'
      .. '  rc.tool { name = "b",\n    title = "" },\n'
      .. '  rc.resource { uri = "x:y",\n    name = 1 },\n  rc.tool { name = "b" },\n}'
    assert.equal(6 - 2, line("tool 'a': field 'title' is empty", source))
    assert.equal(8, line("resource 'x:y': field 'name' must be a text", source))
    assert.equal(9, line("tool 'b' is declared twice", source))
    assert.is_nil(line("field 'title' is empty", source))
    assert.is_nil(line("tool 'z': field 'title' is empty", source))
  end)

  it("is not made up: source that is no Lua, other messages", function()
    assert.equal("poster.lua: field 'title' is empty", (places.placed("poster.lua", "return {", "field 'title' is empty")))
    assert.is_nil(line("field 'title' is empty", 'return require "elsewhere"'))
  end)

  it("stands before what loading says", function()
    local place <close> = folder.new()
    local function refused(text)
      local _, err = loader.load(place:write("poster.lua", text))
      return err.message
    end
    local source = SOURCE:gsub("destructive =", "destructiveHint =")
    assert.matches("^poster.lua:13: input%[2%]: parameter 'style' has type strng", refused(source))
    local fixed = source:gsub("strng", "string")
    assert.matches("^poster.lua:16: .*parameter 'two' needs a description", refused(fixed))
    assert.matches("^poster.lua:3: rc.tool: field 'samples': the value at .a is a function",
      refused 'local rc = require "rc"\nreturn rc.tool { name = "a", description = "b",\n  samples = { a = print }, run = print }')
    assert.matches("^poster.lua:2: what the file returns must be rc.tool .*, got nothing; is 'return' missing before it%?",
      refused 'local rc = require "rc"\nrc.tool { name = "a", description = "b", run = print }')
  end)
end)
