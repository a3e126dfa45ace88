--- Resources and templates of resources: declarations compiled once, and the one way to read one.

local blocks = require "lib.features.blocks"
local codec = require "core.codec"
local errors = require "lib.errors"
local guard = require "lib.features.guard"
local long_json = require "lib.async.long_json"
local uri_template = require "lib.features.uri_template"

local M = {}

---@class ResourceDeclaration
---@field uri string
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string  default "text/plain"; of a table that `read` gives "application/json"
---@field read fun(ctx: Context): string|table|nil, Error?   nil, or code "not_found": there is none (any more)

---@class TemplateDeclaration
---@field uri_template string  RFC 6570, levels 1 and 2
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string
---@field read fun(variables: table<string, string>, ctx: Context): string|table|nil, Error?

---@class Resource  a declaration, compiled
---@field uri string
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string
---@field package run function

---@class ResourceTemplate  a declaration, compiled
---@field uri_template string
---@field name string
---@field title? string
---@field description? string
---@field mime_type? string
---@field package pattern UriTemplate
---@field package run function

---@class ResourceSet  the resources of one moment
---@field list Resource[]                   sorted by URI
---@field find fun(uri: string): Resource?

---@class TemplateSet  the templates of one moment
---@field list ResourceTemplate[]           sorted by their text
---@field match fun(uri: string): ResourceTemplate?, table<string, string>?  the most specific, and its variables

local MAX_URI = 2048 -- bytes; longer ones are not looked up

-- Declarations -------------------------------------------------------------------------------------

local function refuse(kind, declaration, problem)
  return nil, errors.new(("%s '%s': %s"):format(kind, tostring(declaration.name), problem),
    { code = "bad_declaration", problem = problem })
end

local function check(declaration)
  if type(declaration.name) ~= "string" or declaration.name == "" then return "field 'name' is missing" end
  for _, field in ipairs { "name", "title", "description", "mime_type" } do
    local text = declaration[field]
    if text ~= nil and (type(text) ~= "string" or not codec.is_utf8(text)) then
      return ("field '%s' must be a text in UTF-8"):format(field)
    end
  end
  if type(declaration.read) ~= "function" then return "field 'read' must be a function" end
end

local function check_uri(field, uri)
  if type(uri) ~= "string" or not uri:find("^%a[%w+.-]*:[^%c ]+$") or #uri > MAX_URI then
    return ("field '%s' must be a URI with a scheme, as 'recipe://name', got %s"):format(field, tostring(uri))
  end
end

--- Checks and compiles the declaration of a resource.
---@param declaration ResourceDeclaration
---@return Resource|nil resource, Error? err  its `problem` is the message without the resource's name
---@return_overload Resource
---@return_overload nil, Error
function M.compile(declaration)
  local problem = check(declaration) or check_uri("uri", declaration.uri)
  if problem then return refuse("resource", declaration, problem) end
  return {
    uri = declaration.uri,
    name = declaration.name,
    title = declaration.title,
    description = declaration.description,
    mime_type = declaration.mime_type,
    run = declaration.read,
  }
end

--- Checks and compiles the declaration of a template.
---@param declaration TemplateDeclaration
---@return ResourceTemplate|nil template, Error? err
---@return_overload ResourceTemplate
---@return_overload nil, Error
function M.compile_template(declaration)
  local problem = check(declaration) or check_uri("uri_template", declaration.uri_template)
  if problem then return refuse("template", declaration, problem) end
  local pattern
  pattern, problem = uri_template.compile(declaration.uri_template)
  if not pattern then return refuse("template", declaration, "field 'uri_template': " .. problem) end
  return {
    uri_template = declaration.uri_template,
    name = declaration.name,
    title = declaration.title,
    description = declaration.description,
    mime_type = declaration.mime_type,
    pattern = pattern,
    run = declaration.read,
  }
end

-- Sets ---------------------------------------------------------------------------------------------

--- The set of these resources, whose URIs differ.
---@param resources Resource[]
---@return ResourceSet
function M.set(resources)
  local list, by_uri = {}, {}
  for i, resource in ipairs(resources) do
    list[i] = resource
    by_uri[resource.uri] = resource
  end
  table.sort(list, function(a, b) return a.uri < b.uri end)
  return { list = list, find = function(uri) return by_uri[uri] end }
end

local function by_text(a, b)
  return a.uri_template < b.uri_template
end

-- What says more of a URI literally comes first.
local function by_rank(a, b)
  local first, second = a.pattern, b.pattern
  if first.literal ~= second.literal then return first.literal > second.literal end
  if first.wide ~= second.wide then return first.wide < second.wide end
  return by_text(a, b)
end

--- The set of these templates, whose texts differ.
---@param templates ResourceTemplate[]
---@return TemplateSet
function M.template_set(templates)
  local list = table.move(templates, 1, #templates, 1, {})
  local ranked = table.move(templates, 1, #templates, 1, {})
  table.sort(list, by_text)
  table.sort(ranked, by_rank)
  return {
    list = list,
    match = function(uri)
      if #uri > MAX_URI then return nil end
      for _, template in ipairs(ranked) do
        local variables = template.pattern:match(uri)
        if variables then return template, variables end
      end
    end,
  }
end

-- Reading ------------------------------------------------------------------------------------------

local binary = { image = true, audio = true, video = true, font = true }

local function is_text(value, mime_type)
  if binary[mime_type:match("^[^/]+")] and not mime_type:find("%+xml") then return false end
  return codec.is_utf8(value)
end

-- The contents from what `read` gave.
local function contents_of(source, uri, value)
  if type(value) ~= "string" then
    return { uri = uri, mimeType = source.mime_type or "application/json", text = long_json.encode(value) }
  end
  local mime_type = source.mime_type or "text/plain"
  if is_text(value, mime_type) then return { uri = uri, mimeType = mime_type, text = value } end
  return {
    uri = uri,
    mimeType = source.mime_type or "application/octet-stream",
    blob = codec.base64_encode(value),
  }
end

local function run(source, uri, variables, ctx)
  local value, err
  if variables then value, err = source.run(variables, ctx) else value, err = source.run(ctx) end
  if value == nil then return nil, err end
  if type(value) ~= "string" and type(value) ~= "table" and type(value) ~= "userdata" then
    return nil, "it must give a text or a table, got " .. type(value)
  end
  return contents_of(source, uri, value)
end

--- Reads a resource, in a fiber; only the fiber's cancellation is raised.
---@param source Resource|ResourceTemplate
---@param uri string                          as the client gave it
---@param variables table<string, string>|nil of a template
---@param ctx Context
---@return ResourceContents|nil contents  nil without an error: there is no such resource
---@return Error? err
function M.read(source, uri, variables, ctx)
  local contents, err = guard.call("resource '%s'", source.name, run, source, uri, variables, ctx)
  if contents or err == nil then return contents end
  return nil, errors.wrap(err)
end

--- Writes contents as the JSON array of `resources/read`.
---@param contents ResourceContents
---@return string json
function M.write(contents)
  return "[" .. blocks.contents(contents) .. "]"
end

return M
