--- Revision 2026-07-28: no handshake, each request tells its version and the client's capabilities;
--- each result tells its kind, and who answers.

local json = require "core.json"
local before = require "lib.mcp.revisions.2025_11_25"

local encode = json.encode

---@class Revision.2026_07_28: Revision
---@field cacheable string    how long lists hold, as members
---@field envelope string     the end of every result
---@field server_info string  member of `_meta`
local Revision = before:extend {
  version = "2026-07-28",
  any_structure = true,
  asks = false,
  input_required = true,
  not_found = -32602,
  methods = {
    ["server/discover"] = "discover",
    ["tools/list"] = "list_tools",
    ["tools/call"] = "call_tool",
    ["prompts/list"] = "list_prompts",
    ["prompts/get"] = "get_prompt",
    ["resources/list"] = "list_resources",
    ["resources/templates/list"] = "list_templates",
    ["resources/read"] = "read_resource",
    ["subscriptions/listen"] = "listen",
  },
}

function Revision:of(identity)
  local revision = before.of(self, identity) --[[@as Revision.2026_07_28]]
  revision.server_info = '"io.modelcontextprotocol/serverInfo":' .. revision:implementation()
  revision.envelope = ',"resultType":"complete","_meta":{' .. revision.server_info .. "}}"
  -- A list is the same for everyone who can reach this server.
  revision.cacheable = ',"ttlMs":' .. encode(identity.ttl_ms) .. ',"cacheScope":"public"'
  return revision
end

--- The result of `server/discover`.
---@param versions string[]  newest first
---@param offers Offers
---@return string text
function Revision:discover_result(versions, offers)
  local instructions = self.identity.instructions
  return '{"supportedVersions":' .. encode(json.as_array(versions))
    .. ',"capabilities":' .. self:capabilities(offers)
    .. (instructions and ',"instructions":' .. encode(instructions) or "")
    .. self.cacheable .. self.envelope
end

function Revision:list_result(kind, things)
  return self:open_list(kind, things) .. self.cacheable .. self.envelope
end

--- The result that ends a stream of `subscriptions/listen`.
---@param id string  JSON text of the member that names the stream
---@return string text
function Revision:listen_result(id)
  return '{"resultType":"complete","_meta":{' .. id .. "," .. self.server_info .. "}}"
end

--- The result that asks the person something before the call can go on.
---@param key string     names the question
---@param params string  of elicitation/create, JSON text
---@param state string   what the client gives back with the answer
---@return string text
function Revision:question_result(key, params, state)
  return '{"resultType":"input_required","inputRequests":{' .. encode(key) .. ':{"method":"elicitation/create","params":' .. params
    .. '}},"requestState":' .. encode(state) .. ',"_meta":{' .. self.server_info .. "}}"
end

function Revision.schema_of(schema)
  return schema
end

function Revision:tool_definition(tool)
  local definition = before.tool_definition(self, tool)
  if tool.wrapped then definition[#definition] = { "outputSchema", encode(tool.output) } end
  return definition
end

function Revision:call_result(blocks, structured, is_error, meta)
  local envelope = meta and ',"resultType":"complete","_meta":{' .. meta .. "," .. self.server_info .. "}}" or self.envelope
  return '{"content":' .. blocks .. (structured and ',"structuredContent":' or ""), structured or "",
    (is_error and ',"isError":true' or ',"isError":false') .. envelope
end

-- What is read may change at any time, and may be one user's.
function Revision:read_result(contents)
  return '{"contents":', contents, ',"ttlMs":0,"cacheScope":"private"' .. self.envelope
end

function Revision:prompt_result(description, messages)
  return '{"description":' .. encode(description) .. ',"messages":', messages, self.envelope
end

return Revision
