--- Whether the known clients take a tool: what they refuse, or drop without a word.

local json = require "core.json"
local sorted_names = require("lib.tables").sorted_names

local M = {}

---@class PortabilityProblem
---@field rule string
---@field message string

local MAX_SCHEMA_BYTES = 100 * 1024
local MAX_DEPTH = 32

local ROOT_KEYWORDS = { "oneOf", "anyOf", "allOf", "not", "if", "$ref" }

-- Keywords whose value is a schema, a list of schemas, a map of schemas.
local ONE = { "items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames" }
local MANY = { "anyOf", "allOf", "oneOf", "prefixItems" }
local NAMED = { "properties", "patternProperties", "$defs", "definitions", "dependentSchemas" }

local function add(problems, rule, format, ...)
  problems[#problems + 1] = { rule = rule, message = format:format(...) }
end

local function check_root(schema, problems)
  for _, keyword in ipairs(ROOT_KEYWORDS) do
    if schema[keyword] ~= nil then
      add(problems, "schema-root", "the input schema has '%s' at its root: the Claude API refuses the tool and Claude Code "
        .. "drops it without a word; move it into a property", keyword)
    end
  end
end

local function is_array(schema)
  if type(schema.type) ~= "table" then return schema.type == "array" end
  for _, name in ipairs(schema.type) do
    if name == "array" then return true end
  end
  return false
end

local visit ---@type fun(schema: any, place: string, problems: table, depth: integer)

local function visit_all(schema, place, problems, depth)
  for _, keyword in ipairs(ONE) do visit(schema[keyword], place, problems, depth) end
  for _, keyword in ipairs(MANY) do
    for _, item in ipairs(type(schema[keyword]) == "table" and schema[keyword] or {}) do visit(item, place, problems, depth) end
  end
  for _, keyword in ipairs(NAMED) do
    local map = type(schema[keyword]) == "table" and schema[keyword] or {}
    for _, name in ipairs(sorted_names(map)) do
      visit(map[name], place == "" and name or place .. "/" .. name, problems, depth)
    end
  end
end

function visit(schema, place, problems, depth)
  if type(schema) ~= "table" or depth > MAX_DEPTH then return end
  if is_array(schema) and schema.items == nil and schema.prefixItems == nil then
    add(problems, "schema-items", "'%s' is a list whose items have no type: VS Code refuses the tool; give it items", place)
  end
  for _, name in ipairs(sorted_names(type(schema.properties) == "table" and schema.properties or {})) do
    if not (name:find "^[%w_.-]+$" and #name <= 64) then
      add(problems, "schema-name", "the name '%s' has other characters than letters, digits, '_', '.' and '-', or more than 64: "
        .. "the Claude API refuses the tool", name)
    end
  end
  visit_all(schema, place, problems, depth + 1)
end

--- Checks the input schema of a tool.
---@param schema table|core.json.Raw
---@return PortabilityProblem[]
function M.problems(schema)
  local problems = {}
  local text = type(schema) == "userdata" and schema:text() or json.encode(schema)
  if type(schema) == "userdata" then schema = json.decode(text --[[@as string]]) end
  if #text > MAX_SCHEMA_BYTES then
    add(problems, "schema-size", "the input schema has %d bytes; some clients refuse more than %d", #text, MAX_SCHEMA_BYTES)
  end
  check_root(schema, problems)
  visit(schema, "", problems, 1)
  return problems
end

return M
