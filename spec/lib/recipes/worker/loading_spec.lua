local bed = require "spec.support.worker"
local fiber = require "lib.async.fiber"

local GOOD, HANGS = bed.tool "return { ok = true }", "while true do end"

describe("files that are loaded in a worker at once", function()
  it("are told apart where one of them ends it: the others are loaded", function()
    bed.with({ turn_seconds = 0.1 }, function(host)
      local tasks = {}
      for i, text in ipairs { GOOD, HANGS, GOOD, HANGS, GOOD } do tasks[i] = fiber.spawn(bed.load, host, text, "file" .. i) end
      for i, task in ipairs(tasks) do
        local _, recipe, err = task:join()
        if i % 2 == 1 then
          assert.is_nil(err)
          assert.same({ ok = true }, assert(bed.call(host, recipe)).data)
        else
          assert.is_nil(recipe)
          assert.matches("^file" .. i .. ".lua: the worker that ran the recipe has ended: it took no turn", err.message)
        end
      end
    end)
  end)

  it("are each told how long it took itself, whatever the others took", function()
    bed.with(nil, function(host)
      local busy = {}
      for i = 1, 5 do busy[i] = fiber.spawn(bed.load, host, "for i = 1, 3e6 do end " .. GOOD, "busy" .. i) end
      local quick = assert(bed.load(host, GOOD, "quick"))
      local slow = select(2, busy[1]:join())
      assert.is_true(quick.load_ms < slow.load_ms, ("quick: %g ms, busy: %g ms"):format(quick.load_ms, slow.load_ms))
    end)
  end)

  it("let the next one go on where somebody gives one up", function()
    bed.with(nil, function(host)
      local given_up = fiber.spawn(bed.load, host, HANGS)
      given_up.quiet = true
      given_up:cancel()
      assert.is_truthy(bed.load(host, GOOD))
    end)
  end)
end)
