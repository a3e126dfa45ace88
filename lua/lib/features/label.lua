--- The label of a simulated result: `"simulated": true` among its data where they are an object, else beside them.
--- No declaration of a tool has to name it, and none is broken by it.

local json = require "core.json"

local M = {}

-- Keywords by which a schema may refuse a member that it does not name.
local STRICT = {
  "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "const", "enum", "maxProperties", "propertyNames", "patternProperties",
  "dependentSchemas", "unevaluatedProperties",
}

---@class LabelRules
---@field declared boolean                         the tool itself says what `simulated` is
---@field allows? fun(data: table): true|nil, string?  whether its published schema lets the label in; nil: it does

local function has_member(schema, name)
  return type(schema.properties) == "table" and schema.properties[name] ~= nil
end

local function may_refuse(schema)
  for _, keyword in ipairs(STRICT) do
    if schema[keyword] ~= nil then return true end
  end
  return type(schema.additionalProperties) == "table"
end

--- What the output schema of a tool means for the label.
---@param schema table                              as declared, decoded
---@param compile fun(schema: table): fun(data: any): true|nil, string?
---@param published table|core.json.Raw             what clients see
---@return LabelRules
function M.rules(schema, compile, published)
  local allows
  if may_refuse(schema) then
    local check
    allows = function(data)
      check = check or compile(type(published) == "userdata" and published:value() or published)
      return check(data)
    end
  end
  return { declared = has_member(schema, "simulated"), allows = allows }
end

local function is_object(data)
  return type(data) == "table" and getmetatable(data) ~= json.array and (#data == 0 or json.has_order(data))
end

--- Runs a check of data as the tool itself made them: a label that came with what it got from other tools is not its own.
---@param rules LabelRules
---@param data any
---@param check fun(data: any, work: Meter?): true|nil, string?
---@param work? Meter
---@return true|nil ok, string? problem
function M.check_without(rules, data, check, work)
  if rules.declared or type(data) ~= "table" or data.simulated ~= true or not is_object(data) then return check(data, work) end
  local files = data.simulated_files
  data.simulated, data.simulated_files = nil, nil
  local ok, problem = check(data, work)
  data.simulated, data.simulated_files = true, files
  return ok, problem
end

-- Puts a member in where the schema lets it.
local function try(rules, data, name, value)
  local before = data[name]
  data[name] = value
  if not (rules and rules.allows) or rules.allows(data) then return true end
  data[name] = before
  return false
end

--- Labels the data of a result, or notes that the label has to stand beside them.  Where its pictures were saved
--- (`simulated_files`) comes with the label; the text tells it, too.
---@param rules? LabelRules  none: no schema says what the data may be
---@param result CallResult|{ simulated_files: any }
function M.put(rules, result)
  local data = result.data
  if data == nil then return end
  if type(data) == "userdata" and data ~= json.null and data.kind and data:kind() == "object" then
    data = json.decode(data:text()) -- the API's own bytes
    result.data = data
  end
  if is_object(data) and (data.simulated == nil or data.simulated == true) then
    if try(rules, data, "simulated", true) then
      if result.simulated_files then try(rules, data, "simulated_files", result.simulated_files) end
      return
    end
  end
  result.label_beside = true
end

return M
