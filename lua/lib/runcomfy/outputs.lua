--- The files that a job made.

local json = require "core.json"
local meter = require "lib.async.meter"
local stray_urls = require "lib.runcomfy.stray_urls"

local M = {}

local KEYS = { "node_id", "channel", "url", "filename", "subfolder", "type" }

local WANTED = { url = true, filename = true, subfolder = true, type = true }

local function entry(node_id, channel, item)
  return json.ordered(KEYS, {
    node_id = node_id, channel = channel, url = item.url, filename = item.filename or json.null,
    subfolder = item.subfolder or json.null, type = item.type or json.null,
  })
end

local STEPS = 20 -- of the meter, for one item

local function collect(list, work, node_id, channel, items)
  for _, item in items:pairs() do
    work:step(STEPS)
    local members = item:members(WANTED)
    if members.url then list[#list + 1] = entry(node_id, channel, members) end
  end
end

-- A part that has another layout: what is called `url` there.
local function collect_stray(list, work, node_id, channel, part)
  stray_urls.named(part, work, function(url) list[#list + 1] = entry(node_id, channel, { url = url }) end)
end

local function collect_channel(list, work, node_id, channel, items)
  local before = #list
  if items:kind() == "array" then collect(list, work, node_id, channel, items) end
  if #list == before then collect_stray(list, work, node_id, channel, items) end
end

local function collect_node(list, work, node_id, channels)
  if channels:kind() ~= "object" then return collect_stray(list, work, node_id, "", channels) end
  for channel, items in channels:pairs() do
    if channel == "url" then return collect_stray(list, work, node_id, "", channels) end
    collect_channel(list, work, node_id, channel, items)
  end
end

local function collect_known(list, work, result)
  local outputs = result:get "outputs"
  if not outputs or outputs:kind() ~= "object" then return end
  for node_id, channels in outputs:pairs() do collect_node(list, work, node_id, channels) end
end

--- Every item of every node's channels that has a `url`, in the order of the document; where the layout is another one, what is
--- called `url` there; and where nothing is, what looks like the URL of a file.  In a fiber the loop turns meanwhile.
---@param result core.json.Raw
---@return table[] list  node_id, channel ("" where they are not known), url, filename, subfolder, type
function M.urls(result)
  local list, work = json.as_array {}, meter.new { shielded = true } -- of a result that was paid
  collect_known(list, work, result)
  if #list == 0 then collect_stray(list, work, "", "", result) end
  if #list == 0 then
    stray_urls.files(result, work, function(url) list[#list + 1] = entry("", "", { url = url }) end)
  end
  return list
end

--- The name of the member that holds what a result has; nil where there is none of those that are known.
---@param result core.json.Raw
---@return "outputs"|"output"|nil
function M.place(result)
  return result:get "outputs" and "outputs" or result:get "output" and "output" or nil -- as webhooks call it
end

local STEPS_OF_MEMBER = 4
local BESIDE = { error = true, detail = true, logs = true, metrics = true } -- lists and objects that are no outputs

-- Whether something that nobody knows may hold what was made.
local function holds_more(result, work)
  for name, member in result:pairs() do
    work:step(STEPS_OF_MEMBER)
    local kind = member:kind()
    if not BESIDE[name] and (kind == "object" or kind == "array") and member:size() > 2 then return true end
  end
  return false
end

--- Whether a result holds no output at all, not even text: ComfyUI answers so when nothing changed
--- since the run before and its cache served every node, and when the workflow saves nothing.  In a fiber the loop turns meanwhile.
---@param result core.json.Raw
---@return boolean
function M.empty(result)
  local outputs, work = result:get "outputs", meter.new { shielded = true }
  if not outputs then return M.place(result) == nil and not holds_more(result, work) end
  if outputs:kind() == "null" then return true end
  if outputs:kind() ~= "object" then return false end
  for _, channels in outputs:pairs() do
    work:step(STEPS_OF_MEMBER)
    local kind = channels:kind()
    if kind ~= "null" and not ((kind == "object" or kind == "array") and channels:size() == 2) then return false end
  end
  return true
end

return M
