--- Revision 2026-07-28: no handshake, each request tells its version and the client's capabilities;
--- each result tells its kind, and who answers.

local json = require "core.json"
local before = require "lib.mcp.revisions.2025_11_25"

local encode = json.encode

local Revision = before:extend {
  version = "2026-07-28",
  methods = {
    ["server/discover"] = "discover", ["tools/list"] = "list_tools", ["tools/call"] = "call_tool",
    ["subscriptions/listen"] = "listen",
  },
}

function Revision:of(identity)
  local revision = before.of(self, identity)
  revision.server_info = '"io.modelcontextprotocol/serverInfo":' .. revision:implementation()
  revision.envelope = ',"resultType":"complete","_meta":{' .. revision.server_info .. "}}"
  -- The list is the same for everyone who can reach this server.
  revision.cacheable = ',"ttlMs":' .. encode(identity.ttl_ms) .. ',"cacheScope":"public"'
  return revision
end

--- The result of `server/discover`.
---@param versions string[]  newest first
---@return string text
function Revision:discover_result(versions)
  local instructions = self.identity.instructions
  return '{"supportedVersions":' .. encode(json.as_array(versions))
    .. ',"capabilities":' .. self:capabilities()
    .. (instructions and ',"instructions":' .. encode(instructions) or "")
    .. self.cacheable .. self.envelope
end

function Revision:list_result(tools)
  return '{"tools":' .. self:definitions(tools) .. self.cacheable .. self.envelope
end

--- The result that ends a stream of `subscriptions/listen`.
---@param id string  JSON text of the member that names the stream
---@return string text
function Revision:listen_result(id)
  return '{"resultType":"complete","_meta":{' .. id .. "," .. self.server_info .. "}}"
end

function Revision:call_result(blocks, structured, is_error)
  return '{"content":' .. blocks .. (structured and ',"structuredContent":' or ""), structured or "",
    (is_error and ',"isError":true' or ',"isError":false') .. self.envelope
end

return Revision
