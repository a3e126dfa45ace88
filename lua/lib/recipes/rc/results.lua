--- Results: content for the answer, and the error that ends a call.

local codec = require "core.codec"
local json = require "core.json"
local media_type = require "lib.media_type"
local members = require "lib.recipes.rc.members"
local opaque = require "lib.recipes.boundary.opaque"
local rc_error = require "lib.recipes.boundary.rc_error"
local texts = require "lib.text"
local work = require "lib.recipes.rc.work"

local brief, clean, clean_all = texts.brief, texts.clean, texts.clean_all

local M = {}

local MAX_BYTES = 20 * 1024 * 1024

-- A character that the recipe cut in two must not end a call that has paid already.
local function check_text(value, what, level)
  if type(value) ~= "string" then error(("%s must be a text, got %s"):format(what, type(value)), level + 1) end
  return clean(value)
end

local function check_bytes(value, what, level)
  if type(value) ~= "string" then error(("%s takes bytes in a string, got %s"):format(what, type(value)), level + 1) end
  if #value == 0 then error(what .. " takes bytes, got none", level + 1) end
  if #value > MAX_BYTES then error(("%s takes at most %d MB, got %d bytes"):format(what, MAX_BYTES // 1024 // 1024, #value), level + 1) end
  return value
end

local function check_mime_type(mime_type, what, level)
  if type(mime_type) == "string" and mime_type:find("^[%w.+-]+/[%w.+-]+") then return mime_type end
  error(("%s: the MIME type must be such as image/png, got %s"):format(what, tostring(mime_type)), level + 1)
end

local function mark(block)
  local resource = block.resource or {}
  return opaque.new("content", block, #(block.text or block.data or resource.text or resource.blob or ""))
end

--- `rc.text`
---@param text string
---@return table content
function M.text(_, text)
  return mark { type = "text", text = check_text(text, "rc.text", 3) }
end

local function media(kind, bytes, mime_type)
  local what = "rc." .. kind
  check_bytes(bytes, what, 3)
  local found = mime_type or media_type.sniff(bytes)
  if not mime_type and found:sub(1, #kind + 1) ~= kind .. "/" then
    error(("%s: these bytes are no %s that is known (%s); give its MIME type"):format(what, kind, found), 3)
  end
  return mark { type = kind, data = codec.base64_encode(bytes), mimeType = check_mime_type(found, what, 3) }
end

--- `rc.image`
---@param bytes string
---@param mime_type? string
---@return table content
function M.image(_, bytes, mime_type)
  return media("image", bytes, mime_type)
end

--- `rc.audio`
---@param bytes string
---@param mime_type? string
---@return table content
function M.audio(_, bytes, mime_type)
  return media("audio", bytes, mime_type)
end

local LINK_FIELDS = { name = "name", title = "title", description = "description", mime_type = "mimeType", size = "size" }
local LINK_KEYS = { "type", "uri", "name", "title", "description", "mimeType", "size" }

local function check_uri(uri, what, level)
  check_text(uri, what .. "'s URI", level + 1)
  if not codec.is_utf8(uri) or not uri:find("^%a[%w+.-]*:%S+$") then
    error(("%s takes a URI, got '%s'"):format(what, brief(uri, 80)), level + 1)
  end
  return uri
end

--- `rc.link`
---@param uri string
---@param options? table
---@return table content
function M.link(_, uri, options)
  local block = { type = "resource_link", uri = check_uri(uri, "rc.link", 3) }
  for name, value in pairs(options ~= nil and work.import(options, "rc.link", 3) or {}) do
    local field = LINK_FIELDS[name]
    if not field then
      error(("rc.link has no option '%s'; it takes name, title, description, mime_type, size"):format(tostring(name)), 3)
    end
    if name == "size" then
      if math.type(value) ~= "integer" or value < 0 then error("rc.link: size must be a whole number", 3) end
    else
      value = check_text(value, "rc.link's " .. name, 3)
    end
    block[field] = value
  end
  local tail = (uri:match("^[^?#]*") --[[@as string]]):reverse():match("^/*([^/:]+)")
  block.name = block.name or tail and tail:reverse() or uri
  return mark(json.ordered(LINK_KEYS, block))
end

--- `rc.embed`
---@param uri string
---@param content string
---@param mime_type? string
---@return table content
function M.embed(_, uri, content, mime_type)
  check_uri(uri, "rc.embed", 3)
  if type(content) ~= "string" then error("rc.embed takes text or bytes, got " .. type(content), 3) end
  if #content > MAX_BYTES then error(("rc.embed takes at most %d MB, got %d bytes"):format(MAX_BYTES // 1024 // 1024, #content), 3) end
  local found = check_mime_type(mime_type or media_type.sniff(content), "rc.embed", 3)
  local resource = { uri = uri, mimeType = found }
  if media_type.is_text(found) and codec.is_utf8(content) then
    resource.text = content
  else
    resource.blob = codec.base64_encode(content)
  end
  return mark { type = "resource", resource = json.ordered({ "uri", "mimeType", "text", "blob" }, resource) }
end

--- `rc.fail`
---@param message string
---@param fields? table
function M.fail(_, message, fields)
  message = check_text(message, "rc.fail's message", 3)
  local data = fields ~= nil and clean_all(members.settle(work.import(fields, "rc.fail", 3), { schema = { type = "object" } })) or {}
  if type(data) ~= "table" then error("rc.fail's fields are a table", 3) end
  data.ok, data.error = false, message
  if type(data.code) ~= "string" then data.code = "failed" end
  error(rc_error.new(message, {
    code = data.code, hint = type(data.hint) == "string" and data.hint or nil, data = data,
  }, true), 0)
end

return M
