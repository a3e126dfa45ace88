local coerce = require "lib.coerce"
local inputs = require "lib.features.inputs"
local json = require "core.json"
local parameters = require "lib.parameters"

local BIG = "18446744073709551615"

describe("an integer above 2^63-1", function()
  it("is an integer for a parameter, as JSON and as text", function()
    local check = parameters.compile({ { "seed", "integer", "S", minimum = 0, default = json.integer(BIG) } }).check
    for _, seed in ipairs { json.integer(BIG), BIG, " " .. BIG .. " ", "+" .. BIG, BIG .. ".0", "000" .. BIG } do
      assert.equal('{"seed":' .. BIG .. "}", json.encode(assert(check { seed = seed })))
    end
    assert.equal(BIG, tostring(check({}).seed))
    assert.is_nil((check { seed = "-" .. BIG }))
    assert.is_nil((check { seed = json.decode "1e999" }))
    assert.is_nil((check { seed = { a = 1 } }))
    assert.equal(BIG, tostring(check({ seed = {} }).seed)) -- nothing is meant by it: the default
  end)

  it("is held to minimum and maximum exactly", function()
    local check = parameters.compile({ { "seed", "integer", "S", maximum = json.integer(BIG) } }).check
    assert.is_table(check { seed = BIG })
    assert.is_nil((check { seed = "18446744073709551616" }))
    assert.is_nil((parameters.compile({ { "seed", "integer", "S", maximum = math.maxinteger } }).check { seed = BIG }))
  end)

  it("is a number, and fits a schema of type integer", function()
    assert.equal(BIG, tostring(coerce.number(BIG)))
    local check = inputs.compile({ type = "object", properties = { seed = { type = "integer", maximum = json.integer(BIG) } } }).check
    assert.equal(BIG, tostring(assert(check { seed = BIG }).seed))
    assert.is_nil((check { seed = "18446744073709551616" }))
  end)

  it("is no other than it was within Lua's integers", function()
    for text, value in pairs {
      ["30"] = 30, ["-7"] = -7, ["30.0"] = 30, ["+5"] = 5, ["-0"] = 0, ["9223372036854775807"] = math.maxinteger,
    } do
      assert.equal(value, coerce.integer(text))
    end
    for _, text in ipairs { "", "x", "1.5", "1e3", "0x10", "1 2", "--1", "1.0.0", ("9"):rep(1000), ("0"):rep(100000) .. "x" } do
      assert.is_nil(coerce.integer(text))
    end
    assert.is_nil(coerce.integer(json.null))
  end)
end)
