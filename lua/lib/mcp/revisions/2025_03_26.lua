--- Revision 2025-03-26: tool annotations, texts in progress, audio.

local before = require "lib.mcp.revisions.2024_11_05"

---@class Revision.2025_03_26: Revision
local Revision = before:extend {
  version = "2025-03-26",
  progress_messages = true,
  audio = true,
}

local function annotations(tool)
  local parts = {}
  for i, hint in ipairs(tool.annotations) do parts[i] = ('"%s":%s'):format(hint[1], hint[2]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function Revision:tool_definition(tool)
  local definition = before.tool_definition(self, tool)
  definition[#definition + 1] = { "annotations", annotations(tool) }
  return definition
end

return Revision
