-- What must not matter: the numbers of nodes, a reroute on any link, samplers left over.  Each graph of kinds.jsonl is read again
-- with it.

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

-- The places of all roles in one text, under the names that `old` gives.
local function told(graph, old)
  local found, parts = roles.find(assert(graphs.read(graph))), {}
  for _, role in ipairs(roles.NAMES) do
    local places = {}
    if found[role] and found[role].how ~= "candidate" then
      for i, place in ipairs(found[role].places) do places[i] = (old and old[place.id] or place.id) .. "." .. place.name end
    end
    table.sort(places)
    parts[#parts + 1] = role .. "=" .. table.concat(places, " ")
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
