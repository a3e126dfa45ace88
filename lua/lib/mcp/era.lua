--- Which revision a request lives by: legacy ones by the last `initialize`; modern ones tell all in their own `_meta`.

local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local versions = require "lib.mcp.versions"

local M = {}

local null, is_object = json.null, jsonrpc.is_object

local PREFIX = "io.modelcontextprotocol/"
local VERSION = PREFIX .. "protocolVersion"
local CAPABILITIES = PREFIX .. "clientCapabilities"
local CLIENT = PREFIX .. "clientInfo"
local LOG_LEVEL = PREFIX .. "logLevel"

local MODERN, LATEST_LEGACY = versions.MODERN, versions.LATEST_LEGACY

local log_levels = {
  debug = true, info = true, notice = true, warning = true, error = true, critical = true, alert = true, emergency = true,
}

--- What is kept of a clientInfo.
---@param info any
---@return table?
function M.client_of(info)
  if not is_object(info) then return nil end
  return {
    name = type(info.name) == "string" and info.name or nil,
    version = type(info.version) == "string" and info.version or nil,
  }
end

local function unsupported(requested)
  local supported = json.encode(json.as_array(versions.instead_of(requested)))
  return nil, jsonrpc.UNSUPPORTED_VERSION, "Unsupported protocol version: " .. jsonrpc.shown(requested),
    '{"supported":' .. supported .. ',"requested":' .. json.encode(requested) .. "}"
end

-- The revision of a request that carries its own metadata, or nil, code, message, data.
local function modern(server, meta)
  local version = meta[VERSION]
  if type(version) ~= "string" then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta' must have '" .. VERSION .. "', a string"
  end
  if version ~= MODERN then return unsupported(version) end
  if not is_object(meta[CAPABILITIES]) then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta' must have '" .. CAPABILITIES .. "', an object"
  end
  local level = meta[LOG_LEVEL]
  if level ~= nil and level ~= null and not log_levels[level] then
    return nil, jsonrpc.INVALID_PARAMS, "'_meta': '" .. LOG_LEVEL .. "' is no log level"
  end
  return server:revision(MODERN)
end

--- Whether a request tells all in its own metadata.
---@param meta? table
---@return any
function M.is_modern(meta)
  return meta and (meta[VERSION] ~= nil or meta[CAPABILITIES] ~= nil or meta[CLIENT] ~= nil)
end

--- Whether it says which revision it is of.
---@param meta? table
---@return boolean
function M.names_revision(meta)
  return meta ~= nil and meta[VERSION] ~= nil
end

--- Who asks, by the request's own metadata; nil: that does not say.
---@param meta? table
---@return table?
function M.client_in(meta)
  return meta and meta[CLIENT] ~= nil and M.client_of(meta[CLIENT]) or nil
end

--- What a request declares of its client in its own metadata; of a modern one an object.
---@param meta? table
---@return any
function M.capabilities_in(meta)
  return meta and meta[CAPABILITIES]
end

--- The revision for a request, or nil, code, message, data.
---@param server Server
---@param negotiated? Revision  by the last `initialize`
---@param method string
---@param meta? table
---@return Revision|nil revision, integer? code, string? message, string? data
function M.choose(server, negotiated, method, meta)
  if M.is_modern(meta) then return modern(server, meta) end
  if negotiated then return negotiated end
  if method == "ping" then return server:revision(LATEST_LEGACY) end
  return nil, jsonrpc.INVALID_PARAMS, "'_meta' with '" .. VERSION .. "' (" .. MODERN
    .. ") is missing; or call 'initialize' first"
end

--- The revision that an `initialize` settles on.
---@param server Server
---@param requested any
---@return Revision
function M.negotiate(server, requested)
  return requested ~= MODERN and server:revision(requested) or server:revision(LATEST_LEGACY) --[[@as Revision]]
end

return M
