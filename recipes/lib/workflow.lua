--- The workflow of a deployment, by what people call its inputs: nobody has to know node numbers.
---
---     local flow = workflow.open("text-to-image")               -- id or name of a deployment; costs nothing
---     rc.submit { deployment_id = flow.deployment_id,
---                 overrides = workflow.overrides(flow, { prompt = "a fox", ["9.filename_prefix"] = "fox" }) }
---
--- `rc.workflow` finds the roles.  A recipe that uses this needs "list_deployments" and "get_deployment" in its `uses`.

local deployments = require "deployments"
local rc = require "rc"

local M = {}

--- What a recipe's parameter `node` says, for its description.
M.NODE = "Inputs named by hand where the workflow does not tell: 6.text, negative:7.text; several with commas"

--- Loads the workflow of a deployment, given by its id or its name.
---@param deployment string
---@param node? string  roles named by hand: "6.text", "negative:7.text", several with commas
---@return table<string, any> flow  deployment_id, name, hardware, inputs, roles
function M.open(deployment, node)
  local answer = rc.tools.get_deployment { deployment_id = deployments.id_of(deployment), include_payload = true }.deployment
  local payload = type(answer.payload) == "table" and answer.payload or {}
  if type(payload.workflow_api_json) ~= "table" then rc.fail(("deployment %s shows no workflow to run"):format(answer.id)) end
  local name = type(answer.name) == "string" and answer.name or answer.id
  local flow = rc.workflow(payload.workflow_api_json, { name = name, node = node })
  return {
    deployment_id = answer.id, name = name, flow = flow, roles = flow.roles, inputs = flow.inputs,
    hardware = type(answer.hardware) == "table" and answer.hardware[1] or nil,
  }
end

--- Whether a role ("prompt", "seed", …) can be set.
---@param flow table
---@param role string
---@return boolean
function M.has(flow, role)
  return flow.flow:has(role)
end

--- The input of a role or of a place ("6.text"), the first where it has several; ends the call where there is none.
---@param flow table
---@param key string
---@return table entry
function M.input(flow, key)
  return flow.flow:targets(key)[1]
end

--- Overrides that set inputs by role or by place.  Files may be local ones.
---@param flow table
---@param values table<string, any>
---@return table overrides
function M.overrides(flow, values)
  flow.flow:overrides(values) -- what cannot be set is refused before a file is read
  local given = {}
  for key, value in pairs(values) do
    local is_file = M.input(flow, key).kind == "file" and type(value) == "string"
    given[key] = is_file and rc.file(value) or value
  end
  return flow.flow:overrides(given)
end

--- Where a call's values go, and how that is known: for answers.
---@param flow table
---@param values table<string, any>
---@return table[] list  { name, inputs, how }
function M.where(flow, values)
  local names, list = {}, {}
  for name in pairs(values) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local role, keys = flow.roles[name], {}
    for k, entry in ipairs(flow.flow:targets(name, values)) do keys[k] = entry.key end
    list[i] = { name = name, inputs = keys, how = role and role.how ~= "candidate" and role.how or "named" }
  end
  return rc.json.array(list)
end

--- Adds a new seed to values that set none, where the workflow has one that can be set.
---@param flow table
---@param values table<string, any>  changed
---@return table values
function M.with_seed(flow, values)
  local given = values.seed ~= nil
  for _, key in ipairs(flow.roles.seed and flow.roles.seed.inputs or {}) do given = given or values[key] ~= nil end
  if not given and M.has(flow, "seed") then values.seed = M.new_seed(flow) end
  return values
end

--- A value written as text, as a table's cell is, in the type of its input.
---@param flow table
---@param key string
---@param text string
---@return any value
function M.from_text(flow, key, text)
  local entry = M.input(flow, key)
  if entry.kind == "text" or entry.kind == "string" or entry.kind == "file" or entry.value == rc.null then return text end
  local ok, value = pcall(rc.json.decode, text)
  if ok and type(value) == type(entry.value) then return value end
  if ok and type(value) == "userdata" and value ~= rc.null and type(entry.value) == "number" then return value end -- above 2^63-1
  if ok and type(value) == "number" and type(entry.value) == "userdata" then return value end
  local wanted = { table = "JSON object or list", boolean = "boolean" }
  rc.fail(("'%s' must be a %s, got '%s'"):format(key, wanted[type(entry.value)] or "number", text))
end

-- What a column sets.  Spreadsheets write words with a capital; inputs of nodes, 9.filename_prefix, are as they are.
local function key_of(column)
  return column:find(".", 1, true) and column or column:lower()
end

--- Overrides that set what the cells of a row say, with a new seed where they say none.
---@param flow table
---@param cells table<string, string>  by the names of their columns
---@return table overrides
function M.of_cells(flow, cells)
  local values = {}
  for column, text in pairs(cells) do
    local key = key_of(column)
    if values[key] ~= nil then rc.fail(("two columns are '%s'"):format(key)) end
    values[key] = M.from_text(flow, key, text)
  end
  return M.overrides(flow, M.with_seed(flow, values))
end

--- A seed that no run had before: ComfyUI answers unchanged inputs from its cache, without outputs.
---@param flow table
---@param count? integer  how many that follow each other
---@return integer first
function M.new_seed(flow, count)
  return flow.flow:new_seed(count)
end

return M
