local clock = require "lib.async.clock"
local simulation = require "spec.support.simulation"

local T2I = simulation.TEXT_TO_IMAGE

-- A simulation whose first request runs on `instance`; `call(method, path, body)` goes through the proxy.
local function with_instance(options, fn)
  simulation.with(options, function(api)
    local id = api:submit(T2I).json.request_id
    clock.sleep(182)
    local instance = api:ask(T2I, id, "status").instance_id
    local function call(method, path, body)
      return api:send(method, ("/prod/v2/deployments/%s/instances/%s/proxy/%s"):format(T2I, instance, path), body)
    end
    fn(api, call, id, instance)
  end)
end

local function vram_free(call)
  return call("GET", "api/system_stats").json.devices[1].vram_free
end

describe("sim instance proxy", function()
  it("frees GPU memory a little after api/free was answered with an empty body", function()
    with_instance({ run_time = 10 }, function(_, call)
      clock.sleep(10)
      local loaded = vram_free(call)
      local answer = call("POST", "api/free", { unload_models = true, free_memory = true })
      assert.same({ 200, "" }, { answer.status, answer.body })
      assert.equal(loaded, vram_free(call))
      clock.sleep(3)
      assert.is_true(vram_free(call) > loaded + 4 * 2 ^ 30)
    end)
  end)

  it("frees nothing when neither flag is set, and a busy worker's memory only after its run", function()
    with_instance({ run_time = 20 }, function(_, call)
      local loaded = vram_free(call)
      call("POST", "free", {})
      call("POST", "free", { unload_models = true })
      clock.sleep(5)
      assert.equal(loaded, vram_free(call))
      clock.sleep(15)
      assert.is_true(vram_free(call) > loaded)
    end)
  end)

  it("forgets the last run with free_memory, so that the same inputs make files again", function()
    with_instance({ run_time = 10 }, function(api, call)
      clock.sleep(10)
      call("POST", "api/free", { unload_models = true, free_memory = true })
      clock.sleep(3)
      assert.is_table(api:run(T2I, {}, 30).outputs["9"])
    end)
  end)

  it("interrupts what runs, or only the prompt that is named", function()
    with_instance({ run_time = 60 }, function(api, call, id)
      call("POST", "api/interrupt", { prompt_id = "another" })
      assert.equal("in_progress", api:ask(T2I, id, "status").status)
      assert.equal("", call("POST", "api/interrupt", {}).body)
      local result = api:ask(T2I, id, "result")
      assert.equal("failed", result.status)
      assert.matches("interrupted", result.error[1].error)
    end)
  end)

  it("shows queue, history, prompt, models, object_info and pictures to GET", function()
    with_instance({ run_time = 10 }, function(_, call, id)
      assert.equal(id, call("GET", "api/queue").json.queue_running[1][2])
      assert.equal(1, call("GET", "api/prompt").json.exec_info.queue_remaining)
      clock.sleep(10)
      assert.same({}, { table.unpack(call("GET", "api/queue").json.queue_running) })
      local entry = call("GET", "api/history/" .. id).json[id]
      assert.is_true(entry.status.completed)
      local file = entry.outputs["9"].images[1]
      local view = call("GET", ("api/view?filename=%s&type=output&subfolder="):format(file.filename))
      assert.equal("\137PNG", view.body:sub(1, 4))
      assert.equal(404, call("GET", "api/view?filename=other.png").status)
      assert.equal("v1-5-pruned-emaonly-fp16.safetensors", call("GET", "models/checkpoints").json[1])
      local info = call("GET", "object_info/KSampler")
      assert.matches('"max":18446744073709551615', info.body, 1, true)
      assert.equal("INT", info.json.KSampler.input.required.seed[1])
    end)
  end)

  it("clears its history", function()
    with_instance({ run_time = 10 }, function(_, call, id)
      clock.sleep(10)
      assert.is_table(call("GET", "api/history").json[id])
      assert.equal("", call("POST", "api/history", { delete = { "other" } }).body)
      assert.is_table(call("GET", "api/history").json[id])
      call("POST", "api/history", { clear = true })
      assert.same({}, call("GET", "api/history").json)
    end)
  end)

  it("takes a prompt beside the queue, or says what is wrong with it", function()
    with_instance({ run_time = 10 }, function(api, call)
      local graph = api:get("/prod/v2/deployments/" .. T2I .. "?includes=payload").json.payload.workflow_api_json
      local answer = call("POST", "api/prompt", { prompt = graph })
      assert.equal(36, #answer.json.prompt_id)
      graph["9"] = nil
      local refused = call("POST", "api/prompt", { prompt = graph })
      assert.equal(400, refused.status)
      assert.equal("Prompt has no outputs", refused.json.error.message)
    end)
  end)

  it("answers as ComfyUI does to a wrong method, an unknown route and a body that is no object", function()
    with_instance({}, function(_, call)
      assert.equal(405, call("POST", "api/system_stats", {}).status)
      assert.equal(404, call("POST", "api/nothing", {}).status)
      assert.equal(400, call("POST", "api/free", "[1]").status)
    end)
  end)

  it("does not reach an instance that is starting, stopped, or another deployment's", function()
    simulation.with({ run_time = 10 }, function(api)
      local id = api:submit(T2I).json.request_id
      local function free(deployment, instance)
        return api:send("POST", ("/prod/v2/deployments/%s/instances/%s/proxy/api/free"):format(deployment, instance), {})
      end
      local starting = api.sim.model.deployments[T2I].instances[1].id
      assert.equal(404, free(T2I, starting).status)
      clock.sleep(195)
      local instance = api:ask(T2I, id, "status").instance_id
      assert.equal(starting, instance)
      assert.equal(200, free(T2I, instance).status)
      assert.equal(404, free(simulation.UPSCALE, instance).status)
      clock.sleep(300)
      local gone = free(T2I, instance)
      assert.equal(404, gone.status)
      assert.matches("is not running", gone.json.error_message)
    end)
  end)
end)
