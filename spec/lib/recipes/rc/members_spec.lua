local json = require "core.json"
local kit = require "spec.support.rc"
local members = require "lib.recipes.rc.members"

local ID = kit.DEPLOYMENT
local OBJECT = { type = "object" }

local function settled(value, options)
  return json.encode(members.settle(value, options))
end

local function refusal(value, options)
  local ok, message = pcall(members.settle, value, options)
  assert.is_false(ok)
  return message
end

describe("lib.recipes.rc.members", function()
  it("gives members names where keys cannot be those of a list", function()
    assert.equal('{"31":{"a":1},"6":{"b":2}}', settled { [6] = { b = 2 }, ["31"] = { a = 1 } })
    assert.equal('{"nodes":{"2":true,"3":true}}', settled { nodes = { [2] = true, [3] = true } })
    assert.equal('{"-1":1,"0":2}', settled { [0] = 2, [-1] = 1 })
    assert.equal('{"graph":{"1":"x","9":"y"}}', settled({ graph = json.decode '{"9":"y"}', }, { schema = OBJECT })
      :gsub('"9":"y"', '"1":"x","9":"y"'))
  end)

  it("leaves lists as they are, at any depth", function()
    assert.equal('{"link":["4",0],"list":[[1],[2]]}', settled { link = { "4", 0 }, list = { { 1 }, { 2 } } })
    assert.equal("[1,null,3]", settled { 1, json.null, 3 })
    assert.equal("[]", settled(json.as_array {}))
  end)

  it("takes what a schema calls an object for one, also where keys count from 1", function()
    local options = { schema = { type = "object", properties = { overrides = {
      type = "object", additionalProperties = { type = "object", properties = { inputs = OBJECT } },
    } } } }
    assert.equal('{"overrides":{"1":{"inputs":{"a":1}},"2":{"inputs":{"1":["4",0]}}}}',
      settled({ overrides = { { inputs = { a = 1 } }, { inputs = { { "4", 0 } } } } }, options))
    assert.equal('[{"1":"x"}]', settled({ { "x" } }, { schema = { type = "array", items = OBJECT } }))
  end)

  it("keeps the order of a decoded object, to which nodes were added by number", function()
    local graph = json.decode '{"9":{},"6":{}}'
    graph[1] = json.null
    assert.equal('{"9":{},"6":{},"1":null}', settled(graph))
  end)

  it("refuses what may be the one or the other, and says where", function()
    assert.equal("the value at .a is a list with holes; put rc.null into them, or write the keys as text: [\"1\"] = …",
      refusal({ a = { [1] = 1, [3] = 3 } }, { strict = true }))
    assert.matches('the value at .a has both the key 6 and the key "6"', refusal({ a = { [6] = 1, ["6"] = 2 } }), 1, true)
    assert.matches("the value at .a[2] is no valid UTF-8", refusal({ a = { "x", "\xF0\x9F" } }, { strict = true }), 1, true)
  end)

  it("makes an object of both where nothing is sent: a result is there already", function()
    assert.equal('{"a":{"1":1,"3":3},"b":{"1":1,"x":2}}', settled { a = { [1] = 1, [3] = 3 }, b = { 1, x = 2 } })
  end)
end)

describe("node ids that are numbers", function()
  local function bodies(text, uses, path)
    local list = {}
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      kit.data(text, { uses = uses })
      for i, request in ipairs(sim:requests { method = "POST", path = path or "/inference" }) do list[i] = json.decode(request.body) end
    end)
    return list
  end

  it("arrive as names, from rc.submit and from the tool", function()
    local way = 'deployment_id = "' .. ID .. '", overrides = { [6] = { inputs = { text = "a fox" } }, ["3"] = { inputs = { seed = 1 } } } }'
    for _, text in ipairs { "rc.submit { " .. way .. " return {}", "rc.tools.submit_request { " .. way .. " return {}" } do
      assert.equal("a fox", bodies(text, { "submit_request" })[1].overrides["6"].inputs.text)
    end
  end)

  it("arrive in a whole graph, and keep its links lists", function()
    local body = bodies(([[
      local graph = rc.tools.get_deployment({ deployment_id = "%s", include_payload = true }).deployment.payload.workflow_api_json
      local copy = {}
      for id, node in pairs(graph) do copy[math.tointeger(tonumber(id))] = node end
      rc.submit { deployment_id = "%s", workflow_api_json = copy }
      return {}]]):format(ID, ID), { "get_deployment", "submit_request" })[1]
    assert.is_table(body.workflow_api_json["3"].inputs)
    assert.equal(json.array, getmetatable(body.workflow_api_json["3"].inputs.model))
  end)

  it("arrive at the instance, and in what a recipe returns", function()
    local body = bodies(([[
      local job = rc.submit { deployment_id = "%s" }
      job:wait()
      job:proxy("api/free", { [1] = true, [2] = true })
      return {}]]):format(ID), { "submit_request", "call_instance_proxy" }, "/proxy/")[1]
    assert.same({ ["1"] = true, ["2"] = true }, body)
    kit.with({}, function()
      assert.same({ urls = { ["6"] = "x", ["9"] = "y" } }, kit.data 'return { urls = { [6] = "x", [9] = "y" } }')
    end)
  end)

  it("are refused in one line with the place where nobody can tell what they are, and nothing is sent", function()
    kit.with({}, function(sim)
      for text, message in pairs {
        ['overrides = { [6] = 1, ["6"] = 2 }'] = "probe.lua:1: rc.submit: the value at .overrides has both the key 6",
        ['overrides = { [6] = { inputs = { text = ("🦊"):sub(1, 2) } } }'] = "the value at .overrides.6.inputs.text is no valid UTF-8",
        ['overrides = { [6] = { inputs = { n = { [1] = 1, [3] = 3 } } } }'] = "the value at .overrides.6.inputs.n is a list with holes",
      } do
        local _, err = kit.run(('rc.submit { deployment_id = "%s", %s }'):format(ID, text), { uses = { "submit_request" } })
        assert.matches(message, err.message, 1, true)
        assert.is_nil(err.message:find("lua/lib", 1, true))
      end
      assert.equal(0, #sim:requests { method = "POST" })
    end)
  end)

  it("counts a step for each member, so that the loop turns within one long table", function()
    local steps, long = 0, {}
    for index = 1, 500 do long["k" .. index] = index end
    members.settle({ a = long, b = { 1, 2, 3 } }, { meter = { step = function() steps = steps + 1 end } })
    assert.is_true(steps >= 505, steps)
  end)
end)
