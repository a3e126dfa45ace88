--- Where the trace of a workflow begins: at what it saves.

local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"

local M = {}

local function image_output(node)
  local value = node.inputs.image_output
  return type(value) == "string" and value or ""
end

local PICTURE = { media = true, mask = true, unknown = true }

-- Whether a node is given what can be seen or heard, or makes it, and not words, a model or numbers alone.
local function has_picture(node)
  if image_output(node) ~= "" then return true end
  for _, name in ipairs(node.names) do
    if node.links[name] and PICTURE[names.edge(name)] then return true end
  end
  return false
end

local function is_saved(node)
  if node.inputs.save_output == false or names.notes(node.class) and not has_picture(node) then return false end
  return next(node.links) ~= nil and names.saves(node.class) or image_output(node):find("Save", 1, true) ~= nil
end

local function is_shown(node)
  if next(node.links) ~= nil and (names.shows(node.class) or names.saves(node.class)) then return true end
  return image_output(node):find("Preview", 1, true) ~= nil
end

-- A node whose output nobody takes, and that is more than an encoder or a loader left over.
local function is_last(graph, node)
  if graph.consumers[node.id] then return false end
  for _, name in ipairs(node.names) do
    local kind = names.edge(name)
    if node.links[name] and kind ~= "model" and kind ~= "text" and kind ~= "seed" then return true end
    if names.partner_words(node, name) and not node.inputs.clip and node.inputs.seed ~= nil then return true end
  end
  return false
end

local function all_that(graph, test)
  local list = {}
  for _, id in ipairs(graph.ids) do
    if test(graphs.look(graph, id)) then list[#list + 1] = id end
  end
  return list
end

--- The nodes whose output nobody takes.
---@param graph workflow.Graph
---@return string[] ids
function M.last(graph)
  return all_that(graph, function(node) return is_last(graph, node) end)
end

--- The nodes that keep a picture, or show one where none is kept; those that keep or show anything where there is no picture;
--- else the last ones.
---@param graph workflow.Graph
---@return string[] ids
function M.of(graph)
  local list = all_that(graph, function(node) return is_saved(node) and has_picture(node) end)
  if #list == 0 then list = all_that(graph, function(node) return is_shown(node) and has_picture(node) end) end
  if #list == 0 then list = all_that(graph, is_saved) end
  if #list == 0 then list = all_that(graph, is_shown) end
  return #list > 0 and list --[[@as string[] ]] or M.last(graph)
end

return M
