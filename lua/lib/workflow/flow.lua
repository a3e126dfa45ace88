--- A workflow as whoever runs it sees it: inputs, roles, overrides.  Nothing is guessed: a role that cannot be traced from
--- what is saved does not exist, and what is said instead names the inputs that it could be, and how to name one.

local classes = require "lib.workflow.classes"
local graphs = require "lib.workflow.graph"
local inputs = require "lib.workflow.inputs"
local meter = require "lib.async.meter"
local names = require "lib.workflow.names"
local roles = require "lib.workflow.roles"

local M = {}

---@class workflow.Problem
---@field message string
---@field code "no_workflow"|"no_input"|"two_for_one"|"bad_pin"
---@field role? string
---@field candidates? string[]  keys of inputs

---@class workflow.Flow
---@field name string
---@field graph workflow.Graph
---@field roles table<string, workflow.Role>
---@field inputs workflow.Input[]
---@field trace workflow.Trace
---@field package by_key table<string, workflow.Input>
---@field package by_node? table<string, workflow.Input[]>
---@field package object_info table
---@field package pins? string
---@field package turns? boolean|fun()
local Flow = {}
Flow.__index = Flow

local IS_ROLE = {}
for _, role in ipairs(roles.NAMES) do IS_ROLE[role] = true end

local SHOWN = 8 -- candidates in a message
local SAFE_SEED = (1 << 31) - 1 -- many nodes take no more

local function problem(code, message, fields)
  local result = { code = code, message = message }
  for name, value in pairs(fields or {}) do result[name] = value end
  return result
end

local function key_of(place)
  return place.id .. "." .. place.name
end

-- Pins ---------------------------------------------------------------------------------------------------

-- The inputs of one node: a call may name thousands.
local function inputs_at(self, id)
  local by_node = self.by_node
  if not by_node then
    by_node = {}
    self.by_node = by_node
    for _, entry in ipairs(self.inputs) do
      by_node[entry.node_id] = by_node[entry.node_id] or {}
      table.insert(by_node[entry.node_id], entry)
    end
  end
  return by_node[id] or {}
end

-- The input that a pin names; a node's id alone stands for its only file, text or seed.
local function pinned_input(self, text)
  if self.by_key[text] then return self.by_key[text] end
  if not self.graph.nodes[text] then return nil end
  for _, kind in ipairs { "file", "text", "seed" } do
    local found, count = nil, 0
    for _, entry in ipairs(inputs_at(self, text)) do
      if entry.kind == kind then found, count = entry, count + 1 end
    end
    if count > 0 then return count == 1 and found or nil end
  end
end

local function role_of(entry)
  if entry.kind == "seed" then return "seed" end
  if entry.kind == "file" then return names.file(entry.class_type, entry.input, entry.value) end
  if entry.kind == "text" or entry.kind == "string" then return "prompt" end
  local edge = names.edge(entry.input)
  return (edge == "width" or edge == "height") and edge or nil
end

-- "6.text", "52", "negative:7.text"; ids may have colons, too ("12:3.text").
local function split_pin(text)
  local colon = text:find(":", 1, true)
  local role = colon and text:sub(1, colon - 1)
  if role and IS_ROLE[role] then return role, text:sub(colon + 1) end
  return nil, text
end

local function bad_pin(self, text)
  for _, id in ipairs(self.graph.ids) do
    local node = self.graph.nodes[id]
    for _, name in ipairs(node.names) do
      local link = text == id .. "." .. name and node.links[name]
      if link then
        return problem("bad_pin", ("node=%s: this input comes from node %s: name an input there"):format(text, link.id:sub(1, 80)))
      end
    end
  end
  return problem("bad_pin", ("node=%s: '%s' has no such input; write node=6.text, or node=negative:7.text; several with commas"):format(
    text:sub(1, 80), self.name))
end

local function apply_pin(self, text)
  local role, key = split_pin(text)
  local entry = pinned_input(self, key)
  if not entry then return bad_pin(self, key) end
  role = role or role_of(entry)
  if not role then return problem("bad_pin", ("node=%s: say what it is, as in node=seed:%s"):format(key, key)) end
  local before = self.roles[role]
  local place = { id = entry.node_id, name = entry.input }
  if before and before.how == "pinned" then
    before.places[#before.places + 1] = place
  else
    self.roles[role] = { how = "pinned", places = { place } }
  end
end

local function apply_pins(self, text)
  local at, list = 1, text:sub(1, 4096) .. ","
  while true do
    local comma = list:find(",", at, true)
    if not comma then return nil end
    local pin = list:sub(at, comma - 1):match("^%s*(.*)$") --[[@as string]]
    while pin:find("%s$") do pin = pin:sub(1, -2) end
    if pin ~= "" then
      local err = apply_pin(self, pin)
      if err then return err end
    end
    at = comma + 1
  end
end

local SECONDS = 2 -- of processor time: real workflows take milliseconds

local function open(value, options, work)
  local name = options.name or "the workflow"
  local graph, why = graphs.read(value, work)
  if not graph then return nil, problem("no_workflow", ("'%s' has no workflow that can be read: %s"):format(name, why)) end
  local self = setmetatable({ name = name, graph = graph, object_info = options.object_info or {}, pins = options.node,
                              turns = options.turns }, Flow)
  self.inputs, self.by_key = inputs.list(graph)
  self.roles, self.trace = roles.find(graph)
  local err = options.node and apply_pins(self, options.node)
  if err then return nil, err end
  return self
end

--- Reads a workflow and finds its roles.
---@param value any  decoded JSON
---@param options? { name: string?, node: string?, object_info: table?, turns: boolean|fun()|nil }  name: in messages; node:
---  roles named by hand, "6.text", "negative:7.text", several with commas; object_info: ComfyUI's, where it is known; turns: the
---  loop turns meanwhile, in a fiber of the host or by this function
---@return workflow.Flow|nil flow, workflow.Problem? problem
---@return_overload workflow.Flow
---@return_overload nil, workflow.Problem
function M.open(value, options)
  options = options or {}
  local turns = options.turns
  local work = meter.new { seconds = SECONDS, still = not turns, turn = type(turns) == "function" and turns or nil }
  local ok, flow, why = pcall(open, value, options, work) ---@type boolean, any, workflow.Problem?
  if ok then return flow, why end
  if not meter.is_limit(flow) then error(flow, 0) end
  return nil, problem("no_workflow", ("'%s' has no workflow that can be read: it takes too long to trace"):format(
    options.name or "the workflow"))
end

-- Inputs -------------------------------------------------------------------------------------------------

local KINDS = { prompt = "text", negative = "text", lyrics = "text", seed = "seed", width = "number", height = "number",
                image = "file", mask = "file", video = "file", audio = "file" }

-- Places that are something else already.
local function taken(self, role)
  local result = {}
  for _, other in ipairs(roles.NAMES) do
    local found = other ~= role and self.roles[other]
    for _, place in ipairs(found and found.how ~= "candidate" and found.places or {}) do result[key_of(place)] = true end
  end
  return result
end

local function is_like(entry, role)
  if entry.kind ~= KINDS[role] then return false end
  return KINDS[role] ~= "number" or names.edge(entry.input) == role
end

--- The inputs that a role could be, where it cannot be traced.
---@param role string
---@return workflow.Input[]
function Flow:candidates(role)
  local list, found, others = {}, self.roles[role], taken(self, role)
  for _, place in ipairs(found and found.places or {}) do list[#list + 1] = self.by_key[key_of(place)] end
  if #list > 0 then return list end
  for _, entry in ipairs(self.inputs) do
    if is_like(entry, role) and not others[entry.key] and not names.shows(entry.class_type) then list[#list + 1] = entry end
  end
  return list
end

-- The beginning of a foreign text, in whole characters.
local function beginning(text)
  local short = text:sub(1, 120)
  for _ = 1, 3 do
    if #short < 120 or utf8.len(short) then break end
    short = short:sub(1, -2)
  end
  if not utf8.len(short) then short = short:gsub("[\x80-\xFF]", "?") end
  local stop = utf8.offset(short, 41)
  if stop and stop <= #short then short = short:sub(1, stop - 1) .. "…" end
  return (short:gsub("%c", " "))
end

local function describe(entry)
  local value = entry.value
  local text = beginning(type(value) == "string" and value or tostring(value))
  return ("%s (%s: %s)"):format(entry.key, entry.class_type:sub(1, 60), type(value) == "string" and '"' .. text .. '"' or text)
end

local function untraced(self, role)
  local found, list = self.roles[role], self:candidates(role)
  local shown, keys = {}, {}
  for index, entry in ipairs(list) do
    keys[index] = entry.key
    if index <= SHOWN then shown[index] = describe(entry) end
  end
  local why = found and found.reason or "nothing of that kind leads to what is saved"
  local message = ("'%s' has no input '%s' that can be traced: %s."):format(self.name, role, why)
  if #list > 0 then
    local default = role_of(list[1]) == role
    message = ("%s It could be %s%s; name one with node=%s%s."):format(message, table.concat(shown, ", "),
      #list > SHOWN and (" or %d more"):format(#list - SHOWN) or "", default and "" or role .. ":", list[1].key)
  end
  return problem("no_input", message, { role = role, candidates = keys })
end

local function unknown(self, key)
  local known = {}
  for _, role in ipairs(roles.NAMES) do
    local found = self.roles[role]
    if found and found.how ~= "candidate" then known[#known + 1] = role end
  end
  for _, entry in ipairs(self.inputs) do
    if #known < 60 then known[#known + 1] = entry.key end
  end
  local more = #self.inputs >= 60 and ", …" or ""
  return problem("no_input", ("'%s' has no input '%s'; it has: %s%s"):format(self.name, key:sub(1, 80), table.concat(known, ", "), more))
end

local function copied(members)
  local copy = {}
  for name, value in next, members do copy[name] = value end
  return copy
end

-- What an input may turn: a switch, noise, a pass.  Words and files lead nowhere else, whatever they say.
local function turns(entry)
  return entry.kind ~= "text" and entry.kind ~= "file" and entry.kind ~= "seed"
end

-- The workflow with the inputs that the caller names one by one: its roles may lie elsewhere then, behind a switch that is
-- turned.  Itself where nothing of that kind is given.
local function as_called(self, values)
  local changed = {}
  for key, value in pairs(values) do
    local entry = not IS_ROLE[key] and self.by_key[key]
    if entry and turns(entry) then
      local node = self.graph.nodes[entry.node_id]
      local copy = changed[entry.node_id] or { class_type = node.class, inputs = copied(node.inputs) }
      copy.inputs[entry.input] = value
      changed[entry.node_id] = copy
    end
  end
  if not next(changed) then return self end
  local whole = {}
  for id, node in pairs(self.graph.nodes) do
    whole[id] = changed[id] or { class_type = node.class, inputs = node.inputs, _meta = { title = node.title } }
  end
  return M.open(whole, { name = self.name, node = self.pins, object_info = self.object_info, turns = self.turns })
end

--- The inputs that a role ("prompt", "seed", …) or a key ("6.text") sets.
---@param key string
---@param values? table<string, any>  what the call gives besides: roles may lie elsewhere once it has turned a switch
---@return workflow.Input[]|nil entries, workflow.Problem? problem
---@return_overload workflow.Input[]
---@return_overload nil, workflow.Problem
function Flow:targets(key, values)
  if values then
    local flow, err = as_called(self, values)
    if not flow then return nil, err end
    return flow:targets(key)
  end
  local role = self.roles[key]
  if role and role.how ~= "candidate" then
    local list = {}
    for i, place in ipairs(role.places) do list[i] = self.by_key[key_of(place)] end
    return list
  end
  if self.by_key[key] then return { self.by_key[key] } end
  if IS_ROLE[key] then return nil, untraced(self, key) end
  return nil, unknown(self, key)
end

--- Whether a role can be set.
---@param role string
---@return boolean
function Flow:has(role)
  local found = self.roles[role]
  return found ~= nil and found.how ~= "candidate"
end

local function sorted_keys(values)
  local keys = {}
  for key in pairs(values) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- Overrides that set inputs by role or by key.
---@param values table<string, any>
---@return table|nil overrides, workflow.Problem? problem
---@return_overload table
---@return_overload nil, workflow.Problem
function Flow:overrides(values)
  local overrides, set_by = {}, {}
  local flow, problem_of_pins = as_called(self, values)
  if not flow then return nil, problem_of_pins end
  for _, key in ipairs(sorted_keys(values)) do
    local entries, err = flow:targets(key)
    if not entries then return nil, err end
    for _, entry in ipairs(entries) do
      if set_by[entry.key] then
        return nil, problem("two_for_one", ("'%s': %s and %s are the same input, %s; give one of them"):format(self.name,
          set_by[entry.key], key, entry.key))
      end
      set_by[entry.key] = key
      local node = overrides[entry.node_id] or { inputs = {} }
      node.inputs[entry.input] = values[key]
      overrides[entry.node_id] = node
    end
  end
  return overrides
end

-- Seeds --------------------------------------------------------------------------------------------------

-- [min, max] of an input in ComfyUI's object_info, where it is there.
local function limits_of(info, entry)
  local class = type(info[entry.class_type]) == "table" and info[entry.class_type].input
  for _, part in ipairs { "required", "optional" } do
    local list = type(class) == "table" and type(class[part]) == "table" and class[part][entry.input]
    local options = type(list) == "table" and list[2]
    if type(options) == "table" and graphs.is_number(options.max) then return options.min, options.max end
  end
end

--- The range that new seeds may come from: below 2^31 where the limits of the nodes are not known.  Recipes do not fetch
--- object_info for it (megabytes, from another address): of 1,300 classes read, those of one partner alone take less.
---@return integer low, integer high
function Flow:seed_range()
  local low, high
  for _, entry in ipairs(self:has "seed" and self:targets "seed" or {}) do
    local min, max = limits_of(self.object_info, entry)
    if max == nil then max = classes.seed_max(entry.class_type) or SAFE_SEED end
    max = math.type(max) == "integer" and max or math.tointeger(max) or math.maxinteger
    min = math.type(min) == "integer" and math.max(min, 0) or 0
    high, low = math.min(high or max, max), math.max(low or min, min)
  end
  return low or 0, high or SAFE_SEED
end

--- What the workflow tells of its roles, for people and models: { role, how, inputs, reason }.
---@return { role: string, how: string, inputs: string[], reason: string? }[]
function Flow:summary()
  local list = {}
  for _, role in ipairs(roles.NAMES) do
    local found = self.roles[role]
    if found then
      local keys = {}
      for i, place in ipairs(found.places) do keys[i] = key_of(place) end
      list[#list + 1] = { role = role, how = found.how, inputs = keys, reason = found.reason }
    end
  end
  return list
end

return M
