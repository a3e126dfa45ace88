--- What people call the prompt, the seed, the picture: the inputs that they are in a workflow, as far as it tells.

local conditioning = require "lib.workflow.conditioning"
local graphs = require "lib.workflow.graph"
local names = require "lib.workflow.names"
local tracing = require "lib.workflow.trace"
local words = require "lib.workflow.words"

local M = {}

--- All roles, in the order in which they are shown.
M.NAMES = { "prompt", "negative", "lyrics", "image", "mask", "video", "audio", "seed", "width", "height" }

---@class workflow.Role
---@field how "traced"|"pinned"|"candidate"
---@field places workflow.Place[]  the inputs that it sets; of a candidate: those that it could be
---@field reason? string           of a candidate: why it is no more than that

local function key_of(place)
  return place.id .. "." .. place.name
end

local function value_at(graph, place)
  graph.work:step(4) -- for all that is done with a place
  return graph.nodes[place.id].inputs[place.name]
end

local seen_in = setmetatable({}, { __mode = "k" }) ---@type table<workflow.Place[], table<string, true>>

-- Adds places to a list that this function alone fills.
local function add_unique(list, places)
  local seen = seen_in[list] or {}
  seen_in[list] = seen
  for _, place in ipairs(places) do
    if not seen[key_of(place)] then
      seen[key_of(place)] = true
      list[#list + 1] = place
    end
  end
  return list
end

local function traced(places)
  return #places > 0 and { how = "traced", places = places } or nil
end

local function candidate(places, reason)
  return { how = "candidate", places = places, reason = reason }
end

-- Words --------------------------------------------------------------------------------------------------

-- What a place says; "" where that is nothing: marks and blanks between texts are no words.
local function said_at(graph, place)
  local value = value_at(graph, place)
  return type(value) == "string" and not names.says(value) and "" or value
end

-- Those with words, where any has.  A node that is there for one text and holds none may be where a caller's words are to
-- go, with fixed ones beside them: it counts.
local function spoken(graph, places)
  local list = {}
  for _, place in ipairs(places) do
    if place.alone or said_at(graph, place) ~= "" then list[#list + 1] = place end
  end
  return #list > 0 and list or places
end

local function distinct_values(graph, places)
  local seen, list = {}, {}
  for _, place in ipairs(places) do
    local value = said_at(graph, place)
    if not seen[value] then
      seen[value] = true
      list[#list + 1] = value
    end
  end
  return list
end

-- The node among these places whose text is a schedule by frame.
local function scheduled(graph, places)
  for _, place in ipairs(places) do
    local value = value_at(graph, place)
    if type(value) == "string" and names.is_schedule(value) or names.schedules(graph.nodes[place.id].class) then return place.id end
  end
end

-- The texts that an encoder is given, one for each of its inputs.
local function sources_of(graph, encoder, which)
  local list = {}
  if encoder.link then list[1] = words.behind(graph, encoder.link, which) end
  for _, name in ipairs(encoder.names or {}) do
    local place = { id = encoder.id, name = name }
    local link = graph.nodes[encoder.id].links[name]
    if link then
      list[#list + 1] = words.behind(graph, link, which)
    elseif type(value_at(graph, place)) == "string" then
      list[#list + 1] = { places = { place } }
    else
      list[#list + 1] = { places = {}, unclear = ("%s holds no text"):format(key_of(place)) }
    end
  end
  return list
end

-- What tells whether encoders get the same texts: the numbers of the texts, for a text may be that of many encoders, and long.
local function signature_of(graph, values)
  graph.texts = graph.texts or { count = 0, number = {} }
  local texts, list, signature = graph.texts, {}, {}
  for _, value in ipairs(values) do
    if value ~= "" and not texts.number[value] then
      texts.count = texts.count + 1
      texts.number[value] = texts.count
    end
    list[#list + 1] = texts.number[value]
  end
  table.sort(list)
  for _, number in ipairs(list) do
    if number ~= signature[#signature] then signature[#signature + 1] = number end
  end
  return table.concat(signature, " ")
end

-- The places of one encoder.  What feeds one of its inputs must be one text; its inputs are as the author wrote them, and
-- those that the author left empty beside others stay so.
local function read_encoder(graph, encoder, which)
  local all, empty, values, unclear = {}, {}, {}, nil
  for _, source in ipairs(sources_of(graph, encoder, which)) do
    local places = spoken(graph, source.places)
    local distinct = distinct_values(graph, places)
    local schedule = scheduled(graph, places)
    if source.unclear then unclear = source.unclear end
    if #places > 1 then unclear = unclear or ("the text of node %s is put together of several"):format(encoder.id) end
    if schedule then unclear = unclear or ("the text of node %s is a schedule by frame"):format(schedule) end
    add_unique(distinct[1] == "" and empty or all, places)
    values[#values + 1] = distinct[1]
  end
  if #all == 0 then add_unique(all, empty) end
  return { places = all, signature = signature_of(graph, values), unclear = unclear }
end

local function side_role(graph, encoders, unclear, which)
  local groups, all, reason, signature = {}, {}, unclear[1], nil
  for _, encoder in ipairs(encoders) do
    graphs.look(graph, encoder.id)
    local group = read_encoder(graph, encoder, which)
    if #group.places > 0 or group.unclear then groups[#groups + 1] = group end
  end
  local any = false
  for _, group in ipairs(groups) do any = any or group.signature ~= "" end
  for _, group in ipairs(groups) do
    graph.work:step(4)
    if not any or group.signature ~= "" or group.unclear then
      add_unique(all, group.places)
      reason = reason or group.unclear
      if signature and signature ~= group.signature then reason = reason or "several texts lead to what is saved" end
      signature = signature or group.signature
    end
  end
  if reason then return candidate(all, reason), signature end
  return traced(all), signature
end

local function find_lyrics(graph, encoders)
  local places = {}
  for _, encoder in ipairs(encoders) do
    local node = graph.nodes[encoder.id]
    if node and type(node.inputs.lyrics) == "string" then add_unique(places, { { id = encoder.id, name = "lyrics" } }) end
    local link = node and node.links.lyrics
    local source = link and words.behind(graph, link, "prompt")
    local said = source and not source.unclear and spoken(graph, source.places) or {}
    if #said == 1 then add_unique(places, said) end
  end
  return #places == 1 and traced(places) or nil
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
  return list
end

-- Conditionings may lead to pictures, and pictures to further samplers: on until nothing new comes.
local function follow_all(graph, trace)
  local sides, counts
  repeat
    trace.run()
    counts = { #trace.positive, #trace.negative, #trace.second }
    sides = {
      prompt = conditioning.follow(graph, trace.positive, "prompt", trace.more),
      negative = conditioning.follow(graph, trace.negative, "negative", trace.more),
      second = conditioning.follow(graph, trace.second, "prompt", trace.more),
    }
    trace.run()
  until counts[1] == #trace.positive and counts[2] == #trace.negative and counts[3] == #trace.second
  return sides
end

local function shares(role, other)
  local seen = {}
  for _, place in ipairs(other and other.places or {}) do seen[key_of(place)] = true end
  for _, place in ipairs(role.places) do
    if seen[key_of(place)] then return key_of(place) end
  end
end

-- A second conditioning is the prompt's or the negative's over again, or the workflow has two prompts.
local function check_second(graph, roles, side, signature)
  if #side.encoders == 0 or not roles.prompt then return end
  local role, second = side_role(graph, side.encoders, side.unclear, "prompt")
  if not role or second == "" or second == signature.prompt or second == signature.negative then return end
  local places = add_unique(add_unique({}, roles.prompt.places), role.places)
  roles.prompt = candidate(places, "a second conditioning has a text of its own")
end

local function find_words(graph, trace, sides, roles)
  local signature = {}
  local prompts = append(append({}, sides.prompt.encoders), trace.partners.prompt)
  roles.prompt, signature.prompt = side_role(graph, prompts, append(append({}, sides.prompt.unclear), trace.unclear), "prompt")
  local negatives = append(append({}, sides.negative.encoders), trace.partners.negative)
  roles.negative, signature.negative = side_role(graph, negatives, append(append({}, sides.negative.unclear), trace.unclear), "negative")
  check_second(graph, roles, sides.second, signature)
  roles.lyrics = find_lyrics(graph, prompts)
  local sung = roles.lyrics and roles.prompt and shares(roles.lyrics, roles.prompt)
  if sung then roles.lyrics = candidate({}, ("%s holds the prompt: the lyrics are the same words"):format(sung)) end
  local shared = roles.negative and roles.prompt and shares(roles.negative, roles.prompt)
  if shared then
    roles.negative = candidate({}, ("%s holds the prompt: the negative conditioning is made of the same words"):format(shared))
  elseif not roles.negative and sides.negative.zeroed then
    roles.negative = candidate({}, ("the negative conditioning is emptied by node %s"):format(sides.negative.zeroed))
  end
end

-- Numbers and files --------------------------------------------------------------------------------------

local function find_seeds(graph, trace)
  local places, reason = {}, trace.unclear[1]
  local seeds = #trace.seeds + #trace.silent > 0 and trace.seeds or trace.prepared
  for _, seed in ipairs(seeds) do
    local place = seed
    if seed.link then place = words.number(graph, seed.link, "seed") end
    if place and graphs.is_number(value_at(graph, place)) then
      add_unique(places, { { id = place.id, name = place.name } })
    else
      reason = reason or ("the seed of node %s comes from where it cannot be set"):format(seed.id or seed.link.id)
    end
  end
  if reason and (#places > 0 or #seeds > 0) then return candidate(places, reason) end
  local role = traced(places)
  if role or #trace.silent == 0 then return role end
  return candidate({}, ("node %s adds no noise"):format(trace.silent[1].id))
end

local function find_size(graph, trace, side)
  local places, reason = {}, nil
  for _, size in ipairs(trace.sizes) do
    if size.side == side then
      local place = size
      if size.link then place = words.number(graph, size.link, side) end
      if place then
        add_unique(places, { { id = place.id, name = place.name } })
      else
        reason = ("the %s of node %s is computed"):format(side, size.id)
      end
      if size.preset then reason = ("%s.%s chooses the size, too"):format(size.id, size.preset) end
    end
  end
  if #places > 1 and #distinct_values(graph, places) > 1 then reason = reason or "several sizes lead to what is saved" end
  if reason then return candidate(places, reason) end
  return traced(places)
end

local function places_of(files)
  local places = {}
  for _, file in ipairs(files) do places[#places + 1] = { id = file.id, name = file.name } end
  return places
end

local function find_file(trace, kind)
  local all, main = {}, {}
  for _, file in ipairs(trace.files) do
    if file.kind == kind and not file.mask then
      all[#all + 1] = file
      if file.main then main[#main + 1] = file end
    end
  end
  if #all == 1 or #main == 1 then return traced(places_of(#all == 1 and all or main)) end
  if #all > 1 then return candidate(places_of(#main > 1 and main or all), "several are loaded") end
end

local function find_mask(trace)
  local masks = {}
  for _, file in ipairs(trace.files) do
    if file.mask and file.kind == "image" then masks[#masks + 1] = file end
  end
  if #masks == 1 then return traced(places_of(masks)) end
  if #masks > 1 then return candidate(places_of(masks), "several are loaded") end
end

-- One input cannot be two numbers.
local function part(roles, one, other)
  local shared = roles[one] and roles[other] and shares(roles[one], roles[other])
  if not shared then return end
  roles[one] = candidate(roles[one].places, ("%s is %s and %s at once"):format(shared, one, other))
  roles[other] = candidate(roles[other].places, roles[one].reason)
end

-- In the order of the nodes, and of the names of their inputs.
local function sort_places(graph, role)
  if #role.places < 2 then return end
  local by_id, list = {}, {}
  for _, place in ipairs(role.places) do
    by_id[place.id] = by_id[place.id] or {}
    table.insert(by_id[place.id], place)
  end
  for _, id in ipairs(graph.ids) do
    graph.work:step()
    local places = by_id[id]
    if places then
      table.sort(places, function(a, b) return a.name < b.name end)
      table.move(places, 1, #places, #list + 1, list)
    end
  end
  role.places = list
end

--- The roles of a workflow, and the nodes that what is saved depends on.
---@param graph workflow.Graph
---@return table<string, workflow.Role> roles, workflow.Trace trace
function M.find(graph)
  local trace, roles = tracing.new(graph), {}
  local sides = follow_all(graph, trace)
  find_words(graph, trace, sides, roles)
  for _, link in ipairs(graph.pictures) do trace.more(link, "aside") end
  trace.run()
  roles.seed = find_seeds(graph, trace)
  roles.width, roles.height = find_size(graph, trace, "width"), find_size(graph, trace, "height")
  part(roles, "width", "height")
  part(roles, "seed", "width")
  part(roles, "seed", "height")
  for _, kind in ipairs { "image", "video", "audio" } do roles[kind] = find_file(trace, kind) end
  roles.mask = find_mask(trace)
  for _, role in pairs(roles) do sort_places(graph, role) end
  return roles, trace
end

return M
