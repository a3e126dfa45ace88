local clock = require "lib.async.clock"
local json = require "core.json"
local simulation = require "spec.support.simulation"

local T2I, I2I, UPSCALE = simulation.TEXT_TO_IMAGE, simulation.IMAGE_TO_IMAGE, simulation.UPSCALE

local function with_seed(seed)
  return { overrides = { ["3"] = { inputs = { seed = seed } } } }
end

local function cancel(api, deployment, id)
  return api:send("POST", ("/prod/v1/deployments/%s/requests/%s/cancel"):format(deployment, id))
end

describe("sim requests", function()
  it("succeeds without outputs when nothing has changed since the last success, with outputs after a new seed", function()
    simulation.with({}, function(api)
      assert.is_table(api:run(T2I, with_seed(1)).outputs["9"])
      local again = api:run(T2I, with_seed(1))
      assert.equal("succeeded", again.status)
      assert.same({}, again.outputs)
      assert.is_table(api:run(T2I, with_seed(2)).outputs["9"])
      assert.is_table(api:run(T2I, with_seed(1)).outputs["9"])
    end)
  end)

  it("numbers the queue and moves it up", function()
    simulation.with({ run_time = 30 }, function(api)
      local ids = {}
      for at = 1, 3 do ids[at] = api:submit(T2I, with_seed(at)).json.request_id end
      assert.equal(3, api:ask(T2I, ids[3], "status").queue_position)
      clock.sleep(190)
      assert.equal("in_progress", api:ask(T2I, ids[1], "status").status)
      assert.equal(2, api:ask(T2I, ids[3], "status").queue_position)
      clock.sleep(30)
      assert.equal(1, api:ask(T2I, ids[3], "status").queue_position)
    end)
  end)

  it("keeps a whole 64-bit seed exact, and refuses the first number past it", function()
    simulation.with({}, function(api)
      local result = api:run(T2I, '{"overrides":{"3":{"inputs":{"seed":18446744073709551615}}}}')
      assert.equal("succeeded", result.status)
      local refused = api:submit(T2I, '{"overrides":{"3":{"inputs":{"seed":18446744073709551616}}}}')
      assert.matches("bigger than max of 18446744073709551615", refused.json.detail[1].msg, 1, true)
      refused = api:submit(T2I, with_seed(-1))
      assert.matches("smaller than min of 0", refused.json.detail[1].msg, 1, true)
    end)
  end)

  it("cancels what waits at once", function()
    simulation.with({}, function(api)
      local first, second = api:submit(T2I).json.request_id, api:submit(T2I, with_seed(2)).json.request_id
      local answer = cancel(api, T2I, first)
      assert.equal(202, answer.status)
      assert.same({ "completed", "cancelled" }, { answer.json.status, answer.json.outcome })
      assert.equal("cancelled", api:ask(T2I, first, "status").status)
      assert.equal("cancelled", api:ask(T2I, first, "result").status)
      assert.equal(1, api:ask(T2I, second, "status").queue_position)
    end)
  end)

  it("cancels what runs a moment later and takes the next request", function()
    simulation.with({ run_time = 60, cancel_delay = 2 }, function(api)
      local first, second = api:submit(T2I).json.request_id, api:submit(T2I, with_seed(2)).json.request_id
      clock.sleep(190)
      cancel(api, T2I, first)
      assert.equal("in_progress", api:ask(T2I, first, "status").status)
      clock.sleep(2)
      assert.equal("cancelled", api:ask(T2I, first, "status").status)
      assert.equal("in_progress", api:ask(T2I, second, "status").status)
    end)
  end)

  it("cannot cancel what has ended", function()
    simulation.with({}, function(api)
      local _, id = api:run(T2I)
      assert.equal("not_cancellable", cancel(api, T2I, id).json.outcome)
      assert.equal("succeeded", api:ask(T2I, id, "result").status)
    end)
  end)

  it("speaks the other cancel form and the other spelling on demand", function()
    simulation.with({ cancel_form = "requested", cancelled_word = "canceled" }, function(api)
      local id = api:submit(T2I).json.request_id
      local answer = cancel(api, T2I, id).json
      assert.equal("cancellation_requested", answer.status)
      assert.is_nil(answer.outcome)
      assert.equal("canceled", api:ask(T2I, id, "status").status)
      assert.equal("canceled", api:ask(T2I, id, "result").status)
      assert.equal("not_cancellable", cancel(api, T2I, id).json.status)
    end)
  end)

  it("forgets a request and its files seven days after its end", function()
    simulation.with({}, function(api)
      local result, id = api:run(T2I)
      local url = result.outputs["9"].images[1].url
      api.sim.model.time:advance(7 * 86400 - 400)
      assert.equal(200, api:get(url).status)
      api.sim.model.time:advance(600)
      assert.equal(404, api:get(url).status)
      assert.equal(404001, api:ask(T2I, id, "result").error_code)
    end)
  end)

  it("does not show a request under another deployment", function()
    simulation.with({}, function(api)
      local id = api:submit(T2I).json.request_id
      assert.equal(404001, api:ask(I2I, id, "status").error_code)
    end)
  end)

  it("runs a graph of the request's own, and checks it", function()
    simulation.with({}, function(api)
      local graph = api:get("/prod/v2/deployments/" .. UPSCALE .. "?includes=payload").json.payload.workflow_api_json
      local result = api:run(T2I, { workflow_api_json = graph })
      assert.equal("upscaled_00001_.png", result.outputs["9"].images[1].filename)
      graph["13"].class_type = "NoSuchNode"
      local refused = api:submit(T2I, { workflow_api_json = graph })
      assert.equal(422001, refused.json.error_code)
      assert.matches("'NoSuchNode' is not installed", json.encode(refused.json.detail), 1, true)
    end)
  end)

  it("fails a run whose picture cannot be fetched, and one that needs more memory than there is", function()
    simulation.with({}, function(api)
      local result = api:run(I2I, { overrides = { ["189"] = { inputs = { image = "https://gone.invalid/a.png" } } } })
      assert.equal("failed", result.status)
      assert.matches("cannot download https://gone.invalid/a.png", result.error[1].error, 1, true)
      result = api:run(T2I, { overrides = { ["5"] = { inputs = { width = 8192, height = 8192 } } } }, 20000)
      assert.matches("OutOfMemoryError", result.error[1].error, 1, true)
    end)
  end)

  it("names one file for each picture of a batch", function()
    simulation.with({}, function(api)
      local images = api:run(T2I, { overrides = { ["5"] = { inputs = { batch_size = 3 } },
                                                 ["9"] = { inputs = { filename_prefix = "cards/ace" } } } }).outputs["9"].images
      assert.equal(3, #images)
      assert.same({ "ace_00003_.png", "cards" }, { images[3].filename, images[3].subfolder })
      assert.equal(200, api:get(images[3].url).status)
    end)
  end)

  it("shows texts and previews beside files, under ids of any form", function()
    simulation.with({}, function(api)
      local graph = api:get("/prod/v2/deployments/" .. T2I .. "?includes=payload").json.payload.workflow_api_json
      graph["38:42"] = { class_type = "PreviewAny", inputs = { source = json.as_array { "6", 0 } } }
      graph["12"] = { class_type = "PreviewImage", inputs = { images = json.as_array { "8", 0 } } }
      local outputs = api:run(T2I, { workflow_api_json = graph }).outputs
      assert.equal(graph["6"].inputs.text, outputs["38:42"].text[1][1])
      assert.equal("temp", outputs["12"].images[1].type)
      assert.equal(200, api:get(outputs["12"].images[1].url).status)
      assert.equal("output", outputs["9"].images[1].type)
    end)
  end)

  it("forgets expired requests by itself", function()
    simulation.with({}, function(api)
      local _, id = api:run(T2I)
      api.sim.model.time:advance(8 * 86400)
      api:submit(T2I)
      assert.is_nil(api.sim.model.requests[id])
      assert.same({}, api.sim.model.ended)
    end)
  end)

  it("shows errors as an object and moments with an offset on demand", function()
    simulation.with({ run_error_form = "object", time_form = "offset" }, function(api)
      api.sim:fault { kind = "fail_run" }
      local result = api:run(T2I)
      assert.equal(10011, result.error.errorCode)
      assert.matches("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%d000%+00:00$", result.finished_at)
    end)
  end)
end)
