-- Bodies that nobody would send: refused or run, never a 500.
local graphs = require "lib.sim.graphs"
local json = require "core.json"
local random = require "lib.sim.random"
local simulation = require "spec.support.simulation"

local SCALARS = { json.null, true, false, 0, -1, 512, 0.5, 2 ^ 70, 1e300, math.mininteger, json.integer("99999999999999999999"), "", "x",
                  "https://a.invalid/x", "data:image/png;base64,iVBORw0KGgo=" }
local KEYS = { "inputs", "class_type", "text", "3", "6" }
local IDS = { "3", "4", "6", "9", "99", "189" }

local function pick(dice, list)
  return list[(dice:bits() & 0xffff) % #list + 1]
end

-- A value of any shape, links among them.
local function any(dice, depth)
  local kind = (dice:bits() & 0xffff) % 6
  if kind == 0 then return json.as_array { pick(dice, IDS), pick(dice, { 0, 1, 2, -1, 7 }) } end
  if depth < 4 and kind == 1 then return json.as_array { any(dice, depth + 1), any(dice, depth + 1) } end
  if depth < 4 and kind <= 3 then return { [pick(dice, KEYS)] = any(dice, depth + 1), [pick(dice, KEYS)] = any(dice, depth + 1) } end
  return pick(dice, SCALARS)
end

local function keys_of(object)
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local mutations = {
  function(dice) return { overrides = any(dice, 0) } end,
  function(dice, graph)
    local id = pick(dice, keys_of(graph))
    return { overrides = { [id] = { inputs = { [pick(dice, keys_of(graph[id].inputs))] = any(dice, 0) } } } }
  end,
  function(dice, graph)
    local node = graph[pick(dice, keys_of(graph))]
    node.inputs[pick(dice, keys_of(node.inputs))] = any(dice, 0)
    graph["77"] = { class_type = "PreviewAny", inputs = { source = any(dice, 0) } }
    return { workflow_api_json = graph }
  end,
  function(dice, graph)
    graph[pick(dice, keys_of(graph))] = any(dice, 0)
    return { workflow_api_json = graph }
  end,
  function(dice) return { workflow_api_json = any(dice, 0), extra_data = any(dice, 0), webhook = any(dice, 0) } end,
  function(dice) return any(dice, 0) end,
}

describe("sim against nonsense", function()
  it("takes or refuses each submit, and brings what it takes to an end", function()
    simulation.with({ seed = 11 }, function(api)
      local dice, taken, refused = random.new(2026), 0, 0
      for _ = 1, 400 do
        local workflow = pick(dice, graphs.workflows)
        local body = pick(dice, mutations)(dice, json.decode(workflow.graph))
        local answer = api:submit(workflow.deployment_id, json.encode(body))
        if answer.json.request_id then
          taken = taken + 1
          api.sim.model.time:advance(20000)
          local result = api:ask(workflow.deployment_id, answer.json.request_id, "result")
          assert.is_true(result.status == "succeeded" or result.status == "failed", json.encode(body))
        else
          refused = refused + 1
          assert.equal(422, answer.status, json.encode(body))
        end
      end
      assert.is_true(taken > 20 and refused > 20)
    end)
  end)

  it("takes or refuses each deployment", function()
    simulation.with({}, function(api)
      local dice = random.new(7)
      for _ = 1, 200 do
        local body = { name = "x", workflow_id = "00000000-0000-0000-0000-000000001111", workflow_version = "v1", min_instances = 0,
                       hardware = json.as_array { "AMPERE_48" }, max_instances = 1, queue_size = 1, keep_warm_duration_in_seconds = 60 }
        body[pick(dice, keys_of(body))] = any(dice, 0)
        local created = api:send("POST", "/prod/v2/deployments", body)
        assert.is_true(created.status < 500, created.body)
        local updated = api:send("PATCH", "/prod/v2/deployments/" .. simulation.UPSCALE, body)
        assert.is_true(updated.status < 500, updated.body)
      end
    end)
  end)
end)
