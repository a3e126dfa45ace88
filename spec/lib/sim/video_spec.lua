local simulation = require "spec.support.simulation"

local WORKFLOW = "00000000-0000-0000-0000-000000004444"

local function deploy(sim)
  return sim:send("POST", "/prod/v2/deployments", {
    name = "wan", workflow_id = WORKFLOW, workflow_version = "v1", hardware = { "AMPERE_48" }, min_instances = 0, max_instances = 1,
    queue_size = 1, keep_warm_duration_in_seconds = 60,
  }).json.id
end

describe("lib.sim: image to video", function()
  it("is saved in the account, and not deployed until somebody does", function()
    simulation.with({}, function(sim)
      assert.equal(3, #sim:get("/prod/v2/deployments").json)
      local id = deploy(sim)
      local graph = sim:get("/prod/v2/deployments/" .. id .. "?includes=payload").json.payload.workflow_api_json
      assert.equal("WanImageToVideo", graph["50"].class_type)
    end)
  end)

  it("makes one animated file of the video's size, and takes longer the more frames it has", function()
    simulation.with({ cold_start = 0 }, function(sim)
      local id = deploy(sim)
      local function seconds(length)
        local result = sim:run(id, { overrides = { ["50"] = { inputs = { width = 320, height = 192, length = length } } } }, 3600)
        assert.equal("succeeded", result.status)
        assert.equal(1, #result.outputs["28"].images)
        local file = result.outputs["28"].images[1]
        assert.equal("video_00001_.png", file.filename)
        assert.equal(320, (string.unpack(">I4", sim:get(file.url).body, 17)))
        local from, to = result.created_at:match("T(.*)Z"), result.finished_at:match("T(.*)Z")
        local function of(text)
          local hours, minutes, rest = text:match("(%d+):(%d+):([%d.]+)")
          return hours * 3600 + minutes * 60 + rest
        end
        return (of(to) - of(from)) % 86400
      end
      assert.is_true(seconds(81) > seconds(33) + 20)
    end)
  end)

  it("refuses a model that is not installed", function()
    simulation.with({}, function(sim)
      local answer = sim:submit(deploy(sim), { overrides = { ["37"] = { inputs = { unet_name = "other.safetensors" } } } })
      assert.equal(422, answer.status)
    end)
  end)
end)
