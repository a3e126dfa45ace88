--- The schema of schemas, draft 2020-12: what each keyword's value must be, one document a vocabulary, under the
--- URIs that schemas name.

local json = require "core.json"

local BASE = "https://json-schema.org/draft/2020-12/"

local function list(...) return json.as_array { ... } end

local SCHEMA = { ["$dynamicRef"] = "#meta" }
local SCHEMA_LIST = { type = "array", minItems = 1, items = SCHEMA }
local SCHEMA_MAP = { type = "object", additionalProperties = SCHEMA }
local STRING = { type = "string" }
local STRING_LIST = { type = "array", items = STRING, uniqueItems = true }
local NUMBER = { type = "number" }
local BOOLEAN = { type = "boolean" }
local COUNT = { type = "integer", minimum = 0 }
local URI = { type = "string", format = "uri-reference" }
local NAME = { type = "string", pattern = "^[A-Za-z_][-A-Za-z0-9._]*$" }
local TYPE = { enum = list("array", "boolean", "integer", "null", "number", "object", "string") }

local function vocabulary(name, properties)
  return {
    ["$id"] = BASE .. "meta/" .. name,
    ["$dynamicAnchor"] = "meta",
    ["$vocabulary"] = { [BASE .. "vocab/" .. name] = true },
    type = list("object", "boolean"),
    properties = properties,
  }
end

local VOCABULARIES = {
  vocabulary("core", {
    ["$id"] = { type = "string", format = "uri-reference", pattern = "^[^#]*#?$" },
    ["$schema"] = URI, ["$ref"] = URI, ["$dynamicRef"] = URI, ["$anchor"] = NAME, ["$dynamicAnchor"] = NAME,
    ["$vocabulary"] = { type = "object", additionalProperties = BOOLEAN }, ["$comment"] = STRING, ["$defs"] = SCHEMA_MAP,
  }),
  vocabulary("applicator", {
    prefixItems = SCHEMA_LIST, items = SCHEMA, contains = SCHEMA, additionalProperties = SCHEMA, properties = SCHEMA_MAP,
    patternProperties = { type = "object", additionalProperties = SCHEMA, propertyNames = { format = "regex" } },
    dependentSchemas = SCHEMA_MAP, propertyNames = SCHEMA, ["if"] = SCHEMA, ["then"] = SCHEMA, ["else"] = SCHEMA,
    allOf = SCHEMA_LIST, anyOf = SCHEMA_LIST, oneOf = SCHEMA_LIST, ["not"] = SCHEMA,
  }),
  vocabulary("unevaluated", { unevaluatedItems = SCHEMA, unevaluatedProperties = SCHEMA }),
  vocabulary("validation", {
    type = { anyOf = list(TYPE, { type = "array", items = TYPE, minItems = 1, uniqueItems = true }) },
    const = true, enum = { type = "array" }, multipleOf = { type = "number", exclusiveMinimum = 0 },
    maximum = NUMBER, exclusiveMaximum = NUMBER, minimum = NUMBER, exclusiveMinimum = NUMBER,
    maxLength = COUNT, minLength = COUNT, pattern = { type = "string", format = "regex" },
    maxItems = COUNT, minItems = COUNT, uniqueItems = BOOLEAN, maxContains = COUNT, minContains = COUNT,
    maxProperties = COUNT, minProperties = COUNT, required = STRING_LIST,
    dependentRequired = { type = "object", additionalProperties = STRING_LIST },
  }),
  vocabulary("meta-data", {
    title = STRING, description = STRING, default = true, deprecated = BOOLEAN, readOnly = BOOLEAN, writeOnly = BOOLEAN,
    examples = { type = "array" },
  }),
  vocabulary("format-annotation", { format = STRING }),
  vocabulary("content", { contentMediaType = STRING, contentEncoding = STRING, contentSchema = SCHEMA }),
}

local documents = {} ---@type table<string, table>
local root = {
  ["$id"] = BASE .. "schema",
  ["$dynamicAnchor"] = "meta",
  ["$vocabulary"] = {},
  allOf = json.as_array {},
  type = list("object", "boolean"),
}
for i, document in ipairs(VOCABULARIES) do
  documents[document["$id"]] = document
  for name in pairs(document["$vocabulary"]) do root["$vocabulary"][name] = true end
  root.allOf[i] = { ["$ref"] = document["$id"] }
end
documents[root["$id"]] = root

return documents
