--- Revision 2024-11-05, the first; the others build on it.
---
--- A revision is what the same neutral answer looks like to a client that speaks it.

local json = require "core.json"

local encode = json.encode

---@class ServerIdentity
---@field name string
---@field version string
---@field title? string
---@field instructions? string
---@field ttl_ms integer         how long a client may keep a list
---@field list_changed? boolean  clients are told when the list of tools changes

---@class Revision
---@field version string
---@field batches boolean            whether a message may be an array of messages
---@field progress_messages boolean  whether progress may carry a text
---@field structured boolean         whether a result may carry structured content
---@field methods table<string, string>  method to the name of its handler in lib.mcp.server
---@field protected identity ServerIdentity
local Revision = {
  version = "2024-11-05",
  batches = true,
  progress_messages = false,
  structured = false,
  methods = { ping = "ping", ["tools/list"] = "list_tools", ["tools/call"] = "call_tool" },
}
Revision.__index = Revision

--- Makes a revision that differs from this one by `fields`.
---@param fields table
---@return table
function Revision:extend(fields)
  fields.__index = fields
  return setmetatable(fields, self)
end

--- The revision for one server.
---@param identity ServerIdentity
---@return Revision
function Revision:of(identity)
  return setmetatable({ identity = identity }, self)
end

--- `"key":value` pairs of a list as a JSON object; values are JSON text, absent ones are left out.
---@param pairs_of { [1]: string, [2]: string? }[]
---@return string
function Revision.object(pairs_of)
  local parts = {}
  for _, pair in ipairs(pairs_of) do
    if pair[2] then parts[#parts + 1] = encode(pair[1]) .. ":" .. pair[2] end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Who the server is.
---@return string text
function Revision:implementation()
  local identity = self.identity
  return self.object { { "name", encode(identity.name) }, { "version", encode(identity.version) } }
end

--- What the server offers.
---@return string text
function Revision:capabilities()
  return self.identity.list_changed and '{"tools":{"listChanged":true}}' or '{"tools":{}}'
end

--- The result of `initialize`.
---@return string text
function Revision:initialize_result()
  local instructions = self.identity.instructions
  return self.object {
    { "protocolVersion", encode(self.version) },
    { "capabilities", self:capabilities() },
    { "serverInfo", self:implementation() },
    { "instructions", instructions and encode(instructions) },
  }
end

--- A tool as `tools/list` shows it: a list of keys and JSON texts.
---@param tool Tool
---@return { [1]: string, [2]: string? }[]
function Revision.definition(_, tool)
  return {
    { "name", encode(tool.name) },
    { "description", encode(tool.description) },
    { "inputSchema", encode(tool.schema) },
  }
end

---@param tools Tool[]
---@return string text  a JSON array
function Revision:definitions(tools)
  local parts = {}
  for i, tool in ipairs(tools) do parts[i] = self.object(self:definition(tool)) end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- The result of `tools/list`.
---@param tools Tool[]
---@return string text
function Revision:list_result(tools)
  return '{"tools":' .. self:definitions(tools) .. "}"
end

--- The result of `tools/call`.
---@param blocks string       JSON array of content blocks
---@param structured? string  JSON text of the structured content
---@param is_error boolean
---@return string head, string? structured, string? tail  the text, in pieces: see jsonrpc.result
function Revision.call_result(_, blocks, _, is_error)
  return '{"content":' .. blocks .. (is_error and ',"isError":true}' or ',"isError":false}')
end

return Revision
