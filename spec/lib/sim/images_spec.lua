local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE

local function fetch(api, deployment, overrides)
  local result = api:run(deployment, { overrides = overrides })
  local answer = api:get(assert(result.outputs["9"]).images[1].url)
  assert.equal(200, answer.status)
  assert.matches("content%-type: image/png", answer.headers:lower())
  return answer.body
end

local function size(png)
  return string.unpack(">I4I4", png, 17)
end

-- The chunks of a kind, their data one after the other.
local function chunks(png, kind)
  local parts, at = {}, 9
  while at < #png do
    local length = string.unpack(">I4", png, at)
    if png:sub(at + 4, at + 7) == kind then parts[#parts + 1] = png:sub(at + 8, at + 7 + length) end
    at = at + 12 + length
  end
  return table.concat(parts)
end

local function text(prompt, seed)
  return { ["6"] = { inputs = { text = prompt } }, ["3"] = { inputs = { seed = seed } } }
end

describe("sim pictures", function()
  it("have the graph's size, also where it is no multiple of a cell", function()
    simulation.with({}, function(api)
      local width, height = size(fetch(api, T2I, { ["5"] = { inputs = { width = 1096, height = 648 } } }))
      assert.same({ 1096, 648 }, { width, height })
    end)
  end)

  it("grow in the upscaler by its model's factor, from the size of the picture that was sent", function()
    simulation.with({}, function(api)
      local width, height = size(fetch(api, simulation.UPSCALE, {}))
      assert.same({ 1024, 1024 }, { width, height })
      -- a PNG of 3 by 2 pixels: only its header counts
      local image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAC0lEQVR4nGNggAAAAAgAAY9Q3W0AAAAASUVORK5CYII="
      width, height = size(fetch(api, simulation.UPSCALE,
        { ["189"] = { inputs = { image = image } }, ["13"] = { inputs = { model_name = "RealESRGAN_x4plus.pth" } } }))
      assert.same({ 12, 8 }, { width, height })
    end)
  end)

  it("differ by prompt and by seed, and are the same for the same inputs", function()
    simulation.with({}, function(api)
      local fox, cat = fetch(api, T2I, text("a fox", 1)), fetch(api, T2I, text("a cat", 1))
      local other_seed = fetch(api, T2I, text("a fox", 2))
      assert.not_equal(chunks(fox, "IDAT"), chunks(cat, "IDAT"))
      assert.not_equal(chunks(fox, "IDAT"), chunks(other_seed, "IDAT"))
      assert.equal(fox, fetch(api, T2I, text("a fox", 1)))
    end)
  end)

  it("carry the graph that ran, in ASCII, as ComfyUI's do", function()
    simulation.with({}, function(api)
      local chunk = chunks(fetch(api, T2I, text("café 🦊", 18)), "tEXt")
      assert.matches("^prompt%z{", chunk)
      assert.matches('"seed":18,', chunk, 1, true)
      assert.matches([["text":"caf\u00e9 \ud83e\udd8a"]], chunk, 1, true)
      assert.is_nil(chunk:find("[\x80-\xff]"))
    end)
  end)

  it("want no token, and turn away a token, a script library's name and a wrong name", function()
    simulation.with({ key = "k" }, function(api)
      local sent = api:send("POST", "/prod/v1/deployments/" .. T2I .. "/inference", {}, { "Authorization: Bearer k" })
      api.sim.model.time:advance(300)
      local result = api:get(sent.json.result_url, { "Authorization: Bearer k" }).json
      local url = result.outputs["9"].images[1].url
      assert.equal(200, api:get(url).status)
      assert.equal(403, api:get(url, { "Authorization: Bearer k" }).status)
      assert.equal(403, api:get(url, { "User-Agent: python-requests/2.31" }).status)
      assert.equal(404, api:get((url:gsub("00001", "00002"))).status)
    end)
  end)
end)
