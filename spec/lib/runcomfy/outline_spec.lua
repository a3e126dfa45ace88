local json = require "core.json"
local outline = require "lib.runcomfy.outline"

local function lines_of(made)
  local lines = {}
  for i = 1, made.count do lines[i] = made.line(i) end
  return lines
end

describe("lib.runcomfy.outline", function()
  it("has the roles of a workflow first, then the saved overrides, then a line a node", function()
    local made = outline.nodes {
      roles = { "prompt: 6.text (traced)" },
      default_override_node_ids = { "3", "6" },
      workflow_node_summary = {
        { node_id = "6", class_type = json.raw '"CLIPTextEncode"', title = json.null, input_names = { "clip", "text" } },
        { node_id = "3", class_type = json.null, title = json.raw '"Sampler"', input_names = {} },
      },
    }
    assert.same({
      "role prompt: 6.text (traced)",
      "saved overrides of the nodes 3, 6",
      'node 6 CLIPTextEncode "?": clip, text',
      'node 3 ? "Sampler": ',
    }, lines_of(made))
    assert.same({ "payload_summary" }, made.instead_of)
  end)

  it("is empty where there is nothing to tell", function()
    assert.equal(0, outline.nodes({}).count)
    assert.equal(0, outline.files({}).count)
  end)

  it("makes no line that is not asked for", function()
    local nodes = setmetatable({}, { __len = function() return 200 end, __index = function(_, i) error("node " .. i .. " was read") end })
    local made = outline.nodes { workflow_node_summary = nodes }
    assert.equal(200, made.count)
    assert.has_error(function() made.line(7) end)
  end)

  it("has a line a file, with its URL whole", function()
    local url = "https://example.invalid/" .. ("a"):rep(500)
    local made = outline.files { { url = json.raw('"' .. url .. '"'), node_id = "9", channel = "images" } }
    assert.same({ "output of node 9, images: " .. url }, lines_of(made))
  end)

  it("stands for deployments where there are many, decoded or the API's own bytes", function()
    local list = {}
    for i = 1, 16 do list[i] = { id = "d" .. i, name = json.null, hardware = json.as_array { "AMPERE_48" }, is_enabled = true } end
    local expected = 'deployment d16 "?": ["AMPERE_48"], min_instances ?, max_instances ?, is_enabled true, status ?'
    local decoded = outline.deployments(list, true)
    assert.equal(16, decoded.count)
    assert.equal(expected, decoded.line(16))
    assert.same({ "deployments" }, decoded.instead_of)
    list[17] = 5 -- no deployment
    local bytes = outline.deployments(assert(json.raw(json.encode(json.as_array(list)))), false)
    assert.equal(16, bytes.count)
    assert.equal(expected, bytes.line(16))
    assert.same({}, bytes.instead_of)
    assert.equal(0, outline.deployments({ list[1] }, true).count)
  end)
end)
