--- Small words for writing the output schemas of tools by hand, with the keys in a fixed order.
---
--- They promise what the tool itself makes and describe what it only forwards: a client that checks
--- results against the schema must not lose one because the API changed a type.

local json = require "core.json"

local M = {}

--- Any JSON.
---@param description string
---@return table
function M.any(description)
  return { description = description }
end

---@param kind "string"|"integer"|"number"|"boolean"
---@param description string
---@return table
function M.value(kind, description)
  return json.ordered({ "type", "description" }, { type = kind, description = description })
end

---@param description string
---@param items table  a schema
---@return table
function M.list(description, items)
  return json.ordered({ "type", "description", "items" }, { type = "array", description = description, items = items })
end

--- An object, open to further fields.
---@param description? string
---@param fields { [1]: string, [2]: table, optional: boolean? }[]  name and schema, in order
---@return table
function M.object(description, fields)
  local names, properties, required = {}, {}, json.as_array {}
  for i, field in ipairs(fields) do
    names[i], properties[field[1]] = field[1], field[2]
    if not field.optional then required[#required + 1] = field[1] end
  end
  return json.ordered({ "type", "description", "properties", "required" }, {
    type = "object", description = description,
    properties = json.ordered(names, properties),
    required = #required > 0 and required or nil,
  })
end

--- What is forwarded as it came: its fields are described, but it may be anything.
---@param description string
---@param fields { [1]: string, [2]: table }[]  name and schema, in order
---@return table
function M.forwarded(description, fields)
  local names, properties = {}, {}
  for i, field in ipairs(fields) do names[i], properties[field[1]] = field[1], field[2] end
  return json.ordered({ "description", "properties" }, { description = description, properties = json.ordered(names, properties) })
end

--- The structured content of a tool: `ok` always, the other fields where it is true.  They are not
--- required: clients check error results against the same schema, which say `ok`, `error` or `message`.
---@param fields { [1]: string, [2]: table }[]  name and schema, in order
---@return table
function M.result(fields)
  local schema = M.object(nil, fields)
  schema.required = json.as_array { "ok" }
  return schema
end

return M
