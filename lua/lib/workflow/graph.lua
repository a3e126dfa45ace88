--- A workflow in ComfyUI's API format, as a graph: its nodes, their links and their values.
---
--- What is no node (a comment, metadata, a list, an entry without class_type) is passed over.  All orders are of our own,
--- never that of `pairs`: nodes by number, 9 before 10 and 12:3 after 12; inputs by name.

local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

M.MOST_NODES = 20000 -- that are read of one workflow: real ones have up to some hundreds

---@class workflow.Link
---@field id string     the node that it comes from, which may not be there
---@field slot integer  which of its outputs, from 0

---@class workflow.Node
---@field id string
---@field class string
---@field title string
---@field inputs table<string, any>            as they stand in the workflow
---@field names string[]                       of all inputs, sorted
---@field links table<string, workflow.Link>   the inputs that come from another node
---@field cost integer                         steps of work that a look at it takes

---@class workflow.Graph
---@field nodes table<string, workflow.Node>
---@field ids string[]                         sorted
---@field others string[]                      entries that are no nodes
---@field pictures workflow.Link[]           that texts are read off, as far as they were looked for
---@field consumers table<string, { id: string, name: string, slot: integer }[]>  who takes a node's outputs
---@field work Meter
---@field setters? table<string, workflow.Node|false>  found so far, as what follows: Set nodes by their constant
---@field carried? table<string, table>                      what pipes carry
---@field taken? table<string, table>                        what others take a node's outputs for
---@field words? { prompt: table, negative: table }          sources of words
---@field numbers? table<string, table>                      sources of numbers

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= json.array
end

-- Order of ids -----------------------------------------------------------------------------------------

local LONGEST = 128 -- bytes of an id that count: ids are foreign, and the rest decides nothing that matters

-- A text that sorts as an id does: numbers by their value and before words, "12" before "12:3".
local function key_of(id)
  local number = #id < 16 and id:find("^%d+$") and tonumber(id)
  if number then return ("0%015d %s"):format(number, id) end
  local parts = {}
  for part in id:sub(1, LONGEST):gmatch "[^:]+" do
    local value = #part < 16 and part:find("^%d+$") and tonumber(part)
    parts[#parts + 1] = value and ("0%015d"):format(value) or "1" .. part
  end
  return table.concat(parts, "!") .. " " .. id -- the blank sorts before the mark
end

--- Sorts ids of nodes in place: 9 before 10, 12 before 12:3, words last.
---@param ids string[]
---@param work? Meter
---@return string[]
function M.sort_ids(ids, work)
  local id_of, keys = {}, {}
  for i, id in ipairs(ids) do
    local key = key_of(id)
    if work then work:step(4) end
    keys[i], id_of[key] = key, id
  end
  table.sort(keys)
  for i, key in ipairs(keys) do ids[i] = id_of[key] end
  return ids
end

-- Nodes ------------------------------------------------------------------------------------------------

local function title_of(entry, class)
  local meta = rawget(entry, "_meta")
  local title = type(meta) == "table" and rawget(meta, "title")
  return type(title) == "string" and title or class
end

local MOST_INPUTS = 1000 -- of one node: real ones have up to 200
local BYTES_A_STEP = 64

-- nil where it is no node; nil and why where it is none that can be read.
local function new_node(id, entry)
  local class = is_object(entry) and rawget(entry, "class_type")
  if type(class) ~= "string" then return nil end
  local inputs, names, bytes = rawget(entry, "inputs"), {}, #class
  if not is_object(inputs) then inputs = {} end
  for name in next, inputs do
    if type(name) == "string" then names[#names + 1], bytes = name, bytes + #name end
  end
  if #names > MOST_INPUTS then return nil, ("node %s has %d inputs"):format(id:sub(1, 80), #names) end
  table.sort(names)
  return { id = id, class = class, title = title_of(entry, class), inputs = inputs, names = names, links = {},
           cost = 2 + #names + bytes // BYTES_A_STEP }
end

local LAST_SLOT = 127 -- of a node's outputs: real ones have up to 30, and what is behind one is looked at for each

-- A link is [node, output].  A list of two numbers is one only where there is such a node.
local function link_of(value, nodes)
  if type(value) ~= "table" or rawlen(value) ~= 2 then return nil end
  local id, slot = rawget(value, 1), rawget(value, 2)
  slot = type(slot) == "number" and math.tointeger(slot)
  if not slot or slot < 0 then return nil end
  slot = math.min(slot, LAST_SLOT)
  if type(id) == "string" then return { id = id, slot = slot } end
  id = math.type(id) == "integer" and tostring(id)
  return id and nodes[id] and { id = id, slot = slot } or nil
end

--- A node that is looked at: the work is counted.
---@param graph workflow.Graph
---@param id string
---@return workflow.Node?
function M.look(graph, id)
  local node = graph.nodes[id]
  graph.work:step(node and node.cost or 1)
  return node
end

local function add_links(graph)
  for _, id in ipairs(graph.ids) do
    local node = M.look(graph, id) --[[@as workflow.Node]]
    for _, name in ipairs(node.names) do
      local link = link_of(node.inputs[name], graph.nodes)
      if link then
        node.links[name] = link
        local takers = graph.consumers[link.id] or {}
        graph.consumers[link.id] = takers
        takers[#takers + 1] = { id = id, name = name, slot = link.slot }
      end
    end
  end
end

local WRAPPERS = { "prompt", "workflow_api_json", "workflow", "output", "input" }

-- Why a table without a node is no workflow in API format.
local function refusal(value)
  if is_object(value) and type(value.nodes) == "table" and value.links ~= nil then
    return "it is in ComfyUI's UI format (it has 'nodes' and 'links'): export it in API format"
  end
  for _, key in ipairs(WRAPPERS) do
    if is_object(value) and is_object(value[key]) then return ("the nodes must stand at the top, not in '%s'"):format(key) end
  end
  return "it has no node: an entry with a class_type"
end

-- The node of an entry, with its id; nil for what is none, nil and why for one that cannot be read.
local function node_at(value, key, entry)
  local id = math.type(key) == "integer" and is_object(value) and tostring(key) or key
  if type(id) ~= "string" or id ~= key and rawget(value, id) ~= nil then return nil end
  return new_node(id, entry)
end

--- Reads a workflow.
---@param value any  decoded JSON
---@param work? Meter  of who reads it; default: one without a limit, that never lets the loop turn
---@return workflow.Graph|nil graph, string? problem  why it is none: "it is in ComfyUI's UI format …"
function M.read(value, work)
  if type(value) ~= "table" then return nil, "it is no JSON object" end
  local graph = { nodes = {}, ids = {}, consumers = {}, pictures = {}, work = work or meter.new { still = true } }
  for key, entry in next, value do
    local node, why = node_at(value, key, entry)
    if why then return nil, why end
    if node then graph.nodes[node.id], graph.ids[#graph.ids + 1] = node, node.id end
    graph.work:step(node and node.cost or 1)
  end
  if #graph.ids == 0 then return nil, refusal(value) end
  if #graph.ids > M.MOST_NODES then return nil, ("it has %d nodes; %d can be read"):format(#graph.ids, M.MOST_NODES) end
  M.sort_ids(graph.ids, graph.work)
  add_links(graph)
  return graph --[[@as workflow.Graph]]
end

--- Whether a value is a number, of any size.
---@param value any
---@return boolean
function M.is_number(value)
  return type(value) == "number" or type(value) == "userdata" and value ~= json.null and json.integer ~= nil
    and tostring(value):find("^%-?%d+$") ~= nil
end

return M
