--- Schemas of inputs that say what their author cannot mean: limits that nothing meets, misspelt keywords, names that are required and
--- not there.

local didyoumean = require "lib.didyoumean"
local json = require "core.json"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local DEEPEST = 16

local KEYWORDS = {}
for word in ([[type title description default examples enum const properties required additionalProperties patternProperties
    propertyNames minProperties maxProperties dependentRequired dependentSchemas unevaluatedProperties items prefixItems contains
    minContains maxContains minItems maxItems uniqueItems unevaluatedItems minLength maxLength pattern format contentEncoding
    contentMediaType contentSchema minimum maximum exclusiveMinimum exclusiveMaximum multipleOf anyOf allOf oneOf not if then else
    deprecated readOnly writeOnly definitions dependencies nullable]]):gmatch "%S+" do
  KEYWORDS[#KEYWORDS + 1] = word
end
local KNOWN = {}
for _, word in ipairs(KEYWORDS) do KNOWN[word] = true end

local PAIRS = {
  { "minimum", "maximum" }, { "minLength", "maxLength" }, { "minItems", "maxItems" }, { "minProperties", "maxProperties" },
}

local KINDS = {
  string = function(value) return type(value) == "string" end,
  integer = function(value) return type(value) == "number" and value == math.floor(value) end,
  number = function(value) return type(value) == "number" end,
  boolean = function(value) return type(value) == "boolean" end,
}

local visit ---@type fun(schema: any, place: string, complain: function, depth: integer)

local function check_limits(schema, place, complain)
  for _, pair in ipairs(PAIRS) do
    local low, high = schema[pair[1]], schema[pair[2]]
    if type(low) == "number" and type(high) == "number" and low > high then
      complain(place, ("nothing is %s or more and %s or less"):format(low, high))
    end
  end
end

local function check_enum(schema, place, complain)
  local fits = KINDS[schema.type]
  for _, value in ipairs(fits and type(schema.enum) == "table" and schema.enum or {}) do
    if type(value) ~= "userdata" and not fits(value) then
      return complain(place, ("'enum' holds %s, which is no %s"):format(tostring(value), schema.type))
    end
  end
end

-- Other keywords than the known ones are allowed; what is nearly one is a slip.
local function check_keywords(schema, place, complain)
  for _, name in ipairs(sorted_keys(schema)) do
    local meant = type(name) == "string" and not KNOWN[name] and #name > 3 and not name:find "^[$x]" and didyoumean.nearest(name, KEYWORDS)
    if meant then complain(place, ("'%s' is no keyword of JSON Schema, did you mean '%s'?"):format(name, meant)) end
  end
end

local function check_required(schema, place, complain)
  local properties = type(schema.properties) == "table" and schema.properties
  if not properties or type(schema.required) ~= "table" or schema.patternProperties then return end
  for _, name in ipairs(schema.required) do
    if type(name) == "string" and properties[name] == nil then
      complain(place, ("'%s' is required, and no property has that name%s"):format(name, didyoumean.hint(name, sorted_keys(properties))))
    end
  end
end

function visit(schema, place, complain, depth)
  if type(schema) ~= "table" or depth > DEEPEST then return end
  check_limits(schema, place, complain)
  check_enum(schema, place, complain)
  check_keywords(schema, place, complain)
  check_required(schema, place, complain)
  visit(schema.items, place, complain, depth + 1)
  for _, name in ipairs(type(schema.properties) == "table" and sorted_keys(schema.properties) or {}) do
    visit(schema.properties[name], place == "" and name or place .. "/" .. name, complain, depth + 1)
  end
end

--- What is odd in a schema.
---@param schema table|core.json.Raw
---@return { place: string, message: string }[]
function M.problems(schema)
  local problems = {}
  if type(schema) == "userdata" then schema = json.decode(schema:text()) end
  visit(schema, "", function(place, message) problems[#problems + 1] = { place = place, message = message } end, 1)
  return problems
end

return M
