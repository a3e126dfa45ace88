--- The protocol's revisions that this server speaks.

local M = {}

M.MODERN = "2026-07-28"
M.LATEST_LEGACY = "2025-11-25"

--- Newest first.
M.all = { M.MODERN, M.LATEST_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05" }

M.known = {} ---@type table<string, true>
for _, version in ipairs(M.all) do M.known[version] = true end

--- What may be asked for instead of `requested` in a request's own metadata.
---@param requested string
---@return string[]
function M.instead_of(requested)
  return M.known[requested] and { M.MODERN } or M.all
end

--- The Lua module of a revision.
---@param version string
---@return string
function M.module(version)
  return (version:gsub("-", "_"))
end

return M
