local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local json = require "core.json"
local recipes = require "spec.support.recipes"

local PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

describe("recipes.upscale_then_free_vram", function()
  it("upscales, frees the models, and tells what that gave back", function()
    recipes.with({}, function(bench)
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, #answer.data.images)
      local vram = answer.data.vram
      assert.equal(vram.freed, vram.free_after - vram.free_before)
      assert.is_true(vram.freed >= 512 << 20, "the upscale model alone has half a GiB")
      assert.equal(16 << 30, vram.total)
      assert.equal(1, bench:count("POST", "/inference"))
      assert.equal(1, bench:count("POST", "/proxy/api/free"))
      assert.same({ unload_models = true, free_memory = true }, bench:bodies("POST", "/proxy/api/free")[1])
    end)
  end)

  it("reads a local file, and takes the node that it is told", function()
    recipes.with({}, function(bench)
      local path = bench.files:write("photo.png", require("core.codec").base64_decode(PICTURE:match(",(.*)")))
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = path, node = "189" })
      assert.is_true(answer.ok, answer.text)
      assert.equal(PICTURE, bench:bodies("POST", "/inference")[1].overrides["189"].inputs.image)
    end)
  end)

  it("frees the memory when the run fails, too", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run" }
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      assert.is_false(answer.ok)
      assert.equal(1, bench:count("POST", "/proxy/api/free"))
    end)
  end)

  it("frees the memory when it is cancelled while it runs", function()
    recipes.with({ sim = { run_time = 600 } }, function(bench)
      local task = bench:start("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      clock.sleep(300)
      task:cancel("the user")
      task:join()
      assert.equal(1, bench:count("POST", "/proxy/api/free"))
    end)
  end)

  it("tells no more than it knows where the instance stops before it can be measured again", function()
    recipes.with({}, function(bench)
      bench:call("update_deployment", { deployment_id = recipes.UPSCALE, keep_warm_duration_in_seconds = 10 })
      bench.sim:fault { kind = "delay", seconds = 15, method = "POST", path = "/api/free" }
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      assert.is_true(answer.ok, answer.text)
      assert.is_true(answer.data.vram.free_before < answer.data.vram.total)
      assert.is_nil(answer.data.vram.freed)
    end)
  end)

  it("gives the pictures without numbers where the memory cannot be measured", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "status", status = 405, path = "system_stats", forever = true }
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      assert.is_true(answer.ok, answer.text)
      assert.is_nil(answer.data.vram)
      assert.equal(1, bench:count("POST", "/proxy/api/free"))
    end)
  end)

  it("says that nothing was freed where no instance was ever known, and gives the pictures", function()
    recipes.with({}, function(bench)
      local upscaled = assert(bench:call("submit_request", { deployment_id = recipes.UPSCALE, wait_for_completion = true }).data)
      local result = json.decode(json.encode(upscaled.result))
      result.instance_id = nil
      bed.answer_with(bench.sim, '{"status":"completed"}', { path = "/status", forever = true })
      bed.answer_with(bench.sim, json.encode(result), { path = "/result", forever = true })
      local answer = bench:call("upscale_then_free_vram", { deployment_id = "upscale", image = PICTURE })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, #answer.data.images)
      assert.matches("api/free was not sent: no instance was ever known", answer.data.note, 1, true)
      assert.equal(0, bench:count("POST", "/proxy/"))
    end)
  end)
end)
