--- From a sampler's conditioning back to the nodes that hold the words.

local classes = require "lib.workflow.classes"
local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"
local pipes = require "lib.workflow.pipes"
local switches = require "lib.workflow.switches"

local M = {}

---@class workflow.Encoder  a node that takes words, by the inputs that hold or link them
---@field id string
---@field names string[]
---@field link? workflow.Link  instead of names: the words lie behind this link

---@class workflow.Side  what one side of the conditioning leads to
---@field encoders workflow.Encoder[]
---@field unclear string[]
---@field zeroed? string               the node that ended the search
---@field media fun(link: workflow.Link, kind: string, aside: boolean)  gets the links to pictures

local MEDIA = { media = true, mask = true, model = true }

local SEVERAL = "has several inputs, and the workflow does not tell which"

local function about(node, why)
  return ("node %s (%s) %s"):format(node.id, node.class:sub(1, 80), why)
end

local SIDES = { positive = true, negative = true }
local LEADS = { positive = true, negative = true, conditioning = true, joint = true }

local function is_wordy(name)
  return name:find("prompt", 1, true) ~= nil or name:find("text", 1, true) ~= nil
end

-- Whose words an input holds.  Of a class with wildcards only one input counts.
local function words_of(node, name)
  local wildcard = classes.wildcard_text(node)
  if wildcard then return name == wildcard and "any" or nil end
  return names.words(name) or names.song_words(node, name) and "any"
end

-- Inputs by what they are for.
local function sort_inputs(graph, node)
  local found = { positive = {}, negative = {}, conditioning = {}, joint = {}, pipe = {}, unknown = {}, media = {},
                  words = { any = {}, positive = {}, negative = {} } }
  for _, name in ipairs(node.names) do
    local link, kind = node.links[name], names.is_view(node, name) and "media" or names.edge(name)
    local words = words_of(node, name)
    if link and words and names.is_encoder(name) and graph.nodes[link.id] and names.loads(graph.nodes[link.id].class) then words = nil end
    if link and LEADS[kind] and (not is_wordy(name) or kind == "joint" or name:find("embeds", 1, true)) then
      table.insert(found[kind] --[[@as table]], link)
    elseif words and (link or type(node.inputs[name]) == "string") then
      table.insert(found.words[words], name)
    elseif link and MEDIA[kind] then
      found.media[#found.media + 1] = { link = link, kind = kind, aside = names.is_aside(name) }
    elseif link and (kind == "pipe" or kind == "unknown" or kind == "text") then
      table.insert(found[kind == "pipe" and "pipe" or "unknown"], link)
    end
  end
  return found
end

-- What others take a node's outputs for.  Of each node once, however many ask.
local function taken_of(graph, node)
  graph.taken = graph.taken or {}
  local known = graph.taken[node.id]
  if known then return known end
  local taken = { shift = 0 } ---@type table<string, integer>
  graph.taken[node.id] = taken
  for _, taker in ipairs(graph.consumers[node.id] or {}) do
    local kind = names.edge(taker.name)
    if kind == "model" and taker.slot == 0 then taken.shift = 1 end
    if SIDES[kind] then taken[kind] = taken[kind] or taker.slot end
  end
  return taken
end

-- How many outputs come before the positive one: a model does in some.
local function shift_of(graph, node)
  return taken_of(graph, node).shift
end

-- Whether the outputs that others take as positive and as negative stand in this order.
local function in_order(graph, node)
  local taken = taken_of(graph, node)
  return not taken.positive or not taken.negative or taken.positive < taken.negative
end

-- Which of its two sides a node's output carries; nil where that is not certain.
local function side_of(graph, node, slot, side)
  if classes.passes(node.class) then return slot == 0 and "positive" or slot == 1 and "negative" or nil end
  local own = side == "negative" and "negative" or "positive"
  local place = slot - shift_of(graph, node)
  local usual = place == 0 and "positive" or place == 1 and "negative" or nil
  if usual == own or usual == nil and in_order(graph, node) then return own end
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

-- Embeddings of both sides; a negative beside them takes the place of theirs (NAG).
local function joint_links(found, side)
  if side == "negative" and #found.negative > 0 then return found.negative end
  local links = {}
  for i, link in ipairs(found.joint) do links[i] = { id = link.id, slot = link.slot, joint = true } end
  return links
end

-- What to go on with at a node: words, links; or why not.
local function read_node(graph, node, slot, side, joint)
  local found = sort_inputs(graph, node)
  local words, links = {}, {}
  if #found.words.negative > 0 and #found.words.positive == 0 then -- those beside the negative ones are the positive ones
    found.words.positive, found.words.any = found.words.any, found.words.positive
  end
  local two_sided = #found.positive + #found.words.positive > 0 and #found.negative + #found.words.negative > 0
    or classes.passes(node.class)
  if two_sided then
    local own = joint and (side == "negative" and "negative" or "positive") or side_of(graph, node, slot, side)
    if not own then return found, words, links, about(node, "does not tell which of its outputs is which") end
    append(words, found.words[own])
    append(links, found[own])
    return found, words, links
  end
  if #found.joint > 0 then return found, words, joint_links(found, side), #found.joint > 1 and about(node, SEVERAL) or nil end
  if joint and side == "negative" and #found.words.negative == 0 and #found.negative == 0 then return found, words, links end
  append(links, found.positive)
  append(links, found.negative)
  append(links, found.conditioning)
  if not classes.describes_part(node.class) then
    append(words, found.words.any)
    append(words, found.words.positive)
    if side == "negative" or #words == 0 then append(words, found.words.negative) end
  end
  return found, words, links
end

-- Nodes without words and conditionings: reroutes, pipes, and what is a text already.
local function read_other(node, found)
  if #found.pipe > 0 then return nil, found.pipe end
  if #found.unknown == 1 then return found.unknown[1] end
  if #found.unknown > 1 then return nil, nil, about(node, SEVERAL) end
end

local function follow_pipe(graph, walk, node, what, link)
  local carried = pipes.carried(graph, link, what) ---@type any
  if carried == "unclear" or not carried and what ~= "negative" then
    table.insert(walk.side.unclear, about(node, "does not tell what it carries"))
  elseif carried and carried.link then
    walk.push(carried.link)
  elseif carried then
    table.insert(walk.side.encoders, { id = carried.id, names = { carried.name } })
  end
end

-- Classes whose outputs are known.  True: the node is dealt with.
local function read_output(graph, walk, node, link)
  local what, known, carries = classes.output(node, link.slot)
  if not known then return false end
  if what == "positive" or what == "negative" then
    follow_pipe(graph, walk, node, what, link)
    return true
  end
  local found = what and carries and pipes.carried(graph, link, what)
  if type(found) == "table" and found.link then
    walk.push(found.link)
  else
    table.insert(walk.side.unclear, about(node, "does not tell what it carries"))
  end
  return true
end

-- Switches, Set and Get, and classes whose outputs are known.  True: the node is dealt with.
local function read_special(graph, walk, node, link)
  if read_output(graph, walk, node, link) then return true end
  local is_switch, chosen = switches.choice(graph, node)
  if is_switch then
    if chosen and node.links[chosen] then
      walk.push(node.links[chosen])
    elseif chosen then
      table.insert(walk.side.encoders, { id = node.id, names = { chosen } })
    else
      table.insert(walk.side.unclear, about(node, "is a switch, and the workflow does not tell which way"))
    end
    return true
  end
  local got, behind = pipes.got(graph, node)
  if got then
    if behind then walk.push(behind) else table.insert(walk.side.unclear, about(node, "gets what no node sets")) end
    return true
  end
  return false
end

-- Whether a node gives a text, to whoever encodes it: it has words, and nothing to encode them with.
local function gives_text(node, found)
  if #found.positive + #found.negative + #found.conditioning + #found.joint + #found.pipe > 0 then return false end
  local words = found.words
  if #words.any + #words.positive + #words.negative == 0 or #words.positive > 0 and #words.negative > 0 then return false end
  local class = node.class:sub(1, 64):lower()
  if class:find("encode", 1, true) or class:find("cond", 1, true) then return false end
  if names.writes(node.class) or names.looks(node.class) then return true end
  for name in pairs(node.links) do
    local kind = names.edge(name)
    if kind == "model" or kind == "unknown" then return false end
  end
  return true
end

local function visit(graph, walk, link, which)
  local node = graphs.look(graph, link.id)
  if not node then
    table.insert(walk.side.unclear, ("there is no node %s"):format(link.id:sub(1, 80)))
    return
  end
  if names.zeroes(node.class) then
    walk.side.zeroed = node.id
    return
  end
  if read_special(graph, walk, node, link) then return end
  if gives_text(node, sort_inputs(graph, node)) then
    table.insert(walk.side.encoders, { id = node.id, link = { id = node.id, slot = link.slot } })
    return
  end
  local found, words, links, unclear = read_node(graph, node, link.slot, which, link.joint)
  if unclear then table.insert(walk.side.unclear, unclear) end
  for _, item in ipairs(found.media) do walk.side.media(item.link, item.kind, item.aside) end
  if #words > 0 then table.insert(walk.side.encoders, { id = node.id, names = words }) end
  for _, to in ipairs(links) do walk.push(to) end
  if #words > 0 or #links > 0 or unclear then return end
  local to, list, problem = read_other(node, found)
  if problem then table.insert(walk.side.unclear, problem) end
  if to then walk.push(link.joint and { id = to.id, slot = to.slot, joint = true } or to) end
  for _, pipe in ipairs(list or {}) do follow_pipe(graph, walk, node, which == "negative" and "negative" or "positive", pipe) end
  if not to and not list and not problem and next(node.links) == nil and not next(found.media) and #node.names > 0 then
    table.insert(walk.side.encoders, { id = node.id, link = { id = node.id, slot = link.slot } })
  end
end

--- Follows the conditioning behind links.
---@param graph workflow.Graph
---@param links workflow.Link[]   `joint`: both sides come through it
---@param which "prompt"|"negative"
---@param media fun(link: workflow.Link, kind: string, aside: boolean)
---@return workflow.Side
function M.follow(graph, links, which, media)
  local side = { encoders = {}, unclear = {}, media = media }
  local queue, seen = {}, {}
  local walk = { side = side }
  function walk.push(link)
    local key = link.id .. "\0" .. link.slot
    if seen[key] then return end
    seen[key] = true
    queue[#queue + 1] = link
  end
  for _, link in ipairs(links) do walk.push(link) end
  local at = 1
  while queue[at] do
    visit(graph, walk, queue[at], which)
    at = at + 1
  end
  return side
end

return M
