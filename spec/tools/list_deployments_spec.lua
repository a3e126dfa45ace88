local bed = require "spec.support.runcomfy"
local json = require "core.json"

local BARE = '[{"id":"a","name":"n","max_instances":3,"payload":{"x":1},"new_field":[]},{}]'

local NULLS = '"workflow_id":null,"workflow_version":null,"hardware":null,"min_instances":null,"max_instances":null,"queue_size":null,'
  .. '"keep_warm_duration_in_seconds":null,"status":null,"is_enabled":null,"created_at":null,"updated_at":null}'

describe("tool list_deployments", function()
  it("cuts each deployment to the 13 fields, null where one is missing", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, BARE)
      local answer = bed.call "list_deployments"
      assert.equal("Found 2 deployment(s).", answer.text)
      assert.equal('{"ok":true,"deployments":[{"id":"a","name":"n",' .. NULLS:gsub('"max_instances":null', '"max_instances":3')
        .. ',{"id":null,"name":null,' .. NULLS .. "]}", answer.json)
      assert.equal("", sim:requests()[1].query)
    end)
  end)

  for flag, query in pairs { include_payload = "includes=payload", include_readme = "includes=readme" } do
    it("passes all on unharmed with " .. flag, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, BARE)
        local answer = bed.call("list_deployments", { [flag] = true })
        assert.equal('{"ok":true,"deployments":' .. BARE .. "}", answer.json)
        assert.equal("Found 2 deployment(s).", answer.text)
        assert.equal(query, sim:requests()[1].query)
      end)
    end)
  end

  it("repeats ids and includes in the query, encoded", function()
    bed.with({}, function(sim)
      bed.call("list_deployments", { ids = { "a", "b c&d" }, include_payload = true, include_readme = true })
      assert.equal("includes=payload&includes=readme&ids=a&ids=b%20c%26d", sim:requests()[1].query)
    end)
  end)

  it("refuses so many ids that no server takes the address, before anything is sent", function()
    bed.with({}, function(sim)
      local ids = {}
      for i = 1, 10000 do ids[i] = "deployment-" .. i end
      local answer = bed.call("list_deployments", { ids = ids })
      assert.is_false(answer.data.ok)
      assert.matches("Ask for fewer ids", answer.text, 1, true)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("takes an empty list of ids as none", function()
    bed.with({}, function(sim)
      assert.equal("Found 3 deployment(s).", bed.call("list_deployments", { ids = {} }).text)
      assert.equal("", sim:requests()[1].query)
    end)
  end)

  it("takes one id for a list of it, and nothing filled in for all", function()
    bed.with({}, function(sim)
      bed.call("list_deployments", { ids = "one" })
      bed.call("list_deployments", { ids = "", include_payload = "", include_readme = json.null })
      bed.call("list_deployments", { ids = "null", include_payload = "null" })
      assert.equal("ids=one", sim:requests()[1].query)
      assert.equal("", sim:requests()[2].query)
      assert.equal("", sim:requests()[3].query)
    end)
  end)

  it("takes a wrapped list, and an empty one", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"deployments":' .. BARE .. ',"total":2}')
      assert.equal("Found 2 deployment(s).", bed.call("list_deployments").text)
      bed.answer_with(sim, "[]")
      local answer = bed.call "list_deployments"
      assert.equal('{"ok":true,"deployments":[]}', answer.json)
      assert.equal("Found 0 deployment(s).", answer.text)
    end)
  end)

  it("does not take anything else for a list", function()
    bed.with({}, function(sim)
      for _, body in ipairs { '{"items":[]}', '"text"', "", "<html><title>Welcome</title></html>" } do
        bed.answer_with(sim, body)
        local answer = bed.call "list_deployments"
        assert.is_false(answer.ok)
        assert.matches("not a list of deployments", answer.text, 1, true)
        assert.equal("unexpected_answer", answer.data.code)
      end
    end)
  end)
end)
