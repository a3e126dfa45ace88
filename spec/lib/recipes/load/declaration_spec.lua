local declaration = require "lib.recipes.load.declaration"
local json = require "core.json"

local declare = declaration.functions

local function fields(changes)
  local spec = { name = "poster", description = "Makes posters.", run = function() end }
  for key, value in pairs(changes or {}) do spec[key] = value end
  return spec
end

local function refused(value)
  local list, err = declaration.read(value)
  assert.is_nil(list)
  assert.equal("bad_declaration", err.code)
  return err.message
end

describe("recipes.declaration", function()
  it("reads one declaration, or a list of them", function()
    local list = assert(declaration.read(declare.tool(fields())))
    assert.equal(1, #list)
    assert.equal("tool", list[1].kind)
    assert.equal("poster", list[1].key)
    list = assert(declaration.read {
      declare.tool(fields()), declare.prompt(fields()),
      declare.resource { uri = "recipe://a", name = "a", read = print },
      declare.template { uri_template = "recipe://a/{id}", name = "b", read = print },
    })
    assert.same({ "poster", "poster", "recipe://a", "recipe://a/{id}" }, { list[1].key, list[2].key, list[3].key, list[4].key })
  end)

  it("refuses what is no declaration, and says what to write", function()
    assert.equal("what the file returns must be rc.tool { … }, or a list of such declarations, got nothing", refused(nil))
    assert.matches("got string", refused "poster")
    assert.matches("is rc.tool { … } around it missing?", refused(fields()), 1, true)
    assert.matches("entry 2 of what the file returns must be", refused { declare.tool(fields()), fields() })
    assert.matches("empty list", refused {})
  end)

  it("names field and expectation", function()
    assert.equal("field 'input' must be a list of parameters, got number", refused(declare.tool(fields { input = 3 })))
    assert.matches("field 'input' must be a list of parameters, a JSON Schema, or its JSON text, got the text 'x'",
      refused(declare.tool(fields { input = "x" })), 1, true)
    assert.equal("field 'run' must be a function, got string", refused(declare.tool(fields { run = "x" })))
    assert.equal("field 'uses' must be a list of texts, got string", refused(declare.tool(fields { uses = "x" })))
    assert.matches("field 'uses': entry 2 must be a text, got number", refused(declare.tool(fields { uses = { "a", 2 } })))
    assert.matches("field 'uses' must be a list of texts, got the key 'a'", refused(declare.tool(fields { uses = { a = "b" } })))
    assert.equal("field 'title' is empty", refused(declare.tool(fields { title = " " })))
    assert.equal("field 'description' is no valid UTF-8", refused(declare.tool(fields { description = "\xff" })))
    assert.matches("field 'name' must be lower%-case.*got 'Poster'", refused(declare.tool(fields { name = "Poster" })))
    assert.matches("field 'hosts' holds names such as example.com.*got 'https://a.b'",
      refused(declare.tool(fields { hosts = { "https://a.b" } })))
  end)

  it("names the field that is missing, for each kind", function()
    assert.equal("field 'description' is missing", refused(declare.tool { name = "a", run = print }))
    assert.equal("field 'run' is missing", refused(declare.prompt { name = "a", description = "b" }))
    assert.equal("field 'read' is missing", refused(declare.resource { uri = "recipe://a", name = "a" }))
    assert.equal("field 'uri_template' is missing", refused(declare.template { name = "a", read = print }))
  end)

  it("knows what an unknown field was meant to be", function()
    assert.equal("unknown field 'descripton', did you mean 'description'?", refused(declare.tool(fields { descripton = "x" })))
    assert.equal("unknown field '[1]'", refused(declare.tool(fields { "poster" })))
  end)

  it("checks URIs", function()
    local function resource(uri) return declare.resource { uri = uri, name = "a", read = print } end
    assert.matches("must be a URI such as recipe://jobs, got 'jobs'", refused(resource "jobs"))
    assert.matches("is the server's own", refused(resource "rcmcp://recipes"))
    assert.matches("white space", refused(resource "recipe://a b"))
  end)

  it("says of which of several a message speaks, and refuses one name twice", function()
    assert.equal("tool 'other': field 'run' must be a function, got number",
      refused { declare.tool(fields()), declare.tool(fields { name = "other", run = 1 }) })
    assert.equal("tool 'poster' is declared twice", refused { declare.tool(fields()), declare.tool(fields()) })
  end)

  it("takes a plain copy: what the recipe does with its tables later changes nothing", function()
    local called = false
    local input = setmetatable({ { "image", "string", "An image", enum = json.as_array { "a" }, default = json.null } },
      { __index = function() called = true end, __pairs = function() called = true end, __len = function() called = true end })
    local spec = fields { input = input }
    local token = declare.tool(spec)
    input[1][1], spec.name = "changed", "changed"
    local read = assert(declaration.read(token))[1]
    assert.equal("poster", read.key)
    assert.equal("image", read.fields.input[1][1])
    assert.equal(json.array, getmetatable(read.fields.input[1].enum))
    assert.equal(json.null, read.fields.input[1].default)
    assert.is_nil(getmetatable(read.fields.input))
    assert.is_false(called)
  end)

  it("refuses what cannot be copied", function()
    assert.error_matches(function() declare.tool "poster" end, "rc.tool takes a table of fields, got string")
    assert.error_matches(function() declare.tool(fields { samples = { a = print } }) end, "field 'samples'.*function")
    local circle = {}
    circle[1] = circle
    assert.error_matches(function() declare.tool(fields { input = circle }) end, "field 'input'.*contains itself")
    assert.error_matches(function() declare.tool(fields { input = { [{}] = 1 } }) end, "has a key of type table")
  end)

  it("refuses more than can be compiled in a moment", function()
    local many = {}
    for i = 1, 20001 do many[i] = i end
    assert.error_matches(function() declare.tool(fields { samples = many }) end, "more than 20000 values")
    assert.error_matches(function() declare.tool(fields { description = ("x"):rep(1024 * 1024 + 1) }) end, "1048576 bytes of text")
    assert.error_matches(function() declare.tool(fields { samples = { [("x"):rep(1024 * 1024)] = "" } }) end, "1048576 bytes of text")
  end)

  it("hands out tokens that cannot be looked into or changed into others", function()
    local token = declare.tool(fields())
    assert.is_nil(next(token))
    assert.is_false(getmetatable(token))
  end)
end)
