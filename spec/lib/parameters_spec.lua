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

    describe("of a client that fills in every field", function()
      local function input_of(entry, value)
        local input, err = compiled(entry).check { x = value }
        return err and err.message or json.encode(input)
      end

      it("takes for left out what the parameter cannot be", function()
        for _, value in ipairs { "", " ", "null", {}, json.as_array {}, json.null } do
          for _, kind in ipairs { "integer", "number", "boolean" } do
            assert.equal("{}", input_of({ "x", kind, "X", optional = true }, value))
            assert.equal('{"x":true}', input_of({ "x", "boolean", "X", default = true }, value))
          end
        end
        for _, value in ipairs { "", json.null, json.as_array {} } do
          assert.equal("{}", input_of({ "x", "object", "X", optional = true }, value))
          assert.equal("{}", input_of({ "x", "string", "X", optional = true, enum = { "a" } }, value))
          assert.equal('{"x":"a"}', input_of({ "x", "string", "X", default = "a", min_length = 1 }, value))
        end
        assert.equal("{}", input_of({ "x", "array", "X", optional = true, min_items = 1 }, json.as_array {}))
        assert.equal("{}", input_of({ "x", "integer", "X", optional = true, minimum = 64 }, 0))
      end)

      it("leaves what may be meant", function()
        assert.equal('{"x":""}', input_of({ "x", "string", "X", optional = true }, ""))
        assert.equal('{"x":false}', input_of({ "x", "boolean", "X", default = true }, false))
        assert.equal('{"x":0}', input_of({ "x", "integer", "X", optional = true, minimum = 0 }, 0))
        assert.equal('{"x":[]}', input_of({ "x", "array", "X", optional = true }, json.as_array {}))
        assert.equal('{"x":{}}', input_of({ "x", "object", "X", optional = true }, {}))
      end)

      it("refuses a zero that has a default in its place, or is required: it may mean none", function()
        assert.matches("from 1 to 32", input_of({ "x", "integer", "X", default = 4, minimum = 1, maximum = 32 }, 0))
        assert.matches("1 or more", input_of({ "x", "integer", "X", minimum = 1 }, 0))
        assert.matches("must not be empty", input_of({ "x", "string", "X", min_length = 1 }, ""))
        assert.matches("must be an integer", input_of({ "x", "integer", "X" }, ""))
      end)

      it("is told by the schema that an empty text is allowed", function()
        local schema = compiled({ "a", "string", "A", min_length = 1 }, { "b", "string", "B", optional = true, min_length = 1 }).schema
        assert.equal(1, schema.properties.a.minLength)
        assert.is_nil(schema.properties.b.minLength)
      end)
    end)

    it("takes a list of one for its item, and an item for the list of it", function()
      local check = compiled({ "gpu", "string", "GPU", enum = { "A" }, optional = true }, { "n", "integer", "N", optional = true },
        { "ids", "array", "Ids", items = "string", optional = true }, { "seeds", "array", "S", items = "integer", optional = true },
        { "stages", "array", "S", items = { { "p", "string", "P" } }, optional = true }).check
      assert.equal('{"gpu":"A"}', json.encode(check { gpu = json.as_array { "A" } }))
      assert.equal('{"n":7}', json.encode(check { n = json.as_array { "7" } }))
      assert.equal('{"ids":["one"]}', json.encode(check { ids = "one" }))
      assert.equal('{"seeds":[5]}', json.encode(check { seeds = "5" }))
      assert.equal('{"stages":[{"p":"x"}]}', json.encode(check { stages = { p = "x" } }))
      assert.matches("must be a string, got a list", problem(check, { gpu = json.as_array { "A", "A" } }).message)
      assert.matches("must be a list of strings", problem(check, { ids = '["a"' }).message)
      assert.matches("must be a list of integers", problem(check, { seeds = "1,2" }).message)
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

    it("checks the length and the pattern of a text", function()
      local check = compiled({ "name", "string", "N", min_length = 2, max_length = 4, pattern = "^[a-zé]+$" }).check
      assert.same({ name = "éaé" }, check { name = "éaé" })
      assert.equal("Field 'name' must have at least 2 characters, got 1.", problem(check, { name = "é" }).message)
      assert.equal("Field 'name' must have at most 4 characters, got 5.", problem(check, { name = "abcde" }).message)
      assert.equal("Field 'name' must match the pattern ^[a-zé]+$, got 'A1'.", problem(check, { name = "A1" }).message)
      assert.equal("Field 'name' must match the pattern ^[a-zé]+$, got '\u{FFFD}\u{FFFD}'.", problem(check, { name = "\xFF\xFE" }).message)
    end)

    it("counts the items of a list", function()
      local check = compiled({ "l", "array", "L", min_items = 1, max_items = 2 }).check
      assert.equal("Field 'l' must have from 1 to 2 items, got 0.", problem(check, { l = {} }).message)
      assert.equal("Field 'l' must have from 1 to 2 items, got 3.", problem(check, { l = { 1, 2, 3 } }).message)
    end)

    it("reads the members of objects, also of those in lists, and fills their defaults", function()
      local check = compiled(
        { "size", "object", "S", properties = { { "width", "integer", "W" }, { "height", "integer", "H", default = 512 } } },
        { "stages", "array", "St", items = { { "seed", "integer", "Seed" }, { "note", "string", "N", optional = true } } }).check
      assert.same({ size = { width = 64, height = 512 }, stages = { { seed = 1 }, { seed = 2, note = "x" } } },
        check { size = { width = "64" }, stages = { { seed = 1 }, { seed = "2", note = "x" } } })
      assert.equal('{"size":{"width":1,"height":512},"stages":[]}', json.encode(check { size = '{"width":1}', stages = {} }))
    end)

    it("names the place of each mistake inside", function()
      local check = compiled(
        { "size", "object", "S", properties = { { "width", "integer", "The width" } } },
        { "stages", "array", "St", items = { { "seed", "integer", "Seed", maximum = 9 } } }).check
      local err = problem(check, { size = { heigth = 1 }, stages = { { seed = 1 }, { seed = "x" }, 5, { seed = 10 } } })
      assert.same({ "size/heigth", "size/width", "stages/1/seed", "stages/2", "stages/3/seed" }, err.fields)
      assert.equal("Unknown argument 'size/heigth'. It takes width.\nField 'size/width' is required: The width\n"
        .. "Field 'stages/1/seed' must be an integer, got 'x'.\nField 'stages/2' must be an object, got 5.\n"
        .. "Field 'stages/3/seed' must be 9 or less, got 10.", err.message)
    end)

    it("writes members and items into the schema", function()
      local schema = compiled(
        { "o", "object", "O", properties = { { "w", "integer", "W" } } },
        { "l", "array", "L", items = { { "s", "string", "S", optional = true, pattern = "x", max_length = 3 } }, max_items = 2 }).schema
      assert.equal('{"type":"object","properties":{"o":{"type":"object","description":"O",'
        .. '"properties":{"w":{"type":"integer","description":"W"}},"required":["w"],"additionalProperties":false},'
        .. '"l":{"type":"array","description":"L","items":{"type":"object","properties":{"s":{"type":"string","description":"S",'
        .. '"maxLength":3,"pattern":"x"}},"additionalProperties":false},"maxItems":2}},"required":["o","l"],'
        .. '"additionalProperties":false}', json.encode(schema))
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

    it("names what is wrong inside a parameter, and what was meant", function()
      assert.matches("did you mean 'default'?", refused { { "a", "string", "A", defualt = 1 } }, 1, true)
      assert.matches("input[1]: parameter 'a': 'minimum' is not for parameters of type string",
        refused { { "a", "string", "A", minimum = 1 } }, 1, true)
      assert.matches("input[1]: parameter 'a': 'pattern' must be a string, got number",
        refused { { "a", "string", "A", pattern = 1 } }, 1, true)
      assert.matches("'pattern': nothing to repeat", refused { { "a", "string", "A", pattern = "*" } }, 1, true)
      assert.matches("input[1].items[1]: parameter 'b' has type text",
        refused { { "a", "array", "A", items = { { "b", "text", "B" } } } }, 1, true)
      assert.matches("input[1].properties[2]: parameter 'b' is declared twice",
        refused { { "a", "object", "A", properties = { { "b", "string", "B" }, { "b", "string", "B" } } } }, 1, true)
      assert.matches("'enum' is empty", refused { { "a", "string", "A", enum = {} } }, 1, true)
    end)

    it("refuses a default that breaks its own declaration", function()
      assert.equal("input[1]: parameter 'a': its default breaks its own declaration: Field 'a' must be 3 or less, got 9.",
        refused { { "a", "integer", "A", maximum = 3, default = 9 } })
      assert.matches("input[1].properties[1]: parameter 'b': its default breaks",
        refused { { "a", "object", "A", properties = { { "b", "boolean", "B", default = "maybe" } } } }, 1, true)
    end)

    it("names the field that holds the list", function()
      local _, err = pcall(parameters.compile, "x", "output")
      assert.equal("field 'output' must be a list of parameters, got string", err.message)
    end)
  end)
end)
