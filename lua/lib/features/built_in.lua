--- What a list shows of the built-in tools, before any of them is loaded: known since the program was made, it is most of what
--- a start would have to do.

local json = require "core.json"

local M = {}

local KEYS = { "name", "title", "description", "schema", "output", "annotations" }

--- A tool as the definitions have it.
---@param tool Tool
---@return string text
function M.definition(tool)
  local definition = {}
  for _, key in ipairs(KEYS) do definition[key] = tool[key] end
  return json.encode(json.ordered(KEYS, definition))
end

local function read(raw)
  return {
    name = raw:value "name", title = raw:value "title", description = raw:value "description",
    schema = raw:get "schema", output = raw:get "output", annotations = raw:value "annotations",
  }
end

--- The tools, sorted by name, with no more than a list shows.
---@return Tool[]
function M.tools()
  local list = {}
  for i, raw in assert(json.raw(require "lib.features.built_in.definitions")):pairs() do list[i] = read(raw) end
  return list
end

return M
