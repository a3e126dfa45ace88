-- A call that is run again and does not get as far as it was, as where memory runs out on the way: what it had changed is undone all
-- the same, and once.
local bed = require "spec.support.worker"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local processes = require "lib.recipes.worker.process"

local FIRST = "rc.tools.a { n = 1 }\n"
local UNDOES = "rc.finally(function() rc.tools.a { clean = true } end)\n"
local WHOLE = FIRST .. UNDOES .. "rc.tools.a { n = 2 } rc.sleep(1) return { ok = true }"

-- Runs the whole, whose worker is killed at its last step; the workers that are started then run these bodies.
local function run(...)
  local bodies, starts, killed = { ... }, 0, false
  local seen = { performed = {}, lost = {} }
  bed.with(nil, function(host)
    local recipe = assert(bed.load(host, bed.tool(WHOLE, '{ "a" }')))
    function host.options.start(options)
      starts = starts + 1
      host.sources[recipe.id].text = bed.tool(bodies[starts] or bodies[#bodies], '{ "a" }')
      return processes.start(options)
    end
    seen.result, seen.err = bed.call(host, recipe, function(effect)
      table.insert(seen.performed, effect.kind == "tool" and json.encode(effect.input) or effect.kind)
      if effect.kind == "sleep" and not killed then
        killed = true
        for _, pid in ipairs(host:pids()) do bed.signal(pid, "KILL") end
        fiber.sleep(0.05)
      end
      return "{}"
    end, { lost = function(why) table.insert(seen.lost, why) end })
  end)
  seen.starts = starts
  return seen
end

local ALL = { '{"n":1}', '{"n":2}', "sleep", '{"clean":true}' }
local RAISES = 'error("not enough memory", 0)'

describe("a call that goes astray as it is run again", function()
  for how, body in pairs {
    ["ends before it registers what it undoes"] = FIRST .. RAISES,
    ["ends before it has asked for all"] = FIRST .. UNDOES .. RAISES,
    ["begins to undo in the midst"] = FIRST .. "do local _ <close> = " .. UNDOES .. " end rc.sleep(60)",
    ["asks for something else"] = FIRST .. UNDOES .. "pcall(function() " .. RAISES .. " end) rc.uuid() rc.uuid() rc.tools.a { n = 3 }",
  } do
    it("is run elsewhere, and does nothing twice: it " .. how, function()
      local seen = run(body, WHOLE)
      assert.is_nil(seen.err)
      assert.same({ ok = true }, seen.result.data)
      assert.same(ALL, seen.performed)
      assert.same({}, seen.lost)
      assert.equal(2, seen.starts)
    end)
  end

  it("each time ends, and it is told that what it registered may be undone by half", function()
    local seen = run(FIRST .. RAISES)
    assert.is_nil(seen.result)
    assert.matches("not enough memory", seen.err.message, 1, true)
    assert.same({ '{"n":1}', '{"n":2}', "sleep" }, seen.performed)
    assert.same({ "the call was run again in another worker, and ended there before it stood where it had stood" }, seen.lost)
    assert.equal(3, seen.starts)
  end)

  it("has its clean-ups all the same, where it gets no further and knows what to undo", function()
    local seen = run(FIRST .. UNDOES .. RAISES)
    assert.same(ALL, seen.performed)
    assert.equal(3, seen.starts)
  end)
end)
