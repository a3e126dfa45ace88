--- JSON Schema 2020-12, compiled once to closures.
---
---     local check = assert(schema.compile { type = "object", required = { "seed" } })
---     local ok, message = check(value)      -- nil, "overrides/6/inputs/seed must be an integer, not a string"
---
--- The whole assertion vocabulary; `format` is checked for date-time, email, uri and uuid when asked for and
--- an annotation otherwise.  References are resolved within the documents given, never fetched.  Depth and
--- work of one check are bounded: its steps are counted by a meter, and what cannot be checked within the bounds does
--- not fit, under `not` as anywhere else.

local applicators = require "lib.schema.applicators"
local assertions = require "lib.schema.assertions"
local documents = require "lib.schema.documents"
local failure = require "lib.schema.failure"
local metaschema = require "lib.schema.metaschema"
local meter = require "lib.async.meter"
local seen_sets = require "lib.schema.seen"
local value = require "lib.schema.value"

local M = {}

local MAX_DEPTH = 256 -- references inside references
local SECONDS = 2     -- of processor time for one check, where the caller has no meter

---@class schema.Options
---@field documents? table<string, any>  further documents, by URI
---@field formats? boolean               check formats (default: they are annotations)

---@class schema.Run  one check
---@field work Meter
---@field answers? table<schema.Node, table<table, schema.Failure|false>>  of references, by value; false: it fits
---@field latest? table<schema.Node, { value: any, answer: schema.Failure? }>  the same of the last value that is no table

---@alias schema.Node fun(value: any, scope: table, seen: schema.Seen?): schema.Failure?

---@class schema.Compiler
---@field package documents schema.Documents
---@field package nodes table<table, schema.Node>
---@field package options schema.Options
---@field package dynamic? boolean  some answer depends on the way to it
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

local Bound = {} -- metatable of what is raised where a check cannot be finished

local function give_up(message)
  error(setmetatable({ failure = failure.new("$ref", message) }, Bound), 0)
end

-- Enters a reference: counts depth, remembers the resource for $dynamicRef.
local function enter(target, resource)
  return function(v, scope, seen)
    if scope.depth >= MAX_DEPTH then give_up "cannot be checked: it is nested too deep" end
    return target(v, { run = scope.run, depth = scope.depth + 1, resource = resource, parent = scope }, seen)
  end
end

local OPEN = {} -- stands for the answer while it is looked for

-- What a reference says of a table, once for all ways that lead to it: they can be 2^n.
local function of_table(check, v, scope)
  local answers = scope.run.answers[check]
  if not answers then
    answers = {}
    scope.run.answers[check] = answers
  end
  local known = answers[v]
  if known == OPEN then give_up "cannot be checked: a reference leads back to itself" end
  if known ~= nil then return known and failure.copy(known) end
  answers[v] = OPEN
  local problem = check(v, scope, nil)
  answers[v] = problem and failure.copy(problem) or false
  return problem
end

local function of_other(check, v, scope)
  local latest = scope.run.latest
  local known = latest[check]
  if known and rawequal(known.value, v) then return known.answer and failure.copy(known.answer) end
  local problem = check(v, scope, nil)
  latest[check] = { value = v, answer = problem and failure.copy(problem) }
  return problem
end

-- A reference whose answer depends on the value alone.
local function remembering(check)
  return function(v, _, scope, seen)
    if seen or not scope.run.answers then return check(v, scope, seen) end
    return (type(v) == "table" and of_table or of_other)(check, v, scope) or nil
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
  return remembering(enter(compiler:node(target), resource))
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
  compiler.dynamic = true
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
  scope.run.work:step(#checks + 1)
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
    if not problem and seen then seen_sets.merge(seen, mine, scope.run.work) end
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
  local node ---@type fun(...): schema.Failure?
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

local dialects ---@type schema.Documents?  the metaschemas, whose parts are looked for once

local function documents_of_dialects()
  if not dialects then
    dialects = documents.new()
    for id, document in pairs(metaschema) do dialects:add(id, document) end
  end
  return dialects
end

local function collect_documents(root, options)
  local docs = documents.new(documents_of_dialects())
  for id, document in pairs(options.documents or {}) do docs:add(id, document) end
  docs:add("", root)
  return docs
end

local function describe(problem)
  local place = failure.place(problem)
  return (place ~= "" and place .. " " or "") .. problem.message, problem
end

local function new_run(compiler, work)
  local run = { work = work or meter.new { seconds = SECONDS } }
  if not compiler.dynamic then run.answers, run.latest = {}, {} end
  return run
end

-- The failure of a check that had to be given up.
local function unfinished(err)
  if getmetatable(err) == Bound then return err.failure end
  if meter.is_limit(err) then return failure.new("$ref", "cannot be checked: it takes too long") end
  error(err, 0)
end

--- Compiles a schema (decoded JSON, or the same as Lua tables).  The check lets the loop turn where it is long; it raises
--- the cancellation of its fiber and nothing else.
---@param schema any
---@param options? schema.Options
---@return (fun(value: any, work: Meter?): true|nil, string?, schema.Failure?)|nil check
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
  return function(v, work)
    local done, problem = pcall(node, v, { run = new_run(compiler, work), depth = 0, resource = root }, nil)
    if not done then problem = unfinished(problem) end
    if problem then return nil, describe(problem) end
    return true
  end
end

return M
