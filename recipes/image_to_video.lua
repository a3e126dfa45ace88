--- image_to_video: a picture begins to move.
---
--- When:  a deployment runs an image-to-video workflow (Wan, LTX, SVD, …) and there is a picture to start from.
--- Costs: GPU seconds of one run; videos take minutes, so this is among the dearer ones.  A cold start comes on top.
--- Call:  rcmcp run --examples image_to_video deployment_id=wan image=fox.png prompt="the fox turns its head"
---
--- Workflows put videos into different channels (videos, gifs, images with an animated file): what is returned is whatever
--- the workflow saved, and `channel` tells.

local outputs = require "outputs"
local rc = require "rc"
local workflow = require "workflow"

return rc.tool {
  name = "image_to_video",
  title = "Image to video",
  description = "Makes a video from a picture on a deployment with an image-to-video workflow, waits for it and returns its URLs, which "
    .. "work for 7 days. Takes minutes of GPU time, which cost: ask the user first.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "image", "string", "First frame: public URL, data URI, or path of a local file" },
    { "prompt", "string", "What happens in the video", optional = true },
    { "seed", "integer", "Number that the movement grows from; left out: a new one", minimum = 0, optional = true },
    { "node", "string", workflow.NODE .. "; 52 alone is the node that loads the picture", optional = true },
    { "save", "boolean", "Download the video into the output folder as well", default = false },
  },
  uses = { "get_deployment", "list_deployments", "submit_request" },
  run = function(input)
    local flow = workflow.open(input.deployment_id, input.node)
    local values = workflow.with_seed(flow, { image = input.image, prompt = input.prompt, seed = input.seed })
    local finished = rc.submit { deployment_id = flow.deployment_id, overrides = workflow.overrides(flow, values) }:wait()
    local videos = {} ---@type table[]
    for i, entry in ipairs(outputs.of(finished)) do
      videos[i] = { url = entry.url, channel = entry.channel, filename = entry.filename }
      if input.save then videos[i].path = rc.download(entry, { about = { prompt = input.prompt, seed = values.seed } }).path end
    end
    return {
      videos = videos, seed = values.seed, set = workflow.where(flow, values), deployment_id = flow.deployment_id,
      request_id = finished.request_id,
    }, rc.link(videos[1].url, { name = videos[1].filename })
  end,
}
