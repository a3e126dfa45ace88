local dry_run = require "lib.workbench.dry_run"
local errors = require "lib.errors"
local json = require "core.json"
local registry = require "lib.features.registry"

local READ = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false }

local INPUT = {
  { "deployment_id", "string", "D", optional = true }, { "request_id", "string", "R", optional = true },
  { "name", "string", "N", optional = true }, { "hardware", "string", "H", optional = true },
  { "is_enabled", "boolean", "E", optional = true }, { "include_payload", "boolean", "P", optional = true },
  { "overrides", "object", "O", optional = true }, { "workflow_api_json", "object", "W", optional = true },
  { "min_instances", "integer", "M", optional = true }, { "max_instances", "integer", "M", optional = true },
}

-- One that has the name of a built-in tool is that to a dry run.
local function tool(name, annotations, run)
  local _, built_in = pcall(require, "tools." .. name)
  if type(built_in) ~= "table" then built_in = {} end
  return assert(registry.compile {
    name = name, description = name, input = INPUT, annotations = annotations,
    risk = built_in.risk, leaves = built_in.leaves, pretend = built_in.pretend, refuses = built_in.refuses, amend = built_in.amend,
    run = run or function() return { data = { ok = true } } end,
  })
end

-- A dry run over these tools, and a function that calls one.
local function start(tools, recipes, judge)
  local by_name = {}
  for _, entry in ipairs(tools) do by_name[entry.name] = entry end
  local dry = dry_run.new {
    find = function(name) return by_name[name] end, is_recipe = function(name) return recipes ~= nil and recipes[name] == true end,
    judge = judge,
  }
  local proceeded = {}
  local function call(name, input, samples)
    return dry:link()({ kind = "tool", name = name, input = input }, function()
      proceeded[#proceeded + 1] = name
      return { data = { real = true } }
    end, { tool = by_name[name], caller = { samples = samples or {} } })
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

  it("names risks by the tool's hints, and what costs as such", function()
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
      return dry:link()({ kind = "tool", name = name, input = input }, function()
        if name == "get_deployment" then return { data = { ok = true, deployment = copy() } } end
        return { data = { ok = true, deployments = json.as_array { copy() } } }
      end, { tool = by_name[name] })
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

  it("refuses an update of what the run itself has made as it would of what is there", function()
    local dry, call = start { tool "create_deployment", tool "update_deployment", tool("get_deployment", READ) }
    local made = call("create_deployment", { name = "n", hardware = "AMPERE_48" }).data.deployment
    local result, err = call("update_deployment", { deployment_id = made.id, min_instances = 2 })
    assert.is_nil(result)
    assert.matches("min_instances would be 2 and max_instances 1", err.message, 1, true)
    assert.equal("refused", dry.calls[2].answer)
    assert.is_table(call("update_deployment", { deployment_id = made.id, min_instances = 2, max_instances = 2 }))
  end)

  it("says so where the hardware is not known", function()
    local dry, call = start { tool "submit_request" }
    call("submit_request", { deployment_id = "d" })
    assert.matches("d: 1 request; no price, because the deployment could not be looked at", dry:text(), 1, true)
    assert.is_nil(dry:estimates()[1].max_dollars_beside_runs)
  end)
end)

describe("recipes.dry_run: what RunComfy would refuse", function()
  local WORKFLOW = { ["6"] = { class_type = "CLIPTextEncode", inputs = { text = "a cat", clip = { "4", 1 } } },
                     ["31"] = { class_type = "KSampler", inputs = { seed = 1, positive = { "6", 0 } } } }

  local function http(status, message)
    return function() return nil, errors.new(message, { code = "http_status", status_code = status }) end
  end

  -- A dry run over one real deployment, "d", changed as the spec says; others are not there.
  local function account(changes, more, judge)
    local deployment = { id = "d", hardware = { "AMPERE_48" }, keep_warm_duration_in_seconds = 60, is_enabled = true, min_instances = 0,
                         max_instances = 2, payload = { workflow_api_json = WORKFLOW } }
    for name, value in pairs(changes or {}) do deployment[name] = value end
    local tools = {
      tool("get_deployment", READ, function(input)
        if input.deployment_id ~= "d" then return http(404, "Deployment not found")() end
        return { data = { ok = true, deployment = json.decode(json.encode(deployment)) } }
      end),
      tool("get_request_status", READ, function(input)
        if input.request_id ~= "r" then return http(404, "Request not found")() end
        return { data = { ok = true, status = { request_id = "r", status = "completed" } } }
      end),
    }
    for _, name in ipairs { "submit_request", "update_deployment", "delete_deployment", "call_instance_proxy", "cancel_request" } do
      tools[#tools + 1] = tool(name)
    end
    for _, entry in ipairs(more or {}) do tools[#tools + 1] = entry end
    return start(tools, nil, judge)
  end

  local function overriding(overrides) return { deployment_id = "d", overrides = overrides } end
  local function nowhere(id) return json.as_array { id, 0 } end

  for name, case in pairs {
    ["a submit to a deployment that is not there"] = { "submit_request", { deployment_id = "e" }, 404, "Deployment not found" },
    ["an update of one"] = { "update_deployment", { deployment_id = "e", name = "x" }, 404, "Deployment not found" },
    ["a deletion of one"] = { "delete_deployment", { deployment_id = "e" }, 404, "Deployment not found" },
    ["a call to an instance of one"] = { "call_instance_proxy", { deployment_id = "e" }, 404, "Deployment not found" },
    ["a cancel of a request that is not there"] = { "cancel_request", { deployment_id = "d", request_id = "q" }, 404, "Request not found" },
    ["overrides of a node that is not there"] = { "submit_request", overriding { ["13"] = { inputs = { seed = 1 } } }, 422,
       "Node '13' does not exist in the workflow, did you mean '31'?" },
    ["overrides of an input that is not there"] = { "submit_request", overriding { ["6"] = { inputs = { txt = "x" } } }, 422,
       "Input 'txt' does not exist on node 6 (CLIPTextEncode), did you mean 'text'?" },
    ["a text where a number is"] = { "submit_request", overriding { ["31"] = { inputs = { seed = "abc" } } }, 422,
      'Input \'seed\' of node 31 takes a number, got "abc"' },
    ["an object where a number is"] = { "submit_request", overriding { ["31"] = { inputs = { seed = { value = 1 } } } }, 422,
      "Input 'seed' of node 31 takes a number, got {\"value\":1}" },
    ["null where a number is"] = { "submit_request", overriding { ["31"] = { inputs = { seed = json.null } } }, 422,
      "Input 'seed' of node 31 takes a number, got null" },
    ["overrides that link to nowhere"] = { "submit_request", overriding { ["6"] = { inputs = { text = nowhere "99" } } }, 422,
      "Input 'text' of node 6 is linked to node '99', which does not exist" },
    ["a workflow that links to nowhere"] = { "submit_request", { deployment_id = "d", workflow_api_json = {
      ["1"] = { class_type = "SaveImage", inputs = { images = nowhere "2" } } } }, 422,
      "Input 'images' of node 1 is linked to node '2', which does not exist" },
    ["fewer instances at most than at least"] = { "update_deployment", { deployment_id = "d", min_instances = 3 }, 422,
      "min_instances would be 3 and max_instances 2" },
  } do
    it("is refused: " .. name, function()
      local dry, call = account()
      local samples = { [case[1]] = { ok = true, submission = { request_id = "sample" } } }
      local result, err = call(case[1], case[2], samples)
      assert.is_nil(result)
      assert.equal(case[3], err.status_code)
      assert.matches(case[4], err.message, 1, true)
      assert.equal("refused", dry.calls[1].answer)
      assert.same({}, dry:estimates())
      local plan = dry:plan { is_error = true, text = err.message }
      assert.is_false(plan.ok)
      assert.matches(case[4], plan.calls[1].error, 1, true)
      assert.matches("refused: ", dry:text(), 1, true)
    end)
  end

  it("takes what ComfyUI makes a number of, and numbers where texts are", function()
    local dry, call = account()
    for _, value in ipairs { 5, 0.5, "12", true, json.integer "18446744073709551615", json.as_array { "6", 0 } } do
      assert.is_table(call("submit_request", overriding { ["31"] = { inputs = { seed = value } }, ["6"] = { inputs = { text = 7 } } }))
    end
    assert.equal(6, #dry.calls)
  end)

  it("asks who knows the nodes, after its own look", function()
    local asked = {}
    local dry, call = account(nil, nil, function(workflow, input)
      asked[#asked + 1] = { workflow["31"].class_type, input.overrides }
      return input.overrides["31"].inputs.seed < 0 and { "31.inputs.seed: too small" } or {}
    end)
    assert.is_table(call("submit_request", overriding { ["31"] = { inputs = { seed = 5 } } }))
    local _, err = call("submit_request", overriding { ["31"] = { inputs = { seed = -5 } } })
    assert.equal(422, err.status_code)
    assert.matches("RunComfy would refuse this request: 31.inputs.seed: too small.", err.message, 1, true)
    call("submit_request", overriding { ["13"] = { inputs = { seed = -5 } } })
    assert.equal(2, #asked)
    assert.same({ "KSampler", { ["31"] = { inputs = { seed = 5 } } } }, asked[1])
    assert.is_nil(dry:plan({ data = {} }).not_checked)
    assert.is_nil(dry:text():find("Not checked", 1, true))
  end)

  it("says what nobody has looked at", function()
    local dry, call = account()
    assert.is_table(call("submit_request", { deployment_id = "d" }))
    assert.is_nil(dry:plan({ data = {} }).not_checked)
    assert.is_table(call("submit_request", overriding { ["31"] = { inputs = { seed = 5 } } }))
    assert.matches("^whether the values of inputs are within the ranges", dry:plan({ data = {} }).not_checked)
    assert.matches("Not checked: whether the values of inputs", dry:text(), 1, true)
    dry, call = account({ payload = json.null }, nil, function() return {} end) -- nothing to judge by
    assert.is_table(call("submit_request", overriding { ["31"] = { inputs = { seed = 5 } } }))
    assert.is_string(dry:plan({ data = {} }).not_checked)
  end)

  it("lists five of many problems", function()
    local _, call = account()
    local overrides = {}
    for i = 100, 107 do overrides[tostring(i)] = { inputs = { x = 1 } } end
    local _, err = call("submit_request", { deployment_id = "d", overrides = overrides })
    assert.matches("Node '104' does not exist in the workflow; and 3 more.", err.message, 1, true)
  end)

  it("is refused while it is disabled, and no more once the run has enabled it", function()
    local _, call = account { is_enabled = false }
    local _, err = call("submit_request", { deployment_id = "d" })
    assert.matches("is disabled", err.message, 1, true)
    call("update_deployment", { deployment_id = "d", is_enabled = true })
    assert.is_table(call("submit_request", { deployment_id = "d", overrides = { ["6"] = { inputs = { text = "x" } } } }))
  end)

  it("is not what it made itself, nor a workflow that nobody shows", function()
    local dry, call = account({ payload = json.null }, { tool "create_deployment" })
    assert.is_table(call("submit_request", { deployment_id = "d", overrides = { ["99"] = { inputs = { x = 1 } } } }))
    local made = call("create_deployment", { name = "n", hardware = "TURING_16" }).data.deployment
    local given = { deployment_id = made.id, overrides = { ["99"] = { inputs = { x = 1 } } } }
    local id = call("submit_request", given).data.submission.request_id
    assert.is_table(call("cancel_request", { deployment_id = made.id, request_id = id }))
    assert.equal("TURING_16", dry:estimates()[2].hardware)
  end)

  it("cannot be told of a cancel that comes too late: it is answered as RunComfy does", function()
    local _, call = account()
    assert.equal("not_cancellable", call("cancel_request", { deployment_id = "d", request_id = "r" }).data.outcome)
  end)

  local function shows(deployment)
    return function() return { data = { ok = true, deployment = deployment } } end
  end

  for name, case in pairs {
    ["does not answer"] = { http(503, "Service Unavailable"),
      "no price, because the deployment could not be looked at: Service Unavailable" },
    ["asks for patience"] = { http(429, "Too many requests"), "could not be looked at: Too many requests" },
    ["tells no hardware"] = { shows { id = "d" },
      "no price, because the deployment does not tell its hardware" },
    ["has hardware without a price"] = { shows { id = "d", hardware = { "QUANTUM_1" } },
      "on QUANTUM_1; cold start and keep-warm up to 300 s; no price, because no price is published for QUANTUM_1" },
  } do
    it("cannot be told where RunComfy " .. name .. ": the plan says why there is no price", function()
      local dry, call = start { tool "submit_request", tool("get_deployment", READ, case[1]) }
      assert.is_table(call("submit_request", { deployment_id = "d" }))
      assert.matches(case[2], dry:text(), 1, true)
      assert.is_string(dry:plan({ data = {} }).estimates[1].no_price)
      assert.is_nil(dry:estimates()[1].max_dollars_beside_runs)
    end)
  end

  it("shortens pictures and long texts in the plan, not in what the recipe sees", function()
    local dry, call = account()
    local picture, long = "data:image/png;base64," .. ("A"):rep(50000), ("é"):rep(3000)
    call("submit_request", { deployment_id = "d", overrides = { ["6"] = { inputs = { text = long } }, ["31"] = { inputs = { seed = 5,
      positive = picture } } } })
    assert.equal(picture, dry.calls[1].input.overrides["31"].inputs.positive)
    local plan = dry:plan { data = { picture = picture, list = json.as_array { "short", long } } }
    assert.equal("data:image/png;base64,AAAAAAAAAAAAAAAAAA… (50022 bytes)", plan.calls[1].input.overrides["31"].inputs.positive)
    assert.equal(5, plan.calls[1].input.overrides["31"].inputs.seed)
    assert.equal(("é"):rep(200) .. "… (6000 bytes)", plan.calls[1].input.overrides["6"].inputs.text)
    assert.matches("(50022 bytes)", plan.result.picture, 1, true)
    assert.equal("short", plan.result.list[1])
    assert.is_true(#json.encode(plan) < 3000)
  end)
end)
