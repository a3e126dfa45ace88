local conditioning = require "lib.workflow.conditioning"
local graphs = require "lib.workflow.graph"
local support = require "spec.support.graphs"

local node = support.node

-- What lies behind output 0 of node 1.
local function follow(nodes, which, link)
  local media = {}
  local side = conditioning.follow(assert(graphs.read(nodes)), { link or { id = "1", slot = 0 } }, which or "prompt",
    function(to, kind) media[#media + 1] = to.id .. " " .. kind end)
  local encoders = {}
  for i, encoder in ipairs(side.encoders) do
    encoders[i] = encoder.id .. "." .. (encoder.names and table.concat(encoder.names, "+") or "link")
  end
  return table.concat(encoders, " "), side, media
end

describe("lib.workflow.conditioning", function()
  it("ends at the node that encodes words, with the inputs that hold them", function()
    assert.equal("1.text", (follow { ["1"] = node("CLIPTextEncode", { text = "a cat", clip = { "4", 1 } }) }))
    assert.equal("1.text_g+text_l", (follow { ["1"] = node("CLIPTextEncodeSDXL", { text_g = "a", text_l = "b", clip = { "4", 1 },
      width = 1024, height = 1024 }) }))
  end)

  it("goes through what changes a conditioning, and through all that are combined", function()
    assert.equal("2.text 3.text", (follow {
      ["1"] = node("ConditioningCombine", { conditioning_1 = { "2", 0 }, conditioning_2 = { "3", 0 } }),
      ["2"] = support.text "a cat", ["3"] = support.text "a mat",
    }))
    assert.equal("2.text", (follow {
      ["1"] = node("ConditioningSetArea", { conditioning = { "2", 0 }, width = 64, height = 64, x = 0, y = 0, strength = 1.0 }),
      ["2"] = support.text "a cat",
    }))
  end)

  it("keeps to its side where a node carries both", function()
    local nodes = {
      ["1"] = node("ControlNetApplyAdvanced", { positive = { "2", 0 }, negative = { "3", 0 }, control_net = { "4", 0 },
        image = { "5", 0 }, strength = 1.0, start_percent = 0.0, end_percent = 1.0 }),
      ["2"] = support.text "a cat", ["3"] = support.text "blurry", ["5"] = node("LoadImage", { image = "pose.png" }),
    }
    assert.equal("2.text", (follow(nodes, "prompt", { id = "1", slot = 0 })))
    assert.equal("3.text", (follow(nodes, "negative", { id = "1", slot = 1 })))
  end)

  it("hands out the pictures and models that it passes", function()
    local _, _, media = follow {
      ["1"] = node("ControlNetApply", { conditioning = { "2", 0 }, image = { "5", 0 }, strength = 1.0 }),
      ["2"] = support.text "a cat", ["5"] = node("LoadImage", { image = "pose.png" }),
    }
    assert.same({ "5 media", "4 model" }, media)
  end)

  it("knows a side that is zeroed, and has no words", function()
    local nodes = { ["1"] = node("ConditioningZeroOut", { conditioning = { "2", 0 } }), ["2"] = support.text "a" }
    local encoders, side = follow(nodes, "negative")
    assert.equal("", encoders)
    assert.equal("1", side.zeroed)
  end)

  it("visits each link once, also in a ring", function()
    assert.equal("2.text", (follow {
      ["1"] = node("ConditioningCombine", { conditioning_1 = { "2", 0 }, conditioning_2 = { "1", 0 } }),
      ["2"] = support.text "a cat",
    }))
  end)

  it("says where a workflow does not tell which way", function()
    local _, side = follow {
      ["1"] = node("Odd", { first = { "2", 0 }, second = { "3", 0 } }), ["2"] = support.text "a cat", ["3"] = support.text "a dog",
    }
    assert.equal(1, #side.unclear)
    assert.matches("^node 1 %(Odd%) ", side.unclear[1])
  end)

  it("finds nothing behind a node that is not there", function()
    assert.equal("", (follow { ["9"] = support.text "a cat" }))
  end)
end)
