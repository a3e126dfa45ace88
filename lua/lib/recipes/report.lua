--- What became of each recipe file, as JSON: for `rcmcp recipes --json` and the resource rcmcp://recipes.

local json = require "core.json"

local M = {}

local ENTRY = { "name", "state", "file", "folder", "tools", "load_ms", "error", "shadowed" }
local SHADOW, FOLDER, ALL = { "name", "by" }, { "path", "error" }, { "recipes", "folders" }

local function ordered_all(list, keys)
  for i, value in ipairs(list) do list[i] = json.ordered(keys, value) end
  return json.as_array(list)
end

--- The report of a catalog, ready for json.encode.
---@param catalog Catalog
---@return table
function M.json(catalog)
  local report = catalog:report()
  for _, entry in ipairs(report) do
    entry.tools = json.as_array(entry.tools)
    entry.shadowed = entry.shadowed and ordered_all(entry.shadowed, SHADOW)
  end
  return json.ordered(ALL, { recipes = ordered_all(report, ENTRY), folders = ordered_all(catalog:folder_problem_list(), FOLDER) })
end

return M
