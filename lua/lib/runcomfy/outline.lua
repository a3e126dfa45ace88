--- What the text of an answer says first where its data are too long to be shown whole: one thing a line, for clients that
--- show a model nothing but text.

local json = require "core.json"

local M = {}

local LONG = 200 -- bytes of a name

local function decoded(value)
  return type(value) == "userdata" and value ~= json.null and value.value and value:value() or value
end

-- A value as a word of a line.
local function word(value)
  value = decoded(value)
  if value == nil or value == json.null then return "?" end
  if type(value) == "table" then value = json.encode(value) end
  value = tostring(value)
  return #value > LONG and require("lib.text").brief(value, LONG) or value
end

local function node_line(node)
  return ('node %s %s "%s": %s'):format(word(node.node_id), word(node.class_type), word(node.title),
    table.concat(node.input_names, ", "))
end

--- The nodes of a payload's summary, its roles first.
---@param summary table  of lib.runcomfy.deployment
---@return Outline
function M.nodes(summary)
  local lines = {}
  for _, role in ipairs(summary.roles or {}) do lines[#lines + 1] = "role " .. role end
  local defaults = summary.default_override_node_ids or {}
  if #defaults > 0 then lines[#lines + 1] = "saved overrides of the nodes " .. table.concat(defaults, ", ") end
  local nodes = summary.workflow_node_summary or {}
  local function line(i)
    return lines[i] or node_line(nodes[i - #lines])
  end
  return { count = #lines + #nodes, line = line, instead_of = { "payload_summary" } }
end

--- The files of a result.
---@param urls table[]  of lib.runcomfy.outputs
---@return Outline
function M.files(urls)
  local function line(i)
    local entry = urls[i] --[[@as table]]
    local url = decoded(entry.url)
    return ("output of node %s, %s: %s"):format(word(entry.node_id), word(entry.channel), type(url) == "string" and url or word(url))
  end
  return { count = #urls, line = line, instead_of = { "output_urls" } }
end

local FEW = 15 -- deployments that the JSON has room for

local function deployment_line(item)
  return ('deployment %s "%s": %s, min_instances %s, max_instances %s, is_enabled %s, status %s'):format(word(item.id),
    word(item.name), word(item.hardware), word(item.min_instances), word(item.max_instances), word(item.is_enabled), word(item.status))
end

-- The deployments of the API's own bytes, with their members at hand.
local function objects_of(raw)
  local list = {}
  for _, item in raw:pairs() do
    if item:kind() == "object" then
      list[#list + 1] = setmetatable({}, { __index = function(_, key) return item:get(key) end })
    end
  end
  return list
end

--- Deployments, where there are many.
---@param list table[]|core.json.Raw
---@param whole boolean  whether the lines say enough to stand for the list
---@return Outline
function M.deployments(list, whole)
  local items = type(list) == "table" and list or objects_of(list)
  if #items <= FEW then return { count = 0, line = deployment_line, instead_of = {} } end
  local function line(i)
    return deployment_line(items[i])
  end
  return { count = #items, line = line, instead_of = whole and { "deployments" } or {} }
end

return M
