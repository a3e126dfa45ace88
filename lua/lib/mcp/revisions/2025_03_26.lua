--- Revision 2025-03-26: tool annotations, texts in progress.

local before = require "lib.mcp.revisions.2024_11_05"

local Revision = before:extend {
  version = "2025-03-26",
  progress_messages = true,
}

local function annotations(tool)
  local parts = {}
  for i, hint in ipairs(tool.annotations) do parts[i] = ('"%s":%s'):format(hint[1], hint[2]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function Revision:definition(tool)
  local definition = before.definition(self, tool)
  definition[#definition + 1] = { "annotations", annotations(tool) }
  return definition
end

return Revision
