--- The files that a job made.

local json = require "lib.json"

local M = {}

local KEYS = { "node_id", "channel", "url", "filename", "subfolder", "type" }

local WANTED = { url = true, filename = true, subfolder = true, type = true }

local function entry(node_id, channel, item)
  return json.ordered(KEYS, {
    node_id = node_id, channel = channel, url = item.url, filename = item.filename or json.null,
    subfolder = item.subfolder or json.null, type = item.type or json.null,
  })
end

local function collect(list, node_id, channel, items)
  for _, item in items:pairs() do
    local members = item:members(WANTED)
    if members.url then list[#list + 1] = entry(node_id, channel, members) end
  end
end

--- Every item of every node's channels that has a `url`, in the order of the document.
---@param result core.json.Raw
---@return table[] list  node_id, channel, url, filename, subfolder, type
function M.urls(result)
  local list = json.as_array {}
  local outputs = result:get "outputs"
  if not outputs or outputs:kind() ~= "object" then return list end
  for node_id, channels in outputs:pairs() do
    if channels:kind() == "object" then
      for channel, items in channels:pairs() do
        if items:kind() == "array" then collect(list, node_id, channel, items) end
      end
    end
  end
  return list
end

--- Whether a result holds no output at all, not even text: ComfyUI answers so when nothing changed
--- since the run before and its cache served every node, and when the workflow saves nothing.
---@param result core.json.Raw
---@return boolean
function M.empty(result)
  local outputs = result:get "outputs"
  if not outputs then return result:get "output" == nil end -- as webhooks call it
  if outputs:kind() == "null" then return true end
  if outputs:kind() ~= "object" then return false end
  for _, channels in outputs:pairs() do
    local kind = channels:kind()
    if kind ~= "null" and not ((kind == "object" or kind == "array") and channels:size() == 2) then return false end
  end
  return true
end

return M
