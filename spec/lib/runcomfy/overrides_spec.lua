local json = require "core.json"
local steps = require "spec.support.steps"
local overrides = require "lib.runcomfy.overrides"

local function read(text)
  local result, problem = overrides.read(assert(json.decode(text)))
  return result and json.encode(result), problem
end

describe("lib.runcomfy.overrides", function()
  local UNFOLDED = {
    ["an input without 'inputs'"] = { '{"6":{"text":"x"}}', '{"6":{"inputs":{"text":"x"}}}' },
    ["an input that is an object"] = { '{"6":{"lora_1":{"on":true}}}', '{"6":{"inputs":{"lora_1":{"on":true}}}}' },
    ["dotted names"] = { '{"6.seed":5,"6.text":"x"}', '{"6":{"inputs":{"seed":5,"text":"x"}}}' },
    ["dotted names with 'inputs'"] = { '{"6.inputs.text":"x"}', '{"6":{"inputs":{"text":"x"}}}' },
    ["dotted names of nodes in a subgraph, and of inputs with dots"] =
      { '{"12:3.images.image0":"u"}', '{"12:3":{"inputs":{"images.image0":"u"}}}' },
    ["a dotted name beside its node"] =
      { '{"6":{"inputs":{"text":"a"}},"6.seed":5}', '{"6":{"inputs":{"seed":5,"text":"a"}}}' },
    ["a wrapper 'prompt'"] = { '{"prompt":{"6":{"inputs":{"text":"x"}}}}', '{"6":{"inputs":{"text":"x"}}}' },
    ["a wrapper with ComfyUI's client_id"] =
      { '{"client_id":"c","prompt":{"6":{"inputs":{"text":"x"}}}}', '{"6":{"inputs":{"text":"x"}}}' },
    ["wrappers in each other, with JSON text"] =
      { [[{"overrides":{"prompt":"{\"6\":{\"inputs\":{\"text\":\"x\"}}}"}}]], '{"6":{"inputs":{"text":"x"}}}' },
    ["a node as JSON text"] = { [[{"6":"{\"inputs\":{\"text\":\"x\"}}"}]], '{"6":{"inputs":{"text":"x"}}}' },
    ["inputs as JSON text"] = { [[{"6":{"inputs":"{\"text\":\"x\"}"}}]], '{"6":{"inputs":{"text":"x"}}}' },
  }
  for what, case in pairs(UNFOLDED) do
    it("unfolds " .. what, function()
      local text, problem = read(case[1])
      assert.is_nil(problem)
      assert.same(json.decode(case[2]), json.decode(text))
    end)
  end

  for _, text in ipairs {
    '{"6":{"inputs":{"text":"x"}}}', '{"6":{"_meta":{"title":"t"},"class_type":"X","inputs":{"a":["4",0]}}}', "{}",
    '{"positive":{"inputs":{"text":"x"}}}', '{"6":{"inputs":{}}}', [[{"6":{"inputs":{"json":"{\"a\":1}"}}}]],
  } do
    it("hands on as they are " .. text, function()
      local given = json.decode(text)
      assert.equal(given, overrides.read(given))
      assert.equal(text, json.encode(given))
    end)
  end

  local REFUSED = {
    ['{"prompt":"a fox"}'] = "'prompt' is no node id",
    ['{"text":"a fox"}'] = "'text' is no node id",
    ['{"6":{"inputs":{"text":"a"}},"seed":4}'] = "'seed' is no node id",
    ['{"6":"a fox"}'] = "node '6' must be an object with 'inputs', got a string",
    ['{"6":null}'] = "node '6' must be an object with 'inputs', got null",
    ['{"6":[1]}'] = "node '6' must be an object with 'inputs', got a list",
    ['{"6":{}}'] = "node '6' has no 'inputs'",
    ['{"6":{"inputs":[1]}}'] = "'inputs' of node '6' must be an object",
    ['{"6":{"widgets_values":["x"]}}'] = "node '6' has no 'inputs'",
    ['{"6":{"inputs":{"text":"x"},"seed":4}}'] = "node '6' has 'seed' beside 'inputs'",
    ['{"inputs":{"text":"x"}}'] = "this is a node without its id",
    ['{"class_type":"X","inputs":{"text":"x"}}'] = "this is a node without its id",
    ['{"KSampler":{"seed":4}}'] = "'KSampler' is no node id",
    ['{"6":{"inputs":{"text":"a"}},"6.text":"b"}'] = "input 'text' of node '6' is given twice",
    ['{"6.text":"b","6":{"inputs":{"text":"a"}}}'] = "input 'text' of node '6' is given twice",
    ['{"nodes":[],"links":[],"version":0.4}'] = "is in the format of ComfyUI's editor",
    ['{"workflow":{"last_node_id":3,"nodes":[{"id":1}]}}'] = "is in the format of ComfyUI's editor",
    ['{"overrides":{"6":{"inputs":{}}},"7":{"inputs":{}}}'] = "'overrides' is no node id",
    ['[{"node_id":"6"}]'] = "a list does not say which node is meant",
  }
  for text, expected in pairs(REFUSED) do
    it(("refuses %s by name and with the right shape"):format(text), function()
      local result, problem = read(text)
      assert.is_nil(result)
      assert.matches("^Field 'overrides'", problem)
      assert.matches(expected, problem, 1, true)
      assert.matches('{"6":{"inputs":{"text":"…"}}}', problem, 1, true)
      assert.matches("Nothing was sent.", problem, 1, true)
    end)
  end

  it("takes node ids that are numbers, as authors of Lua write them", function()
    assert.equal('{"1":{"inputs":{"a":1}},"6":{"inputs":{"b":2}}}',
      json.encode(overrides.read { [6] = { inputs = { b = 2 } }, [1] = { inputs = { a = 1 } } }))
  end)

  it("puts inputs that are named one by one into their nodes, in their order", function()
    local given = json.decode '{"6":{"class_type":"A","inputs":{"z":1}},"6.b":2,"7.inputs.y":3,"6.inputs.a":4,"7.x":5}'
    assert.equal('{"6":{"class_type":"A","inputs":{"z":1,"b":2,"a":4}},"7":{"inputs":{"y":3,"x":5}}}', json.encode(overrides.read(given)))
  end)

  it("does so in steps that grow with their number alone", function()
    local function work(count)
      local given = { ["6"] = { inputs = { first = 1 } } }
      for i = 1, count do given["6.i" .. i] = i end
      return steps.count(overrides.read, given)
    end
    assert.is_true(work(4000) < 5 * work(1000) + 6000)
  end)

  it("refuses more nodes than a workflow can have", function()
    local given = {}
    for i = 1, 20001 do given[tostring(i)] = { inputs = {} } end
    local result, problem = overrides.read(given)
    assert.is_nil(result)
    assert.matches("^Field 'overrides': over 20000 nodes are too many", problem)
    given["1"] = nil
    assert.is_table(overrides.read(given))
  end)
end)
