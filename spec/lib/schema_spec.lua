local json = require "core.json"
local schema = require "lib.schema"

local function message(document, value, options)
  local check = assert(schema.compile(document, options))
  local ok, text = check(value)
  return ok and "fits" or text
end

describe("lib.schema", function()
  it("names the place and the rule in a sentence", function()
    local graph = { properties = { overrides = { additionalProperties = { properties = { inputs = {
      properties = { seed = { type = "integer" } } } } } } } }
    assert.equal("overrides/6/inputs/seed must be an integer, not a string",
      message(graph, { overrides = { ["6"] = { inputs = { seed = "x" } } } }))
  end)

  for _, case in ipairs {
    { { type = { "string", "null" } }, 1, "must be a string or null, not an integer" },
    { { enum = { "a", 1 } }, "b", 'must be one of "a", 1, not "b"' },
    { { const = json.null }, 1, "must be null, not 1" },
    { { minimum = 0 }, -1, "must be at least 0, not -1" },
    { { exclusiveMaximum = 2 }, 2, "must be less than 2, not 2" },
    { { multipleOf = 8 }, 12, "must be a multiple of 8, not 12" },
    { { minLength = 2 }, "é", "must have at least 2 characters, not 1" },
    { { maxItems = 1 }, { 1, 2 }, "must have at most 1 item, not 2" },
    { { required = { "id" } }, {}, "must have the member 'id'" },
    { { additionalProperties = false }, { x = 1 }, "must not have the member 'x'" },
    { { items = { type = "string" } }, { "a", 2 }, "1 must be a string, not an integer" },
    { { uniqueItems = true }, { 1, 2, 1.0 }, "must have no item twice, but items 0 and 2 are the same" },
    { { pattern = "^a" }, "b", 'must match the pattern "^a", not "b"' },
    { { anyOf = { { type = "string" }, { type = "null" } } }, 1,
      "must fit one of 2 alternatives; the first says: must be a string, not an integer" },
    { { oneOf = { { type = "integer" }, { minimum = 0 } } }, 1,
      "must fit exactly one of 2 alternatives, but fits number 1 and number 2" },
    { { dependentRequired = { a = { "b" } } }, { a = 1 }, "must have the member 'b' because it has 'a'" },
    { { ["not"] = { const = 1 } }, 1, "must not fit the schema under 'not'" },
  } do
    it("says: " .. case[3], function() assert.equal(case[3], message(case[1], case[2])) end)
  end

  it("checks formats only when asked to", function()
    local document = { format = "date-time" }
    assert.equal("fits", message(document, "yesterday"))
    assert.matches("must be a date-time", message(document, "yesterday", { formats = true }), 1, true)
    assert.equal("fits", message(document, "2026-11-21T22:10:00.5+01:00", { formats = true }))
  end)

  for format, texts in pairs {
    ["date-time"] = { good = { "2024-02-29T23:59:60Z", "2026-01-01t00:00:00z" },
      bad = { "2023-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00" } },
    email = { good = { "a@b.c", "x.y+z@example.com" }, bad = { "a", "a@", ".a@b.c", "a..b@c.d", "a@-b.c" } },
    uri = { good = { "https://a/b?c#d", "urn:uuid:1" }, bad = { "/relative", "http://a b", "http://a%zz" } },
    uuid = { good = { "2eb8aa08-aa98-11ea-b4aa-73b441d16380" }, bad = { "2eb8aa08aa9811eab4aa73b441d16380", "x" } },
  } do
    for _, text in ipairs(texts.good) do
      it(("takes %q for a %s"):format(text, format), function()
        assert.equal("fits", message({ format = format }, text, { formats = true }))
      end)
    end
    for _, text in ipairs(texts.bad) do
      it(("does not take %q for a %s"):format(text, format), function()
        assert.matches("must be a " .. format, message({ format = format }, text, { formats = true }), 1, true)
      end)
    end
  end

  it("refuses a schema that is none, and says why", function()
    for text, document in pairs {
      ["leads nowhere"] = { ["$ref"] = "#/nowhere" },
      ["never fetched"] = { ["$ref"] = "https://example.com/x.json" },
      ["pattern"] = { pattern = "(" },
      ["object or a boolean"] = { properties = { a = 1 } },
    } do
      local check, why = schema.compile(document)
      assert.is_nil(check)
      assert.matches(text, why, 1, true)
    end
  end)

  it("ends a schema that refers to itself without end", function()
    assert.matches("nested too deep", message({ ["$ref"] = "#" }, 1), 1, true)
  end)

  it("compares integers that no float can hold", function()
    local limit = json.integer("18446744073709551615")
    assert.equal("fits", message({ maximum = limit }, json.integer("18446744073709551615")))
    assert.matches("at most 18446744073709551615", message({ maximum = limit }, json.integer("18446744073709551616")), 1, true)
    assert.equal("fits", message({ type = "integer" }, limit))
    assert.equal("fits", message({ const = json.integer("9223372036854775808") }, assert(json.decode("9223372036854775808"))))
  end)
end)
