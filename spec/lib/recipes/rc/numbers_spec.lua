-- The keys of effects: the same for the same code, in whatever order its branches come.
local effects = require "lib.calls.effects"
local kit = require "spec.support.rc"

local function echo(name)
  return {
    name = name, description = "Waits, then gives back what it got.",
    input = { { "seconds", "number", "How long", default = 0 }, { "note", "string", "Anything", default = "" } },
    run = function(input)
      if input.seconds > 0 then require("lib.async.clock").sleep(input.seconds) end
      return { text = "echo", data = { note = input.note } }
    end,
  }
end

-- The keys of the notes that a recipe gives `echo`, and the recipe's error.
local function keys_of(text)
  local ctx, keys = kit.context(), {}
  ctx.call_id = "c"
  ctx.effects = effects.chain { function(effect, proceed)
    if effect.kind == "tool" then keys[effect.input.note] = ("%s %d"):format(effect.branch, effect.seq) end
    return proceed()
  end }
  local _, err
  kit.with({}, function()
    _, err = kit.run("local echo = rc.tools.echo " .. text, { uses = { "echo" }, tools = { echo "echo" }, ctx = ctx })
  end)
  return keys, err
end

describe("the numbers of effects", function()
  it("count within the function, and within each function of a group, whichever ends first", function()
    local function text(first, second)
      return ([[
        echo { note = "a" }
        rc.all {
          function() echo { note = "b", seconds = %d } echo { note = "c" } end,
          function() echo { note = "d", seconds = %d } rc.map({ 1, 2 }, function(i) echo { note = "e" .. i } end) end,
        }
        echo { note = "f" }
      ]]):format(first, second)
    end
    local expected = { a = " 1", b = "2:1 1", c = "2:1 2", d = "2:2 1", e1 = "2:2/2:1 1", e2 = "2:2/2:2 1", f = " 3" }
    assert.same(expected, (keys_of(text(5, 1))))
    assert.same(expected, (keys_of(text(1, 5))))
  end)

  it("go on in coroutines, which run in the branch that resumes them", function()
    assert.same({ a = " 1", b = " 2", c = " 3", d = "4:1 1" }, (keys_of [[
      local co = coroutine.wrap(function()
        echo { note = "a" }
        coroutine.wrap(function() echo { note = "b" } end)()
        coroutine.yield()
        echo { note = "d" }
      end)
      co()
      echo { note = "c" }
      rc.all { function() co() end }
    ]]))
  end)

  it("are a clean-up's own, whether it runs at the end of its block or of the call", function()
    local keys = keys_of [[
      do
        local _ <close> = rc.finally(function() echo { note = "block" } end)
        echo { note = "a" }
      end
      echo { note = "b" }
      rc.finally(function() echo { note = "end" } end)
      echo { note = "c" }
    ]]
    assert.same({ block = "1 1", a = " 2", b = " 3", ["end"] = "4 1", c = " 5" }, keys)
  end)

  it("are below the job's for the calls that it takes", function()
    local ctx, keys = kit.context(), {}
    ctx.call_id = "c"
    ctx.effects = effects.chain { function(effect, proceed, scope)
      table.insert(keys, { effects.key(effect), effect.kind, effect.name, scope.passing == true })
      return proceed()
    end }
    kit.with({ sim = { cold_start = 0, run_time = 1 } }, function()
      assert(kit.run(('rc.submit { deployment_id = "%s" }:wait()'):format(kit.DEPLOYMENT), { uses = { "submit_request" }, ctx = ctx }))
    end)
    assert.same({ "c  1", "job", "submit", false }, keys[1])
    assert.same({ "c 1 1", "tool", "submit_request", false }, keys[2])
    assert.same({ "c  2", "job", "wait", false }, keys[3])
    assert.same({ "c 2 1", "tool", "get_request_status", true }, keys[4])
    assert.same({ "get_request_result", true }, { keys[#keys][3], keys[#keys][4] })
  end)
end)
