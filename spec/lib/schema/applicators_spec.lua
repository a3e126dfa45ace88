local json = require "core.json"
local schema = require "lib.schema"

-- What a check says: nil where the value fits.
local function problem(document, value)
  local check = assert(schema.compile(document))
  local fits, message = check(value)
  return not fits and message or nil
end

local function fits(document, value)
  assert.is_nil(problem(document, value))
end

local STRING, INTEGER = { type = "string" }, { type = "integer" }
local list = json.as_array

describe("lib.schema.applicators", function()
  it("applies allOf in its order, and tells the first that does not fit", function()
    local document = { allOf = { { minimum = 2 }, { maximum = 4 } } }
    fits(document, 3)
    assert.equal("must be at least 2, not 1", problem(document, 1))
    assert.equal("must be at most 4, not 5", problem(document, 5))
  end)

  it("tells an anyOf of one as what stands in it", function()
    assert.equal("must be a string, not an integer", problem({ anyOf = { STRING } }, 1))
    local document = { anyOf = { { properties = { a = STRING } }, STRING } }
    assert.matches("the first says: a must be a string", problem(document, { a = 1 }), 1, true)
  end)

  it("wants one of oneOf, neither none nor several", function()
    local document = { oneOf = { { type = "integer", minimum = 0 }, { type = "integer", maximum = 10 }, STRING } }
    fits(document, -1)
    fits(document, "a")
    assert.matches("fits number 1 and number 2", problem(document, 5), 1, true)
    assert.matches("but fits none", problem({ oneOf = { STRING, INTEGER } }, true), 1, true)
  end)

  it("takes the branch that the condition picks, where there is one", function()
    local document = { ["if"] = { type = "integer" }, ["then"] = { minimum = 5 }, ["else"] = { maxLength = 1 } }
    assert.equal("must be at least 5, not 4", problem(document, 4))
    assert.matches("at most 1 character", problem(document, "ab"), 1, true)
    fits({ ["if"] = INTEGER, ["then"] = { minimum = 5 } }, "ab")
    fits({ ["if"] = false, ["then"] = false }, 1)
  end)

  it("looks at members and items of objects and lists alone", function()
    for _, document in ipairs {
      { properties = { a = false } }, { patternProperties = { [""] = false } }, { additionalProperties = false },
      { propertyNames = false }, { prefixItems = { false } }, { items = false }, { contains = false }, { dependentSchemas = { a = false } },
    } do
      fits(document, "text")
      fits(document, 1)
    end
    fits({ items = false }, { a = 1 })
    fits({ additionalProperties = false }, list { 1 })
  end)

  it("names the way to what does not fit", function()
    local document = { properties = { list = { items = { properties = { a = STRING } } } } }
    assert.equal("list/1/a must be a string, not an integer", problem(document, { list = { { a = "x" }, { a = 1 } } }))
  end)

  it("leaves to additionalProperties what neither a name nor a pattern takes", function()
    local document = { properties = { a = true }, patternProperties = { ["^x-"] = INTEGER }, additionalProperties = STRING }
    fits(document, { a = {}, ["x-1"] = 1, other = "text" })
    assert.equal("x-1 must be an integer, not a string", problem(document, { ["x-1"] = "1" }))
    assert.equal("other must be a string, not an integer", problem(document, { other = 1 }))
    document.additionalProperties = false
    assert.equal("must not have the member 'other'", problem(document, { other = "text" }))
  end)

  it("refuses a pattern that is none when it compiles", function()
    for _, keyword in ipairs { "patternProperties", "additionalProperties" } do
      local document = { patternProperties = { ["("] = true }, additionalProperties = keyword == "additionalProperties" and false or nil }
      local check, message = schema.compile(document)
      assert.is_nil(check)
      assert.matches("patternProperties: ", message, 1, true)
    end
  end)

  it("checks names as texts", function()
    assert.equal("must not have a member named 'long': a name must have at most 3 characters, not 4",
      problem({ propertyNames = { maxLength = 3 } }, { long = 1 }))
  end)

  it("checks items behind the prefix, and none of a shorter list", function()
    local document = { prefixItems = { STRING, INTEGER }, items = { type = "boolean" } }
    fits(document, list { "a" })
    fits(document, list { "a", 1, true, false })
    assert.equal("1 must be an integer, not a string", problem(document, list { "a", "b" }))
    assert.equal("2 must be true or false, not an integer", problem(document, list { "a", 1, 2 }))
    document.items = false
    assert.equal("must have at most 2 items, not 3", problem(document, list { "a", 1, true }))
  end)

  it("counts what contains finds, with bounds", function()
    local document = { contains = INTEGER, minContains = 2, maxContains = 3 }
    fits(document, list { 1, "a", 2 })
    assert.equal("must have at least 2 items that fit 'contains', not 1", problem(document, list { 1, "a" }))
    assert.equal("must have at most 3 items that fit 'contains', not 4", problem(document, list { 1, 2, 3, 4 }))
    fits({ contains = false, minContains = 0 }, list {})
    assert.matches("at least 1 items", problem({ contains = true }, list {}), 1, true)
  end)

  it("applies dependent schemas where the member is there", function()
    local document = { dependentSchemas = { a = { required = list { "b" } } } }
    fits(document, { c = 1 })
    fits(document, { a = 1, b = 2 })
    assert.equal("must have the member 'b'", problem(document, { a = 1 }))
  end)

  describe("unevaluated members and items", function()
    it("counts what a branch that fits has seen, and not what one has that does not", function()
      local document = {
        anyOf = { { properties = { a = INTEGER }, required = { "a" } }, { properties = { b = INTEGER }, required = { "b" } } },
        unevaluatedProperties = false,
      }
      fits(document, { a = 1 })
      fits(document, { a = 1, b = 2 })
      assert.equal("must not have the member 'b'", problem(document, { a = 1, b = "2" }))
    end)

    it("sees through if, and not through not", function()
      local document = { ["if"] = { properties = { a = INTEGER } }, unevaluatedProperties = false }
      fits(document, { a = 1 })
      assert.equal("must not have the member 'a'", problem({ ["not"] = { ["not"] = { properties = { a = true } } },
        unevaluatedProperties = false }, { a = 1 }))
    end)

    it("takes items that contains has picked, and those of the prefix", function()
      local document = { prefixItems = { STRING }, contains = INTEGER, unevaluatedItems = false }
      fits(document, list { "a", 1, 2 })
      assert.equal("must not have item 2", problem(document, list { "a", 1, "b" }))
      document.unevaluatedItems = { type = "boolean" }
      fits(document, list { "a", 1, true })
      assert.equal("2 must be true or false, not a string", problem(document, list { "a", 1, "b" }))
    end)
  end)
end)
