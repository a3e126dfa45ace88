-- The work of a check grows with its value and no faster, whatever the schema.  Counted in steps of a meter, and in
-- instructions where something might forget to count.

local json = require "core.json"
local meter = require "lib.async.meter"
local schema = require "lib.schema"
local steps = require "spec.support.steps"

local function list(n, make)
  local t = {}
  for i = 1, n do t[i] = make(i) end
  return json.as_array(t)
end

local function object(n, make)
  local t = {}
  for i = 1, n do t["name" .. i] = make(i) end
  return t
end

local function nested(depth, make)
  local t = json.as_array {}
  for _ = 1, depth do t = make(t) end
  return t
end

local function compile(document)
  return assert(schema.compile(document, { formats = true }))
end

-- Steps of the meter, and thousands of instructions, of one check.
local function cost(check, value)
  local work = meter.new()
  local instructions = steps.count(check, value, work)
  return work:count(), instructions // 1000
end

local same = function(i) return i end

-- A schema, and its worst value of a size.
local linear = {
  { "pattern", { pattern = "^[A-Za-z0-9+/]*={0,2}$" }, function(n) return ("Qk"):rep(n * 5) end },
  { "pattern that backtracks elsewhere", { pattern = "^(a|a)*(a*)*b$" }, function(n) return ("a"):rep(n * 10) end },
  { "pattern with a counted group", { pattern = "(a|b|ab){1,300}x" }, function(n) return ("ab"):rep(n) end },
  { "pattern of other alphabets", { pattern = "^\\p{L}+$" }, function(n) return ("ä漢"):rep(n * 2) end },
  { "patternProperties", { patternProperties = { ["^n.*9x"] = false, ["1+$"] = true } }, function(n) return object(n, same) end },
  { "propertyNames", { propertyNames = { pattern = "^[a-z0-9]+$" } }, function(n) return object(n, same) end },
  { "additionalProperties", { additionalProperties = { type = "integer" } }, function(n) return object(n, same) end },
  { "unevaluatedProperties", { allOf = { { patternProperties = { name = true } } }, unevaluatedProperties = false },
    function(n) return object(n, same) end },
  { "uniqueItems of numbers", { uniqueItems = true }, function(n) return list(n, same) end },
  { "uniqueItems of texts that begin alike", { uniqueItems = true },
    function(n) return list(n, function(i) return ("x"):rep(50) .. i end) end },
  { "uniqueItems of objects", { uniqueItems = true }, function(n) return list(n, function(i) return { a = { i }, b = 1 } end) end },
  { "enum", { items = { enum = list(2000, function(i) return "v" .. i end) } },
    function(n) return list(n, function() return "v1999" end) end },
  { "enum of objects", { items = { enum = list(500, function(i) return { v = i } end) } },
    function(n) return list(n, function() return { v = 499 } end) end },
  { "const", { items = { const = { a = json.as_array { 1 } } } },
    function(n) return list(n, function() return { a = json.as_array { 1 } } end) end },
  { "contains", { contains = { type = "string", maxLength = 0 } }, function(n) return list(n, same) end },
  { "anyOf of two ways to the same", { ["$ref"] = "#/$defs/t", ["$defs"] = {
      t = { anyOf = { { items = { ["$ref"] = "#/$defs/t" }, maxItems = 1 }, { items = { ["$ref"] = "#/$defs/t" }, minItems = 5 },
        { type = "integer" } } } } },
    function(n) return nested(math.min(n // 10, 200), function(t) return json.as_array { t } end) end },
  { "not", { items = { ["not"] = { anyOf = { { const = 0 }, { const = -1 } } } } }, function(n) return list(n, same) end },
  { "format uri", { format = "uri" }, function(n) return "a:" .. ("%20"):rep(n) end },
  { "format email", { format = "email" }, function(n) return ("a@"):rep(n) end },
  { "format date-time", { format = "date-time" }, function(n) return "2024-01-01T00:00:00." .. ("0"):rep(n) end },
  { "format uuid", { format = "uuid" }, function(n) return ("a-"):rep(n) end },
}

describe("a check of lib.schema", function()
  for _, case in ipairs(linear) do
    local name, document, value = table.unpack(case)
    it("takes work in proportion to the value: " .. name, function()
      local check = compile(document)
      check(value(1000))
      local small, small_k = cost(check, value(1000))
      local large, large_k = cost(check, value(4000))
      assert.is_true(large <= 5 * small + 100, ("%d steps for 1,000 parts, %d for 4,000"):format(small, large))
      assert.is_true(large_k <= 6 * small_k + 50, ("%d thousand instructions for 1,000 parts, %d for 4,000"):format(small_k, large_k))
      assert.is_true(large_k <= large + 100, ("%d thousand instructions in %d steps"):format(large_k, large))
    end)
  end

  it("looks at what many references lead to once", function()
    local definitions = {}
    for i = 1, 60 do
      local reference = { ["$ref"] = "#/$defs/d" .. i + 1 }
      definitions["d" .. i] = { anyOf = { reference, { allOf = { reference, reference } } } }
    end
    definitions.d61 = { type = "null" }
    local check = compile { ["$ref"] = "#/$defs/d1", ["$defs"] = definitions }
    for _, value in ipairs { "text", 5, false, {}, json.as_array { 1 } } do
      local count = cost(check, value)
      assert.is_true(count < 5000, count .. " steps")
      assert.is_nil((check(value)))
    end
    assert.is_true(check(json.null))
  end)

  it("gives up, and says so, where a reference leads back to itself or too deep", function()
    for text, document in pairs {
      ["a reference leads back to itself"] = {
        ["$ref"] = "#/$defs/a", ["$defs"] = { a = { ["$ref"] = "#/$defs/b" }, b = { ["$ref"] = "#/$defs/a" } },
      },
      ["it is nested too deep"] = { items = { ["$ref"] = "#" } },
    } do
      local ok, message = compile(document)(nested(900, function(t) return json.as_array { t } end))
      assert.is_nil(ok)
      assert.matches("cannot be checked: " .. text, message, 1, true)
    end
  end)

  it("makes no yes of what could not be checked", function()
    local deep = nested(900, function(t) return json.as_array { t } end)
    local too_deep = { items = { ["$ref"] = "#/$defs/deep" } }
    for _, document in ipairs {
      { ["not"] = { ["$ref"] = "#/$defs/deep" } }, { anyOf = { { ["$ref"] = "#/$defs/deep" }, true } },
      { oneOf = { { ["$ref"] = "#/$defs/deep" }, true } }, { ["if"] = { ["$ref"] = "#/$defs/deep" }, ["else"] = true },
      { contains = { ["$ref"] = "#/$defs/deep" }, minContains = 0 },
      { allOf = { { ["not"] = { ["not"] = { ["$ref"] = "#/$defs/deep" } } } } },
    } do
      document["$defs"] = { deep = too_deep }
      local ok, message = compile(document)(deep)
      assert.is_nil(ok)
      assert.matches("cannot be checked: it is nested too deep", message, 1, true)
    end
    local slow = compile { ["not"] = { pattern = "b" } }
    local ok, message = slow(("a"):rep(100000), meter.new { steps = 10000 })
    assert.is_nil(ok)
    assert.equal("cannot be checked: it takes too long", message)
  end)

  it("tells values apart as JSON does", function()
    local check = compile { uniqueItems = true }
    for text, unique in pairs {
      ["[1,1.0]"] = false, ["[0.1,0.2,0.30000000000000004,0.3]"] = true, ["[1,true,\"1\",null,\"null\",\"true\"]"] = true,
      ["[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]"] = false, ["[[1,2],[2,1],[[1],2],[1,[2]]]"] = true, ["[\"\",[],{},0,false]"] = true,
      ["[18446744073709551615,18446744073709551615]"] = false, ["[18446744073709551615,18446744073709551614]"] = true,
      ["[[\"a\",\"b\"],[\"a,b\"],[\"a\\\"1\",\"b\"]]"] = true,
      ["[[1.5],[1.5]]"] = false, ["[{},{}]"] = false, ["[{\"a\":{}},{\"a\":[]}]"] = true,
    } do
      assert.equal(unique, check(json.decode(text)) == true, text)
    end
  end)

  it("has short messages about long values and long schemas", function()
    for _, case in ipairs {
      { { enum = list(5000, function(i) return "value" .. i end) }, list(5000, same) },
      { { const = list(5000, same) }, object(5000, same) },
      { { anyOf = list(200, function(i) return { const = i } end) }, ("x"):rep(100000) },
    } do
      local _, message = compile(case[1])(case[2])
      assert.is_true(#message < 1000, #message .. " bytes")
    end
  end)
end)

describe("the compilation of lib.schema", function()
  it("unfolds no pattern before it is needed", function()
    local count = steps.count(function()
      for i = 1, 100 do compile { pattern = "^(a|b){1,1500}" .. i .. "$" } end
    end)
    assert.is_true(count < 10000000, count .. " instructions")
  end)
end)
