local graphs = require "lib.sim.graphs"
local json = require "core.json"
local overrides = require "lib.sim.overrides"

local function graph(index)
  return assert(json.decode(graphs.workflows[index].graph))
end

local function complaints(index, text)
  local ok, problem = overrides.check(graph(index), json.decode(text))
  if ok then return "" end
  assert.equal(422001, problem.error_code)
  local list = {}
  for at, entry in ipairs(problem.detail) do list[at] = table.concat(entry.loc, ".") .. ": " .. entry.msg end
  return table.concat(list, "\n")
end

describe("sim.overrides", function()
  it("seeds graphs that pass its own check", function()
    for index in ipairs(graphs.workflows) do
      assert.is_true(overrides.check_graph(graph(index)))
      assert.is_true(overrides.check(graph(index), json.decode(graphs.workflows[index].overrides)))
    end
  end)

  local refused = {
    { '{"99":{"inputs":{"text":"x"}}}', "body.overrides.99: Node '99' does not exist" },
    { '{"6":{"inputs":{"txt":"x"}}}', "body.overrides.6.inputs.txt: Input 'txt' does not exist on node '6' (CLIPTextEncode)" },
    { '{"6":{"inputs":{"text":7}}}', "body.overrides.6.inputs.text: Input should be a valid string" },
    { '{"3":{"inputs":{"seed":"42"}}}', "body.overrides.3.inputs.seed: Input should be a valid integer" },
    { '{"3":{"inputs":{"steps":0}}}', "body.overrides.3.inputs.steps: Value 0 smaller than min of 1" },
    { '{"3":{"inputs":{"denoise":1.5}}}', "body.overrides.3.inputs.denoise: Value 1.5 bigger than max of 1.0" },
    { '{"3":{"inputs":{"denoise":"1"}}}', "body.overrides.3.inputs.denoise: Input should be a valid number" },
    { '{"3":{"inputs":{"denoise":null}}}', "body.overrides.3.inputs.denoise: Input should be a valid number" },
    { '{"3":{"inputs":{"sampler_name":"eular"}}}', "Value not in list: sampler_name: 'eular' not in ['euler'" },
    { '{"3":{"inputs":{"model":"x"}}}', "body.overrides.3.inputs.model: Input should be a link to a node that returns MODEL" },
    { '{"3":{"inputs":{"model":["77",0]}}}', "Linked node '77' does not exist" },
    { '{"3":{"inputs":{"model":["4",2]}}}', "received_type(VAE) mismatch input_type(MODEL)" },
    { '{"6":{"text":"x"}}', "body.overrides.6.text: Extra inputs are not permitted\nbody.overrides.6.inputs: Field required" },
    { '{"6":"x"}', "body.overrides.6: Input should be a valid dictionary" },
    { '{"6":{"inputs":null}}', "body.overrides.6.inputs: Input should be a valid dictionary" },
    { '[]', "body.overrides: Input should be a valid dictionary" },
  }
  for _, case in ipairs(refused) do
    it("refuses " .. case[1], function()
      assert.matches(case[2], complaints(1, case[1]), 1, true)
    end)
  end

  it("tells all complaints at once, in the order of the nodes", function()
    assert.matches("^body.overrides.3.inputs.seed: [^\n]*\nbody.overrides.6.inputs.text: [^\n]*$",
      complaints(1, '{"6":{"inputs":{"text":false}},"3":{"inputs":{"seed":0.5}}}'))
  end)

  local function image(value)
    return complaints(2, json.encode { ["189"] = { inputs = { image = value } } })
  end

  it("takes URLs, data URIs and the names of files that are there", function()
    for _, value in ipairs { "https://example.com/a%20b.jpg?x=1", "http://127.0.0.1:8080/a.png", "example.png",
                             "data:image/jpeg;base64,/9j/4AAQ" } do
      assert.equal("", image(value))
    end
  end)

  it("refuses other pictures", function()
    assert.matches("public http(s) URL or a base64 data URI", image("/home/me/cat.png"), 1, true)
    assert.matches("public http(s) URL", image("https://exa mple.com/a.png"), 1, true)
    assert.matches("Invalid base64", image("data:image/png;base64,###"), 1, true)
    assert.matches("Invalid base64", image("data:image/png;base64,"), 1, true)
    assert.matches("Invalid data URI", image("data:image/png,abc"), 1, true)
    assert.matches("valid string", image(5), 1, true)
  end)

  it("merges without touching the stored graph", function()
    local stored = graph(1)
    local merged = overrides.merge(stored, { ["6"] = { inputs = { text = "a fox" } } })
    assert.equal("a fox", merged["6"].inputs.text)
    assert.same({ "4", 1 }, { table.unpack(merged["6"].inputs.clip) })
    assert.not_equal("a fox", stored["6"].inputs.text)
  end)

  it("refuses graphs without output, with missing inputs, with a cycle, and what is no graph", function()
    local function whole(change)
      local own = graph(1)
      change(own)
      local ok, problem = overrides.check_graph(own)
      assert.is_nil(ok)
      return json.encode(problem.detail)
    end
    assert.matches("Prompt has no outputs", whole(function(own) own["9"] = nil end), 1, true)
    assert.matches('"loc":["body","workflow_api_json","5","inputs","width"]', whole(function(own) own["5"].inputs.width = nil end), 1, true)
    assert.matches("has a cycle", whole(function(own)
      own["10"] = { class_type = "VAEEncode", inputs = { pixels = json.as_array { "8", 0 }, vae = json.as_array { "4", 2 } } }
      own["3"].inputs.latent_image = json.as_array { "10", 0 }
    end), 1, true)
    assert.matches("A node is an object", whole(function(own) own["9"] = "x" end), 1, true)
    assert.matches("Linked node '4' does not exist", whole(function(own) own["4"] = 7 end), 1, true)
  end)
end)
