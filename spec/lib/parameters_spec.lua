local json = require "core.json"
local parameters = require "lib.parameters"

local function compiled(...)
  return parameters.compile { ... }
end

local function problem(check, arguments)
  local input, err = check(arguments)
  assert.is_nil(input)
  return err
end

describe("lib.parameters", function()
  describe("schema", function()
    it("keeps the order of the list and writes all that a client can check", function()
      local schema = compiled(
        { "name", "string", "A name" },
        { "count", "integer", "How many", default = 1, minimum = 0, maximum = 30 },
        { "ids", "array", "Some ids", items = "string", optional = true },
        { "gpu", "string", "A GPU", enum = { "B", "A" }, optional = true }).schema
      assert.equal('{"type":"object","properties":{"name":{"type":"string","description":"A name"},'
        .. '"count":{"type":"integer","description":"How many","minimum":0,"maximum":30,"default":1},'
        .. '"ids":{"type":"array","description":"Some ids","items":{"type":"string"}},'
        .. '"gpu":{"type":"string","description":"A GPU","enum":["B","A"]}},'
        .. '"required":["name"],"additionalProperties":false}', json.encode(schema))
    end)

    it("writes empty properties as an object and leaves out an empty required list", function()
      assert.equal('{"type":"object","properties":{},"additionalProperties":false}', json.encode(compiled().schema))
    end)
  end)

  describe("check", function()
    it("passes good input through and fills defaults", function()
      local check = compiled({ "id", "string", "Id" }, { "wait", "boolean", "Wait", default = false },
        { "note", "string", "Note", optional = true }).check
      assert.same({ id = "x", wait = false }, check { id = "x" })
    end)

    it("takes null as absent", function()
      local check = compiled({ "wait", "boolean", "Wait", default = true }, { "note", "string", "Note", optional = true }).check
      assert.same({ wait = true }, check { wait = json.null, note = json.null })
      assert.same({ wait = true }, check(json.null))
      assert.same({ wait = true }, check(nil))
    end)

    it("gives each call its own copy of a default", function()
      local check = compiled({ "list", "array", "List", default = json.as_array { 1 } }).check
      check({}).list[1] = 2
      assert.equal(1, check({}).list[1])
    end)

    it("reads numbers and booleans from the strings that models send", function()
      local check = compiled({ "n", "integer", "N", optional = true }, { "x", "number", "X", optional = true },
        { "b", "boolean", "B", optional = true }).check
      assert.same({ n = 30 }, check { n = "30" })
      assert.equal("integer", math.type(check({ n = 30.0 }).n))
      assert.same({ n = -4 }, check { n = " -4 " })
      assert.same({ x = 1.5 }, check { x = "1.5" })
      for word, value in pairs { ["true"] = true, YES = true, ["1"] = true, ["false"] = false, No = false, off = false } do
        assert.equal(value, check({ b = word }).b)
      end
      assert.equal(true, check({ b = 1 }).b)
      assert.equal(false, check({ b = 0 }).b)
    end)

    it("reads an object or a list from JSON text, numbers unharmed", function()
      local check = compiled({ "o", "object", "O", optional = true }, { "l", "array", "L", items = "string", optional = true }).check
      assert.equal('{"seed":156680208700286,"x":[],"y":1.0}', json.encode(check({ o = '{"seed":156680208700286,"x":[],"y":1.0}' }).o))
      assert.equal('["a","b"]', json.encode(check({ l = '["a","b"]' }).l))
      assert.equal('[]', json.encode(check({ l = {} }).l))
    end)

    local refused = {
      { "integer", "3.5" }, { "integer", 3.5 }, { "integer", "many" }, { "integer", true }, { "integer", "0x10" },
      { "number", "nan" }, { "number", "" }, { "boolean", "maybe" }, { "boolean", 2 }, { "string", 5 },
      { "string", {} }, { "object", "[1]" }, { "object", "not json" }, { "object", json.as_array {} },
      { "array", '{"a":1}' }, { "array", "text" }, { "array", 5 },
    }
    for _, case in ipairs(refused) do
      it(("refuses %s for a parameter of type %s, naming it"):format(tostring(case[2]), case[1]), function()
        local err = problem(compiled({ "field_x", case[1], "X" }).check, { field_x = case[2] })
        assert.equal("invalid_input", err.code)
        assert.matches("Field 'field_x' must be ", err.message, 1, true)
      end)
    end

    it("refuses an integer beyond 64 bits", function()
      local check = compiled({ "n", "integer", "N" }).check
      assert.matches("'n'", problem(check, { n = json.integer "18446744073709551615" }).message)
    end)

    it("says the range when it is left", function()
      local check = compiled({ "min_instances", "integer", "M", minimum = 0, maximum = 30 },
        { "size", "integer", "S", minimum = 0, default = 1 }).check
      assert.equal("Field 'min_instances' must be from 0 to 30, got 99.", problem(check, { min_instances = 99 }).message)
      assert.equal("Field 'size' must be 0 or more, got -1.", problem(check, { min_instances = 0, size = -1 }).message)
    end)

    it("lists what is allowed in the official server's words", function()
      local check = compiled({ "hardware", "string", "H", enum = { "A_16", "B_24" } }).check
      assert.equal("Invalid hardware 'x'. Must be one of ['A_16', 'B_24'].", problem(check, { hardware = "x" }).message)
    end)

    it("names the item of a list that is wrong", function()
      local check = compiled({ "ids", "array", "Ids", items = "string" }).check
      assert.equal("Field 'ids': item 2 must be a string, got 7.", problem(check, { ids = json.as_array { "a", 7 } }).message)
    end)

    it("refuses unknown arguments by name and says what was meant", function()
      local err = problem(compiled({ "overrides", "object", "O", optional = true }).check, { overides = {}, zzz = 1 })
      assert.matches("Unknown argument 'overides', did you mean 'overrides'?", err.message, 1, true)
      assert.matches("Unknown argument 'zzz'. It takes overrides.", err.message, 1, true)
    end)

    it("reports all that is wrong at once, with the fields in the structure", function()
      local err = problem(compiled({ "a", "string", "The a" }, { "b", "integer", "The b" }).check, { b = "x" })
      assert.equal("Field 'a' is required: The a\nField 'b' must be an integer, got 'x'.", err.message)
      assert.same({ "a", "b" }, err.fields)
      local text = json.encode(err.data)
      assert.equal(json.encode(err.message), text:match('^{"ok":false,"error":(.-),"code":"invalid_input","fields":%["a","b"%]}$'))
    end)

    it("refuses arguments that are no object", function()
      assert.matches("must be an object", problem(compiled().check, json.as_array { 1 }).message)
      assert.matches("must be an object", problem(compiled().check, 5).message)
    end)
  end)

  describe("compile", function()
    local function refused(list)
      local ok, err = pcall(parameters.compile, list)
      assert.is_false(ok)
      return err.message
    end

    it("names what is wrong with a declaration", function()
      assert.equal("field 'input' must be a list of parameters, got string", refused "x")
      assert.matches("input[1] must be a table", refused { "x" }, 1, true)
      assert.matches("input[2]: parameter 'a' is declared twice", refused { { "a", "string", "A" }, { "a", "string", "A" } }, 1, true)
      assert.matches("parameter 'a' has type text", refused { { "a", "text", "A" } }, 1, true)
      assert.matches("parameter 'a' needs a description", refused { { "a", "string" } }, 1, true)
      assert.matches("unknown field 'defualt'", refused { { "a", "string", "A", defualt = 1 } }, 1, true)
      assert.matches("it has a key 'a'", refused { a = { "a", "string", "A" } }, 1, true)
      assert.matches("'items' names the type", refused { { "a", "string", "A", items = "string" } }, 1, true)
    end)
  end)
end)
