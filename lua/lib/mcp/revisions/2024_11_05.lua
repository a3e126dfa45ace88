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
---@field list_changed? boolean  clients are told when a list changes

---@class Offers  what a server has beside tools, or may come to have
---@field prompts boolean
---@field resources boolean

---@class Revision
---@field version string
---@field batches boolean            whether a message may be an array of messages
---@field progress_messages boolean  whether progress may carry a text
---@field structured boolean         whether a result may carry structured content
---@field any_structure boolean      whether that may be anything, and not an object alone
---@field audio boolean              whether content may be audio
---@field links boolean              whether content may be a link to a resource
---@field last_modified boolean      whether annotations of content may tell when it was changed
---@field asks boolean               whether the server may ask the person, with a request of its own
---@field input_required boolean     whether the answer to a request may be a question, which another request answers
---@field rich_questions boolean     whether these name their mode, and have defaults of any kind
---@field not_found integer          code of the error about a resource that does not exist
---@field methods table<string, string>  method to the name of its handler in lib.mcp.server
---@field protected identity ServerIdentity
local Revision = {
  version = "2024-11-05",
  batches = true,
  progress_messages = false,
  structured = false,
  any_structure = false,
  audio = false,
  links = false,
  last_modified = false,
  asks = false,
  input_required = false,
  rich_questions = false,
  not_found = -32002,
  methods = {
    ping = "ping",
    ["tools/list"] = "list_tools",
    ["tools/call"] = "call_tool",
    ["prompts/list"] = "list_prompts",
    ["prompts/get"] = "get_prompt",
    ["resources/list"] = "list_resources",
    ["resources/templates/list"] = "list_templates",
    ["resources/read"] = "read_resource",
  },
}
Revision.__index = Revision

--- Makes a revision that differs from this one by `fields`.
---@param fields table
---@return Revision
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
---@param offers Offers
---@return string text
function Revision:capabilities(offers)
  local each = self.identity.list_changed and '{"listChanged":true}' or "{}"
  return '{"tools":' .. each .. (offers.prompts and ',"prompts":' .. each or "")
    .. (offers.resources and ',"resources":' .. each or "") .. "}"
end

--- The result of `initialize`.
---@param offers Offers
---@return string text
function Revision:initialize_result(offers)
  local instructions = self.identity.instructions
  return self.object {
    { "protocolVersion", encode(self.version) },
    { "capabilities", self:capabilities(offers) },
    { "serverInfo", self:implementation() },
    { "instructions", instructions and encode(instructions) },
  }
end

-- Definitions: what a list shows of a thing, as a list of keys and JSON texts.

local function text(value)
  return value and encode(value)
end

---@alias Definition { [1]: string, [2]: string? }[]

--- A schema at the top of a definition, in the words that these revisions know.
---@param schema table|core.json.Raw
---@return table|core.json.Raw
function Revision.schema_of(schema)
  return require("lib.features.wrapping").without_booleans(schema)
end

---@param tool Tool
---@return Definition
function Revision:tool_definition(tool)
  return {
    { "name", encode(tool.name) },
    { "description", encode(tool.description) },
    { "inputSchema", encode(self.schema_of(tool.schema)) },
  }
end

local function prompt_arguments(prompt)
  local parts = {}
  for i, argument in ipairs(prompt.arguments) do
    parts[i] = Revision.object {
      { "name", encode(argument.name) },
      { "description", encode(argument.description) },
      { "required", tostring(argument.required) },
    }
  end
  return #parts > 0 and "[" .. table.concat(parts, ",") .. "]" or nil
end

---@param prompt Prompt
---@return Definition
function Revision.prompt_definition(_, prompt)
  return {
    { "name", encode(prompt.name) },
    { "description", encode(prompt.description) },
    { "arguments", prompt_arguments(prompt) },
  }
end

---@param resource Resource
---@return Definition
function Revision.resource_definition(_, resource)
  return {
    { "uri", encode(resource.uri) },
    { "name", encode(resource.name) },
    { "description", text(resource.description) },
    { "mimeType", text(resource.mime_type) },
  }
end

---@param template ResourceTemplate
---@return Definition
function Revision.template_definition(_, template)
  return {
    { "uriTemplate", encode(template.uri_template) },
    { "name", encode(template.name) },
    { "description", text(template.description) },
    { "mimeType", text(template.mime_type) },
  }
end

local definition_of = {
  tools = "tool_definition", prompts = "prompt_definition",
  resources = "resource_definition", resourceTemplates = "template_definition",
}

---@param kind string  "tools", "prompts", "resources", "resourceTemplates"
---@param things table[]
---@return string text  a JSON object with the list in it, its end left open
function Revision:open_list(kind, things)
  local parts, define = {}, self[definition_of[kind]]
  for i, thing in ipairs(things) do parts[i] = self.object(define(self, thing)) end
  return '{"' .. kind .. '":[' .. table.concat(parts, ",") .. "]"
end

--- The result of `tools/list`, `prompts/list`, `resources/list` or `resources/templates/list`.
---@param kind string
---@param things table[]
---@return string text
function Revision:list_result(kind, things)
  return self:open_list(kind, things) .. "}"
end

--- The result of `tools/call`.
---@param blocks string       JSON array of content blocks
---@param _structured? string  JSON text of the structured content
---@param is_error boolean
---@param meta? string        members of `_meta`, JSON text
---@return string head, string? structured, string? tail  the text, in pieces: see jsonrpc.result
function Revision.call_result(_, blocks, _structured, is_error, meta)
  return '{"content":' .. blocks, Revision.call_end(is_error, meta)
end

--- The end of a result of `tools/call`.
---@param is_error boolean
---@param meta? string
---@return string
function Revision.call_end(is_error, meta)
  return (is_error and ',"isError":true' or ',"isError":false') .. (meta and ',"_meta":{' .. meta .. "}}" or "}")
end

--- The result of `resources/read`.
---@param contents string  JSON array
---@return string head, string? contents, string? tail
function Revision.read_result(_, contents)
  return '{"contents":', contents, "}"
end

--- The result of `prompts/get`.
---@param description string
---@param messages string  JSON array
---@return string head, string? messages, string? tail
function Revision.prompt_result(_, description, messages)
  return '{"description":' .. encode(description) .. ',"messages":', messages, "}"
end

return Revision
