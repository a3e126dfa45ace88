local graphs = require "lib.workflow.graph"
local support = require "spec.support.graphs"
local words = require "lib.workflow.words"

local node = support.node

-- Where the words behind output 0 of node 1 stand: "id.name …", and why they are not clear.
local function behind(nodes, side)
  local source = words.behind(assert(graphs.read(nodes)), { id = "1", slot = 0 }, side or "prompt")
  local places = {}
  for i, place in ipairs(source.places) do places[i] = place.id .. "." .. place.name .. (place.empty and "?" or "") end
  table.sort(places)
  return table.concat(places, " "), source.unclear
end

local function number(nodes, wanted, slot)
  local place = words.number(assert(graphs.read(nodes)), { id = "1", slot = slot or 0 }, wanted or "seed")
  return place and place.id .. "." .. place.name
end

local function text(value)
  return node("PrimitiveStringMultiline", { value = value })
end

describe("lib.workflow.words", function()
  it("finds a text where it stands, and behind nodes that hand it on", function()
    assert.same({ "1.value" }, { behind { ["1"] = text "a cat" } })
    assert.same({ "2.value" }, { behind { ["1"] = node("Reroute", { [""] = { "2", 0 } }), ["2"] = text "a cat" } })
    assert.same({ "2.value 3.value" }, { behind {
      ["1"] = node("StringConcatenate", { string_a = { "2", 0 }, string_b = { "3", 0 }, delimiter = ", " }),
      ["2"] = text "a cat", ["3"] = text "on a mat" } })
  end)

  it("marks an empty text, for it counts only where there is no other", function()
    assert.equal("1.value?", (behind { ["1"] = text "" }))
    assert.equal("1.value?", (behind { ["1"] = text "  \n" }))
  end)

  it("says which node is not there", function()
    assert.same({ "", "there is no node 2" }, { behind { ["1"] = node("Reroute", { [""] = { "2", 0 } }) } })
  end)

  it("says why where a node takes, writes or chooses its text, and shows what may be meant", function()
    local places, unclear = behind { ["1"] = node("LoadTextFile", { text = "words.txt" }) }
    assert.equal("node 1 (LoadTextFile) reads it from a file", unclear)
    assert.equal("1.text", places)
    unclear = select(2, behind { ["1"] = node("Odd", {}) })
    assert.equal("node 1 (Odd) does not tell where its text comes from", unclear)
  end)

  it("ends in a ring, with what it has found on the way", function()
    assert.equal("2.string_b", (behind {
      ["1"] = node("Reroute", { [""] = { "2", 0 } }),
      ["2"] = node("StringConcatenate", { string_a = { "1", 0 }, string_b = "a cat", delimiter = "" }) }))
  end)

  it("looks at a node once, however many ask for it", function()
    local nodes = { ["40"] = text "a cat" }
    for i = 1, 39 do
      local below = { tostring(i + 1), 0 }
      nodes[tostring(i)] = node("StringConcatenate", { string_a = below, string_b = below, delimiter = "" })
    end
    assert.equal("40.value", (behind(nodes)))
  end)

  it("gives up on a text that is put together of very many", function()
    local nodes = { ["100"] = text "last" }
    for i = 1, 30 do
      nodes[tostring(i)] = node("StringConcatenate", { string_a = "part " .. i, string_b = { tostring(i < 30 and i + 1 or 100), 0 },
        delimiter = "" })
    end
    local places, unclear = behind(nodes)
    assert.equal("it is put together of very many texts", unclear)
    assert.equal(16, select(2, places:gsub("%S+", "")))
  end)

  describe("number", function()
    it("is found in the only input of a node, or the one that is called so", function()
      assert.equal("1.value", number { ["1"] = node("PrimitiveInt", { value = 7 }) })
      assert.equal("1.seed", number { ["1"] = node("Seed (rgthree)", { seed = 7 }) })
      assert.equal("2.value", number { ["1"] = node("Reroute", { [""] = { "2", 0 } }), ["2"] = node("PrimitiveInt", { value = 7 }) })
    end)

    it("is not found where it is computed, or where several may be meant", function()
      assert.is_nil(number {
        ["1"] = node("SimpleMath+", { a = { "2", 0 }, b = 1, value = "a+b" }), ["2"] = node("PrimitiveInt", { value = 7 }) })
      assert.is_nil(number({ ["1"] = node("Numbers", { first = 1, second = 2 }) }, "width"))
      assert.is_nil(number { ["1"] = text "7" })
      assert.is_nil(number { ["2"] = text "7" })
    end)

    it("is told of a width and a height by their order", function()
      local size = { ["1"] = node("Size", { width = 640, height = 480 }) }
      assert.equal("1.width", number(size, "width", 0))
      assert.equal("1.height", number(size, "height", 1))
      assert.is_nil(number(size, "width", 1))
    end)

    it("is not looked for without end in a ring", function()
      assert.is_nil(number { ["1"] = node("Reroute", { [""] = { "2", 0 } }), ["2"] = node("Reroute", { [""] = { "1", 0 } }) })
    end)
  end)
end)
