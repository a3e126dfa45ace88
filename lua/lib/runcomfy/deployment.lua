--- Deployments as they are shown: the scalar fields, and a summary of the workflow that needs no decoding.

local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

--- The fields of a deployment, in the order in which they are shown.
M.KEYS = {
  "id", "name", "workflow_id", "workflow_version", "hardware", "min_instances", "max_instances", "queue_size",
  "keep_warm_duration_in_seconds", "status", "is_enabled", "created_at", "updated_at",
}

--- GPU types that the API knows, smallest first.
M.HARDWARE = { "TURING_16", "AMPERE_24", "AMPERE_48", "ADA_48_PLUS", "AMPERE_80", "ADA_80_PLUS", "HOPPER_141" }

--- What their names do not say by themselves.
M.HARDWARE_HINT = "with its GB of VRAM; ADA_48_PLUS is faster than AMPERE_48, ADA_80_PLUS is an H100, HOPPER_141 an H200"

local wanted = {}
for _, key in ipairs(M.KEYS) do wanted[key] = true end

--- The 13 fields of a deployment, null where the API gives none.
---@param raw core.json.Raw|nil
---@return table
function M.compact(raw)
  local result = json.ordered(M.KEYS, {})
  for _, key in ipairs(M.KEYS) do result[key] = json.null end
  for key, value in pairs(raw and raw:members(wanted) or {}) do result[key] = value end
  return result
end

local MAX_NODES, MAX_OVERRIDES = 200, 100

-- The sorted keys of the object that a path leads to; an empty list where there is none.
local function keys_of(raw, ...)
  return json.as_array(raw and raw:keys(...) or {})
end

local NODE_KEYS = { "node_id", "title", "class_type", "input_names" }

local function node_summary(node_id, node)
  return json.ordered(NODE_KEYS, {
    node_id = node_id,
    title = node:get("_meta", "title") or json.null,
    class_type = node:get "class_type" or json.null,
    input_names = keys_of(node, "inputs"),
  })
end

local STEPS = 4 -- of the meter, for an entry

local function node_summaries(workflow, work)
  local list = json.as_array {}
  if not workflow or workflow:kind() ~= "object" then return list end
  for node_id, node in workflow:pairs() do
    work:step(STEPS)
    if #list == MAX_NODES then break end
    if node:kind() == "object" then list[#list + 1] = node_summary(node_id, node) end
  end
  return list
end

local function first(list, count)
  return #list <= count and list or json.as_array(table.move(list, 1, count, 1, {}))
end

local function is_truthy(raw)
  local text = raw and raw:text()
  return text ~= nil and text ~= "null" and text ~= '""' and text ~= "false"
end

local ROLES_LIMIT = 128 * 1024 -- bytes of a workflow whose roles are looked for: real ones have up to 60 kB

local MOST_TRACED = 4
local traced = {} ---@type { text: string, lines: string[]|false }[]  the last ones, newest first

-- Tracing costs many times what the rest of an answer does, and a server reads the same few deployments over and over.
local function lines_of(workflow)
  for i, entry in ipairs(traced) do
    if workflow:is(entry.text) then
      table.insert(traced, 1, table.remove(traced, i))
      return entry.lines
    end
  end
  local lines = require("lib.workflow.summary").lines(workflow:value()) or false
  table.insert(traced, 1, { text = workflow:text(), lines = lines })
  traced[MOST_TRACED + 1] = nil
  return lines
end

-- What the workflow's prompt, seed and picture are, as far as it tells.
local function roles_of(workflow)
  if not workflow or workflow:size() > ROLES_LIMIT then return nil end
  local lines = lines_of(workflow)
  return lines and json.as_array(table.move(lines, 1, #lines, 1, {})) or nil
end

local SUMMARY_KEYS = { "roles", "payload_keys", "has_object_info_url", "default_override_node_ids", "workflow_node_summary" }

local PARTS = { workflow_api_json = true, object_info_url = true, overrides = true }

--- What a model needs of a deployment's payload to write overrides: nodes, their titles and inputs.  In a fiber the loop turns
--- meanwhile.
---@param raw core.json.Raw  a deployment
---@return table
function M.payload_summary(raw)
  local payload = raw:get "payload"
  if not payload or payload:kind() ~= "object" then return { payload_keys = json.as_array {} } end
  local work = meter.new()
  local parts = payload:members(PARTS)
  work:pause()
  local keys = keys_of(payload)
  work:pause()
  return json.ordered(SUMMARY_KEYS, {
    roles = roles_of(parts.workflow_api_json),
    payload_keys = keys,
    has_object_info_url = is_truthy(parts.object_info_url),
    default_override_node_ids = first(keys_of(parts.overrides), MAX_OVERRIDES),
    workflow_node_summary = node_summaries(parts.workflow_api_json, work),
  })
end

return M
