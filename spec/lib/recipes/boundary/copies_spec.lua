local copies = require "lib.recipes.boundary.copies"
local json = require "core.json"
local opaque = require "lib.recipes.boundary.opaque"

-- `depth` tables, one in the other.
local function nested(depth)
  local value = {}
  for _ = 2, depth do value = { value } end
  return value
end

local function refusal(value, take)
  local ok, message = pcall(copies.import, value, take)
  assert.is_false(ok)
  return message
end

describe("lib.recipes.boundary.copies", function()
  describe("import", function()
    it("copies, so that neither side sees what the other changes", function()
      local given = { list = { 1, 2 }, text = "a" }
      local copy = copies.import(given)
      assert.same(given, copy)
      given.list[1], given.text = 9, "b"
      assert.same({ list = { 1, 2 }, text = "a" }, copy)
    end)

    it("reads raw: no metamethod of the recipe runs, and no metatable of its own comes along", function()
      local function trap() error("a metamethod of the recipe ran") end
      local given = setmetatable({ a = 1 }, { __index = trap, __pairs = trap, __len = trap, __eq = trap, __metatable = "locked" })
      local copy = copies.import { given, given = given }
      assert.same({ a = 1 }, copy.given)
      assert.is_nil(debug.getmetatable(copy.given))
    end)

    it("keeps the order of objects, empty lists apart from empty objects, and numbers with all their digits", function()
      local text = '{"z":[],"a":{},"big":18446744073709551616,"null":null}'
      assert.equal(text, json.encode(copies.import(json.decode(text))))
    end)

    it("takes a table twice in a value for two, and itself within itself for a mistake with its place", function()
      local twice = { 1 }
      assert.same({ a = { 1 }, b = { 1 } }, copies.import { a = twice, b = twice })
      local circle = { inner = {} }
      circle.inner.outer = circle
      assert.equal("the value at .inner.outer contains itself", refusal(circle))
    end)

    it("refuses what has no JSON form, and says where it is", function()
      assert.equal("the value is a function, which has no JSON form", refusal(print))
      assert.equal("the value at .list[2] is a thread, which has no JSON form", refusal { list = { 1, coroutine.create(print) } })
      assert.equal("the value at .out is a userdata, which has no JSON form", refusal { out = io.stdout })
      assert.equal("the value has a key of type boolean", refusal { [true] = 1 })
      assert.equal("the value at .a has a key of type float", refusal { a = { [1.5] = 1 } })
    end)

    it("takes a hundred levels, not one more, and shows both ends of the way there", function()
      assert.equal("[[[", json.encode(copies.import(nested(100))):sub(1, 3))
      local message = refusal(nested(101))
      assert.matches("is nested more than 100 levels deep", message, 1, true)
      assert.matches("[1][1][1][1][1][1]…[1][1][1][1][1][1] is", message, 1, true)
    end)

    it("counts text that stands in many places each time", function()
      local long = ("a"):rep(1 << 20)
      local list = {}
      for i = 1, 65 do list[i] = long end
      assert.matches("has more than 67108864 bytes of text", refusal(list), 1, true)
      list[65], list[64] = nil, nil
      assert.equal(63, #copies.import(list))
    end)

    it("takes an opaque value only where it is asked for", function()
      local token = opaque.new("content", 1)
      assert.matches("belongs beside the result, not into it", refusal { token }, 1, true)
      assert.same({ "taken" }, copies.import({ token }, function(given) return rawequal(given, token) and "taken" or nil end))
    end)
  end)

  describe("importer", function()
    it("counts all values of a result together", function()
      local import = copies.importer()
      local half = ("a"):rep(9 << 20)
      assert.equal(half, import(half))
      local ok, message = pcall(import, half)
      assert.is_false(ok)
      assert.matches("bytes of text", message, 1, true)
    end)
  end)

  describe("salvager", function()
    it("keeps what it can, and names each thing that it cannot", function()
      local faults = {}
      local salvage = copies.salvager(faults, function() end)
      local salvaged = salvage { nan = 0 / 0, most = math.huge, least = -math.huge, cut = "a\xE2\x82", fn = print, good = 1 }
      assert.same({ nan = "NaN", most = "Infinity", least = "-Infinity", cut = "a\u{FFFD}", fn = json.null, good = 1 }, salvaged)
      table.sort(faults)
      assert.same({
        "the value at .cut is no valid UTF-8 (was a character cut in two?)",
        "the value at .fn is a function, which has no JSON form",
        "the value at .least is a number that JSON has not: Infinity",
        "the value at .most is a number that JSON has not: Infinity",
        "the value at .nan is a number that JSON has not: NaN",
      }, faults)
    end)

    it("leaves out what is too long, and keeps what is small behind it", function()
      local faults = {}
      local salvage = copies.salvager(faults, function() end)
      local salvaged = salvage { long = ("a"):rep(17 << 20), id = "r-1", longer = ("b"):rep(17 << 20) }
      assert.same({ long = json.null, id = "r-1", longer = json.null }, salvaged)
      assert.equal(1, #faults)
      assert.matches("has more than 16777216 bytes of text", faults[1], 1, true)
    end)

    it("names twenty faults and counts the others", function()
      local faults, list = {}, {}
      for i = 1, 25 do list[i] = print end
      copies.salvager(faults, function() end)(list)
      assert.equal(20, #faults)
      assert.equal(5, faults.more)
    end)

    it("hands out opaque values, null in their place", function()
      local taken = {}
      local token = opaque.new("content", 1)
      local salvage = copies.salvager({}, function(given) taken[#taken + 1] = given end)
      assert.same({ json.null, 2 }, salvage { token, 2 })
      assert.is_true(rawequal(token, taken[1]))
    end)
  end)

  describe("export", function()
    it("gives the recipe copies, and checked JSON text as a value", function()
      local held = { list = json.as_array {}, raw = assert(json.raw '{"b":1,"a":[]}') }
      local out = copies.export(held)
      assert.equal('{"b":1,"a":[]}', json.encode(out.raw))
      out.list[1] = 1
      assert.equal("[]", json.encode(held.list))
      assert.equal("[1]", json.encode(out.list))
    end)
  end)
end)
