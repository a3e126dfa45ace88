local graphs = require "lib.workflow.graph"
local support = require "spec.support.graphs"
local traces = require "lib.workflow.trace"

local node, sampler = support.node, support.sampler

local function trace(nodes)
  return traces.new(assert(graphs.read(nodes)))
end

-- "id.name" of each place, or "id:slot" of each link, in order.
local function shown(list)
  local out = {}
  for i, item in ipairs(list) do out[i] = item.name and item.id .. "." .. item.name or item.id .. ":" .. item.slot end
  table.sort(out)
  return table.concat(out, " ")
end

describe("lib.workflow.trace", function()
  it("leads from what is saved to words, seed and size", function()
    local found = trace(support.base())
    assert.same({ "9" }, found.ends)
    assert.equal("6:0", shown(found.positive))
    assert.equal("7:0", shown(found.negative))
    assert.equal("3.seed", shown(found.seeds))
    assert.equal("5.height 5.width", shown(found.sizes))
    assert.is_false(found.broken)
  end)

  it("reaches nothing that nothing saved depends on", function()
    local found = trace(support.base {
      ["10"] = sampler { positive = { "11", 0 }, seed = 9 }, ["11"] = support.text "unused",
      ["12"] = node("VAEDecode", { samples = { "10", 0 } }),
    })
    assert.is_nil(found.reached["10"])
    assert.equal("3.seed", shown(found.seeds))
    assert.equal("6:0", shown(found.positive))
  end)

  it("goes through passes one behind the other, and tells those that add no noise", function()
    local found = trace(support.base {
      ["10"] = sampler({ latent_image = { "3", 0 }, seed = false, noise_seed = 2, add_noise = "disable" }, "KSamplerAdvanced"),
      ["8"] = node("VAEDecode", { samples = { "10", 0 }, vae = { "4", 2 } }),
    })
    assert.equal("3.seed", shown(found.seeds))
    assert.equal("10.noise_seed", shown(found.silent))
    assert.equal("5.height 5.width", shown(found.sizes))
  end)

  it("takes a picture that is loaded in place of an empty one", function()
    local found = trace(support.base {
      ["5"] = node("VAEEncode", { pixels = { "10", 0 }, vae = { "4", 2 } }), ["10"] = node("LoadImage", { image = "a.png" }),
    })
    assert.equal("10.image", shown(found.files))
    assert.equal("", shown(found.sizes))
  end)

  it("visits each link once, also in a ring, and says where one leads nowhere", function()
    local ring = trace(support.base { ["5"] = node("LatentUpscale", { samples = { "3", 0 }, width = 64, height = 64 }) })
    assert.equal("3.seed", shown(ring.seeds))
    local cut = trace(support.base { ["3"] = false })
    assert.equal("", shown(cut.seeds))
    assert.is_true(cut.broken)
  end)

  it("follows more links when it is told to", function()
    local found = trace(support.base { ["10"] = node("LoadImage", { image = "pose.png" }) })
    assert.is_nil(found.reached["10"])
    found.more({ id = "10", slot = 0 }, "media")
    assert.is_nil(found.reached["10"], "at the next run")
    found.run()
    assert.is_true(found.reached["10"])
  end)
end)
