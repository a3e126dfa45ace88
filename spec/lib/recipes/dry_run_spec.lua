local dry_run = require "lib.recipes.dry_run"
local json = require "core.json"
local registry = require "lib.mcp.registry"

local READ = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false }

local INPUT = {
  { "deployment_id", "string", "D", optional = true }, { "request_id", "string", "R", optional = true },
  { "name", "string", "N", optional = true }, { "hardware", "string", "H", optional = true },
  { "is_enabled", "boolean", "E", optional = true },
}

local function tool(name, annotations, run)
  return assert(registry.compile {
    name = name, description = name, input = INPUT, annotations = annotations,
    run = run or function() return { data = { ok = true } } end,
  })
end

-- A dry run over these tools, and a function that calls one.
local function start(tools, recipes)
  local by_name = {}
  for _, entry in ipairs(tools) do by_name[entry.name] = entry end
  local dry = dry_run.new {
    find = function(name) return by_name[name] end, is_recipe = function(name) return recipes ~= nil and recipes[name] == true end,
  }
  local proceeded = {}
  local function call(name, input, samples)
    return dry:around({ name = name, input = input, tool = by_name[name], samples = samples or {} }, function()
      proceeded[#proceeded + 1] = name
      return { data = { real = true } }
    end)
  end
  return dry, call, proceeded
end

describe("recipes.dry_run", function()
  it("lets reads and recipes through, and answers the rest", function()
    local dry, call, proceeded = start({ tool("list_things", READ), tool "change_thing", tool "other_recipe" }, { other_recipe = true })
    assert.is_true(call("list_things", {}).data.real)
    assert.is_true(call("other_recipe", {}).data.real)
    assert.same({ ok = true }, call("change_thing", { name = "x" }).data)
    assert.same({ "list_things", "other_recipe" }, proceeded)
    assert.equal(1, dry.reads)
    assert.same({ { tool = "change_thing", input = { name = "x" }, risk = "destroys", answer = "made up" } }, dry.calls)
  end)

  it("refuses what the tool itself would refuse, and plans nothing", function()
    local dry, call = start { tool "change_thing" }
    local result, err = call("change_thing", { nam = "x" })
    assert.is_nil(result)
    assert.matches("did you mean 'name'?", err.message, 1, true)
    assert.same({}, dry.calls)
  end)

  it("names risks by the tool's hints", function()
    local dry, call = start { tool("mild", { destructiveHint = false }), tool("submit_request") }
    call("mild", {})
    call("submit_request", { deployment_id = "d" })
    assert.same({ "changes", "costs" }, { dry.calls[1].risk, dry.calls[2].risk })
  end)

  it("keeps what it made up consistent", function()
    local _, call, proceeded = start {
      tool "submit_request", tool("get_request_status", READ), tool("get_request_result", READ), tool "create_deployment",
      tool("get_deployment", READ), tool "update_deployment",
    }
    local id = call("submit_request", { deployment_id = "d" }).data.submission.request_id
    assert.equal("completed", call("get_request_status", { deployment_id = "d", request_id = id }).data.status.status)
    assert.equal("succeeded", call("get_request_result", { deployment_id = "d", request_id = id }).data.result.status)
    local made = call("create_deployment", { name = "n", hardware = "TURING_16" }).data.deployment
    call("update_deployment", { deployment_id = made.id, is_enabled = false })
    local seen = call("get_deployment", { deployment_id = made.id }).data.deployment
    assert.same({ "n", false, "TURING_16" }, { seen.name, seen.is_enabled, seen.hardware[1] })
    assert.same({}, proceeded)
    call("get_request_status", { deployment_id = "d", request_id = "a real one" })
    assert.same({ "get_request_status" }, proceeded)
  end)

  it("shows in later reads what it has changed in deployments that are real", function()
    local real = { id = "d", name = "real", hardware = { "AMPERE_48" }, keep_warm_duration_in_seconds = 30 }
    local function copy() return json.decode(json.encode(real)) end
    local get = tool("get_deployment", READ, function() return { data = { ok = true, deployment = copy() } } end)
    local list = tool("list_deployments", READ)
    local dry = start { get, list }
    local by_name = { get_deployment = get, list_deployments = list, update_deployment = tool "update_deployment",
                      delete_deployment = tool "delete_deployment", submit_request = tool "submit_request" }
    local function call(name, input)
      return dry:around({ name = name, input = input, tool = by_name[name] }, function()
        if name == "get_deployment" then return { data = { ok = true, deployment = copy() } } end
        return { data = { ok = true, deployments = json.as_array { copy() } } }
      end)
    end
    local updated = call("update_deployment", { deployment_id = "d", hardware = "HOPPER_141" }).data.deployment
    assert.same({ "real", "HOPPER_141", 30 }, { updated.name, updated.hardware[1], updated.keep_warm_duration_in_seconds })
    assert.equal("HOPPER_141", call("get_deployment", { deployment_id = "d" }).data.deployment.hardware[1])
    assert.equal("HOPPER_141", call("list_deployments", {}).data.deployments[1].hardware[1])
    call("submit_request", { deployment_id = "d" })
    assert.equal("HOPPER_141", dry:estimates()[1].hardware)
    call("delete_deployment", { deployment_id = "d" })
    assert.equal(0, #call("list_deployments", {}).data.deployments)
    local result, err = call("get_deployment", { deployment_id = "d" })
    assert.is_nil(result)
    assert.equal(404, err.status_code)
  end)

  it("answers with the recipe's samples, a copy each time", function()
    local _, call = start { tool "submit_request", tool("get_request_status", READ) }
    local samples = { submit_request = { ok = true, submission = { request_id = "mine" } },
                      get_request_status = { ok = true, status = { status = "in_queue" } } }
    call("submit_request", { deployment_id = "d" }, samples).data.submission.request_id = "changed"
    assert.equal("mine", call("submit_request", { deployment_id = "d" }, samples).data.submission.request_id)
    assert.equal("in_queue", call("get_request_status", { request_id = "mine" }, samples).data.status.status)
  end)

  it("estimates by hardware and keep-warm, asking once for a deployment", function()
    local asked = 0
    local get = tool("get_deployment", READ, function()
      asked = asked + 1
      return { data = { ok = true, deployment = { hardware = { "AMPERE_80" }, keep_warm_duration_in_seconds = 60 } } }
    end)
    local dry, call = start { tool "submit_request", get }
    for _ = 1, 3 do call("submit_request", { deployment_id = "d" }) end
    assert.equal(1, asked)
    local estimate = dry:estimates()[1]
    assert.same({ "d", 3, "AMPERE_80", 360, 4.99, 0.5 }, {
      estimate.deployment_id, estimate.requests, estimate.hardware, estimate.max_seconds_beside_runs, estimate.dollars_per_hour,
      estimate.max_dollars_beside_runs,
    })
    assert.matches("d: 3 requests on AMPERE_80; cold start and keep-warm up to 360 s (up to $0.50)", dry:text(), 1, true)
  end)

  it("says so where the hardware is not known", function()
    local dry, call = start { tool "submit_request" }
    call("submit_request", { deployment_id = "d" })
    assert.matches("d: 1 request, the hardware is not known", dry:text(), 1, true)
    assert.is_nil(dry:estimates()[1].max_dollars_beside_runs)
  end)
end)
