local json = require "core.json"
local schema = require "lib.schema"

-- What a check says: nil where the value fits.
local function problem(document, value)
  local check = assert(schema.compile(document, { formats = true }))
  local fits, message = check(value)
  return not fits and message or nil
end

local function fits(document, value)
  assert.is_nil(problem(document, value))
end

local list = json.as_array
local BIG = json.integer "18446744073709551616"

describe("lib.schema.assertions", function()
  it("takes an integer for a number, a whole float for an integer, and no number for a text", function()
    fits({ type = "number" }, 1)
    fits({ type = "integer" }, 1.0)
    fits({ type = "integer" }, BIG)
    assert.equal("must be an integer, not a number", problem({ type = "integer" }, 1.5))
    assert.equal("must be a string, not an integer", problem({ type = "string" }, 1))
    assert.equal("must be a string or null, not true or false", problem({ type = list { "string", "null" } }, true))
    assert.equal("must be an object, not an array", problem({ type = "object" }, list {}))
  end)

  it("looks at the kind that a keyword is for, and at no other", function()
    for _, document in ipairs {
      { minimum = 5 }, { exclusiveMaximum = 0 }, { multipleOf = 7 }, { minLength = 9 }, { pattern = "^x$" }, { format = "uuid" },
      { minItems = 3 }, { uniqueItems = true }, { minProperties = 2 }, { required = { "a" } }, { dependentRequired = { a = { "b" } } },
    } do
      fits(document, json.null)
      fits(document, true)
    end
  end)

  it("takes bounds exactly, also beyond Lua's integers", function()
    fits({ minimum = 1, maximum = 1 }, 1)
    assert.equal("must be greater than 1, not 1", problem({ exclusiveMinimum = 1 }, 1))
    assert.equal("must be less than 1, not 1", problem({ exclusiveMaximum = 1 }, 1))
    assert.matches("must be at most 9223372036854775807, not 18446744073709551616", problem({ maximum = math.maxinteger }, BIG), 1, true)
    fits({ minimum = BIG }, BIG)
  end)

  it("divides decimals as people do, and large numbers at all", function()
    fits({ multipleOf = 0.01 }, 19.99)
    fits({ multipleOf = 0.1 }, 0.3)
    fits({ multipleOf = 0.5 }, 1e308)
    assert.is_truthy(problem({ multipleOf = 0.123456789 }, 1e308))
    assert.equal("must be a multiple of 0.1, not 0.35", problem({ multipleOf = 0.1 }, 0.35))
    assert.equal("must be a multiple of 8, not 12", problem({ multipleOf = 8 }, 12))
  end)

  it("counts characters, items and members", function()
    fits({ maxLength = 2 }, "é😀")
    assert.equal("must have at most 1 character, not 2", problem({ maxLength = 1 }, "é😀"))
    assert.equal("must have at least 1 member, not 0", problem({ minProperties = 1 }, {}))
    assert.equal("must have at most 1 member, not 2", problem({ maxProperties = 1 }, { a = 1, b = 2 }))
    assert.equal("must have at least 2 items, not 1", problem({ minItems = 2 }, list { 1 }))
    fits({ minItems = 0, maxItems = 0 }, list {})
  end)

  it("compares values as JSON does: by what they are, not by how they are written", function()
    fits({ const = { a = list { 1, { b = 2 } } } }, json.decode '{"a":[1.0,{"b":2}]}')
    fits({ enum = list { 1, "1", json.null } }, json.null)
    assert.equal("must be 1, not \"1\"", problem({ const = 1 }, "1"))
    assert.equal("must have no item twice, but items 0 and 2 are the same",
      problem({ uniqueItems = true }, list { { a = 1, b = 2 }, { a = 1 }, json.decode '{"b":2,"a":1}' }))
    fits({ uniqueItems = true }, list { 1, "1", true, list { 1 }, { ["1"] = 1 }, 0, false })
    fits({ uniqueItems = false }, list { 1, 1 })
    fits({ const = {} }, {})
    assert.is_truthy(problem({ const = {} }, list {}))
  end)

  it("names twenty values of a long enum and counts the others", function()
    local values = list {}
    for i = 1, 25 do values[i] = i end
    assert.matches("19, 20 or 5 others, not 26$", problem({ enum = values }, 26))
  end)

  it("knows what a member needs beside it", function()
    local document = { dependentRequired = { card = list { "address", "name" } } }
    fits(document, { name = "x" })
    fits(document, { card = 1, address = 2, name = 3 })
    assert.equal("must have the member 'name' because it has 'card'", problem(document, { card = 1, address = 2 }))
  end)

  it("refuses a pattern that is none when it compiles", function()
    local check, message = schema.compile { pattern = "(" }
    assert.is_nil(check)
    assert.matches("^pattern: ", message)
  end)

  it("takes nothing very long for a format, and knows no format that it does not check", function()
    assert.matches("must be a uri", problem({ format = "uri" }, "https://a/" .. ("b"):rep(100000)))
    fits({ format = "uri" }, "https://a/" .. ("b"):rep(90000))
    fits({ format = "made-up" }, "anything")
  end)
end)
