--- save_outputs: downloads what requests made, before RunComfy deletes it.
---
--- When:  within 7 days of the run; after them the files are gone.
--- Costs: nothing.
--- Call:  rcmcp run --examples save_outputs deployment_id=text-to-image request_ids='["7c1e…","9a2b…"]'
---
--- Files go into the output folder (setting output_folder) under names of their own; a JSON file beside each tells where it
--- came from.  A request that cannot be saved does not stop the others: `problems` tells, and why.

local deployments = require "deployments"
local rc = require "rc"

local function save(deployment_id, request_id, previews)
  local files = {}
  for _, entry in ipairs(rc.job(deployment_id, request_id):result().output_urls) do
    if previews or entry.type ~= "temp" then
      local saved = rc.download(entry, { about = { deployment_id = deployment_id, request_id = request_id, node_id = entry.node_id } })
      files[#files + 1] = { request_id = request_id, path = saved.path, size = saved.size, mime_type = saved.mime_type }
    end
  end
  if #files == 0 then rc.fail("it has no files: it made none, or has not ended") end
  return files
end

return rc.tool {
  name = "save_outputs",
  title = "Save outputs",
  description = "Downloads the output files of finished requests into the output folder of this machine, each with a JSON file that tells "
    .. "where it came from. RunComfy deletes outputs after 7 days. Costs nothing.",
  input = {
    { "deployment_id", "string", "Id of the deployment that ran them, or its name" },
    { "request_ids", "array", "The requests", items = "string", min_items = 1, max_items = 500 },
    { "previews", "boolean", "Save previews (type temp), too", default = false },
  },
  uses = { "get_request_result", "list_deployments" },
  run = function(input, ctx)
    local id, done = deployments.id_of(input.deployment_id), 0
    local runs = rc.map(input.request_ids, function(request_id)
      local files = save(id, request_id, input.previews)
      done = done + 1
      ctx:progress(done, #input.request_ids, ("%d of %d requests are saved"):format(done, #input.request_ids))
      return files
    end, { concurrency = 4, stop_on_error = false })

    local files, problems = {}, {}
    for i, run in ipairs(runs) do
      if run.ok then
        table.move(run.value, 1, #run.value, #files + 1, files)
      else
        problems[#problems + 1] = { request_id = input.request_ids[i], error = run.error.message }
      end
    end
    if #files == 0 then rc.fail("nothing could be saved: " .. problems[1].error, { problems = problems }) end
    return { files = files, problems = rc.json.array(problems) }
  end,
}
