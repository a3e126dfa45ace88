--- Content blocks other than the text that every result has: written as JSON, in what a revision knows.
--- A block that it does not know becomes one that says the same.

local json = require "core.json"
local clean = require("lib.text").clean

local M = {}

local encode = json.encode

---@class BlockAnnotations
---@field audience? ("user"|"assistant")[]
---@field priority? number        0 to 1
---@field lastModified? string    ISO 8601

---@class ResourceContents
---@field uri string
---@field mimeType? string
---@field text? string            one of text and blob
---@field blob? string            base64

---@class Block
---@field type "text"|"image"|"audio"|"resource_link"|"resource"
---@field text? string            of text
---@field data? string            of image and audio: base64
---@field mimeType? string        of image, audio and resource_link
---@field uri? string             of resource_link
---@field name? string            of resource_link
---@field title? string           of resource_link
---@field description? string     of resource_link
---@field size? integer           of resource_link: bytes
---@field resource? ResourceContents  of resource
---@field annotations? BlockAnnotations

--- A block of text.
---@param text string
---@return string json
function M.text(text)
  return '{"type":"text","text":' .. encode(clean(text)) .. "}"
end

-- Fields -------------------------------------------------------------------------------------------

local function needed(block, field)
  local value = block[field]
  if type(value) == "string" then return value end
  error(("a content block of type '%s' needs '%s', a string, got %s"):format(block.type, field, type(value)), 0)
end

local function optional(key, value)
  if value == nil then return "" end
  return ',"' .. key .. '":' .. encode(type(value) == "string" and clean(value) or value)
end

local function annotations(block, revision)
  local given = block.annotations
  if not given then return "" end
  local shown = json.ordered({ "audience", "priority", "lastModified" }, {
    audience = given.audience and json.as_array(given.audience),
    priority = given.priority,
    lastModified = revision.last_modified and given.lastModified or nil,
  })
  return next(shown) and ',"annotations":' .. encode(shown) or ""
end

--- Contents of a resource, as `resources/read` and embedded resources have them.
---@param contents ResourceContents
---@return string json
function M.contents(contents)
  local blob = contents.blob
  if type(contents.uri) ~= "string" or type(blob or contents.text) ~= "string" then
    error("the contents of a resource need 'uri', and 'text' or 'blob', all of them strings", 0)
  end
  return '{"uri":' .. encode(contents.uri) .. optional("mimeType", contents.mimeType)
    .. (blob and ',"blob":' .. encode(blob) or optional("text", contents.text)) .. "}"
end

-- Kinds --------------------------------------------------------------------------------------------

local write = {} ---@type table<string, fun(block: Block, revision: Revision, index: integer): string>

local function close(text, block, revision)
  return text .. annotations(block, revision) .. "}"
end

function write.text(block, revision)
  return close('{"type":"text","text":' .. encode(clean(needed(block, "text"))), block, revision)
end

local function media(block, revision)
  return close('{"type":"' .. block.type .. '","data":' .. encode(needed(block, "data"))
    .. ',"mimeType":' .. encode(needed(block, "mimeType")), block, revision)
end

write.image = media

-- The first revision has no audio; as an embedded resource it keeps its bytes.
function write.audio(block, revision, index)
  if revision.audio then return media(block, revision) end
  return close('{"type":"resource","resource":' .. M.contents {
    uri = "rcmcp://content/" .. index, mimeType = needed(block, "mimeType"), blob = needed(block, "data"),
  }, block, revision)
end

local function link_as_text(block)
  local name, uri = block.name, needed(block, "uri")
  return M.text((name and name ~= uri and name .. ": " or "") .. uri .. (block.description and "\n" .. block.description or ""))
end

function write.resource_link(block, revision)
  if not revision.links then return link_as_text(block) end
  return close('{"type":"resource_link","uri":' .. encode(needed(block, "uri"))
    .. optional("name", block.name or block.uri) .. optional("title", block.title)
    .. optional("description", block.description) .. optional("mimeType", block.mimeType)
    .. optional("size", block.size), block, revision)
end

function write.resource(block, revision)
  if type(block.resource) ~= "table" then error("a content block of type 'resource' needs 'resource', a table", 0) end
  return close('{"type":"resource","resource":' .. M.contents(block.resource), block, revision)
end

--- Writes a block.  Raises a sentence where it is none.
---@param block Block
---@param revision Revision
---@param index integer  its place in the answer
---@return string json
function M.write(block, revision, index)
  local kind = type(block) == "table" and block.type
  local writer = write[kind]
  if not writer then
    error("a content block must be a table whose 'type' is text, image, audio, resource_link or resource, got "
      .. (type(block) == "table" and "type " .. tostring(kind) or type(block)), 0)
  end
  return writer(block, revision, index)
end

return M
