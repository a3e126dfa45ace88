local effects = require "lib.calls.effects"

local function effect_of(fields)
  local effect = { call = "c", branch = "", seq = 1, kind = "tool", name = "x", input = {} }
  for key, value in pairs(fields or {}) do effect[key] = value end
  return effect
end

describe("effects: the chain", function()
  it("is passed from the first link to the executor, with the same effect and scope, and back", function()
    local way, effect, scope = {}, effect_of(), { ctx = {} }
    local function link(name)
      return function(got, proceed, where)
        assert.equal(effect, got)
        assert.equal(scope, where)
        table.insert(way, name .. " in")
        local result, err = proceed()
        table.insert(way, name .. " out")
        return result, err
      end
    end
    scope.ctx.effects = effects.chain { link "a", link "b" }
    local result, err = effects.perform(effect, scope, function() return nil, "refused" end)
    assert.same({ "a in", "b in", "b out", "a out" }, way)
    assert.same({ nil, "refused" }, { result, err })
  end)

  it("ends at a link that answers itself", function()
    local ctx = { effects = effects.chain { function() return "own" end, function() error "not reached" end } }
    assert.equal("own", effects.perform(effect_of(), { ctx = ctx }, function() error "not executed" end))
  end)

  it("is none where the context has none", function()
    assert.equal("done", effects.perform(effect_of(), { ctx = {} }, function(effect) return effect.name == "x" and "done" end))
  end)
end)

describe("effects: keys", function()
  it("names each call of a context the same, and of others another", function()
    local ctx = {}
    assert.equal(effects.call_of(ctx), effects.call_of(ctx))
    assert.is_not.equal(effects.call_of(ctx), effects.call_of {})
  end)

  it("leads from an effect to what is done for it", function()
    assert.equal("c/1", effects.inner_call(effect_of()))
    assert.equal("c/2:1/3", effects.inner_call(effect_of { branch = "2:1", seq = 3 }))
    assert.is_not.equal(effects.key(effect_of { branch = "1", seq = 1 }), effects.key(effect_of { branch = "", seq = 11 }))
  end)
end)
