-- Where a policy will stand: a link of an account's chain sees what its clients call, and what recipes call for them.
local accounts = require "lib.account"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local kit = require "spec.support.mcp"
local rc = require "spec.support.rc"

-- An account whose chain refuses these tools, and a list that gets the names of those that were asked for.
local function guarded(refused)
  local asked = {}
  local account = assert(accounts.new {
    key = "key-0123456789", base_url = "http://127.0.0.1:9",
    effects = effects.chain { function(effect, proceed)
      if effect.kind ~= "tool" then return proceed() end
      asked[#asked + 1] = effect.name
      if refused[effect.name] then return nil, errors.new("the policy says no", { code = "policy" }) end
      return proceed()
    end },
  })
  return account, asked
end

describe("a link of an account's chain", function()
  it("sees and refuses a client's call, in each revision, before the tool runs", function()
    local ran = 0
    local function tool(name)
      return kit.tool { name = name, run = function()
        ran = ran + 1
        return { text = "ran" }
      end }
    end
    local account, asked = guarded { refused = true }
    local session, transport = kit.connect({ tool "refused", tool "allowed" }, { account = function() return account end })
    kit.modern(session, 1, "tools/call", { name = "refused" })
    kit.modern(session, 2, "tools/call", { name = "allowed" })
    kit.wait_for(function() return #transport.sent == 2 end)
    assert.is_true(transport.sent[1].result.isError)
    assert.equal("the policy says no", transport.sent[1].result.content[1].text)
    assert.equal("ran", transport.sent[2].result.content[1].text)
    assert.same({ 1, { "refused", "allowed" } }, { ran, asked })
  end)

  it("sees what a recipe calls, and what the recipes that it calls do", function()
    local account, asked = guarded { get_deployment = true }
    rc.with({}, function(sim)
      local inner = { name = "inner", description = "I.", run = function() return { data = {} } end }
      local ctx = account:equip(rc.context())
      local data = rc.data([[
        rc.tools.inner {}
        local ok, err = pcall(rc.tools.get_deployment, { deployment_id = "x" })
        return { ok = ok, code = err.code }
      ]], { uses = { "inner", "get_deployment" }, tools = { inner }, ctx = ctx })
      assert.same({ ok = false, code = "policy" }, data)
      assert.same({ "inner", "get_deployment" }, asked)
      assert.equal(0, #sim:requests())
    end)
  end)
end)
