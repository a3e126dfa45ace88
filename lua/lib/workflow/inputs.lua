--- All inputs of a workflow that can be set.

local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"

local M = {}

---@class workflow.Input
---@field key string         "6.text"
---@field node_id string
---@field input string
---@field title string
---@field class_type string
---@field value any          as the workflow has it
---@field kind "seed"|"file"|"text"|"number"|"boolean"|"string"|"object"|"list"|"null"

local function is_list(value)
  return getmetatable(value) == require("core.json").array or rawlen(value) > 0
end

-- Before they are files, names of images are texts like others.
local function kind_of(node, name, value)
  if graphs.is_number(value) then return names.is_seed(name) and "seed" or "number" end
  if type(value) == "table" then return is_list(value) and "list" or "object" end
  if type(value) == "string" then
    if names.file(node.class, name, value) then return "file" end
    return (names.words(name) or names.is_text(name) or name == "lyrics") and "text" or "string"
  end
  return type(value) == "boolean" and "boolean" or "null"
end

--- Lists the inputs, by node and name; those that come from another node are none.
---@param graph workflow.Graph
---@return workflow.Input[] list, table<string, workflow.Input> by_key
function M.list(graph)
  local list, by_key = {}, {}
  for _, id in ipairs(graph.ids) do
    local node = graphs.look(graph, id) --[[@as workflow.Node]]
    for _, name in ipairs(node.names) do
      if not node.links[name] then
        local value = node.inputs[name]
        local entry = { key = id .. "." .. name, node_id = id, input = name, title = node.title, class_type = node.class, value = value,
                        kind = kind_of(node, name, value) }
        list[#list + 1], by_key[entry.key] = entry, entry
      end
    end
  end
  return list, by_key
end

return M
