local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local context = require "lib.calls.context"
local log = require "core.log"
local registry = require "lib.features.registry"

local function call(declaration, arguments)
  local tool = assert(registry.new():add(declaration))
  local result
  fiber.spawn(function() result = registry.call(tool, arguments or {}, context.new { tool = tool.name }) end)
  return result
end

-- Runs `fn` with a log that is kept instead of written.
local function logged(fn)
  local lines, write = {}, log.write
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function(level, text) lines[#lines + 1] = level .. ": " .. text end
  fn()
  return table.concat(lines, "\n")
end

describe("mcp.registry's declarations", function()
  local function refused(changes, remove)
    local declaration = kit.tool(changes)
    if remove then declaration[remove] = nil end
    local tool, err = registry.new():add(declaration)
    assert.is_nil(tool)
    assert.is_true(errors.is(err))
    assert.matches("tool '" .. tostring(declaration.name) .. "'", err.message, 1, true)
    return err.message
  end

  it("are refused by tool and field", function()
    assert.matches("field 'name' is missing", refused({}, "name"))
    assert.matches("field 'description' is missing", refused({}, "description"))
    assert.matches("field 'run' is missing", refused({}, "run"))
    assert.matches("field 'run' must be a function, got string", refused { run = "x" })
    assert.matches("field 'title' must be a string, got number", refused { title = 5 })
    assert.matches("field 'description' is empty", refused { description = "" })
    assert.matches("field 'description' is no valid UTF%-8", refused { description = "\xFF" })
    assert.matches("field 'check' must be a function", refused { check = true })
    assert.matches("unknown field 'annotation'", refused { annotation = {} })
    assert.matches("annotations", refused { annotation = {} })
    assert.matches("'output': the schema's type must be \"object\"", refused { output = { properties = {} } })
    assert.matches("'output' cannot be written as JSON", refused { output = { type = "object", default = print } })
    assert.matches("unknown hint 'readOnly'", refused { annotations = { readOnly = true } })
    assert.matches("'readOnlyHint' must be true or false", refused { annotations = { readOnlyHint = 1 } })
    assert.matches("input", refused { input = { { "x", "text", "no such type" } } })
  end)

  it("are refused with a name that hosts would not take", function()
    for _, name in ipairs { "Upper", "with space", "dash-ed", "9lives", "ü", "a/b", ("a"):rep(46) } do
      assert.matches("field 'name'", refused { name = name })
    end
    assert(registry.new():add(kit.tool { name = ("a"):rep(45) }))
  end)

  it("are refused when they are no tables", function()
    local tool, err = registry.new():add("tool")
    assert.is_nil(tool)
    assert.matches("must be a table, got string", err.message)
  end)

  it("are refused under a name that is taken", function()
    local tools = registry.new()
    assert(tools:add(kit.tool()))
    local tool, err = tools:add(kit.tool())
    assert.is_nil(tool)
    assert.matches("there already", err.message)
  end)

  it("get all four hints", function()
    local tool = assert(registry.new():add(kit.tool { annotations = { destructiveHint = false } }))
    assert.same({ { "readOnlyHint", false }, { "destructiveHint", false }, { "idempotentHint", false }, { "openWorldHint", true } },
      tool.annotations)
  end)
end)

describe("mcp.registry.compile", function()
  it("gives a tool without a registry, or says what is wrong", function()
    assert.equal("probe", assert(registry.compile(kit.tool { name = "probe" })).name)
    local tool, err = registry.compile(kit.tool { name = "Bad" })
    assert.is_nil(tool)
    assert.matches("tool 'Bad': field 'name'", err.message, 1, true)
  end)

  local schema = {
    type = "object", required = json.as_array { "overrides" },
    properties = {
      overrides = {
        type = "object", additionalProperties = { properties = { inputs = { properties = { seed = { type = "integer" } } } } },
      },
      count = { type = "integer", default = 2, maximum = 5 },
    },
  }

  local function echo(input, options)
    local tool = assert(registry.compile(kit.tool {
      input = input, run = function(given) return { text = "", data = { given = given } } end,
    }, options))
    return function(arguments)
      local result
      fiber.spawn(function() result = registry.call(tool, arguments, context.new { tool = "t" }) end)
      return result, tool
    end
  end

  it("takes a JSON Schema as input: fills defaults, takes what models send, names the place of a mistake", function()
    local try = echo(schema)
    assert.equal('{"count":2,"overrides":{}}', json.encode(try({ overrides = {} }).data.given))
    assert.equal('{"count":4,"overrides":{}}', json.encode(try({ overrides = {}, count = "4" }).data.given))
    local wrong = try { overrides = { ["6"] = { inputs = { seed = "x" } } } }
    assert.is_true(wrong.is_error)
    assert.equal("Field 'overrides/6/inputs/seed' must be an integer, not a string.", wrong.text)
    assert.same({ "overrides/6/inputs/seed" }, wrong.data.fields)
    assert.matches("^The arguments must have the member 'overrides'%.$", try({}).text)
    assert.matches("must be an object", try("x").text)
  end)

  it("keeps JSON text as it was written", function()
    local text = '{"type":"object","$defs":{"b":{},"a":{}},"properties":{"z":{"type":"integer","default":1.0e2},"a":{}}}'
    local result, tool = echo(text) { a = 1 }
    assert.equal(text, json.encode(tool.schema))
    assert.equal('{"a":1,"z":100.0}', json.encode(result.data.given))
  end)

  it("refuses schemas that are none, by field", function()
    for field, cases in pairs {
      input = { ['{"type":'] = "is no JSON", ["[1]"] = "an object; got array", ['{"type":"array"}'] = 'must be "object", got array',
                ['{"type":"object","properties":{"a":{"$ref":"http://x.test/"}}}'] = "never fetched from the network" },
      output = { ["{}"] = 'must be "object", or another one, got nil', ['{"type":"object"'] = "is no JSON" },
    } do
      for text, expected in pairs(cases) do
        local tool, err = registry.compile(kit.tool { [field] = text })
        assert.is_nil(tool, text)
        assert.matches("field '" .. field .. "'", err.message, 1, true)
        assert.matches(expected, err.message, 1, true)
      end
    end
  end)

  -- One of them in the list of tools would be the end of the list, or of each call that meets it.
  local misspelt = {
    ["properties/s/multipleOf must be greater than 0"] = { multipleOf = 0 },
    ['properties/s/type must .* not "strng"'] = { type = "strng" },
    ["properties/s/minimum must be a number"] = { minimum = "5" },
    ["properties/s/maxLength must be at least 0"] = { maxLength = -1 },
    ["properties/s/pattern must be a string"] = { pattern = 5 },
    ["properties/s/enum must be an array"] = { enum = "x" },
    ["properties/s/additionalProperties must be an object or true or false"] = { additionalProperties = "no" },
    ["at %.properties%.s%.maximum: JSON has no infinity"] = { maximum = 1 / 0 },
  }

  for message, property in pairs(misspelt) do
    it("refuses a schema whose keyword is wrong: " .. message, function()
      local given = { type = "object", properties = { s = property } }
      for _, field in ipairs { "input", "output" } do
        local _, err = registry.compile({ name = "a", description = "A.", [field] = given, run = function() end }, { strict = true })
        assert.matches("field '" .. field .. "' .*" .. message, err and err.message)
      end
    end)
  end

  it("refuses parameters that the list of tools could not be written with", function()
    for _, parameter in ipairs {
      { "s", "number", "S", minimum = 0 / 0 }, { "s", "number", "S", maximum = 1 / 0 }, { "s", "string", "cut \xC3" },
      { "s", "string", "S", examples = { "\xFF" } }, { "s", "string", "S", enum = { "a", [3] = "b" } },
    } do
      for _, field in ipairs { "input", "output" } do
        local _, err = registry.compile({ name = "a", description = "A.", [field] = { parameter }, run = function() end })
        assert.matches("field '" .. field .. "' cannot be written as JSON: at .properties.s.", err and err.message, 1, true)
      end
    end
  end)

  it("leaves other drafts and unknown keywords alone", function()
    for _, given in ipairs {
      { type = "object", properties = { s = { nullable = 1, ["x-order"] = { 1 } } } },
      { type = "object", ["$schema"] = "http://json-schema.org/draft-07/schema#", properties = { s = { exclusiveMinimum = true } } },
    } do
      assert.is_table(registry.compile { name = "a", description = "A.", output = given, run = function() end })
    end
  end)

  it("checks results in full when asked to, and publishes a schema that errors fit", function()
    local tool = assert(registry.compile(kit.tool {
      output = { { "images", "array", "Images", items = { { "url", "string", "Where" } } } },
      run = function(input) return { data = input.data } end,
      input = { { "data", "object", "Data" } },
    }, { strict = true }))
    assert.is_nil(tool.output.required)
    assert.is_nil(tool.output.additionalProperties)
    assert.is_true(tool.allows { ok = false, error = "x" })
    local function try(data)
      local result
      logged(function() fiber.spawn(function() result = registry.call(tool, { data = data }, context.new { tool = "t" }) end) end)
      return result
    end
    assert.is_false(try({ images = { { url = "u" } } }).is_error)
    local wrong = try { images = { { url = 5 } } }
    assert.is_true(wrong.is_error)
    assert.matches("images/0/url must be a string", wrong.text, 1, true)
  end)

  it("has lists where a schema of Lua tables has empty ones", function()
    local input = {
      type = "object", required = {}, properties = {
        a = { type = "array", default = {}, examples = {}, items = { required = {}, properties = {} } }, b = { enum = {} },
        c = { type = "object", default = {} },
      }, dependentRequired = { a = {} },
    }
    local tool = assert(registry.compile(kit.tool { input = input, output = input }))
    local text = '{"dependentRequired":{"a":[]},"properties":{"a":{"default":[],"examples":[],"items":{"properties":{},"required":[]},'
      .. '"type":"array"},"b":{"enum":[]},"c":{"default":{},"type":"object"}},"required":[],"type":"object"}'
    assert.equal(text, json.encode(tool.schema))
    assert.equal((text:gsub(',"required":%[%],"type":"object"}$', ',"type":"object"}')), json.encode(tool.output))
  end)

  it("gives the members of a result the order in which the output schema declares them, and leaves alone what has one", function()
    local fields = { { "z", "integer", "Z" }, { "a", "integer", "A" }, { "m", "integer", "M" } }
    for _, output in ipairs { fields, '{"type":"object","properties":{"z":{},"a":{},"m":{}}}' } do
      for _, pending in ipairs { false, true } do
        local data
        local declaration = kit.tool { output = output, run = function() return { data = data, pending = pending or nil } end }
        data = { m = 1, a = 2, z = 3 }
        assert.equal('{"z":3,"a":2,"m":1}', json.encode(call(declaration).data))
        data = json.ordered({ "a", "m", "z" }, { m = 1, a = 2, z = 3 })
        assert.equal('{"a":2,"m":1,"z":3}', json.encode(call(declaration).data))
      end
    end
  end)

  it("leaves the order of others: members that are not declared, tools without a schema, recipes", function()
    local function run() return { data = { b = 1, c = 2, a = 3 } } end
    local output = '{"type":"object","properties":{"c":{}}}'
    assert.equal('{"c":2,"a":3,"b":1}', json.encode(call(kit.tool { output = output, run = run }).data))
    assert.equal('{"a":3,"b":1,"c":2}', json.encode(call(kit.tool { run = run }).data))
    local recipe = assert(registry.compile(kit.tool { output = output, run = run }, { strict = true }))
    local result
    fiber.spawn(function() result = registry.call(recipe, {}, context.new { tool = "probe" }) end)
    assert.equal('{"a":3,"b":1,"c":2}', json.encode(result.data))
  end)

  it("publishes an output schema of JSON text in its own order", function()
    local tool = assert(registry.compile(kit.tool {
      output = '{"type":"object","required":["z"],"properties":{"z":{},"a":{"minimum":1.0}},"additionalProperties":false}',
    }))
    assert.equal('{"type":"object","properties":{"z":{},"a":{"minimum":1.0}}}', json.encode(tool.output))
  end)

  it("passes content blocks on", function()
    local blocks = { { type = "text", text = "x" } }
    assert.equal(blocks, call(kit.tool { run = function() return { content = blocks } end }).content)
  end)
end)

describe("mcp.registry's snapshots", function()
  it("are made of compiled tools, too", function()
    local tools = {}
    for i, name in ipairs { "c", "a", "b" } do tools[i] = assert(registry.compile(kit.tool { name = name })) end
    local snapshot = registry.snapshot_of(tools)
    assert.same({ "a", "b", "c" }, { snapshot.list[1].name, snapshot.list[2].name, snapshot.list[3].name })
    assert.equal("b", snapshot.find("b").name)
    assert.equal("c", tools[1].name)
  end)

  it("are sorted by name and do not change", function()
    local tools = registry.new()
    for _, name in ipairs { "c", "a", "b" } do assert(tools:add(kit.tool { name = name })) end
    local snapshot = tools:snapshot()
    assert(tools:add(kit.tool { name = "d" }))
    local names = {}
    for i, tool in ipairs(snapshot.list) do names[i] = tool.name end
    assert.same({ "a", "b", "c" }, names)
    assert.equal("a", snapshot.find("a").name)
    assert.is_nil(snapshot.find("d"))
    assert.equal("d", tools:snapshot().find("d").name)
  end)
end)

describe("mcp.registry.call", function()
  it("gives text and data of the tool", function()
    local result = call(kit.tool { run = function() return { text = "Hello.", data = { ok = true } } end })
    assert.same({ text = "Hello.", data = { ok = true }, is_error = false }, result)
  end)

  it("gives the tool its checked arguments with defaults", function()
    local seen
    local tool = kit.tool {
      input = { { "count", "integer", "How many", default = 4 }, { "name", "string", "Whose" } },
      run = function(input) seen = input return { text = "" } end,
    }
    call(tool, { name = "n" })
    assert.same({ count = 4, name = "n" }, seen)
  end)

  it("runs the rules across fields before the tool", function()
    local tool = kit.tool {
      input = { { "low", "integer", "Low" }, { "high", "integer", "High" } },
      check = function(input)
        if input.low <= input.high then return true end
        return nil, errors.new("'high' must be at least 'low'")
      end,
      run = function() return { text = "in order" } end,
    }
    assert.equal("in order", call(tool, { low = 1, high = 2 }).text)
    local result = call(tool, { low = 2, high = 1 })
    assert.is_true(result.is_error)
    assert.equal("'high' must be at least 'low'", result.text)
  end)

  it("turns a returned error into an error result, with its data where it has some", function()
    local plain = call(kit.tool { run = function() return nil, errors.new("no such deployment") end })
    assert.same({ text = "no such deployment", data = { ok = false, error = "no such deployment" }, is_error = true }, plain)
    local rich = call(kit.tool { run = function()
      return nil, errors.new("failed", { data = { ok = false, request_id = "r" } })
    end })
    assert.same({ ok = false, request_id = "r" }, rich.data)
    local text = call(kit.tool { run = function() return nil, "just a text" end })
    assert.equal("just a text", text.text)
  end)

  it("turns a raised error value into an error result, without a line in the log", function()
    local result
    local lines = logged(function()
      result = call(kit.tool { run = function() error(errors.new("refused", { data = { ok = false, code = 7 } })) end })
    end)
    assert.same({ text = "refused", data = { ok = false, code = 7 }, is_error = true }, result)
    assert.equal("", lines)
  end)

  it("answers a Lua error with its message, and keeps the traceback for the log", function()
    local result
    local lines = logged(function()
      result = call(kit.tool { run = function() local nothing = nil return nothing.field end })
    end)
    assert.is_true(result.is_error)
    assert.matches("registry_spec.lua:%d+: attempt to index a nil value", result.text)
    assert.is_nil(result.text:find("stack traceback", 1, true))
    assert.matches("tool 'probe' raised an error", lines)
    assert.matches("stack traceback", lines)
  end)

  it("survives what a tool may raise or return besides", function()
    for _, value in ipairs { 5, true, {}, setmetatable({}, { __tostring = function() return "odd" end }) } do
      local result
      logged(function() result = call(kit.tool { run = function() error(value) end }) end)
      assert.is_true(result.is_error)
      assert.equal("string", type(result.text))
    end
    logged(function()
      assert.is_true(call(kit.tool { run = function() end }).is_error)
      assert.matches("must be a table, got string", call(kit.tool { run = function() return "text" end }).text)
      assert.matches("'text' must be a string", call(kit.tool { run = function() return { text = {} } end }).text)
    end)
  end)

  it("holds a tool to its output schema", function()
    local output = {
      type = "object", required = { "ok", "id" },
      properties = { ok = { type = "boolean" }, id = { type = "string" }, n = { type = { "integer", "null" } }, any = {} },
    }
    local function returning(data)
      return call(kit.tool { output = output, run = function() return { text = "x", data = data } end })
    end
    assert.is_false(returning({ ok = true, id = "i", n = 3, any = print ~= nil, more = 1 }).is_error)
    assert.is_false(returning({ ok = true, id = "i", n = json.null }).is_error)
    assert.is_false(returning({ ok = true, id = json.raw '"i"' }).is_error)
    local lines = logged(function()
      assert.matches("field 'id' is missing", returning({ ok = true }).text)
      assert.matches("field 'id' must be string, got null", returning({ ok = true, id = json.null }).text)
      assert.matches("field 'n' must be integer or null, got number", returning({ ok = true, id = "i", n = 1.5 }).text)
      assert.matches("field 'ok' must be boolean, got string", returning({ ok = "yes", id = "i" }).text)
      assert.matches("must be an object, got none", returning(nil).text)
      assert.matches("must be an object, got array", returning(json.as_array {}).text)
    end)
    assert.matches("breaks its own output schema", lines)
  end)

  it("does not hold errors to it", function()
    local result = call(kit.tool { output = { type = "object", required = { "ok", "id" } },
      run = function() return nil, errors.new("no") end })
    assert.equal("no", result.text)
  end)

  it("passes a cancellation on", function()
    local tool = assert(registry.new():add(kit.tool { run = function()
      fiber.await(function() return setmetatable({}, { __close = function() end }) end)
    end }))
    local raised
    local task = fiber.spawn(function()
      local ok, err = pcall(registry.call, tool, {}, context.new { tool = "probe" })
      raised = not ok and err
    end)
    task:cancel()
    assert.is_true(fiber.is_cancelled(raised))
  end)
end)

describe("mcp.registry's sets", function()
  it("are made of compiled declarations, sorted by name", function()
    local b = assert(registry.compile(kit.tool { name = "b" }))
    local a = assert(registry.compile(kit.tool { name = "a" }))
    local set = registry.snapshot_of { b, a }
    assert.same({ a, b }, set.list)
    assert.equal(b, set.find "b")
    assert.is_nil(set.find "c")
  end)

  it("tell a problem with and without the tool's name", function()
    local tool, err = registry.compile(kit.tool { inputs = {} })
    assert.is_nil(tool)
    assert.equal("unknown field 'inputs', did you mean 'input'?", err.problem)
    assert.equal("tool 'probe': " .. err.problem, err.message)
  end)

  it("take a tool with another body and other hints, and leave the first as it was", function()
    local tool = assert(registry.compile(kit.tool { annotations = { readOnlyHint = true } }))
    local changed = registry.changed(tool, { run = function() return { text = "other" } end, annotations = { openWorldHint = false } })
    local result
    fiber.spawn(function() result = registry.call(changed, {}, context.new { tool = "probe" }) end)
    assert.equal("other", result.text)
    assert.same({ "readOnlyHint", false }, changed.annotations[1])
    assert.same({ "openWorldHint", false }, changed.annotations[4])
    assert.same({ "readOnlyHint", true }, tool.annotations[1])
  end)
end)

describe("registry.call, behind the links of its context", function()
  local tool = assert(registry.compile {
    name = "echo", description = "Gives back what it got.", input = { { "value", "integer", "Anything" } },
    run = function(input) return { text = "echo", data = { value = input.value } } end,
  })

  it("passes the links of its context as a recipe's does", function()
    local seen
    local ctx = { effects = effects.chain { function(effect, proceed, scope)
      seen = { effect.kind, effect.name, effect.seq, effect.input.value, scope.tool == tool, scope.caller == nil }
      local result = proceed()
      result.text = "marked"
      return result
    end } }
    local result = registry.call(tool, { value = 7 }, ctx)
    assert.same({ "tool", "echo", 0, 7, true, true }, seen)
    assert.same({ "marked", 7, false }, { result.text, result.data.value, result.is_error })
  end)

  it("tells what a link refuses as an error", function()
    local ctx = { effects = effects.chain { function() return nil, errors.new("not today", { code = "refused" }) end } }
    local result = registry.call(tool, { value = 7 }, ctx)
    assert.is_true(result.is_error)
    assert.equal("not today", result.text)
  end)

  it("takes the arguments of its context, where none are given", function()
    local ctx = { effects = effects.chain {}, take_arguments = function() return { value = 8 } end }
    assert.equal(8, registry.call(tool, nil, ctx).data.value)
    ctx.effects = nil
    assert.equal(8, registry.call(tool, nil, ctx).data.value)
  end)
end)
