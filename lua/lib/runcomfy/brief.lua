--- What the text of an answer shows of a finished request: each URL once, and nothing that the message beside it says.
---
--- A model pays for each token of that text.  The structured content keeps all that the API gave.

local json = require "core.json"

local M = {}

local KEYS = { "ok", "deployment_id", "output_urls", "result" }
local SAID = { submission = true, status = true, note = true } -- by the message, or only of use to who has the structure
local OF_RESULT = { request_id = true, status = true, outputs = true, created_at = true, finished_at = true, instance_id = true }
local OF_FILE = { url = true, filename = true, subfolder = true, type = true }

local FILE_KEYS = { "node_id", "channel", "url", "filename", "type" }

local function plain(value)
  return type(value) == "userdata" and value ~= json.null and value:value() or value
end

-- The name is said where the URL does not end with it.
local function file(entry)
  local url, name = plain(entry.url), plain(entry.filename)
  local is_named = type(url) == "string" and type(name) == "string" and url:find(name, 1, true) ~= nil
  return json.ordered(FILE_KEYS, {
    node_id = entry.node_id, channel = entry.channel, url = entry.url, type = entry.type,
    filename = not is_named and name ~= json.null and entry.filename or nil,
  })
end

local function is_file(item)
  if item:kind() ~= "object" or not item:get "url" then return false end
  for name in item:pairs() do
    if not OF_FILE[name] then return false end
  end
  return true
end

-- Whether a channel holds nothing but files, which the list of URLs tells.
local function are_files(items)
  if items:kind() ~= "array" then return false end
  for _, item in items:pairs() do
    if not is_file(item) then return false end
  end
  return true
end

local function add(object, keys, key, value)
  keys[#keys + 1], object[key] = key, value
end

-- The channels of a node that hold something else; nil for none.
local function other_channels(channels)
  local keys, rest = {}, {}
  for channel, items in channels:pairs() do
    if not are_files(items) then add(rest, keys, channel, items) end
  end
  return #keys > 0 and json.ordered(keys, rest) or nil
end

-- The outputs that the list of URLs does not tell; nil for none.
local function other_outputs(outputs)
  local keys, rest = {}, {}
  for node_id, channels in outputs:pairs() do
    local others = channels
    if channels:kind() == "object" then others = other_channels(channels) end
    if others then add(rest, keys, node_id, others) end
  end
  return #keys > 0 and json.ordered(keys, rest) or nil
end

-- The files that are not among the other outputs.
local function files(urls, others)
  local list = json.as_array {}
  for _, entry in ipairs(urls) do
    local of_node = type(others) == "table" and others[entry.node_id]
    local is_there = type(of_node) == "table" and of_node[entry.channel] or type(of_node) == "userdata"
    if not is_there then list[#list + 1] = file(entry) end
  end
  return list
end

-- What a result has beside what is said already; nil for nothing.
local function other_members(result, others)
  local keys, rest = {}, {}
  if others then add(rest, keys, "outputs", others) end
  for name, member in result:pairs() do
    if not OF_RESULT[name] and member:kind() ~= "null" then add(rest, keys, name, member) end
  end
  return #keys > 0 and json.ordered(keys, rest) or nil
end

local function is_known(result)
  local outputs = type(result) == "userdata" and result:kind() == "object" and result:get "outputs"
  return outputs and outputs:kind() == "object"
end

--- The data of an answer, in short: all where the result has another layout than the one that is known.
---@param data table  of submit_request with wait_for_completion, or of get_request_result
---@return table
function M.of(data)
  local result = data.result
  if not is_known(result) then return data end
  local others = other_outputs(result:get "outputs")
  local shown, keys = {}, table.move(KEYS, 1, #KEYS, 1, {})
  for key, value in pairs(data) do
    if not SAID[key] then shown[key] = value end
  end
  shown.output_urls, shown.result = files(data.output_urls, others), other_members(result, others)
  return json.ordered(keys, shown)
end

return M
