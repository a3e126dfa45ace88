--- How much a recipe's file may declare.  Clients hand the whole list of tools to a model, with every conversation: what is
--- too large there makes all tools worse, or is refused with the list.

local errors = require "lib.errors"
local json = require "core.json"
local subschemas = require "lib.schema.subschemas"
local brief = require("lib.text").brief
local sorted_names = require("lib.tables").sorted_names

local M = {}

--- Declarations of one kind in a file.
M.DECLARATIONS = 64
--- Parameters in one list, or properties of one object.
M.PARAMETERS = 128
--- Bytes.
M.DESCRIPTION = 8 * 1024
M.PARAMETER_DESCRIPTION = 4 * 1024
M.SCHEMA = 256 * 1024
M.FILE = 1024 * 1024

local TEXTS = { title = 256, name = 256, description = M.DESCRIPTION, uri = 2048, uri_template = 2048, mime_type = 256 }
local SCHEMAS = { "input", "output", "arguments" }

local function too_long(what, text, most)
  if type(text) == "string" and #text > most then return ("%s has %d bytes; it has %d at most"):format(what, #text, most) end
end

-- Lists of parameters ----------------------------------------------------------------------------------

local list_problem ---@type fun(list: table, label: string): string?

local function entry_problem(entry, label)
  if type(entry) ~= "table" then return nil end -- what it is instead is said where it is checked
  local what = ("%s: the description of parameter '%s'"):format(label, brief(tostring(entry[1]), 80))
  return too_long(what, entry[3], M.PARAMETER_DESCRIPTION)
    or type(entry.items) == "table" and list_problem(entry.items, label .. ".items")
    or type(entry.properties) == "table" and list_problem(entry.properties, label .. ".properties")
end

function list_problem(list, label)
  if #list > M.PARAMETERS then
    return ("%s[%d] is one parameter too many: a list has %d at most, and this one %d"):format(label, M.PARAMETERS + 1, M.PARAMETERS, #list)
  end
  for index, entry in ipairs(list) do
    local problem = entry_problem(entry, ("%s[%d]"):format(label, index))
    if problem then return problem end
  end
end

-- Schemas ----------------------------------------------------------------------------------------------

local MAX_DEPTH = 32 -- deeper ones are bounded by the size of the whole

local schema_problem ---@type fun(schema: any, label: string, depth: integer): string?

local function property_problem(properties, label, depth)
  local names = sorted_names(properties)
  if #names > M.PARAMETERS then return ("%s: 'properties' has %d members; it has %d at most"):format(label, #names, M.PARAMETERS) end
  for _, name in ipairs(names) do
    local problem = schema_problem(properties[name], ("%s: 'properties', '%s'"):format(label, brief(name, 80)), depth)
    if problem then return problem end
  end
end

function schema_problem(schema, label, depth)
  if type(schema) ~= "table" or depth > MAX_DEPTH then return nil end
  local problem = too_long(label .. ": 'description'", schema.description, M.PARAMETER_DESCRIPTION)
    or type(schema.properties) == "table" and property_problem(schema.properties, label, depth + 1)
  local others = setmetatable({ properties = false }, { __index = schema })
  subschemas.each(others, function(child) problem = problem or schema_problem(child, label, depth + 1) end)
  return problem
end

local function field_problem(name, value)
  local label = ("field '%s'"):format(name)
  if type(value) == "string" then
    local problem = too_long(label, value, M.SCHEMA)
    if problem then return problem end
    local ok, schema = pcall(json.decode, value)
    return ok and schema_problem(schema, label, 1) or nil
  elseif type(value) == "table" then
    return #value > 0 and list_problem(value, name) or schema_problem(value, label, 1)
  end
end

-- A declaration, a file --------------------------------------------------------------------------------

--- What of a declaration is larger than clients should be given; nil: nothing.
---@param fields table  as declared, of the right types or not
---@return string? problem
function M.problem(fields)
  for _, name in ipairs { "name", "title", "description", "uri", "uri_template", "mime_type" } do
    local problem = too_long(("field '%s'"):format(name), fields[name], TEXTS[name])
    if problem then return problem end
  end
  for _, name in ipairs(SCHEMAS) do
    local problem = field_problem(name, fields[name])
    if problem then return problem end
  end
end

--- The same for the declarations of a file together.
---@class RecipeSizes
---@field private counts table<string, integer>
---@field private bytes integer
local Sizes = {}
Sizes.__index = Sizes

--- Counts one more declaration.
---@param kind string
---@return string? problem  it is one too many
function Sizes:add(kind)
  self.counts[kind] = (self.counts[kind] or 0) + 1
  if self.counts[kind] <= M.DECLARATIONS then return nil end
  return ("it is one %s too many: a file declares %d at most"):format(kind, M.DECLARATIONS)
end

-- A worker may have declared what no recipe can.
local function bytes_of(schema)
  if not schema then return 0 end
  if type(schema) == "userdata" then return schema:size() end
  local ok, text = pcall(json.encode, schema)
  if ok then return #text end
  if errors.is_out_of_memory(text) then error(text, 0) end
  return nil, tostring(text)
end

--- Counts the bytes that clients get of a declaration.
---@param compiled Tool|Prompt|Resource|ResourceTemplate
---@return string? problem
function Sizes:weigh(compiled)
  self.bytes = self.bytes + #(compiled.description or "")
  for name, schema in pairs { input = compiled.schema or false, output = compiled.output or false } do
    local bytes, unwritable = bytes_of(schema)
    if not bytes then return ("field '%s' cannot be written as JSON: %s"):format(name, unwritable) end
    if bytes > M.SCHEMA then
      return ("field '%s': its schema has %d bytes; it has %d at most"):format(name, bytes, M.SCHEMA)
    end
    self.bytes = self.bytes + bytes
  end
  if self.bytes <= M.FILE then return nil end
  return ("descriptions and schemas of the file have %d bytes so far; a file has %d at most"):format(self.bytes, M.FILE)
end

---@return RecipeSizes
function M.new()
  return setmetatable({ counts = {}, bytes = 0 }, Sizes)
end

return M
