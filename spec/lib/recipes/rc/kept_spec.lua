-- What a recipe keeps from one call has the rights of the call that uses it, and none of the call that made it.
local effects = require "lib.calls.effects"
local fiber = require "lib.async.fiber"
local invoke = require "lib.recipes.run.invoke"
local kit = require "spec.support.rc"

local ID = kit.DEPLOYMENT

-- A recipe whose code may be run by several calls, each with rights of its own.
local function shared(text)
  local recipe, fn = kit.load(text, "shared")
  return function(input, options)
    options = options or {}
    return invoke.call(recipe, fn, { input }, options.ctx or kit.context(), {
      declaration = { name = options.name or "shared", uses = options.uses }, find = options.find or kit.tools().find,
      settings = options.settings,
    })
  end
end

local SUBMITS = { uses = { "submit_request", "call_instance_proxy" } }

describe("a job that is kept beyond its call", function()
  local TEXT = ([[
    if input.keep then kept = rc.submit { deployment_id = "%s" } return { id = kept.request_id } end
    local method, argument = input.method, input.argument
    return { answer = kept[method](kept, argument) }
  ]]):format(ID)

  it("may do what the call that uses it may", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local call = shared(TEXT)
      assert(call({ keep = true }, SUBMITS))
      for method, argument in pairs { wait = false, status = false, result = false, cancel = false, proxy = "api/free" } do
        local _, err = call({ method = method, argument = argument or nil }, {})
        assert.equal("not_allowed", err.code, method)
      end
      assert.equal(0, #sim:requests { path = "/requests/" })
      assert.equal("succeeded", assert(call({ method = "wait" }, SUBMITS)).data.answer.status)
    end)
  end)

  it("goes through the door of the call that uses it, and tells its progress", function()
    kit.with({ sim = { cold_start = 30 } }, function()
      local call, first, second = shared(TEXT), kit.context(), kit.context()
      local seen = {}
      second.effects = effects.chain { function(effect, proceed)
        if effect.kind == "tool" then table.insert(seen, effect.name) end
        return proceed()
      end }
      assert(call({ keep = true }, { uses = SUBMITS.uses, ctx = first }))
      assert(call({ method = "wait" }, { uses = SUBMITS.uses, ctx = second }))
      assert.equal("get_request_status", seen[1])
      assert.equal(0, #first.reports)
      assert.is_true(#second.reports > 0)
    end)
  end)

  it("sends nothing in a dry run", function()
    kit.with({}, function(sim)
      local call, dry = shared(TEXT), kit.context()
      assert(call({ keep = true }, SUBMITS))
      dry.dry_run, dry.effects = true, effects.chain { function(effect, proceed)
        if effect.kind ~= "tool" then return proceed() end
        return { data = { outcome = "cancelled" }, pretended = true }
      end }
      assert.equal("cancelled", assert(call({ method = "cancel" }, { uses = SUBMITS.uses, ctx = dry })).data.answer)
      assert.equal(0, #sim:requests { path = "/cancel" })
    end)
  end)

  it("is a job of the call that waits for it, when that ends badly", function()
    kit.with({ sim = { cold_start = 300 } }, function()
      local call = shared(TEXT)
      local id = assert(call({ keep = true }, SUBMITS)).data.id
      local _, err = call({ method = "wait" }, { uses = SUBMITS.uses, settings = { recipe_seconds = 5 } })
      assert.equal(id, err.data.open_requests[1].request_id)
    end)
  end)
end)

describe("a context that is kept beyond its call", function()
  it("is that of the call that uses it", function()
    kit.with({}, function()
      local call = shared [[
        if input.keep then kept = ctx return {} end
        kept:progress(1, 2, "mine")
        return { simulated = kept.simulated, client = kept.client.name, same = kept.deadline == ctx.deadline }
      ]]
      local first, second = kit.context(), kit.context()
      first.simulated, first.client, second.client = true, { name = "one" }, { name = "two" }
      assert(call({ keep = true }, { ctx = first }))
      assert.same({ simulated = false, client = "two", same = true }, assert(call({}, { ctx = second })).data)
      assert.equal(0, #first.reports)
      assert.equal("mine", second.reports[1][3])
    end)
  end)
end)

describe("other things that are kept", function()
  it("functions and coroutines of one call act with the rights of the call that runs them", function()
    kit.with({}, function(sim)
      local call = shared(([[
        if input.keep then
          local submit, tools = rc.submit, rc.tools
          ways = {
            fn = function() submit { deployment_id = "%s" } end,
            tool = function() tools.get_deployment { deployment_id = "%s" } end,
            file = function() rc.file "/etc/hostname" end,
          }
          return {}
        end
        ways[input.way]()
      ]]):format(ID, ID))
      assert(call({ keep = true }, { uses = { "submit_request", "get_deployment" } }))
      for _, way in ipairs { "fn", "tool", "file" } do
        local _, err = call({ way = way }, { settings = { file_folders = {} } })
        assert.equal("not_allowed", err.code, way)
      end
      assert.equal(0, #sim:requests {})
    end)
  end)

  it("a clean-up belongs to the call that registered it, whoever closes its guard", function()
    kit.with({}, function()
      local call = shared [[
        if input.keep then
          order = {}
          guard = rc.finally(function() order[#order + 1] = "cleaned" end)
          rc.sleep(10)
          order[#order + 1] = "end of the first"
          return {}
        end
        do local other <close> = guard end
        order[#order + 1] = "end of the second"
        return { order = order }
      ]]
      local first = fiber.spawn(call, { keep = true })
      assert.same({ "end of the second" }, assert(call {}).data.order)
      first:join()
      assert.same({ "end of the second", "end of the first", "cleaned", "end of the second" }, assert(call {}).data.order)
    end)
  end)
end)
