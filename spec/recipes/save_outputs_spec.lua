local json = require "core.json"
local recipes = require "spec.support.recipes"

local function run(bench, seed)
  return bench:call("submit_request", {
    deployment_id = recipes.TEXT_TO_IMAGE, overrides = { ["3"] = { inputs = { seed = seed } } }, wait_for_completion = true,
    timeout_seconds = 1200,
  }).data.submission.request_id
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  return bytes
end

describe("recipes.save_outputs", function()
  it("saves the files under names of their own, each beside what tells where it came from", function()
    recipes.with({}, function(bench)
      local one, other = run(bench, 1), run(bench, 2)
      local answer = bench:call("save_outputs", { deployment_id = "text-to-image", request_ids = { one, other } })
      assert.is_true(answer.ok, answer.text)
      assert.equal(2, #answer.data.files)
      assert.not_equal(answer.data.files[1].path, answer.data.files[2].path)
      for _, file in ipairs(answer.data.files) do
        assert.equal("\x89PNG", read(file.path):sub(1, 4))
        assert.equal(file.size, #read(file.path))
        assert.equal("image/png", file.mime_type)
      end
      local about = json.decode(read(answer.data.files[1].path .. ".json"))
      assert.is_truthy(json.encode(about):find(one, 1, true))
      assert.equal(2, bench:count("GET", "/deployment_requests/"))
    end)
  end)

  it("leaves previews out unless they are wanted", function()
    recipes.with({}, function(bench)
      local graph = bench:call("get_deployment", { deployment_id = recipes.TEXT_TO_IMAGE, include_payload = true })
        .data.deployment.payload.workflow_api_json
      graph["10"] = { class_type = "PreviewImage", inputs = { images = json.as_array { "8", 0 } } }
      local id = bench:call("submit_request", { deployment_id = recipes.TEXT_TO_IMAGE, workflow_api_json = graph })
        .data.submission.request_id
      require("lib.async.clock").sleep(600)
      local input = { deployment_id = "text-to-image", request_ids = { id } }
      assert.equal(1, #bench:call("save_outputs", input).data.files)
      input.previews = true
      assert.equal(2, #bench:call("save_outputs", input).data.files)
    end)
  end)

  it("saves what it can when one request cannot be saved", function()
    recipes.with({}, function(bench)
      local answer = bench:call("save_outputs", { deployment_id = "text-to-image", request_ids = { "no-such-request", run(bench, 1) } })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, #answer.data.files)
      assert.equal("no-such-request", answer.data.problems[1].request_id)
    end)
  end)

  it("is an error when nothing is left to save", function()
    recipes.with({}, function(bench)
      local id = run(bench, 1)
      bench.sim.model.time:advance(8 * 86400)
      local answer = bench:call("save_outputs", { deployment_id = "text-to-image", request_ids = { id } })
      assert.is_false(answer.ok)
      assert.matches("nothing could be saved", answer.text)
    end)
  end)
end)
