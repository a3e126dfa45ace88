--- JSON-RPC 2.0: what a decoded message is, and the text of answers.
---
--- An id travels as its JSON text: echoing it keeps value and type ("1" is not 1, 2^64 stays exact),
--- and the text is the key of the table of open requests.

local codec = require "core.codec"
local json = require "core.json"
local clean = require("lib.text").clean

local M = {}

M.PARSE_ERROR = -32700
M.INVALID_REQUEST = -32600
M.METHOD_NOT_FOUND = -32601
M.INVALID_PARAMS = -32602
M.INTERNAL_ERROR = -32603
M.MISSING_CAPABILITY = -32021
M.UNSUPPORTED_VERSION = -32022

local encode, null, array = json.encode, json.null, json.array
local SHOWN_CHARACTERS = 200

--- Whether a decoded value is a JSON object.
---@param value any
---@return boolean
function M.is_object(value)
  return type(value) == "table" and getmetatable(value) ~= array
end

--- The object that a member holds which must be one: nothing is an empty one, and so is the empty list that languages
--- without a difference write for it.
---@param value any  decoded
---@return table?  nil where it is anything else
function M.object_in(value)
  if value == nil or value == null then return {} end
  if type(value) ~= "table" then return nil end
  if getmetatable(value) ~= array then return value end
  return #value == 0 and {} or nil
end

--- The JSON text of an id or a progress token; nil if it is neither a string nor a whole number.
---@param id any  decoded
---@return string?
function M.id_text(id)
  local kind = math.type(id)
  if kind == "integer" then return tostring(id) end
  if type(id) == "string" then return encode(id) end
  if kind == "float" then -- 7.0 is 7 to a peer that knows no difference
    if id % 1 ~= 0 then return nil end
    local whole = math.tointeger(id)
    return whole and tostring(whole) or encode(id)
  end
  if type(id) ~= "userdata" or id == null then return nil end
  local text = encode(id) -- a boxed number
  return text:find("^%-?%d+$") and text or nil
end

--- What a message is that cannot be parsed, or was too long to be kept, as far as its outermost object tells.
---@param kind "request"|"notification"|"response"|"unknown"  as json.envelope gives it
---@param written? string  the text of the id
---@return boolean answered  whether an error may be sent: never for a response or a notification
---@return string? id        the id's JSON text
function M.answerable(kind, written)
  if kind == "notification" or kind == "response" then return false end
  local id = written and json.decode(written, true)
  return true, id ~= nil and M.id_text(id) or nil
end

--- The JSON text of the progress token in a request's metadata.
---@param meta? table
---@return string?
function M.progress_token(meta)
  local token = meta and meta.progressToken
  return token ~= nil and M.id_text(token) or nil
end

---@alias MessageKind "request"|"notification"|"response"|"batch"|"invalid"

local function classify_response(message)
  if message.result ~= nil or message.error ~= nil then return "response" end
  return "invalid", M.id_text(message.id), "'method' is missing"
end

--- Tells what a decoded message is.
---@param message any
---@return MessageKind kind
---@return string? id      its id's JSON text, of a request, and of an invalid message where it can be read
---@return string? reason  of an invalid one
function M.classify(message)
  if type(message) ~= "table" then return "invalid", nil, "a message is a JSON object" end
  if getmetatable(message) == array then return "batch" end
  if message.jsonrpc ~= "2.0" then return "invalid", M.id_text(message.id), "'jsonrpc' must be \"2.0\"" end
  local method, id = message.method, message.id
  if method == nil then return classify_response(message) end
  if type(method) ~= "string" then return "invalid", M.id_text(id), "'method' must be a string" end
  if id == nil then return "notification" end
  local text = M.id_text(id)
  if text then return "request", text end
  return "invalid", nil, "'id' must be a string or an integer"
end

--- A successful response.  The result may come in up to three pieces: a large one is copied only once then.
---@param id string      JSON text of the id
---@param result string  JSON text of the result, or its beginning
---@param middle? string
---@param tail? string
---@return string text
function M.result(id, result, middle, tail)
  return '{"jsonrpc":"2.0","id":' .. id .. ',"result":' .. result .. (middle or "") .. (tail or "") .. "}"
end

--- An error response.
---@param id string?    JSON text of the id; nil if it could not be read: the answer then has none
---@param code integer
---@param message string
---@param data? string  JSON text
---@return string text
function M.failure(id, code, message, data)
  return '{"jsonrpc":"2.0",' .. (id and '"id":' .. id .. "," or "")
    .. '"error":{"code":' .. code .. ',"message":' .. encode(clean(message))
    .. (data and ',"data":' .. data or "") .. "}}"
end

--- A request.
---@param id string      JSON text
---@param method string
---@param params string  JSON text
---@return string text
function M.request(id, method, params)
  return '{"jsonrpc":"2.0","id":' .. id .. ',"method":' .. encode(method) .. ',"params":' .. params .. "}"
end

--- A notification.
---@param method string
---@param params string  JSON text
---@return string text
function M.notification(method, params)
  return '{"jsonrpc":"2.0","method":' .. encode(method) .. ',"params":' .. params .. "}"
end

--- A name as a message shows it: what the peer sent may be megabytes long.
---@param name string
---@return string
function M.shown(name)
  local head, cut = codec.utf8_head(name, SHOWN_CHARACTERS)
  return clean(cut and head .. "…" or head)
end

return M
