--- The documents of a schema: resources by $id, anchors, and what a reference leads to.

local subschemas = require "lib.schema.subschemas"
local uri = require "lib.schema.uri"
local value = require "lib.schema.value"

local M = {}

---@class schema.Resource
---@field uri string
---@field schema any
---@field anchors table<string, any>          by name: the subschema
---@field dynamic_anchors table<string, any>

---@class schema.Documents
---@field package resources table<string, schema.Resource>
---@field package owner table<table, schema.Resource>  subschema to the resource it belongs to
local Documents = {}
Documents.__index = Documents

local function add_resource(self, id, schema)
  local resource = { uri = id, schema = schema, anchors = {}, dynamic_anchors = {} }
  self.resources[id] = resource
  return resource
end

local function index(self, schema, resource)
  if type(schema) ~= "table" or self.owner[schema] then return end
  if type(schema["$id"]) == "string" then
    local id = uri.resolve(resource.uri, schema["$id"])
    if id ~= resource.uri or resource.schema ~= schema then resource = add_resource(self, id, schema) end
  end
  self.owner[schema] = resource
  if type(schema["$anchor"]) == "string" then resource.anchors[schema["$anchor"]] = schema end
  if type(schema["$dynamicAnchor"]) == "string" then
    resource.anchors[schema["$dynamicAnchor"]] = schema
    resource.dynamic_anchors[schema["$dynamicAnchor"]] = schema
  end
  subschemas.each(schema, function(child) index(self, child, resource) end)
end

--- Takes a document in under a URI.
---@param id string
---@param schema any
function Documents:add(id, schema)
  index(self, schema, add_resource(self, id, schema))
end

---@param schema table
---@return schema.Resource
function Documents:resource_of(schema)
  return self.owner[schema]
end

---@param id string
---@return schema.Resource?
function Documents:resource(id)
  return self.resources[id] or self.resources[id .. "#"]
end

local function step_into(node, token)
  if type(node) ~= "table" then return nil end
  if value.kind(node) == "array" then
    return token:match("^%d+$") and node[math.tointeger(token) --[[@as integer]] + 1] or nil
  end
  return node[token]
end

-- Follows a JSON pointer; a subschema on the way with an $id changes the resource.
local function point(self, resource, pointer)
  local node = resource.schema
  for token in pointer:gmatch("/([^/]*)") do
    node = step_into(node, (uri.unescape(token):gsub("~1", "/"):gsub("~0", "~")))
    if node == nil then return nil end
    if type(node) == "table" and self.owner[node] then resource = self.owner[node] end
  end
  if type(node) == "table" and not self.owner[node] then index(self, node, resource) end -- under an unknown keyword
  return node, type(node) == "table" and self.owner[node] or resource
end

--- What a reference leads to.
---@param from schema.Resource  where the reference stands
---@param reference string
---@return any schema              nil: nothing there
---@return schema.Resource|string  its resource, or the message
---@return string? anchor          the anchor's name if the reference is a plain name
function Documents:find(from, reference)
  local id, fragment = uri.resolve(from.uri, reference)
  local resource = self:resource(id)
  if not resource then
    return nil, ("'%s' is not in this schema; schemas are never fetched from the network"):format(reference)
  end
  if fragment == "" then return resource.schema, resource end
  if fragment:sub(1, 1) == "/" then
    local schema, owner = point(self, resource, fragment)
    if schema ~= nil then return schema, owner end
  else
    local schema = resource.anchors[uri.unescape(fragment)]
    if schema ~= nil then return schema, self.owner[schema], fragment end
  end
  return nil, ("'%s' leads nowhere"):format(reference)
end

---@param below? schema.Documents  that these see, too, where they have none of their own; it stays as it is
---@return schema.Documents
function M.new(below)
  local self = setmetatable({ resources = {}, owner = {} }, Documents)
  if below then
    setmetatable(self.resources, { __index = below.resources })
    setmetatable(self.owner, { __index = below.owner })
  end
  return self
end

return M
