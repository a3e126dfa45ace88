-- What all handles that call back have in common (src/bindings/anchor): each is tried in the same ways.
local channel = require "core.channel"
local host = require "core.host"
local http = require "core.http"
local loop = require "core.loop"
local process = require "core.process"
local signal = require "core.signal"
local timer = require "core.timer"
local watch = require "core.watch"

local folder = require "spec.support.folder"

local place

-- How a handle is started with a callback, and how what it waits for is brought about.
local KINDS = {
  { name = "timer.after", start = function(fn) return timer.after(0, fn) end },
  { name = "timer.next_turn", start = function(fn) return timer.next_turn(fn) end },
  {
    name = "signal.on",
    start = function(fn) return signal.on("HUP", fn) end,
    happen = function() return process.spawn { file = "sh", args = { "-c", "kill -HUP $PPID" } } end,
  },
  {
    name = "watch.folder",
    is_repeated = true, -- making a file is several changes
    start = function(fn) return watch.folder(place.path, fn) end,
    happen = function() place:write("a.lua", "1") end,
  },
  {
    name = "http.start",
    start = function(fn) return http.start({ method = "GET", url = "http://127.0.0.1:1/" }, fn) end,
  },
  {
    name = "channel.open",
    start = function(fn)
      local near, far = assert(channel.pair())
      assert(channel.open(far, { most = 10 })):send("hello") -- ends with the other one
      return channel.open(near, { most = 10, on_message = fn })
    end,
  },
  { name = "process.spawn", start = function(fn) return process.spawn { file = "true", args = {}, on_exit = fn } end },
}

-- Memory runs out here: Lua collects its garbage and tries once more, so two allocations must fail.
local function run_out()
  host.fail_allocations(0, 2)
  return { "refused" }
end

-- Turns the loop until `done()`; the timer is a watchdog, never a measure.
local function turn_until(done)
  local expired = false
  local _ <close> = timer.after(20000, function() expired = true end)
  while not done() do
    assert(not expired, "the callback was never called")
    loop.step(true)
  end
end

for _, kind in ipairs(KINDS) do
  describe("a handle of " .. kind.name, function()
    before_each(function() place = folder.new() end)
    after_each(function() place:remove() end)

    -- Starts the handle, brings about what it waits for, and gives the handle.
    local function started(fn)
      local inside = true
      local handle = assert(kind.start(function(...)
        assert(not inside, "called from inside the function that started it")
        return fn(...)
      end))
      if kind.happen then kind.happen() end
      inside = false
      return handle
    end

    it("lives until it was told, though nobody keeps it", function()
      local heard = setmetatable({}, { __mode = "k" })
      local count = 0
      heard[started(function() count = count + 1 end)] = true
      collectgarbage()
      assert.is_truthy(next(heard))
      turn_until(function() return count > 0 end)
      for handle in pairs(heard) do handle:cancel() end
      loop.run()
      collectgarbage()
      assert.is_nil(next(heard))
    end)

    it("may be cancelled from inside its callback, and again", function()
      local handle
      local count = 0
      handle = started(function()
        count = count + 1
        handle:cancel()
        handle:cancel()
      end)
      turn_until(function() return count > 0 end)
      collectgarbage()
      handle:cancel()
      loop.run()
      assert.equal(1, count)
    end)

    it("tells again what memory ran out for, and no more once it was heard", function()
      local tries = 0
      local handle <close> = started(function()
        tries = tries + 1
        if tries < 10 then run_out() end
      end)
      turn_until(function() return tries >= 10 end)
      handle:cancel()
      loop.run()
      assert.is_true(tries == 10 or kind.is_repeated)
    end)

    it("tells nothing again that is cancelled while it waits for memory", function()
      local tries = 0
      local handle = started(function()
        tries = tries + 1
        run_out()
      end)
      turn_until(function() return tries > 0 end)
      local before = tries
      handle:cancel()
      loop.run()
      assert.equal(before, tries)
    end)

    it("tells nothing again that its callback has cancelled before memory ran out", function()
      local tries = 0
      local handle
      handle = started(function()
        tries = tries + 1
        handle:cancel()
        run_out()
      end)
      turn_until(function() return tries > 0 end)
      loop.run()
      assert.equal(1, tries)
    end)

    it("lets the loop go on where its callback raises", function()
      local count = 0
      local handle <close> = started(function()
        count = count + 1
        error("raised on purpose by the spec of anchors")
      end)
      turn_until(function() return count > 0 end)
      handle:cancel()
      loop.run()
      assert.is_true(count >= 1)
    end)
  end)
end
