local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local kit = require "rcmcp.testkit"

local GENERATE = [[
local rc = require "rc"
return rc.tool {
  name = "generate", description = "Generates.",
  input = { { "deployment_id", "string", "Deployment" } },
  uses = { "submit_request", "call_instance_proxy" },
  run = function(input, ctx)
    ctx:progress(0, 1, "submitting")
    local job = rc.submit { deployment_id = input.deployment_id, overrides = { ["6"] = { inputs = { text = "a fox" } } } }
    local _ <close> = rc.finally(function() job:proxy("api/free", { unload_models = true }) end)
    local finished = job:wait()
    return { images = finished.output_urls, simulated = ctx.simulated }
  end,
}
]]

local INPUT = { deployment_id = kit.DEPLOYMENT }

describe("rcmcp.testkit", function()
  local files, path

  before_each(function()
    files = folder.new()
    path = files:write("generate.lua", GENERATE)
  end)
  after_each(function() files:remove() end)

  it("runs a recipe on a simulator of its own, in no time", function()
    local result = kit.run(path, INPUT, { states = { "cold_start" } })
    assert.is_true(result.ok, result.error)
    assert.matches("^http://127.0.0.1", result.data.images[1].url)
    assert.is_true(result.data.simulated)
    assert.is_true(result.seconds >= 240)
    assert.equal("submitting", result.progress[1].message)
    kit.expect_calls(result, {
      { "submit_request", { deployment_id = kit.DEPLOYMENT, overrides = { ["6"] = { inputs = { text = "a fox" } } } } },
      "get_request_status", "get_request_result", { "call_instance_proxy", { comfy_backend_path = "api/free" } },
    })
    assert.equal(1.0, clock.speed())
  end)

  it("says which call is another than expected", function()
    local result = kit.run(path, INPUT, { states = { "warm" } })
    local function message(expected)
      local ok, err = pcall(kit.expect_calls, result, expected)
      assert.is_false(ok)
      return err
    end
    assert.matches("call 2 is 'get_request_status', expected 'delete_deployment'",
      message { "submit_request", "delete_deployment" }, 1, true)
    assert.matches("call 2, 'get_request_status', was not expected", message { "submit_request" }, 1, true)
    assert.matches('input.overrides.6.inputs.text is "a fox", expected "a cat"',
      message { { "submit_request", { overrides = { ["6"] = { inputs = { text = "a cat" } } } } } }, 1, true)
    assert.matches("call 5, 'x', was not made", message {
      "submit_request", "get_request_status", "get_request_result", "call_instance_proxy", "x" }, 1, true)
  end)

  it("plays the states by name", function()
    local limited = kit.run(path, INPUT, { states = { "warm", { "rate_limited", count = 3 } } })
    assert.is_true(limited.ok, limited.error)
    local count = 0
    for _, call in ipairs(limited.calls) do
      if call.error and call.error.status_code == 429 then count = count + 1 end
    end
    assert.is_true(count <= 3 and #limited.requests > 4)
    local lost = kit.run(path, INPUT, { states = { "lost_answer" } })
    assert.matches("Whether this submit took effect is unknown", lost.error, 1, true)
    assert.equal(1, kit.count_calls(lost, "submit_request"))
    local failed = kit.run(path, INPUT, { states = { { "failed_job", message = "no such model" } } })
    assert.matches("no such model", failed.error, 1, true)
    assert.equal("call_instance_proxy", failed.calls[#failed.calls].name)
    assert.is_true(kit.run(path, INPUT, { states = { { "unwell", count = 1 } } }).ok)
    assert.is_true(kit.run(path, INPUT, { states = { "not_known_yet", { "garbled", path = "/result" } } }).ok)
    assert.is_false(kit.run(path, INPUT, { states = { { "not_known_yet", count = 100 } } }).ok)
    assert.matches("is not a status", kit.run(path, INPUT, { states = { { "garbled", count = 3 } } }).error, 1, true)
    local ok, err = pcall(kit.run, path, INPUT, { states = { "cold_strat" } })
    assert.is_false(ok)
    assert.matches("there is no state 'cold_strat', did you mean 'cold_start'?", err, 1, true)
  end)

  it("lets outputs expire", function()
    local saving = files:write("saving.lua", [[
      local rc = require "rc"
      return rc.tool { name = "saving", description = "S.", input = { { "deployment_id", "string", "D" } }, uses = { "submit_request" },
        run = function(input)
          local finished = rc.submit { deployment_id = input.deployment_id }:wait()
          return { file = rc.download(finished.output_urls[1]).path }
        end }]])
    local options = { settings = { output_folder = files.path .. "/out" } }
    local result = kit.run(saving, INPUT, options)
    assert.is_true(result.ok, result.error)
    assert.matches("/out/", result.data.file, 1, true)
    local elsewhere = kit.run(saving, INPUT).data.file
    assert.matches("/rcmcp%-testkit%-%x+/", elsewhere)
    assert.is_true(kit.run(saving, INPUT, { dry_run = true }).ok)
    options.states = { "expired_output" }
    result = kit.run(saving, INPUT, options)
    assert.is_false(result.ok)
    assert.matches("404", result.error, 1, true)
  end)

  it("gives up for the caller, and the clean-ups run", function()
    local here, there
    for _, in_process in ipairs { true, false } do
      local result = kit.run(path, INPUT, { cancel_after = 20, in_process = in_process })
      assert.is_true(result.cancelled)
      assert.equal(20.0, result.seconds)
      assert.equal(1, kit.count_calls(result, "cancel_request"))
      assert.equal(0, kit.count_calls(result, "call_instance_proxy")) -- job:proxy asks for the status: there is no instance
      here, there = in_process and result or here, result
    end
    assert.equal("get_request_status", here.calls[#here.calls].name)
    -- The cancel goes out beside the clean-ups; a worker hears a message later of both, and may find the job at its end: then it looks for
    -- the instance in what became of it.
    local last = there.calls[#there.calls].name == "get_request_result" and #there.calls - 1 or #there.calls
    assert.equal("get_request_status", there.calls[last].name)
  end)

  it("answers for a person", function()
    local asking = files:write("asking.lua", [[
      local rc = require "rc"
      return rc.tool { name = "asking", description = "A.", run = function(_, ctx)
        if not ctx:confirm("Really?") then return { went_on = false } end
        return { went_on = true, values = ctx:elicit { message = "Which?", input = { { "size", "integer", "S" } } } }
      end }]])
    assert.same({ went_on = true, values = { size = 3 } }, kit.run(asking, {}, { answers = { true, { size = 3 } } }).data)
    local no = kit.run(asking, {}, { answers = { false } })
    assert.same({ went_on = false }, no.data)
    assert.equal("Really?", no.questions[1].message)
    assert.matches("the spec gives no answer 1", kit.run(asking).error, 1, true)
  end)

  it("records calls without secrets and plays them again without a simulator", function()
    local tape = files.path .. "/calls.tape"
    local secret = files:write("secret.lua", [[
      local rc = require "rc"
      return rc.tool { name = "secret", description = "S.", input = { { "deployment_id", "string", "D" } }, uses = { "submit_request" },
        run = function(input)
          local job = rc.submit { deployment_id = input.deployment_id, extra_data = { api_key_comfy_org = "comfyui-very-secret" },
            webhook_url = "https://example.com/hook?sig=very-secret" }
          return { urls = job:wait().output_urls }
        end }]])
    local live = kit.run(secret, INPUT, { record = tape })
    assert.is_true(live.ok, live.error)
    local file = assert(io.open(tape))
    local text = file:read "a"
    file:close()
    assert.is_nil(text:find("very-secret", 1, true))
    local played = kit.run(secret, INPUT, { replay = tape })
    assert.is_true(played.ok, played.error)
    assert.same(live.data, played.data)
    assert.equal(#live.calls, #played.calls)
    assert.equal(0, #played.requests)
    local other = kit.run(secret, { deployment_id = "another" }, { replay = tape })
    assert.matches("the tape holds no further call of 'submit_request'", other.error, 1, true)
  end)

  it("plays chance again, on which the calls depend", function()
    local tape = files.path .. "/chance.tape"
    local drawing = files:write("drawing.lua", [[
      local rc = require "rc"
      return rc.tool { name = "drawing", description = "D.", input = { { "deployment_id", "string", "D" } }, uses = { "submit_request" },
        run = function(input)
          local seed, name = rc.random(1, 1000000000), rc.uuid()
          local overrides = { ["3"] = { inputs = { seed = seed } }, ["9"] = { inputs = { filename_prefix = name } } }
          rc.submit { deployment_id = input.deployment_id, overrides = overrides }
          return { seed = seed, name = name }
        end }]])
    local live = kit.run(drawing, INPUT, { record = tape })
    assert.is_true(live.ok, live.error)
    assert.same(live.data, kit.run(drawing, INPUT, { replay = tape }).data)
  end)

  it("plays a recorded error again, with its fields", function()
    local tape = files.path .. "/error.tape"
    local live = kit.run(path, { deployment_id = "none" }, { record = tape })
    local played = kit.run(path, { deployment_id = "none" }, { replay = tape })
    assert.is_false(played.ok)
    assert.same({ live.error, live.data }, { played.error, played.data })
  end)

  it("runs scripts that call recipes of further folders, also by names made at run time", function()
    files:write("more/double.lua", [[
      local rc = require "rc"
      return rc.tool { name = "double", description = "D.", input = { { "n", "integer", "N" } },
        run = function(input) return { twice = 2 * input.n } end }]])
    for _, call in ipairs { "rc.tools.double", "rc.tools['dou' .. 'ble']" } do
      local script = files:write("script.lua", 'local rc = require "rc"\nreturn ' .. call .. " { n = 4 }")
      local result = kit.run(script, nil, { recipes = { files.path .. "/more" } })
      assert.same({ twice = 8 }, result.data, result.error)
      kit.expect_calls(result, { { "double", { n = 4 } } })
    end
  end)

  it("runs scripts, with words", function()
    local script = files:write("script.lua", "return { words = { arg[1], arg[2] } }")
    assert.same({ words = { "a", "b" } }, kit.run(script, nil, { words = { "a", "b" } }).data)
  end)

  it("makes dry runs, in which nothing that costs arrives", function()
    local sampled = files:write("sampled.lua", [[
      local rc = require "rc"
      return rc.tool { name = "sampled", description = "S.", uses = { "create_deployment", "get_deployment", "delete_deployment" },
        samples = { create_deployment = { ok = true, deployment = { id = "sample-1", name = "sample" } } },
        run = function()
          local made = rc.tools.create_deployment { name = "n", workflow_id = "w", workflow_version = "v1" }.deployment
          local seen = rc.tools.get_deployment { deployment_id = made.id }.deployment
          rc.tools.delete_deployment { deployment_id = made.id }
          return { id = seen.id }
        end }]])
    local result = kit.run(sampled, {}, { dry_run = true })
    assert.is_true(result.ok, result.error)
    assert.equal("sample-1", result.data.id)
    assert.equal(2, #result.plan.calls)
    assert.equal("sample", result.plan.calls[1].answer)
    assert.equal("destroys", result.plan.calls[2].risk)
    assert.equal(0, #result.requests)
    local generated = kit.run(path, INPUT, { dry_run = true })
    assert.is_true(generated.ok, generated.error)
    for _, request in ipairs(generated.requests) do assert.equal("GET", request.method) end
    assert.equal(0.25, generated.plan.estimates[1].max_dollars_beside_runs)
  end)

  it("answers what is pretended as the tools promise", function()
    local registry, worlds = require "lib.features.registry", require "lib.workbench.dry_run.world"
    local world = worlds.new {}
    local function pretend(name, input)
      local tool = assert(registry.compile(require("tools." .. name)))
      local answer = tool.pretend(input, world)
      local ok, problem = tool.conforms(json.decode(json.encode(answer)))
      assert.is_true(ok, name .. ": " .. tostring(problem))
      return answer
    end
    local submitted = pretend("submit_request", { deployment_id = "d", wait_for_completion = true })
    local created = pretend("create_deployment", { name = "n", hardware = "AMPERE_48" })
    local request, deployment = { request_id = submitted.submission.request_id }, { deployment_id = created.deployment.id }
    for _, name in ipairs { "get_request_status", "get_request_result", "cancel_request" } do pretend(name, request) end
    pretend("call_instance_proxy", {})
    assert.equal("m", pretend("update_deployment", { deployment_id = deployment.deployment_id, name = "m" }).deployment.name)
    assert.equal("m", pretend("get_deployment", deployment).deployment.name)
    pretend("delete_deployment", deployment)
    assert.is_true(world:is_deleted(deployment.deployment_id))
  end)

  it("raises what is wrong with the file", function()
    local ok, err = pcall(kit.run, files:write("bad.lua", 'local rc = require "rc"\nreturn rc.tool { name = "bad" }'))
    assert.is_false(ok)
    assert.matches("bad.lua:2: field 'description' is missing", err, 1, true)
  end)
end)
