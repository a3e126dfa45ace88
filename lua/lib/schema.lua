--- JSON Schema 2020-12, compiled once to closures.
---
---     local check = assert(schema.compile { type = "object", required = { "seed" } })
---     local ok, message = check(value)      -- nil, "overrides/6/inputs/seed must be an integer, not a string"
---
--- The whole assertion vocabulary; `format` is checked for date-time, email, uri and uuid when asked for and
--- an annotation otherwise.  References are resolved within the documents given, never fetched.  Depth and
--- work of one check are bounded.

local applicators = require "lib.schema.applicators"
local assertions = require "lib.schema.assertions"
local documents = require "lib.schema.documents"
local failure = require "lib.schema.failure"
local metaschema = require "lib.schema.metaschema"
local seen_sets = require "lib.schema.seen"
local value = require "lib.schema.value"

local M = {}

local MAX_DEPTH = 256      -- references inside references
local MAX_STEPS = 2000000  -- subschemas applied in one check

---@class schema.Options
---@field documents? table<string, any>  further documents, by URI
---@field formats? boolean               check formats (default: they are annotations)

---@alias schema.Node fun(value: any, scope: table, seen: schema.Seen?): schema.Failure?

---@class schema.Compiler
---@field package documents schema.Documents
---@field package nodes table<table, schema.Node>
---@field package options schema.Options
local Compiler = {}
Compiler.__index = Compiler

-- The order in which keywords are checked: what says most to a reader first, what depends on others last.
local ORDER = {
  "$ref", "$dynamicRef", "type", "enum", "const", "required", "properties", "patternProperties", "additionalProperties",
  "propertyNames", "prefixItems", "items", "contains", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
  "multipleOf", "minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "minProperties",
  "maxProperties", "dependentRequired", "dependentSchemas", "allOf", "anyOf", "oneOf", "not", "if",
  "unevaluatedItems", "unevaluatedProperties",
}

local function anything() return nil end

local function nothing()
  return failure.new("false", "must not be there")
end

-- Enters a reference: counts depth and work, remembers the resource for $dynamicRef.
local function enter(target, resource)
  return function(v, scope, seen)
    local run = scope.run
    if scope.depth >= MAX_DEPTH then return failure.new("$ref", "is nested too deep to be checked") end
    run.steps = run.steps + 1
    if run.steps > MAX_STEPS then return failure.new("$ref", "takes too long to be checked") end
    return target(v, { run = run, depth = scope.depth + 1, resource = resource, parent = scope }, seen)
  end
end

local function find(compiler, schema, reference)
  local target, resource, anchor = compiler.documents:find(compiler.documents:resource_of(schema), reference)
  if target == nil then error({ schema = "$ref: " .. resource }, 0) end
  return target, resource, anchor
end

local REFERENCES = {}

REFERENCES["$ref"] = function(compiler, reference, schema)
  local target, resource = find(compiler, schema, reference)
  local check = enter(compiler:node(target), resource)
  return function(v, _, scope, seen) return check(v, scope, seen) end
end

-- The outermost resource on the way here that has the dynamic anchor.
local function outermost(scope, name)
  local found
  while scope do
    if scope.resource.dynamic_anchors[name] then found = scope.resource end
    scope = scope.parent
  end
  return found
end

REFERENCES["$dynamicRef"] = function(compiler, reference, schema)
  local target, resource, anchor = find(compiler, schema, reference)
  local check = enter(compiler:node(target), resource)
  if not anchor or resource.dynamic_anchors[anchor] ~= target then
    return function(v, _, scope, seen) return check(v, scope, seen) end
  end
  return function(v, _, scope, seen)
    local owner = outermost(scope, anchor)
    if not owner then return check(v, scope, seen) end
    return enter(compiler:node(owner.dynamic_anchors[anchor]), owner)(v, scope, seen)
  end
end

-- The check of one keyword, or nil if it asserts nothing.
local function keyword_check(compiler, schema, keyword)
  local argument = schema[keyword]
  if argument == nil then return nil end
  if REFERENCES[keyword] then return REFERENCES[keyword](compiler, argument, schema) end
  if applicators[keyword] then return applicators[keyword](compiler, argument, schema) end
  if keyword == "format" and not compiler.options.formats then return nil end
  if compiler.no_assertions then return nil end
  return assertions[keyword](argument)
end

local function keyword_checks(compiler, schema)
  local checks = {}
  for _, keyword in ipairs(ORDER) do
    local check = keyword_check(compiler, schema, keyword)
    if check then checks[#checks + 1] = check end
  end
  return checks
end

local function run_checks(checks, v, scope, seen)
  local kind = value.kind(v)
  for i = 1, #checks do
    local problem = checks[i](v, kind, scope, seen)
    if problem then return problem end
  end
end

-- A schema that needs to know what was seen keeps a set of its own and passes it on when it fits.
local function tracking(checks)
  return function(v, scope, seen)
    local mine = seen_sets.new()
    local problem = run_checks(checks, v, scope, mine)
    if not problem and seen then seen_sets.merge(seen, mine) end
    return problem
  end
end

-- A resource of its own inside another is entered where it is applied.
local function entering(node, resource)
  return function(v, scope, seen)
    if scope.resource == resource then return node(v, scope, seen) end
    return node(v, { run = scope.run, depth = scope.depth, resource = resource, parent = scope }, seen)
  end
end

--- The check of a subschema; compiled once.
---@param schema any
---@return schema.Node
function Compiler:node(schema)
  if schema == true then return anything end
  if schema == false then return nothing end
  if not value.is_schema(schema) then error({ schema = "a schema must be an object or a boolean" }, 0) end
  if self.nodes[schema] then return self.nodes[schema] end
  local node
  self.nodes[schema] = function(...) return node(...) end -- for references to itself
  local checks = keyword_checks(self, schema)
  if schema.unevaluatedItems ~= nil or schema.unevaluatedProperties ~= nil then
    node = tracking(checks)
  else
    node = function(v, scope, seen) return run_checks(checks, v, scope, seen) end
  end
  local resource = self.documents:resource_of(schema)
  if resource and resource.schema == schema then node = entering(node, resource) end
  self.nodes[schema] = node
  return node
end

-- Whether the dialect that "$schema" names leaves the assertions out.
local function lacks_assertions(docs, schema)
  local dialect = type(schema) == "table" and type(schema["$schema"]) == "string" and docs:resource(schema["$schema"])
  local vocabulary = dialect and dialect.schema["$vocabulary"]
  return vocabulary and vocabulary["https://json-schema.org/draft/2020-12/vocab/validation"] == nil
end

local function collect_documents(root, options)
  local docs = documents.new()
  for id, document in pairs(metaschema) do docs:add(id, document) end
  for id, document in pairs(options.documents or {}) do docs:add(id, document) end
  docs:add("", root)
  return docs
end

local function describe(problem)
  local place = failure.place(problem)
  return (place ~= "" and place .. " " or "") .. problem.message, problem
end

--- Compiles a schema (decoded JSON, or the same as Lua tables).
---@param schema any
---@param options? schema.Options
---@return (fun(value: any): true|nil, string?, schema.Failure?)|nil check
---@return string? message  why the schema is none
function M.compile(schema, options)
  options = options or {}
  local compiler = setmetatable({ documents = collect_documents(schema, options), nodes = {}, options = options }, Compiler)
  compiler.no_assertions = lacks_assertions(compiler.documents, schema)
  local ok, node = pcall(compiler.node, compiler, schema)
  if not ok then
    if type(node) == "table" and node.schema then return nil, node.schema end
    error(node, 0)
  end
  local root = type(schema) == "table" and compiler.documents:resource_of(schema) or { dynamic_anchors = {} }
  return function(v)
    local problem = node(v, { run = { steps = 0 }, depth = 0, resource = root }, nil)
    if problem then return nil, describe(problem) end
    return true
  end
end

return M
