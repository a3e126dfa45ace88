--- From what a workflow saves back to what makes it: samplers, partner nodes, files, sizes, noise.

local classes = require "lib.workflow.classes"
local ends = require "lib.workflow.ends"
local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"
local pipes = require "lib.workflow.pipes"
local switches = require "lib.workflow.switches"

local M = {}

---@class workflow.Place
---@field id string
---@field name string

---@class workflow.Trace
---@field ends string[]           the nodes that it began at
---@field positive workflow.Link[]
---@field negative workflow.Link[]
---@field second workflow.Link[]  further positive conditionings: of a guider with two, of a model's regions
---@field partners { prompt: workflow.Encoder[], negative: workflow.Encoder[] }  nodes that take words themselves
---@field seeds (workflow.Place|{ link: workflow.Link })[]    of what makes noise
---@field prepared (workflow.Place|{ link: workflow.Link })[]  of what only prepares a picture
---@field silent workflow.Place[]  seeds of passes that add no noise
---@field sized table<string, true>   the nodes that sizes were taken of
---@field sizes { id: string, name: string, side: "width"|"height", preset?: string }[]
---@field files { id: string, name: string, kind: string, main: boolean, mask: boolean }[]
---@field unclear string[]
---@field reached table<string, true>  nodes that what is saved depends on, but for its words
---@field broken boolean          a link of the way leads to no node
---@field more fun(link: workflow.Link, kind: string)
---@field run fun()

-- Noise --------------------------------------------------------------------------------------------------

local function at_most(a, b)
  return type(a) == "number" and type(b) == "number" and a <= b
end

-- Whether a pass adds no noise, or does nothing at all: its seed changes nothing.
local function is_silent(graph, node)
  local function value(name) return switches.value(graph, node, name) end
  local add, steps, start = value "add_noise", value "steps", value "start_at_step"
  if add == "disable" or add == false or add == "disabled" then return true end
  if node.links.samples and value "add_noise_to_samples" == false then return true end
  if value "enabled" == false or value "use_same_seed" == true or value "add_seed_noise" == false then return true end
  if value "denoise" == 0 or steps == 0 then return true end
  if node.class:find("Disable", 1, true) then return true end
  return at_most(steps, start) or at_most(value "end_at_step", start)
end

local function has_seed(node)
  for _, name in ipairs(node.names) do
    if names.is_seed(name) and (node.links[name] or graphs.is_number(node.inputs[name])) then return true end
  end
  return false
end

-- Whether a node has a seed besides one that only varies it.
local function is_varied(node)
  for _, name in ipairs(node.names) do
    if names.is_seed(name) and not names.varies(name) then return true end
  end
  return false
end

local function take_seeds(graph, trace, node)
  local seeds = names.prepares(node.class) and trace.prepared or trace.seeds
  local silent, varied = is_silent(graph, node), is_varied(node)
  for _, name in ipairs(node.names) do
    if names.is_seed(name) and not (varied and names.varies(name)) then
      local link = node.links[name]
      if silent then
        trace.silent[#trace.silent + 1] = { id = node.id, name = name }
      elseif link then
        seeds[#seeds + 1] = { link = link, id = node.id, name = name }
      elseif graphs.is_number(node.inputs[name]) then
        seeds[#seeds + 1] = { id = node.id, name = name }
      end
    end
  end
end

-- Sizes --------------------------------------------------------------------------------------------------

local function is_source(node)
  for _, name in ipairs(node.names) do
    local kind = names.edge(name)
    if node.links[name] and (kind == "media" or kind == "mask" or kind == "unknown") then return false end
  end
  return true
end

local function makes_size(node)
  if names.scales(node.class) or names.looks(node.class) then return false end
  if is_source(node) then return true end
  for _, name in ipairs(node.names) do
    if names.partner_words(node, name) or node.links[name] and names.edge(name) == "positive" then return true end
  end
  if classes.has_size(node.class) then return true end
  local lower = node.class:lower()
  return lower:find("tovideo", 1, true) ~= nil or lower:find("embeds", 1, true) ~= nil or lower:find("encode", 1, true) ~= nil
    or lower:find("empty", 1, true) ~= nil
end

-- The input that chooses a size by its name.
local function preset_of(node)
  for _, name in ipairs(node.names) do
    if names.is_preset(name, node.inputs[name]) then return name end
  end
end

local function take_sizes(trace, node)
  if trace.sized[node.id] or not makes_size(node) then return end
  trace.sized[node.id] = true
  local preset = preset_of(node)
  for _, name in ipairs(node.names) do
    local side = names.edge(name)
    if (side == "width" or side == "height") and (node.links[name] or graphs.is_number(node.inputs[name])) then
      trace.sizes[#trace.sizes + 1] = { id = node.id, name = name, side = side, link = node.links[name], preset = preset }
    end
  end
end

-- Nodes --------------------------------------------------------------------------------------------------

local function take_files(trace, node, mode)
  for _, name in ipairs(node.names) do
    local kind = names.file(node.class, name, node.inputs[name])
    if kind then
      local key = node.id .. "\0" .. name
      local file = trace.file_at[key] or { id = node.id, name = name, kind = kind, main = false, mask = true }
      if not trace.file_at[key] then trace.files[#trace.files + 1], trace.file_at[key] = file, file end
      file.main = file.main or mode == "media"
      file.mask = file.mask and mode == "mask"
    end
  end
end

-- The words that a node takes by itself, without an encoder.
local function take_words(graph, trace, node)
  if node.links.clip or names.looks_for(graph, node) then return end
  local words = { positive = {}, negative = {} }
  for _, name in ipairs(node.names) do
    local side = names.partner_words(node, name)
    local edge = node.links[name] and names.edge(name)
    local is_text = edge and (edge == "text" or edge == "unknown" or names.words(name) == "any") or type(node.inputs[name]) == "string"
    if side and is_text then table.insert(words[side], name) end
  end
  if #words.positive > 0 then table.insert(trace.partners.prompt, { id = node.id, names = words.positive }) end
  if #words.negative > 0 then table.insert(trace.partners.negative, { id = node.id, names = words.negative }) end
end

local function take_carried(trace, found, side)
  if found == "unclear" then
    trace.unclear[#trace.unclear + 1] = "a pipe does not tell what it carries"
  elseif found and found.link then
    table.insert(trace[side], found.link)
  elseif found then
    table.insert(trace.partners[side == "positive" and "prompt" or "negative"], { id = found.id, names = { found.name } })
  end
end

-- Samplers that a pipe went through: what they made is in it.
local function follow_pipe(walk, node, to)
  if node.class:sub(1, 64):lower():find("ksampler", 1, true) then walk.push(to, "media") end
  for _, name in ipairs(pipes.inputs(node)) do walk.push(node.links[name], "pipe") end
end

-- What a sampler takes out of its pipe, where it has no input of its own for it.
local function take_pipe(graph, trace, node, pipe, walk)
  local own = {}
  for _, name in ipairs(node.names) do
    local kind = names.edge(name)
    own[kind] = own[kind] or kind ~= "media" or node.links[name] ~= nil -- "image_output" is a choice
  end
  if not own.positive then take_carried(trace, pipes.carried(graph, pipe, "positive"), "positive") end
  if not own.negative then take_carried(trace, pipes.carried(graph, pipe, "negative"), "negative") end
  local seed = not own.seed and pipes.carried(graph, pipe, "seed")
  if type(seed) == "table" then trace.seeds[#trace.seeds + 1] = seed end
  for _, what in ipairs { "latent", "image" } do
    local found = not own.media and pipes.carried(graph, pipe, what)
    if type(found) == "table" and found.link then walk.push(found.link, "media") end
  end
  if not own.media then walk.push(pipe, "pipe") end
  local loader = not own.media and pipes.carried(graph, pipe, "loader_width")
  if type(loader) == "table" then take_sizes(trace, graph.nodes[loader.id]) end
end

local ROUTES = { mask = "mask", model = "model", guider = "media", noise = "media", media = "media", unknown = "media" }

local IS_SIDE = { positive = true, negative = true, conditioning = true, cond2 = true, joint = true }

-- Whether the only conditioning of a node is what its model is steered away from.
local function is_steered(node)
  if not names.steers(node.class) then return false end
  for name in pairs(node.links) do
    local kind = names.edge(name)
    if kind == "positive" or kind == "negative" then return false end
  end
  return true
end

-- Follows one link of a node that makes or changes pictures.  What looks for something is told what in words, too.
local function take_link(trace, walk, node, name, mode)
  local kind, link = names.edge(name), node.links[name]
  if IS_SIDE[kind] and names.looks(node.class) and not has_seed(node) then return end
  if IS_SIDE[kind] and classes.passes(node.class) then return end -- its latent is made without them
  if kind == "conditioning" and is_steered(node) then return end
  if names.is_view(node, name) then kind = "media" end
  if kind == "unknown" and (names.partner_words(node, name) or name == "lyrics") then return end
  if kind == "positive" or kind == "conditioning" then
    table.insert(trace.positive, link)
  elseif kind == "negative" then
    table.insert(trace.negative, link)
  elseif kind == "cond2" then
    table.insert(trace.second, link)
  elseif kind == "joint" then
    local both = { id = link.id, slot = link.slot, joint = true }
    table.insert(trace.positive, both)
    table.insert(trace.negative, both)
  elseif ROUTES[kind] then
    local route = ROUTES[kind]
    walk.push(link, route == "media" and (mode == "aside" or names.is_aside(name)) and "aside" or route)
  end
end

-- What a node saves; the words, seeds and sizes that it is told are for the file's metadata (Image Saver).
local function follow_media(walk, node)
  for _, name in ipairs(node.names) do
    local kind = names.edge(name)
    if node.links[name] and (kind == "media" or kind == "mask" or kind == "unknown") then walk.push(node.links[name], kind == "mask" and
      "mask" or "media") end
  end
end

-- Masks and models are followed for the files behind them, and for words that a model is given for regions of its own.
local function follow_aside(trace, walk, node, mode)
  for _, name in ipairs(node.names) do
    local link, kind = node.links[name], names.edge(name)
    if link and mode == "model" and (kind == "positive" or kind == "conditioning" or kind == "cond2") and not names.steers(node.class) then
      table.insert(trace.second, link)
    end
    if link and mode == "mask" and ROUTES[kind] and kind ~= "model" then
      walk.push(link, "mask")
    elseif link and mode == "model" and (kind == "model" or kind == "unknown") then
      walk.push(link, "model")
    elseif link and mode == "model" and kind == "media" then
      walk.push(link, "aside")
    end
  end
end

-- Switches, Set and Get, and what pipes carry.  True: the node is dealt with.
local function follow_special(graph, trace, walk, node, to)
  local what, known, carries = classes.output(node, to.slot)
  if known and carries then
    local found = what and pipes.carried(graph, { id = node.id, slot = to.slot }, what)
    if type(found) == "table" and found.link then walk.push(found.link, to.mode) end
    return true
  end
  local is_switch, chosen = switches.choice(graph, node)
  if is_switch and chosen then
    if node.links[chosen] then walk.push(node.links[chosen], to.mode) end
    return true
  elseif is_switch and (to.mode == "mask" or to.mode == "model") then
    return false
  elseif is_switch then
    trace.unclear[#trace.unclear + 1] = ("node %s (%s) is a switch, and the workflow does not tell which way")
      :format(node.id, node.class:sub(1, 80))
    return false
  end
  local got, behind = pipes.got(graph, node)
  if got then
    if behind then walk.push(behind, to.mode) end
  end
  return got
end

local function visit(graph, trace, walk, to)
  local node = graphs.look(graph, to.id)
  if not node then
    trace.broken = trace.broken or to.mode == "media"
    return
  end
  trace.reached[to.id] = true
  if to.mode == "pipe" then return follow_pipe(walk, node, to) end
  take_files(trace, node, to.mode)
  if follow_special(graph, trace, walk, node, to) then return end
  if to.mode == "mask" or to.mode == "model" then return follow_aside(trace, walk, node, to.mode) end
  if names.saves(node.class) or names.notes(node.class) then return follow_media(walk, node) end
  if to.mode == "media" then take_sizes(trace, node) end
  if not walk.taken[to.id] then
    walk.taken[to.id] = true
    take_seeds(graph, trace, node)
    if not classes.output(node, 0) then take_words(graph, trace, node) end
    for _, name in ipairs(node.names) do
      if node.links[name] and names.edge(name) == "pipe" then take_pipe(graph, trace, node, node.links[name], walk) end
    end
  end
  for _, name in ipairs(node.names) do
    if node.links[name] then take_link(trace, walk, node, name, to.mode) end
  end
end

-- The nodes at the ends: what they show or save may be a text.
local function begin(graph, walk, id)
  local node, followed = graphs.look(graph, id), false
  ---@cast node -?
  for _, name in ipairs(node.names) do
    local kind = names.edge(name)
    if node.links[name] and kind ~= "text" and kind ~= "seed" then followed = true end
  end
  walk.push({ id = id, slot = 0 }, "media")
  if followed or has_seed(node) then return end
  for _, name in ipairs(node.names) do
    if node.links[name] then walk.push(node.links[name], "media") end
  end
end

-- What is saved may come from a node that was left out: then the trace tells nothing.
local function tells_nothing(trace)
  return trace.broken and #trace.positive + #trace.partners.prompt + #trace.seeds + #trace.files == 0
end

local function new_trace(from)
  return { ends = from, positive = {}, negative = {}, second = {}, partners = { prompt = {}, negative = {} }, seeds = {}, prepared = {},
           silent = {}, sizes = {}, sized = {}, files = {}, file_at = {}, unclear = {}, reached = {}, broken = false }
end

local function start(graph, from)
  local trace, queue, seen, at = new_trace(from), {}, {}, 1
  local walk = { taken = {} }
  function walk.push(link, mode)
    local node = graph.nodes[link.id]
    local slot = node and select(2, classes.output(node, 0)) and link.slot or 0
    local key = link.id .. "\0" .. slot .. mode
    if seen[key] then return end
    seen[key] = true
    queue[#queue + 1] = { id = link.id, slot = link.slot, mode = mode }
  end
  function trace.run()
    while queue[at] do
      visit(graph, trace, walk, queue[at])
      queue[at] = false
      at = at + 1
    end
  end
  function trace.more(link, kind)
    walk.push(link, (kind == "mask" or kind == "model") and kind or "aside")
  end
  for _, id in ipairs(from) do begin(graph, walk, id) end
  trace.run()
  return trace
end

--- Traces a workflow.  `trace.more(link, kind)` follows a link from elsewhere, at the next `trace.run()`.
---@param graph workflow.Graph
---@return workflow.Trace trace
function M.new(graph)
  local trace = start(graph, ends.of(graph))
  return tells_nothing(trace) and start(graph, ends.last(graph)) or trace
end

return M
