local names = require "lib.workflow.names"

describe("workflow.names", function()
  it("takes number, group and case off a name", function()
    for name, normal in pairs { Image_2 = "image", ["model.prompt"] = "prompt", text_1 = "text", t5xxl = "t5xxl", ["12"] = "12",
      [""] = "" } do
      assert.equal(normal, names.normal(name))
    end
  end)

  it("tells what flows through a link", function()
    for name, kind in pairs { positive = "positive", base_negative = "negative", conditioning_to = "conditioning", latent_image = "media",
      model = "model", clip_vision_output = "model", basic_pipe = "pipe", mask = "mask", image_embeds = "media", text_embeds = "joint",
      cond2 = "cond2", [""] = "unknown" } do
      assert.equal(kind, names.edge(name), name)
    end
  end)

  it("looks at the beginning of long names only", function()
    local steps = 0
    debug.sethook(function() steps = steps + 1 end, "", 1000)
    for i = 1, 50 do names.edge(("1"):rep(100000) .. i) names.saves(("a"):rep(100000) .. i) end
    debug.sethook()
    assert.is_true(steps < 1000)
  end)
end)
