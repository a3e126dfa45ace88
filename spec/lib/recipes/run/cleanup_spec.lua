local calls = require "lib.recipes.run.call"
local cleanup = require "lib.recipes.run.cleanup"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local host_work = require "lib.recipes.boundary.host_work"
local loop = require "core.loop"
local numbers = require "lib.recipes.rc.numbers"
local recipe = require "spec.support.recipe"
local runner = require "lib.recipes.run.runner"
local standstill = require "lib.async.standstill"

local SMALL, first, refusal = recipe.SMALL, recipe.first, recipe.refusal

-- What a recipe that ends well says of its clean-ups, and how often the loop turned meanwhile.
local function notes_of(text, limits)
  local task = recipe.start(text, { limits = limits })
  local turns = 0
  while task.status ~= "done" do
    loop.step(true)
    turns = turns + 1
  end
  local _, outcome = task:join()
  return outcome and outcome.notes, turns
end

describe("lib.recipes.run.cleanup", function()
  it("runs clean-ups on return, the latest first, each once", function()
    local log = {}
    local outcome = recipe.run([[
      rc.finally(function() print("first") end)
      rc.finally(function() rc.sleep(0) print("second") end)
      do local _ <close> = rc.finally(function() print("block") end) end
      return 1]], { log = log })
    assert.equal(1, first(outcome))
    assert.same({ "block", "second", "first" }, log)
  end)

  it("runs clean-ups when the recipe fails, is stopped, or is out of memory", function()
    for _, text in ipairs { "error 'x'", "while true do end", "local s = 'x' while true do s = s .. s end" } do
      local log = {}
      refusal("rc.finally(function() rc.sleep(0) print 'clean' end)\n" .. text, { limits = SMALL, log = log })
      assert.same({ "clean" }, log, text)
    end
  end)

  it("notes a clean-up that fails, takes too long, or never ends", function()
    local time <close> = clock.virtual()
    local task = recipe.start([[
      rc.finally(function() rc.sleep(60) end)
      rc.finally(function() error("the instance is gone", 0) end)
      return "result"]])
    time:run_until(function() return task.status == "done" end)
    local _, outcome = task:join()
    assert.equal("result", outcome.values[1])
    assert.same({ "a clean-up failed: the instance is gone",
      "a clean-up failed: it took longer than the 5 seconds that clean-ups have" }, outcome.notes)
  end)

  it("gives all clean-ups of a call two seconds of processor time, and lets the loop turn between them", function()
    local started = os.clock()
    local notes = notes_of [[
      for i = 1, 20 do rc.finally(function() while true do end end) end
      return 1]]
    assert.is_true(os.clock() - started < 10)
    assert.same({
      "a clean-up failed: it used up the processor time that it may use between two waits",
      "a clean-up failed: it used up the processor time that it may use between two waits",
      "a clean-up failed: 18 of them did not run: clean-ups have 2 seconds of processor time in all",
    }, notes)
    local none, turns = notes_of "for i = 1, 50 do rc.finally(function() end) end return 1"
    assert.is_nil(none)
    assert.is_true(turns >= 49)
  end)

  it("gives all that stopped functions left half a second, and their clean-ups their own time", function()
    local log = {}
    local loaded, fn = recipe.load([[
      rc.finally(function() print "cleaned" end)
      local loop = function() while true do end end
      rc.many(function()
        local _ <close> = setmetatable({}, { __close = loop })
        rc.host(select, 1, 1)
        loop()
      end)]], { log = log })
    loaded.rc.many = function(step)
      local call = calls.current()
      host_work.run_raw(function()
        for _ = 1, 20 do runner.spawn(call, step) end
        fiber.sleep(0.01)
      end)
    end
    local started = os.clock()
    local task = fiber.spawn(function() return runner.run(loaded, fn, {}, nil, { limits = SMALL }) end)
    while task.status ~= "done" do loop.step(true) end
    local _, outcome, err = task:join()
    assert.is_nil(outcome)
    assert.equal("cpu", err.code)
    assert.same({ "cleaned" }, log)
    assert.is_true(os.clock() - started < 10)
  end)

  it("does not begin what no time is left for, and tells how many", function()
    local time <close> = clock.virtual()
    local log = {}
    local task = recipe.start([[
      for i = 1, 100 do rc.finally(function() print(i) end) end
      rc.finally(function() rc.sleep(60) end)
      return 1]], { log = log })
    time:run_until(function() return task.status == "done" end)
    local _, outcome = task:join()
    assert.same({}, log)
    assert.same({ "a clean-up failed: it took longer than the 5 seconds that clean-ups have",
      "a clean-up failed: 100 of them did not run: clean-ups have 5 seconds in all" }, outcome.notes)
  end)

  it("gives clean-ups back the time in which the process stood still", function()
    local watch, lost = standstill.watch, nil
    local _ <close> = setmetatable({}, { __close = function() standstill.watch = watch end })
    function standstill.watch(fn)
      lost = fn
      return watch(fn)
    end
    local time <close> = clock.virtual()
    local log = {}
    local task = recipe.start([[
      rc.finally(function() print "scaled back" end)
      rc.finally(function() rc.sleep(7) print "first" end)
      return 1]], { log = log })
    time:run(function()
      clock.sleep(4)
      lost(3.5) -- as if it had been stopped since then
      task:join()
    end)
    local _, outcome = task:join()
    assert.same({ "first", "scaled back" }, log)
    assert.is_nil(outcome.notes)
  end)

  it("tells at most twenty failures, and counts the others", function()
    local notes = notes_of "for i = 1, 50 do rc.finally(function() error('no ' .. i, 0) end) end return 1"
    assert.equal(21, #notes)
    assert.equal("a clean-up failed: no 50", notes[1])
    assert.equal("30 further clean-ups failed", notes[21])
  end)

  it("registers functions alone, of a call whose code runs and that has not come to its end", function()
    local ok, err = pcall(cleanup.register, function() end)
    assert.same({ false, true }, { ok, tostring(err):find("rc.finally works only inside run", 1, true) ~= nil })
    assert.matches("^rc.finally takes a function, got number\n  at hostile.lua:2", refusal("rc.finally(5)").message)
    local log = {}
    local outcome = recipe.run("rc.finally(function() rc.finally(print) end) return 1", { log = log })
    assert.same({}, log)
    assert.equal(1, #outcome.notes)
    assert.matches("^a clean%-up failed: .*rc.finally: the call is being cleaned up already", outcome.notes[1])
  end)

  it("runs one that its block ends there, in order with the code around, and not again", function()
    local log = {}
    recipe.run([[
      do
        local a <close> = rc.finally(function() print "a" end)
        local b <close> = rc.finally(function() rc.sleep(0) print "b" end)
        print "inside"
      end
      print "behind"
      rc.finally(function() print "end" end)]], { log = log })
    assert.same({ "inside", "b", "a", "behind", "end" }, log)
  end)

  it("runs one at the end of the call whose block a coroutine that was closed has left", function()
    local log = {}
    recipe.run([[
      local co = coroutine.create(function()
        local _ <close> = rc.finally(function() print "undone" end)
        coroutine.yield()
      end)
      coroutine.resume(co)
      coroutine.close(co)
      print "closed" ]], { log = log })
    assert.same({ "closed", "undone" }, log)
  end)

  it("notes what one raises in its block, and lets the code behind it run", function()
    local log = {}
    local outcome = recipe.run([[
      do local _ <close> = rc.finally(function() error("no luck", 0) end) end
      print "behind"
      rc.finally(function() error(setmetatable({}, { __tostring = function() error "again" end })) end)
      rc.finally(function() error(("x"):rep(5000), 0) end)
      return 1]], { log = log })
    assert.same({ "behind" }, log)
    assert.equal("a clean-up failed: no luck", outcome.notes[1])
    assert.is_true(#outcome.notes[2] > 900 and #outcome.notes[2] < 1100)
    assert.matches("^a clean%-up failed: an error of type table$", outcome.notes[3])
  end)

  it("lets one recipe's guard do nothing in another's call", function()
    local log, kept = {}, nil
    local loaded, fn = recipe.load("rc.keep(rc.finally(function() print 'mine' end)) rc.wait() return 1", { log = log })
    local done
    loaded.rc.keep = function(guard) kept = guard end
    loaded.rc.wait = function()
      host_work.run_raw(function()
        fiber.await(function(callback)
          done = callback
          return setmetatable({}, { __close = function() end })
        end)
      end)
    end
    local task = recipe.start_loaded(loaded, fn)
    while not done do loop.step(true) end
    local other, other_fn = recipe.load "do local g <close> = rc.theirs() end return 1"
    other.rc.theirs = function() return kept end
    local another = recipe.start_loaded(other, other_fn)
    while another.status ~= "done" do loop.step(true) end
    assert.same({}, log)
    done()
    while task.status ~= "done" do loop.step(true) end
    assert.same({ "mine" }, log)
  end)

  it("has a branch of its own each time that it runs", function()
    local log = {}
    local loaded, fn = recipe.load([[
      local _ <close> = rc.finally(function()
        print(rc.path())
        rc.pause()
      end)]], { log = log })
    local paused = 0
    function loaded.rc.path() return numbers.branch().path end
    function loaded.rc.pause()
      paused = paused + 1
      if paused == 1 then host_work.run_raw(fiber.sleep, 60) end
    end
    local task = recipe.start_loaded(loaded, fn)
    assert.same({ "1" }, log)
    task:cancel() -- in the midst of it, at the end of its block
    while task.status ~= "done" do loop.step(true) end
    assert.same({ "1", "1~2" }, log)
  end)
end)
