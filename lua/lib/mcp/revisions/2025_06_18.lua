--- Revision 2025-06-18: titles and structured content; no batches any more.

local json = require "core.json"
local before = require "lib.mcp.revisions.2025_03_26"

local encode = json.encode

local Revision = before:extend {
  version = "2025-06-18",
  batches = false,
  structured = true,
}

function Revision:implementation()
  local identity = self.identity
  return self.object {
    { "name", encode(identity.name) },
    { "title", identity.title and encode(identity.title) },
    { "version", encode(identity.version) },
  }
end

function Revision:definition(tool)
  local definition = before.definition(self, tool)
  table.insert(definition, 2, { "title", tool.title and encode(tool.title) })
  definition[#definition + 1] = { "outputSchema", tool.output and encode(tool.output) }
  return definition
end

function Revision:call_result(blocks, structured, is_error)
  if not structured then return before.call_result(self, blocks, nil, is_error) end
  return '{"content":' .. blocks .. ',"structuredContent":', structured, is_error and ',"isError":true}' or ',"isError":false}'
end

return Revision
