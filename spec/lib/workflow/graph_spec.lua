local graphs = require "lib.workflow.graph"
local hostile_texts = require "spec.support.hostile_texts"
local json = require "core.json"
local meter = require "lib.async.meter"
local roles = require "lib.workflow.roles"
local support = require "spec.support.graphs"

describe("workflow.graph", function()
  it("passes over what is no node", function()
    local graph = assert(graphs.read(json.decode [[{
      "_comment": "demo", "_workflow_metadata": {"v": 1}, "list": [1, {"class_type": "X"}], "note": null, "number": 7,
      "no class": {"inputs": {"a": 1}}, "odd class": {"class_type": 7, "inputs": {}},
      "1": {"class_type": "A", "_meta": null}, "2": {"class_type": "B", "inputs": null, "_meta": {"title": "two"}},
      "3": {"class_type": "C", "inputs": [1]}, "4": {"class_type": "D", "inputs": {"x": ["2", 0]}, "_meta": "odd"} }]]))
    assert.same({ "1", "2", "3", "4" }, graph.ids)
    assert.equal("two", graph.nodes["2"].title)
    assert.equal("A", graph.nodes["1"].title)
    assert.same({ id = "2", slot = 0 }, graph.nodes["4"].links.x)
  end)

  it("sorts nodes by number, those of subgraphs behind theirs, and words last", function()
    assert.same({ "9", "10", "12", "12:3", "12:10", "13", "a" }, graphs.sort_ids { "a", "12:10", "10", "13", "12", "12:3", "9" })
  end)

  it("takes lists of two for links only where they can be some", function()
    local graph = assert(graphs.read(json.decode [[{ "12": {"class_type": "A", "inputs":
      {"size": [512, 768], "number": [12, 0], "dangling": ["77", 1], "three": ["12", 0, 1], "texts": ["a", "b"], "negative": ["12",
        -1]} } }]]))
    local links = graph.nodes["12"].links
    assert.same({ id = "12", slot = 0 }, links.number)
    assert.same({ id = "77", slot = 1 }, links.dangling)
    assert.is_nil(links.size or links.three or links.texts or links.negative)
  end)

  it("takes node ids that are Lua numbers", function()
    local graph = assert(graphs.read { [6] = support.node("CLIPTextEncode", { text = "a cat" }) })
    assert.same({ "6" }, graph.ids)
  end)

  local count = 0
  for name, case in pairs {
    ["the UI format"] = { '{"nodes":[{"id":1}],"links":[],"version":0.4}', "UI format" },
    ["a wrapper"] = { '{"prompt":{"1":{"class_type":"A","inputs":{}}}}', "not in 'prompt'" },
    ["the request of a worker"] = { '{"input":{"workflow":{"1":{"class_type":"A","inputs":{}}}}}', "not in 'input'" },
    ["an empty object"] = { "{}", "no node" },
    ["a list"] = { '[{"class_type":"A"}]', "no node" },
    ["comments alone"] = { '{"_comment":"x"}', "no node" },
    ["a text"] = { '"x"', "no JSON object" },
    ["a node with more inputs than any has"] = { '{"1":{"class_type":"A","inputs":{' .. ('"%d":1,'):rep(1200):gsub("%%d", function()
      count = count + 1
      return count
    end) .. '"x":1}}}', "node 1 has 1201 inputs" },
  } do
    it("names " .. name, function()
      local graph, why = graphs.read(json.decode(case[1]))
      assert.is_nil(graph)
      assert.matches(case[2], why, 1, true)
    end)
  end

  it("reads no more nodes than a workflow can have", function()
    local nodes = {}
    for i = 1, 20001 do nodes[tostring(i)] = { class_type = "A" } end
    local graph, problem = graphs.read(nodes)
    assert.is_nil(graph)
    assert.equal("it has 20001 nodes; 20000 can be read", problem)
  end)

  it("counts its work, and that of a trace", function()
    local work = meter.new { steps = 100000 }
    local graph = assert(graphs.read(json.decode(hostile_texts["a chain of texts"](20000)), work))
    local before = work:count()
    assert.is_true(before > #graph.ids)
    roles.find(graph)
    assert.is_true(work:count() > before + #graph.ids)
  end)
end)
