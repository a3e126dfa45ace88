--- Where the words behind a link stand: through string nodes, concatenations, reroutes, switches.

local classes = require "lib.workflow.classes"
local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"
local pipes = require "lib.workflow.pipes"
local switches = require "lib.workflow.switches"
local texts = require "lib.workflow.texts"

local M = {}

local MOST = 16 -- places that a text is followed to: more than one with words of its own is one too many already
local MOST_EMPTY = 2 -- empty ones count where there is no other

---@class workflow.Source  what is known of a text or a number
---@field places { id: string, name: string, empty?: boolean, alone?: boolean }[]  empty: it says nothing; alone: it is
---  the only text of its node, which is there for it
---@field unclear? string   why the places are not all, or not the right ones

local function add_place(source, place)
  local empty = 0
  for _, other in ipairs(source.places) do
    if other.id == place.id and other.name == place.name then return end
    if other.empty and not other.alone then empty = empty + 1 end
  end
  if place.empty and not place.alone and empty == MOST_EMPTY then return end
  if #source.places - empty == MOST then
    source.unclear = source.unclear or "it is put together of very many texts"
  else
    source.places[#source.places + 1] = place
  end
end

local function add_source(source, other)
  for _, place in ipairs(other.places) do add_place(source, place) end
  source.unclear = source.unclear or other.unclear
end

local function about(node, why)
  return ("node %s (%s) %s"):format(node.id, node.class:sub(1, 80), why)
end

-- The texts of a class that is known for which it takes.
local function known_names(node, slot)
  local wildcard = classes.wildcard_text(node)
  return wildcard and { wildcard } or classes.texts(node, slot)
end

-- Whether others take several outputs of a node, or another than the first: which of its texts is which is not told then.
local function has_several_outputs(graph, node, slot)
  if slot > 0 then return true end
  for _, taker in ipairs(graph.consumers[node.id] or {}) do
    if taker.slot > 0 then return true end
  end
  return false
end

-- The inputs of a node that its text comes from, or why that is not known.
local function inputs_of(graph, node, slot, side)
  local what, known, carries = classes.output(node, slot)
  if known and carries then
    local found = what and pipes.carried(graph, { id = node.id, slot = slot }, what)
    if type(found) == "table" then
      if found.link then return {}, nil, found.link end
      if type(graph.nodes[found.id].inputs[found.name]) ~= "string" then return {}, about(node, "carries no text") end
      return found.id == node.id and { found.name } or {}, nil, nil, found
    end
    return {}, about(node, "does not tell what it carries")
  end
  local is_switch, chosen = switches.choice(graph, node)
  if is_switch then
    if chosen then return { chosen } end
    return texts.inputs(node, side), about(node, "is a switch, and the workflow does not tell which way")
  end
  local got, behind = pipes.got(graph, node)
  if got then return {}, not behind and about(node, "gets what no node sets") or nil, behind end
  local fixed = known_names(node, slot)
  if fixed then return fixed end
  if texts.writes(node) then return texts.inputs(node, side), about(node, "writes the text") end
  if names.cuts(node.class) then return texts.inputs(node, side), about(node, "takes a part of the text") end
  local inserted = texts.inserted(node, side)
  if inserted then return inserted, about(node, "puts one text into another") end
  local list = texts.of_side(node, side, slot)
  if list then return list end
  local is_chosen
  list, is_chosen = texts.inputs(node, side)
  if is_chosen then return list, about(node, "puts its text together of what is chosen") end
  if #list > 1 and has_several_outputs(graph, node, slot) then return list, about(node, "has several texts and several outputs") end
  if #list == 0 then return list, about(node, "does not tell where its text comes from") end
  local lower = node.class:lower()
  if lower:find("load", 1, true) and (lower:find("file", 1, true) or lower:find("text", 1, true)) then
    return list, about(node, "reads it from a file")
  end
  return list
end

-- The pictures that a text is read off.
local function take_pictures(graph, node)
  for _, name in ipairs(node.names) do
    if node.links[name] and names.edge(name) == "media" then table.insert(graph.pictures, node.links[name]) end
  end
end

-- One visit of a text node: its own places, and the links that go on from there.
local function visit(graph, id, slot, side)
  local source, links = { places = {} }, {}
  local node = graphs.look(graph, id)
  if not node then
    source.unclear = ("there is no node %s"):format(id:sub(1, 80))
    return source, links
  end
  local list, unclear, behind, place = inputs_of(graph, node, slot, side)
  source.unclear = unclear
  if unclear then take_pictures(graph, node) end
  if behind then links[1] = behind end
  if place then add_place(source, place) end
  for _, name in ipairs(list) do
    if node.links[name] then
      links[#links + 1] = node.links[name] -- though unclear: what lies behind are candidates
    elseif type(node.inputs[name]) == "string" then
      add_place(source, { id = id, name = name, empty = not names.says(node.inputs[name]), alone = #list == 1 })
    end
  end
  return source, links
end

local function frame_of(graph, link, side, key)
  local source, links = visit(graph, link.id, link.slot, side)
  return { key = key, source = source, links = links, at = 1 }
end

--- Where the words behind a link stand.  Each node is looked at once, however often it is asked for.
---@param graph workflow.Graph
---@param link workflow.Link
---@param side "prompt"|"negative"
---@return workflow.Source
function M.behind(graph, link, side)
  graph.words = graph.words or { prompt = {}, negative = {} }
  local memo = graph.words[side]
  local function key_of(to) return to.id .. "\0" .. to.slot end
  local first = key_of(link)
  if memo[first] then return memo[first] end
  local stack = { frame_of(graph, link, side, first) }
  memo[first] = stack[1].source
  while #stack > 0 do
    local frame = stack[#stack]
    local to = frame.links[frame.at]
    local key = to and key_of(to)
    if not to then
      stack[#stack] = nil
      if #stack > 0 then add_source(stack[#stack] --[[@as table]].source, frame.source) end
    elseif memo[key] then
      add_source(frame.source, memo[key])
      frame.at = frame.at + 1
    else
      frame.at = frame.at + 1
      stack[#stack + 1] = frame_of(graph, to, side, key)
      memo[key] = stack[#stack].source
    end
  end
  return memo[first]
end

-- Numbers ------------------------------------------------------------------------------------------------

local NUMBERS = { "seed", "noise_seed", "value", "Value", "int", "integer", "INT", "number", "Number" }

-- Where a node holds the number that it gives: its only input, or one that is called so.  Among several numbers a seed
-- is told by its name; of a size nobody knows.
local function number_place(node, wanted)
  local count = 0
  for _, name in ipairs(node.names) do
    if graphs.is_number(node.inputs[name]) then count = count + 1 end
  end
  if count == 1 and #node.names == 1 then return { id = node.id, name = node.names[1] } end
  if count > 1 and wanted ~= "seed" then return nil end
  for _, name in ipairs(NUMBERS) do
    if graphs.is_number(node.inputs[name]) then return { id = node.id, name = name } end
  end
end

local SIDES = { width = 0, height = 1 }

-- A node that holds a width and a height alone gives them in this order.
local function is_size(node, slot, wanted)
  return #node.names == 2 and SIDES[wanted] == slot and node.inputs.width ~= nil and node.inputs.height ~= nil
end

-- The only seed of a node that gives a seed, by its name.
local function seed_of(node)
  local found
  for _, name in ipairs(node.names) do
    if names.is_seed(name) and (node.links[name] or graphs.is_number(node.inputs[name])) then
      if found then return nil end
      found = name
    end
  end
  return found
end

-- The link by which a node without numbers of its own gets one.
local function number_link(graph, node, slot, wanted)
  local what, known, carries = classes.output(node, slot)
  local found = known and what == wanted and pipes.carried(graph, { id = node.id, slot = slot }, wanted)
  if type(found) == "table" then return found.link, not found.link and found or nil end
  if carries then return nil end
  local _, chosen = switches.choice(graph, node)
  local _, behind = pipes.got(graph, node)
  if behind or chosen and node.links[chosen] then return behind or node.links[chosen] end
  local name = next(node.links)
  if name and next(node.links, name) == nil and #node.names == 1 and names.edge(name) ~= "text" then return node.links[name] end
end

--- Where the number behind a link stands; nil where it is computed, or not to be found.
---@param graph workflow.Graph
---@param link workflow.Link
---@param wanted string  "seed", "width", "height"
---@return { id: string, name: string }|nil
function M.number(graph, link, wanted)
  graph.numbers = graph.numbers or {}
  graph.numbers[wanted] = graph.numbers[wanted] or {}
  return pipes.chain(graph.numbers[wanted], link.id, link.slot, function(id, slot)
    local node = graph.nodes[id]
    if not node then return nil end
    local is_switch, chosen = switches.choice(graph, node)
    if is_switch and chosen and graphs.is_number(node.inputs[chosen]) then return { id = id, name = chosen } end
    local behind, place = number_link(graph, node, slot, wanted)
    if place then return place end
    if behind then return nil, behind.id, behind.slot end
    local name = is_size(node, slot, wanted) and wanted or wanted == "seed" and not is_switch and seed_of(node) or nil
    local from = node.links[name]
    if from then return nil, from.id, from.slot end
    if graphs.is_number(node.inputs[name or ""]) then return { id = id, name = name } end
    return not is_switch and not next(node.links) and number_place(node, wanted) or nil
  end)
end

return M
