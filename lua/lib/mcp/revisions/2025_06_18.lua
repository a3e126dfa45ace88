--- Revision 2025-06-18: titles, structured content, links, questions to the person; no batches any more.

local json = require "core.json"
local before = require "lib.mcp.revisions.2025_03_26"

local encode = json.encode

---@class Revision.2025_06_18: Revision.2025_03_26
local Revision = before:extend {
  version = "2025-06-18",
  batches = false,
  structured = true,
  links = true,
  last_modified = true,
  asks = true,
}

function Revision:implementation()
  local identity = self.identity
  return self.object {
    { "name", encode(identity.name) },
    { "title", identity.title and encode(identity.title) },
    { "version", encode(identity.version) },
  }
end

local function with_title(definition, thing)
  table.insert(definition, 2, { "title", thing.title and encode(thing.title) })
  return definition
end

function Revision:tool_definition(tool)
  local definition = with_title(before.tool_definition(self, tool), tool)
  local output = tool.wrapped or tool.output
  definition[#definition + 1] = { "outputSchema", output and encode(self.schema_of(output)) }
  return definition
end

function Revision:prompt_definition(prompt)
  return with_title(before.prompt_definition(self, prompt), prompt)
end

function Revision:resource_definition(resource)
  return with_title(before.resource_definition(self, resource), resource)
end

function Revision:template_definition(template)
  return with_title(before.template_definition(self, template), template)
end

function Revision:call_result(blocks, structured, is_error, meta)
  if not structured then return before.call_result(self, blocks, nil, is_error, meta) end
  return '{"content":' .. blocks .. ',"structuredContent":', structured, self.call_end(is_error, meta)
end

return Revision
