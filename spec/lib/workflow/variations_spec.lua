-- What must not matter: the numbers of nodes, a reroute on any link, samplers left over, a node of its own for a text or a number.
-- And what must: a text that somebody else writes, a number that is computed.  Each graph of kinds.jsonl is read again with it.

local graphs = require "lib.workflow.graph"
local json = require "core.json"
local roles = require "lib.workflow.roles"
local support = require "spec.support.graphs"

local node = support.node

local function each_graph()
  local next_line = io.lines "spec/lib/workflow/kinds.jsonl"
  return function()
    local line = next_line()
    if not line then return nil end
    local case = json.decode(line)
    return case.name, case.graph or support.base(case.changes)
  end
end

-- The places of all roles in one text, under the names that `old` gives, or as `instead` has them.
local function told(graph, old, instead)
  local found, parts = roles.find(assert(graphs.read(graph))), {}
  for _, role in ipairs(roles.NAMES) do
    local places = {}
    if found[role] and found[role].how ~= "candidate" then
      for i, place in ipairs(found[role].places) do places[i] = (old and old[place.id] or place.id) .. "." .. place.name end
    end
    table.sort(places)
    parts[#parts + 1] = role .. "=" .. (instead and instead[role] or table.concat(places, " "))
  end
  return table.concat(parts, "\n")
end

local function with(graph, id, name, value)
  local copy, inputs = {}, {}
  for key, entry in pairs(graph) do copy[key] = entry end
  for key, input in pairs(graph[id].inputs) do inputs[key] = input end
  inputs[name] = value
  copy[id] = node(graph[id].class_type, inputs)
  return copy
end

-- The value that a role has in all its places, where it has them alone and links nowhere.
local function value_of(graph, found, role, kind)
  local value
  for _, place in ipairs(found[role] and found[role].how ~= "candidate" and found[role].places or {}) do
    local here = graph[place.id].inputs[place.name]
    if type(here) ~= kind or value ~= nil and here ~= value then return nil end
    value = here
  end
  return value
end

-- Each role of these with what `nodes(value)` gives instead of its value: the role lies at `place` then, or is none ("").
local function each_behind(names, kind, place, nodes)
  for name, graph in each_graph() do
    local found = roles.find(assert(graphs.read(graph)))
    for _, role in ipairs(names) do
      local value = value_of(graph, found, role, kind)
      if value ~= nil then
        local changed = graph
        for _, at in ipairs(found[role].places) do changed = with(changed, at.id, at.name, { "own", 0 }) end
        for id, entry in pairs(nodes(value)) do changed[id] = entry end
        assert.equal(told(graph, nil, { [role] = place }), told(changed), ("%s, %s"):format(name, role))
      end
    end
  end
end

local WORDS = { "prompt", "negative", "lyrics" }

describe("workflow.roles follow what is changed", function()
  it("to a node of its own for a text, through one that shows it, and through an empty concatenation", function()
    each_behind(WORDS, "string", "own.value", function(value) return { own = node("PrimitiveStringMultiline", { value = value }) } end)
    each_behind(WORDS, "string", "more.text", function(value)
      return { own = node("ShowText|pysssss", { text = { "joined", 0 }, text_0 = "old" }),
               joined = node("StringConcatenate", { string_a = { "more", 0 }, string_b = "", delimiter = ", " }),
               more = node("Text Multiline", { text = value }) }
    end)
  end)

  it("and are none where somebody else writes the text, or it is put together", function()
    for _, own in ipairs { node("OllamaGenerateV2", { prompt = "write a prompt", model = "x" }),
      node("Text Concatenate", { text_a = "one thing", text_b = "another thing", delimiter = ", " }),
      node("Random Prompt Picker", { theme = "animals", seed = 4 }) } do
      each_behind(WORDS, "string", "", function() return { own = own } end)
    end
  end)

  it("to a node of its own for a number", function()
    each_behind({ "seed", "width", "height" }, "number", "more.value", function(value)
      return { own = node("Reroute", { [""] = { "more", 0 } }), more = node("PrimitiveInt", { value = value }) }
    end)
  end)

  it("and are none where it is computed", function()
    each_behind({ "seed", "width", "height" }, "number", "", function(value)
      return { own = node("MathExpression|pysssss", { expression = "a + 1", a = { "more", 0 } }), more = node("PrimitiveInt",
        { value = value }) }
    end)
  end)
end)

describe("workflow.roles stay what they are", function()
  it("with a reroute on any link", function()
    for name, graph in each_graph() do
      local before, read = told(graph), assert(graphs.read(graph))
      for _, id in ipairs(read.ids) do
        for input, link in pairs(read.nodes[id].links) do
          local changed = with(graph, id, input, { "via", 0 })
          changed.via = node("Reroute", { [""] = { link.id, link.slot } })
          assert.equal(before, told(changed), ("%s, %s.%s"):format(name, id, input))
        end
      end
    end
  end)

  it("with other numbers of nodes", function()
    for name, graph in each_graph() do
      local read, new, old = assert(graphs.read(graph)), {}, {}
      for i, id in ipairs(read.ids) do
        new[id] = tostring((#read.ids - i) * 3 + 1)
        old[new[id]] = id
      end
      local changed = {}
      for id, entry in pairs(read.nodes) do
        local inputs = {}
        for input, value in pairs(entry.inputs) do
          local link = entry.links[input]
          inputs[input] = link and { new[link.id] or "none", link.slot } or value
        end
        changed[new[id]] = node(entry.class, inputs)
      end
      assert.equal(told(graph), told(changed, old), name)
    end
  end)

  it("with a sampler of words and noise of its own that nothing takes", function()
    for name, graph in each_graph() do
      local changed = {}
      for id, entry in pairs(graph) do changed[id] = entry end
      changed.left = node("KSampler", { seed = 4242, positive = { "words", 0 }, negative = { "words", 0 }, latent_image = { "5", 0 } })
      changed.words = node("CLIPTextEncode", { text = "left over", clip = { "4", 1 } })
      assert.equal(told(graph), told(changed), name)
    end
  end)
end)
