--- A call of each shipped recipe: what it is called with, by its name, once `bench:call` has made what it needs.

local recipes = require "spec.support.recipes"

local PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

local function submitted(bench, more)
  local input = { deployment_id = recipes.TEXT_TO_IMAGE, overrides = { ["3"] = { inputs = { seed = 7 } } } }
  for key, value in pairs(more or {}) do input[key] = value end
  return bench:call("submit_request", input).data.submission.request_id
end

---@type table<string, fun(bench: { call: fun(self: any, name: string, input: table): table }): table>
return {
  batch_from_csv = function() return { deployment_id = "text-to-image", csv = "prompt,seed\na fox,1\na hare,2\n" } end,
  compare_seeds = function() return { deployment_id = "text-to-image", prompt = "a fox", seeds = { 7, 8, 9 } } end,
  deployment_health = function() return {} end,
  discover_inputs = function() return { deployment_id = "text-to-image" } end,
  generate_image = function() return { deployment_id = "text-to-image", prompt = "a fox", width = 256 } end,
  image_to_video = function(bench)
    bench:call("create_deployment", { name = "wan", workflow_id = recipes.VIDEO_WORKFLOW, workflow_version = "v1" })
    return { deployment_id = "wan", image = "https://example.com/fox.png", prompt = "it turns around", seed = 5 }
  end,
  chain_stages = function()
    return { stages = {
      { deployment_id = "text-to-image", inputs = { prompt = "a fox", seed = 7 } },
      { deployment_id = "image-to-image", inputs = { prompt = "in oil" } },
      { deployment_id = "upscale" },
    } }
  end,
  pause_when_idle = function(bench)
    return { deployment_id = "text-to-image", request_ids = { submitted(bench), submitted(bench) } }
  end,
  save_outputs = function(bench)
    local id = submitted(bench, { wait_for_completion = true, timeout_seconds = 1200 })
    return { deployment_id = "text-to-image", request_ids = { id } }
  end,
  switch_hardware_with_rollback = function() return { deployment_id = "text-to-image", hardware = "ADA_48_PLUS" } end,
  upscale_then_free_vram = function() return { deployment_id = "upscale", image = "data:image/png;base64," .. PICTURE } end,
  warm_up_and_scale_back = function() return { deployment_id = "text-to-image", instances = 2, minutes = 1 } end,
}
