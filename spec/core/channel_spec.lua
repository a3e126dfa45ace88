local channel = require "core.channel"
local child = require "spec.support.child"
local loop = require "core.loop"
local memory = require "spec.support.memory"
local process = require "core.process"
local timer = require "core.timer"

local MOST = 1 << 20

-- Turns the loop until `done()`; a watchdog, never a measure.
local function run_until(done)
  local expired = false
  local _ <close> = timer.after(30000, function() expired = true end)
  while not done() do
    assert.is_false(expired, "it did not come")
    loop.step(true)
  end
end

local opened = {} -- what a spec has opened

-- An end that keeps what comes.
local function open(descriptor, options)
  local self = { messages = {}, ended = false, drained = 0 }
  options = options or {}
  self.channel = assert(channel.open(descriptor, {
    most = options.most or MOST,
    on_message = function(message)
      self.messages[#self.messages + 1] = message
      if options.on_message then options.on_message(self, message) end
    end,
    on_drained = function() self.drained = self.drained + 1 end,
    on_end = function(reason) self.ended, self.reason = true, reason end,
  }))
  opened[#opened + 1] = self.channel
  return self
end

local function open_pair(options, other_options)
  local one, other = channel.pair()
  return open(one, options), open(other, other_options)
end

-- A program that writes `bytes` into the channel as they are, and ends.
local function written_by_hand(bytes, options)
  local here, there = channel.pair()
  local _ <close> = there
  local hex = bytes:gsub(".", function(byte) return ("\\%03o"):format(byte:byte()) end)
  local writer = assert(process.spawn {
    file = "sh", args = { "-c", "printf '" .. hex .. "' >&3" }, inherited = there,
  })
  opened[#opened + 1] = writer
  return open(here, options)
end

describe("core.channel", function()
  after_each(function()
    for _, handle in ipairs(opened) do handle:cancel() end
    opened = {}
    loop.run()
  end)

  it("carries messages both ways, in order, of all lengths", function()
    local a, b = open_pair()
    local sent = {}
    for i, size in ipairs { 1, 2, 255, 256, 65531, 65532, 65533, 65536, 300000, MOST } do
      sent[i] = ("%d"):format(i):rep(size):sub(1, size)
    end
    for _, message in ipairs(sent) do
      assert(a.channel:send(message))
      assert(b.channel:send(message))
    end
    run_until(function() return #a.messages == #sent and #b.messages == #sent end)
    assert.same(sent, a.messages)
    assert.same(sent, b.messages)
  end)

  it("hands over only some of many messages a turn, and all of them in the end", function()
    local a, b = open_pair()
    for i = 1, 1000 do assert(a.channel:send(tostring(i))) end
    local most, before = 0, 0
    run_until(function()
      most, before = math.max(most, #b.messages - before), #b.messages
      return #b.messages == 1000
    end)
    assert.is_true(most <= 64, "at once: " .. most)
    for i, message in ipairs(b.messages) do assert.equal(tostring(i), message) end
  end)

  it("hands over fewer of those that take long, so that a turn of the loop does not", function()
    local longest, taken = 0, 0
    local a = open_pair({}, { on_message = function()
      taken = taken + 1
      local from = os.clock()
      repeat until os.clock() - from > 0.005
    end })
    for i = 1, 20 do assert(a.channel:send(tostring(i))) end
    local before = 0
    run_until(function()
      longest, before = math.max(longest, taken - before), taken
      return taken == 20
    end)
    assert.equal(1, longest)
  end)

  it("says when more is queued than is good, and when that is over", function()
    local a, b = open_pair()
    b.channel:pause()
    local message, count = ("x"):rep(100000), 0
    repeat
      assert(a.channel:send(message))
      count = count + 1
      local bytes, full = a.channel:queued()
      loop.step(false)
    until full and bytes > 1000000
    assert.equal(0, a.drained)
    b.channel:resume()
    run_until(function() return a.drained == 1 end)
    run_until(function() return #b.messages == count end)
    assert.same({ 0, false }, { a.channel:queued() })
  end)

  it("hands over nothing while it is paused, also within a callback", function()
    local a, b = open_pair(nil, { on_message = function(self) self.channel:pause() end })
    for i = 1, 3 do a.channel:send(tostring(i)) end
    for expected = 1, 3 do
      run_until(function() return #b.messages >= expected end)
      for _ = 1, 3 do loop.step(false) end
      assert.equal(expected, #b.messages)
      b.channel:resume()
    end
  end)

  it("tells the end once, behind all messages, and sends into nothing then", function()
    local a, b = open_pair()
    for i = 1, 200 do a.channel:send(tostring(i)) end
    run_until(function() return select(1, a.channel:queued()) == 0 end)
    a.channel:cancel()
    run_until(function() return b.ended end)
    assert.equal(200, #b.messages)
    assert.is_nil(b.reason)
    local ok, _, code = b.channel:send "late"
    assert.same({ code = "EPIPE" }, { ok = ok, code = code })
  end)

  it("has what came before the other end died with unread bytes", function()
    local a, b = open_pair()
    b.channel:pause()
    b.channel:send "last words"
    a.channel:send "never read"
    run_until(function() return b.channel:queued() == 0 and a.channel:queued() == 0 end)
    b.channel:cancel()
    run_until(function() return a.ended end)
    assert.same({ "last words" }, a.messages)
  end)

  it("calls nothing back after cancel, and may be cancelled from a callback", function()
    local a, b = open_pair(nil, { on_message = function(self) self.channel:cancel() end })
    a.channel:send "1"
    a.channel:send "2"
    run_until(function() return a.ended end)
    assert.same({ "1" }, b.messages)
    assert.is_false(b.ended)
  end)

  for what, case in pairs {
    ["no message at all"] = { "\0\0\0\0", "a message of 0 bytes was announced; 1 to 8 may come" },
    ["a message that is too long"] = { "\9\0\0\0" .. "123456789", "a message of 9 bytes was announced; 1 to 8 may come" },
    ["the longest length"] = { "\255\255\255\255", "a message of 4294967295 bytes was announced; 1 to 8 may come" },
    ["an end within a length"] = { "\1\0", "it was closed within a message" },
    ["an end within a message"] = { "\3\0\0\0ab", "it was closed within a message" },
  } do
    it("ends, with the reason, at " .. what .. ", behind what was well", function()
      local here = written_by_hand("\2\0\0\0ok" .. case[1], { most = 8 })
      run_until(function() return here.ended end)
      assert.same({ "ok" }, here.messages)
      assert.equal(case[2], here.reason)
    end)
  end

  it("goes to a child as its descriptor 3, which is closed with it", function()
    local here = written_by_hand "\1\0\0\0x"
    run_until(function() return here.ended end)
    assert.same({ "x" }, here.messages)
    assert.is_nil(here.reason)
  end)

  it("raises what is misuse", function()
    local one, other = channel.pair()
    local _ <close> = other
    local a = open(one, { most = 10 })
    assert.error_matches(function() a.channel:send "" end, "at least one byte")
    local ok, message, code = a.channel:send(("x"):rep(11))
    assert.same({ message = "the message is too long", code = "EMSGSIZE" }, { ok = ok, message = message, code = code })
    assert.error_matches(function() channel.open(one, { most = 10 }) end, "somebody has it")
    assert.error_matches(function() channel.open(other, { most = 0 }) end, "most must be")
    assert.error_matches(function() channel.open(other, { most = 10, on_message = 1 }) end, "callbacks are functions")
  end)

  it("finds no channel where none was inherited", function()
    local status, out = child.run { "lua", "spec/support/inherited.lua" }
    assert.equal(0, status)
    assert.matches("^nil\t", out)
  end)

  it("loses no message where memory runs out while it is told", function()
    local a, b = open_pair()
    for i = 1, 20 do a.channel:send(("message %d "):format(i):rep(200)) end
    local host = require "core.host"
    local after, refused = 0, 0
    run_until(function()
      host.fail_allocations(after % 7, 2)
      loop.step(false)
      refused = refused + 2 - host.fail_allocations(0, 0)
      after = after + 1
      return #b.messages == 20
    end)
    assert.is_true(refused > 0)
    for i = 1, 20 do assert.equal(("message %d "):format(i):rep(200), b.messages[i]) end
  end)

  it("leaves nothing behind where memory runs out while it is opened", function()
    assert.is_true(memory.sweep(function()
      local one, other = channel.pair()
      local _ <close> = one
      local _ <close> = other
      channel.open(one, { most = 10, on_message = print }):cancel()
    end) > 0)
    loop.run()
  end)
end)
