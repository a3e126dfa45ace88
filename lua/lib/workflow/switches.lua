--- Which of its inputs a switch lets through, where the workflow says so.

local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"

local M = {}

local CHOICES = { "select", "index", "switch", "input", "choice", "choose", "boolean", "boolean_number", "condition", "cond", "value",
  "use", "active", "if_condition", "any" }
local ON = { ["true"] = true, on_true = true, tt_value = true, if_true = true, value_if_true = true, true_value = true,
  input_true = true, image_true = true, when_true = true, true_input = true }
local OFF = { ["false"] = true, on_false = true, ff_value = true, if_false = true, value_if_false = true,
  false_value = true, input_false = true, image_false = true, when_false = true, false_input = true }

local FARTHEST = 32 -- nodes that a choice is followed through

-- They take the first of their inputs that is there, and have no choice (rgthree's any_switch.py and context_switch.py).
local FIRST = { ["Any Switch (rgthree)"] = true, ["Context Switch (rgthree)"] = true, ["Context Switch Big (rgthree)"] = true }

-- WAS Node Suite's: true is the first of `text_a` and `text_b`.  What a letter means elsewhere nobody knows.
local LETTERED = {}
for what in ("Clip Conditioning Image Latent Model Number Text VAE CLIP"):gmatch "%S+" do
  LETTERED[what .. " Input Switch"] = true
end

-- Whether an input is one of those that a switch chooses among.
local function is_branch(name)
  local lower = name:sub(1, 64):lower()
  return ON[lower] or OFF[lower] or lower:find("%d$") ~= nil or lower:find("_[a-d]$") ~= nil
end

local IS_CHOICE = {}
for _, name in ipairs(CHOICES) do IS_CHOICE[name] = true end

-- Whether a node has an input for true and one for false: it chooses, whatever it is called.
local function has_both_ways(node)
  local on, off = false, false
  for _, name in ipairs(node.names) do
    local lower = name:sub(1, 64):lower()
    on, off = on or ON[lower] or false, off or OFF[lower] or false
  end
  return on and off
end

-- Many classes are called switches or selectors: those that choose have inputs to choose among, and not the two sides.
local function is_switch(node)
  if not names.switches(node.class) then return has_both_ways(node) end
  local links, positive, negative = 0, false, false ---@type integer, boolean, boolean
  for _, name in ipairs(node.names) do
    if is_branch(name) then return true end
    if node.links[name] and not IS_CHOICE[name:lower()] then links = links + 1 end
    local side = (names --[[@as any]]).words(name)
    if side == "positive" then positive = true elseif side == "negative" then negative = true end
  end
  return links > 1 and not (positive and negative)
end

local function is_choice(value)
  return type(value) == "boolean" or math.type(value) == "integer"
end

local function is_plain(value)
  return type(value) == "boolean" or type(value) == "number" or type(value) == "string"
end

-- What a node without links gives: its `value`, or the only thing that it holds.
local function own_value(node)
  if is_plain(node.inputs.value) then return node.inputs.value end
  local only, count = nil, 0
  for _, name in ipairs(node.names) do only, count = node.inputs[name], count + 1 end
  if count == 1 and is_plain(only) then return only end
end

-- An index counts from 0 or from 1: which, only an input that is called after 0 tells.
local function counts_from_zero(node)
  for _, name in ipairs(node.names) do
    local lower = name:sub(1, 64):lower()
    if lower:find("0$") and not lower:find("%d0$") then return true end
  end
  return false
end

local function is_chosen(node, name, choice)
  local lower = name:sub(1, 64):lower()
  if LETTERED[node.class] and lower:find("_[ab]$") then
    return (choice == true or choice == 1) == (lower:sub(-1) == "a")
  end
  if choice == true then return ON[lower] or false end
  if choice == false then return OFF[lower] or false end
  -- linear: the name was cut
  local digits = lower:match("(%d+)$")
  return digits ~= nil and tonumber(digits) == choice
end

-- The input that a switch lets through by a choice that stands in itself.
local function chosen_by_itself(node)
  if not is_switch(node) then return nil end
  for _, wanted in ipairs(CHOICES) do
    for _, name in ipairs(node.names) do
      local value = node.inputs[name]
      if name:lower() == wanted and is_choice(value) and (wanted ~= "index" or counts_from_zero(node)) then
        for _, branch in ipairs(node.names) do
          if is_chosen(node, branch, value) then return branch end
        end
      end
    end
  end
end

-- The value behind a link: through reroutes and switches, to a node that holds nothing else.
local function constant(graph, link)
  for _ = 1, FARTHEST do
    local node = graph.nodes[link.id]
    if not node then return nil end
    local name = chosen_by_itself(node)
    if not name and next(node.links) == nil then
      if link.slot ~= 0 then return nil end
      return own_value(node)
    end
    if not name and #node.names ~= 1 then return nil end
    name = name or node.names[1]
    if not node.links[name] then return node.inputs[name] end
    link = node.links[name]
  end
end

local function choice_of(graph, node)
  for _, wanted in ipairs(CHOICES) do
    for _, name in ipairs(node.names) do
      if name:lower() == wanted then
        local value, link = node.inputs[name], node.links[name]
        if is_choice(value) and wanted == "index" and not counts_from_zero(node) then return nil, true end
        if is_choice(value) then return value end
        if link and not is_branch(name) then
          local found = constant(graph, link)
          if not is_choice(found) or wanted == "index" and not counts_from_zero(node) then return nil, true end
          return found
        end
      end
    end
  end
end

local function first_linked(node)
  for _, name in ipairs(graphs.sort_ids { table.unpack(node.names) }) do
    if node.links[name] and is_branch(name) then return name end
  end
end

-- The input that a switch lets through whichever way it stands: all of them are one link.
local function only_way(node, computed)
  local only, first
  for _, name in ipairs(node.names) do
    local link = node.links[name]
    if link and (is_branch(name) or not computed) then
      if first and (first.id ~= link.id or first.slot ~= link.slot) then return nil end
      only, first = name, link
    elseif not link and is_branch(name) then
      return nil
    end
  end
  return only
end

--- What an input holds, where the workflow says so: itself, or by a node behind a link that holds nothing else.
---@param graph workflow.Graph
---@param node workflow.Node
---@param name string
---@return any value  nil: it does not say
function M.value(graph, node, name)
  local link = node.links[name]
  if link then return constant(graph, link) end
  return node.inputs[name]
end

--- What a switch lets through.
---@param graph workflow.Graph
---@param node workflow.Node
---@return boolean is_switch, string? name  the input; nil: the workflow does not tell
function M.choice(graph, node)
  if not is_switch(node) then return false end
  if FIRST[node.class] then return true, first_linked(node) end
  local choice, computed = choice_of(graph, node)
  if choice ~= nil then
    for _, name in ipairs(node.names) do
      if is_chosen(node, name, choice) then return true, name end
    end
    return true
  end
  return true, only_way(node, computed)
end

return M
