local bed = require "spec.support.runcomfy"

local function numbered_objects(count, name)
  local parts = {}
  for i = 1, count do parts[i] = ('"%s":{"class_type":"T"}'):format(name(i)) end
  return "{" .. table.concat(parts, ",") .. "}"
end

describe("tool get_deployment", function()
  it("forwards the deployment byte for byte, never cut", function()
    bed.with({}, function(sim)
      local body = '{"id":"d","seed":18446744073709551615,"a":[],"o":{},"f":1.0,"n":null,"z":"\u{e9}","payload":{"b":1}}'
      bed.answer_with(sim, body)
      local answer = bed.call("get_deployment", { deployment_id = "d e" })
      assert.equal("Loaded deployment d e.", answer.text)
      assert.equal('{"ok":true,"deployment":' .. body .. "}", answer.json)
      assert.equal("/prod/v2/deployments/d%20e", sim:requests()[1].path)
    end)
  end)

  it("sums up the payload: nodes in the order of the workflow, the rest sorted", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, [[{"id":"d","payload":{"workflow_api_json":{
        "9":{"class_type":"SaveImage","inputs":{"images":["8",0],"filename_prefix":"x"},"_meta":{"title":"Save"}},
        "38:2":{"class_type":"K","inputs":{}}, "x":"not a node", "3":{"_meta":{}}},
        "overrides":{"b":{},"a":{}},"object_info_url":"https://x"}}]])
      local answer = bed.call("get_deployment", { deployment_id = "d", include_payload = true })
      assert.equal("includes=payload", sim:requests()[1].query)
      assert.equal('{"roles":[],"payload_keys":["object_info_url","overrides","workflow_api_json"],"has_object_info_url":true,'
        .. '"default_override_node_ids":["a","b"],"workflow_node_summary":['
        .. '{"node_id":"9","title":"Save","class_type":"SaveImage","input_names":["filename_prefix","images"]},'
        .. '{"node_id":"38:2","title":null,"class_type":"K","input_names":[]},'
        .. '{"node_id":"3","title":null,"class_type":null,"input_names":[]}]}',
        answer.json:match '"payload_summary":(.*),"deployment":')
    end)
  end)

  local function roles_of(sim, workflow)
    bed.answer_with(sim, '{"id":"d","payload":{"workflow_api_json":' .. workflow .. "}}")
    return bed.call("get_deployment", { deployment_id = "d", include_payload = true }).data.payload_summary.roles
  end

  it("names the roles that the workflow tells, first and in few words", function()
    bed.with({}, function(sim)
      assert.same({ "prompt: 6.text (traced)", "negative: 7.text (traced)", "image: name one of 1.image, 2.image (not traced: several "
        .. "are loaded)", "seed: 3.seed (traced)" }, roles_of(sim, [[{
        "6":{"class_type":"CLIPTextEncode","inputs":{"text":"a cat"}}, "7":{"class_type":"CLIPTextEncode","inputs":{"text":"bad"}},
        "1":{"class_type":"LoadImage","inputs":{"image":"a.png"}}, "2":{"class_type":"LoadImage","inputs":{"image":"b.png"}},
        "4":{"class_type":"ImageBatch","inputs":{"image1":["1",0],"image2":["2",0]}},
        "5":{"class_type":"VAEEncode","inputs":{"pixels":["4",0]}}, "9":{"class_type":"SaveImage","inputs":{"images":["3",0]}},
        "3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615,"positive":["6",0],"negative":["7",0],
        "latent_image":["5",0]}}}]]))
      assert.same({ "prompt: name one of 8.prompt (not traced: node 8 (OllamaGenerate) writes the text)" }, roles_of(sim, [[{
        "6":{"class_type":"CLIPTextEncode","inputs":{"text":["8",0]}}, "8":{"class_type":"OllamaGenerate","inputs":{"prompt":"x"}},
        "9":{"class_type":"SaveImage","inputs":{"images":["3",0]}}, "3":{"class_type":"KSampler","inputs":{"positive":["6",0]}}}]]))
    end)
  end)

  it("names no roles of what is no workflow, or of one far larger than real ones", function()
    bed.with({}, function(sim)
      assert.is_nil(roles_of(sim, '{"nodes":[],"links":[]}'))
      assert.is_nil(roles_of(sim, '"x"'))
      assert.is_nil(roles_of(sim, numbered_objects(8000, function(i) return i end)))
      local long = ("6"):rep(5000)
      local line = roles_of(sim, ('{"%s":{"class_type":"IdeogramV3","inputs":{"prompt":"x","seed":1}}}'):format(long))[1]
      assert.is_true(#line < 300)
    end)
  end)

  it("stops at 200 nodes and 100 overrides", function()
    bed.with({}, function(sim)
      local nodes = numbered_objects(250, function(i) return 1000 - i end)
      local overrides = numbered_objects(250, function(i) return ("%03d"):format(i) end)
      bed.answer_with(sim, ('{"payload":{"workflow_api_json":%s,"overrides":%s}}'):format(nodes, overrides))
      local summary = bed.call("get_deployment", { deployment_id = "d", include_payload = true }).data.payload_summary
      assert.equal(200, #summary.workflow_node_summary)
      assert.equal("999", summary.workflow_node_summary[1].node_id)
      assert.equal("800", summary.workflow_node_summary[200].node_id)
      assert.equal(100, #summary.default_override_node_ids)
      assert.equal("100", summary.default_override_node_ids[100])
      assert.is_false(summary.has_object_info_url)
    end)
  end)

  for _, payload in ipairs { "null", "[]", '"x"' } do
    it("gives no keys for a payload that is " .. payload, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, '{"payload":' .. payload .. "}")
        local answer = bed.call("get_deployment", { deployment_id = "d", include_payload = true })
        assert.equal('{"payload_keys":[]}', answer.json:match '"payload_summary":(.*),"deployment":')
      end)
    end)
  end

  it("keeps the simulator's seed exact", function()
    bed.with({}, function()
      local answer = bed.call("get_deployment", { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", include_payload = true })
      assert.matches('"seed":156680208700286,', answer.json, 1, true)
      assert.matches('"cfg":8.0,', answer.json, 1, true)
      assert.equal("3", answer.data.payload_summary.workflow_node_summary[1].node_id)
    end)
  end)

  it("says that an unknown id is unknown", function()
    bed.with({}, function()
      local answer = bed.call("get_deployment", { deployment_id = "a1b2c3d4-0000-4000-8000-00000000dead" })
      assert.is_false(answer.ok)
      assert.equal(404001, answer.data.error_code)
      assert.matches("list_deployments", answer.text, 1, true)
    end)
  end)

  it("does not take text for a deployment", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, "hello")
      local answer = bed.call("get_deployment", { deployment_id = "d" })
      assert.is_false(answer.ok)
      assert.equal("hello", answer.data.payload)
      assert.equal("RunComfy's answer is not a deployment: hello", answer.data.error)
    end)
  end)
end)
