local changes = require "lib.recipes.worker.changed"
local host = require "core.host"

describe("what a call has changed", function()
  it("is nothing, at first", function() assert.is_nil(changes.new():told()) end)

  it("is named once, with its ids and nothing else of what it was given", function()
    local changed = changes.new()
    local effect = { kind = "tool", name = "update_deployment", input = { deployment_id = "d1", request_id = "r1", name = "secret" } }
    changed:note(effect)
    changed:note(effect)
    changed:note { kind = "http", name = "POST", input = { url = "https://secret" } }
    assert.equal("update_deployment (deployment_id d1, request_id r1), http POST", changed:told())
  end)

  it("is counted from a length on", function()
    local changed = changes.new()
    for i = 1, 12 do changed:note { kind = "tool", name = "t" .. i, input = {} } end
    assert.matches("^t1, t2, .*, t10, 2 more$", changed:told())
  end)

  it("is counted where there is no memory for its words", function()
    local changed, effect = changes.new(), { kind = "tool", name = "a", input = { deployment_id = "d1" } }
    local note = changed.note
    collectgarbage()
    host.fail_allocations(0, 2)
    local ok = pcall(note, changed, effect)
    host.fail_allocations(0, 0)
    assert.is_true(ok)
    assert.equal("1 more", changed:told())
  end)
end)
