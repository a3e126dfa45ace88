--- The files that a finished job made, the saved ones before the previews.

local rc = require "rc"

local M = {}

--- The entries of output_urls that the workflow saved; its previews where it saved none.
---@param finished rc.Finished
---@return table[] entries  at least one
function M.of(finished)
  local saved, previews = {}, {} ---@type table[], table[]
  for _, entry in ipairs(finished.output_urls) do
    local list = entry.type == "temp" and previews or saved
    list[#list + 1] = entry
  end
  local entries = #saved > 0 and saved or previews
  if #entries == 0 then
    rc.fail("the job made no files with a URL. get_request_result shows whether it made text or another output. Where nothing differed "
      .. "from the run before, that run's result has the files. Look there before paying for another run", {
      code = "no_outputs", request_id = finished.request_id, deployment_id = finished.deployment_id,
    })
  end
  return entries
end

--- Their URLs.
---@param finished rc.Finished
---@return string[]
function M.urls(finished)
  local urls = {}
  for index, entry in ipairs(M.of(finished)) do urls[index] = entry.url end
  return urls
end

return M
