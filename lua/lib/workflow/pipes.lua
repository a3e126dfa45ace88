--- Links that lead elsewhere than to the node before: pipes that carry many things, pairs of Set and Get.

local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"
local switches = require "lib.workflow.switches"

local M = {}

-- Set and Get --------------------------------------------------------------------------------------------

local function constant_of(node)
  local found
  for _, name in ipairs(node.names) do
    if type(node.inputs[name]) == "string" then
      if found then return nil end
      found = node.inputs[name]
    end
  end
  return found
end

local function is_named(node, word)
  local lower = node.class:sub(1, 64):lower()
  return lower == word .. "node" or lower == "easy " .. word .. "node"
end

-- The Set nodes by their constant; false where two have one.
local function setters(graph)
  if graph.setters then return graph.setters end
  graph.setters = {}
  for _, id in ipairs(graph.ids) do
    local node = graphs.look(graph, id)
    local constant = is_named(node, "set") and constant_of(node)
    if constant then graph.setters[constant] = graph.setters[constant] == nil and node end
  end
  return graph.setters
end

--- The link behind a Get node: what its Set node was given.
---@param graph workflow.Graph
---@param node workflow.Node
---@return boolean is_get, workflow.Link?
function M.got(graph, node)
  if next(node.links) or not is_named(node, "get") then return false end
  local setter = setters(graph)[constant_of(node) or ""]
  local name = setter and next(setter.links)
  return true, name and next(setter.links, name) == nil and setter.links[name] or nil
end

-- Chains -------------------------------------------------------------------------------------------------

--- Follows a chain of nodes to its end, each node once however many ask: `step(id, slot)` gives nothing where it ends
--- without a result, a result, or nil and the next id and slot.
---@param memo table
---@param id string
---@param slot integer
---@param step fun(id: string, slot: integer): any, string?, integer?
---@return any result
function M.chain(memo, id, slot, step)
  local path, result, seen = {}, nil, {}
  while id do
    local key = id .. "\0" .. slot
    if memo[key] ~= nil then
      result = memo[key] or nil
      break
    end
    if seen[key] then break end
    seen[key], path[#path + 1] = true, key
    result, id, slot = step(id, slot) ---@diagnostic disable-line: assign-type-mismatch -- it ends where there is no next one
    if result ~= nil then break end
  end
  for _, key in ipairs(path) do memo[key] = result or false end
  return result
end

-- Pipes --------------------------------------------------------------------------------------------------

local ALIASES = {
  positive = { "positive", "pos", "base_positive", "cond" }, negative = { "negative", "neg", "base_negative", "uncond" },
  seed = { "seed", "noise_seed" },
  loader_width = { "empty_latent_width" }, latent = { "latent", "samples", "latent_image" }, image = { "images", "image" },
}

--- The inputs by which a node gets a pipe; those that may be one where none is called so.
---@param node workflow.Node
---@return string[]
function M.inputs(node)
  local list, others = {}, {}
  if node.links.pipe then return { "pipe" } end -- others beside it carry detectors
  for _, name in ipairs(node.names) do
    if node.links[name] then
      local kind = names.edge(name)
      if kind == "pipe" then list[#list + 1] = name elseif kind == "unknown" then others[#others + 1] = name end
    end
  end
  return #list > 0 and list or others
end

--- What a pipe carries under a name: { id, name, link? }, the input that it was given by, "unclear", or nothing.
---@param graph workflow.Graph
---@param link workflow.Link  a pipe
---@param want string
---@return table|string|nil
function M.carried(graph, link, want)
  graph.carried = graph.carried or {}
  graph.carried[want] = graph.carried[want] or {}
  return M.chain(graph.carried[want], link.id, link.slot, function(id)
    local node = graphs.look(graph, id)
    if not node then return nil end
    for _, name in ipairs(ALIASES[want] or { want }) do
      if node.links[name] then return { link = node.links[name], id = id, name = name } end
      if node.inputs[name] ~= nil then return { id = id, name = name } end
    end
    local is_switch, chosen = switches.choice(graph, node)
    local got, behind = M.got(graph, node)
    local links = M.inputs(node)
    local only = behind or chosen and node.links[chosen] or #links == 1 and node.links[links[1]]
    if only then return nil, only.id, only.slot end
    return (#links > 1 or is_switch or got) and "unclear" or nil
  end)
end

return M
