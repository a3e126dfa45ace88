local json = require "core.json"
local workflows = require "lib.runcomfy.workflows"

local function read(text)
  local result, problem = workflows.read(assert(json.decode(text)))
  return result and json.encode(result), problem
end

describe("lib.runcomfy.workflows", function()
  for _, text in ipairs {
    "{}", '{"6":{"class_type":"X","inputs":{"a":["4",0]}}}', '{"ckpt":{"class_type":"X"}}',
    '{"6":{"class_type":"X"},"_comment":"x","extra":{"a":1},"version":1}',
  } do
    it("hands on as it is " .. text, function() assert.equal(text, (read(text))) end)
  end

  local UNFOLDED = {
    ["what ComfyUI's own endpoint takes"] = '{"prompt":{"6":{"class_type":"X"}},"client_id":"c"}',
    ["the same with empty extra_data"] = '{"prompt":{"6":{"class_type":"X"}},"extra_data":{}}',
    ["what the editor makes of a graph"] = '{"workflow":{"nodes":[],"links":[]},"output":{"6":{"class_type":"X"}}}',
    ["what a picture of ComfyUI carries"] = [[{"prompt":"{\"6\":{\"class_type\":\"X\"}}","workflow":"{\"nodes\":[]}"}]],
    ["the payload of get_deployment"] = '{"workflow_api_json":{"6":{"class_type":"X"}},"overrides":{},"object_info_url":"u"}',
    ["a node as JSON text"] = [[{"6":"{\"class_type\":\"X\"}"}]],
  }
  for what, text in pairs(UNFOLDED) do
    it("unfolds " .. what, function() assert.equal('{"6":{"class_type":"X"}}', (read(text))) end)
  end

  local REFUSED = {
    ['{"nodes":[],"links":[]}'] = "is in the format of ComfyUI's editor",
    ['{"prompt":{"nodes":[],"links":[]}}'] = "is in the format of ComfyUI's editor",
    ['{"6":{"inputs":{"text":"x"}}}'] = "use 'overrides' instead",
    ['{"6":{"class_type":"X"},"7":{"inputs":{}}}'] = "node '7' has no 'class_type'",
    ['{"6":{"class_type":"X"},"7":null}'] = "node '7' has no 'class_type'",
    ['{"a":1}'] = "it holds no node",
    ['{"prompt":"a fox"}'] = "it holds no node",
    ['{"prompt":{"6":{"class_type":"X"}},"extra_data":{"api_key_comfy_org":"k"}}'] = "give that in field 'extra_data'",
    ['{"workflow_api_json":{"6":{"class_type":"X"}},"overrides":{"6":{}}}'] = "give that in field 'overrides'",
    ["[1]"] = "a list is no workflow",
  }
  for text, expected in pairs(REFUSED) do
    it(("refuses %s by name"):format(text), function()
      local result, problem = read(text)
      assert.is_nil(result)
      assert.matches("^Field 'workflow_api_json'", problem)
      assert.matches(expected, problem, 1, true)
      assert.matches("Nothing was sent.", problem, 1, true)
    end)
  end

  it("takes node ids that are numbers", function()
    assert.equal('{"1":{"class_type":"X"}}', json.encode(workflows.read { [1] = { class_type = "X" } }))
  end)

  it("refuses more nodes than a workflow can have", function()
    local given = {}
    for i = 1, 20001 do given[tostring(i)] = { class_type = "A" } end
    local result, problem = workflows.read(given)
    assert.is_nil(result)
    assert.matches("^Field 'workflow_api_json': over 20000 nodes are too many", problem)
    given["1"] = nil
    assert.is_table(workflows.read(given))
  end)
end)
