local core_clock = require "core.clock"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"
local server = require "lib.mcp.server"
local stdio = require "core.stdio"
local timers = require "spec.support.timers"
local transport = require "lib.mcp.transports.stdio"

-- Puts `fakes` in the place of functions of core.stdio and core.log; the closer puts them back.
local function replace(fakes)
  local kept = {}
  for name, fake in pairs(fakes) do kept[name], stdio[name] = stdio[name], fake end
  local write = log.write
  log.write = function() end
  return setmetatable({}, { __close = function()
    for name, original in pairs(kept) do stdio[name] = original end
    log.write = write
  end })
end

-- Streams that the spec plays: what is written piles up in `pipe.out`; `pipe.unread` bytes are not taken yet.
local function streams()
  local pipe = { out = "", unread = 0, drains = {}, reader = { paused = false, cancelled = false } }
  function pipe.reader:pause() self.paused = true end
  function pipe.reader:resume() self.paused = false end
  function pipe.reader:cancel() self.cancelled = true end
  function pipe.drain()
    pipe.unread = 0
    local waiting = pipe.drains
    pipe.drains = {}
    for _, fn in ipairs(waiting) do fn() end
  end
  local closer = replace {
    read_lines = function(max, on_line) pipe.max, pipe.on_line = max, on_line return pipe.reader end,
    write = function(bytes, tail)
      bytes = bytes .. (tail or "")
      pipe.out = pipe.out .. bytes
      if bytes ~= "" then pipe.unread = pipe.unread + #bytes * (pipe.weight or 1) end
      return pipe.unread
    end,
    on_drain = function(fn) pipe.drains[#pipe.drains + 1] = fn end,
    on_broken = function(fn) pipe.broken = fn end,
  }
  return pipe, closer
end

local function start(pipe, declarations, options)
  options = options or {}
  options.server = server.new { snapshot = kit.snapshot(declarations or {}), version = "1" }
  options.on_end = function(status)
    pipe.ends = (pipe.ends or 0) + 1
    pipe.status = status
  end
  return transport.run(options)
end

local function messages(pipe)
  local list = {}
  for line in pipe.out:gmatch("[^\n]*\n") do list[#list + 1] = assert(json.decode(line)) end
  return list
end

local PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
local CALL = '{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"wait","_meta":{'
  .. '"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'

local function waiting_tool()
  local state = { closed = 0 }
  return kit.tool { name = "wait", run = function()
    local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
    return { text = fiber.await(function(callback)
      state.answer = callback
      return setmetatable({}, { __close = function() end })
    end) }
  end }, state
end

describe("mcp.transports.stdio", function()
  it("answers a line with a line", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.on_line(PING)
    assert.equal('{"jsonrpc":"2.0","id":1,"result":{}}\n', pipe.out)
    assert.equal(16 * 1024 * 1024, pipe.max)
  end)

  it("skips a byte order mark at the start, and only there", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.on_line("\xEF\xBB\xBF" .. PING)
    pipe.on_line("\xEF\xBB\xBF" .. PING)
    assert.same({}, messages(pipe)[1].result)
    assert.equal(-32700, messages(pipe)[2].error.code)
  end)

  it("skips empty lines", function()
    local pipe, _ <close> = streams()
    start(pipe)
    for _, line in ipairs { "", "  ", "\t", "\r", "" } do pipe.on_line(line) end
    assert.equal("", pipe.out)
  end)

  it("answers a line that is too long, or that there is no memory for, with -32600 under the id that it has", function()
    local pipe, _ <close> = streams()
    start(pipe, {}, { max_line_bytes = 1000 })
    assert.equal(1000, pipe.max)
    pipe.on_line(nil, "too_long")
    pipe.on_line(nil, "no_memory")
    for i = 1, 2 do
      assert.equal(-32600, messages(pipe)[i].error.code)
      assert.is_nil(messages(pipe)[i].id)
    end
    assert.matches("1000 bytes", messages(pipe)[1].error.message)
  end)

  it("ends at once, with status 0, when the input ends and nothing is open", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.on_line(nil, "eof")
    assert.same({ 0, 1, true }, { pipe.status, pipe.ends, pipe.reader.cancelled })
  end)

  it("lets what is queued go out before it ends", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.on_line(PING)
    pipe.on_line(nil, "eof")
    assert.is_nil(pipe.status)
    pipe.drain()
    assert.equal(0, pipe.status)
  end)

  it("answers calls that were read before the end of input", function()
    local tool, state = waiting_tool()
    local pipe, _ <close> = streams()
    start(pipe, { tool })
    pipe.on_line(CALL)
    pipe.on_line(nil, "eof")
    assert.is_nil(pipe.status)
    state.answer("in time")
    assert.equal("in time", messages(pipe)[1].result.content[1].text)
    assert.is_nil(pipe.status)
    pipe.drain()
    assert.same({ 0, 1 }, { pipe.status, pipe.ends })
  end)

  it("gives up calls that do not end within the grace", function()
    local tool, state = waiting_tool()
    local pipe, _ <close> = streams()
    start(pipe, { tool }, { grace = 0.01 })
    pipe.on_line(CALL)
    pipe.on_line(nil, "eof")
    kit.wait_for(function() return pipe.status ~= nil end)
    assert.same({ 0, 1, 1, "" }, { pipe.status, pipe.ends, state.closed, pipe.out })
    state.answer("too late")
    assert.equal("", pipe.out)
  end)

  it("leaves a moment for what has come meanwhile, where the process stood still until the grace was over", function()
    local monotonic, stood = core_clock.monotonic, 0
    local _ <close> = setmetatable({}, { __close = function() core_clock.monotonic = monotonic end })
    core_clock.monotonic = function() return monotonic() + stood end
    local time <close> = timers.take()
    local answer
    local tool = kit.tool { name = "wait", run = function()
      local text = fiber.await(function(callback)
        answer = callback
        return setmetatable({}, { __close = function() end })
      end)
      for _ = 1, 6 do fiber.next_turn() end
      return { text = text }
    end }
    local pipe, _ <close> = streams()
    start(pipe, { tool })
    pipe.on_line(CALL)
    pipe.on_line(nil, "eof")
    stood = 3.7
    answer("just in time")
    assert.equal(3500, time:ring()) -- in the same turn
    kit.wait_for(function() return pipe.out ~= "" or pipe.status ~= nil end)
    assert.equal("just in time", messages(pipe)[1].result.content[1].text)
    pipe.drain()
    assert.same({ 0, 1 }, { pipe.status, pipe.ends })
  end)

  it("ends when nobody reads its output any more, and its calls with it", function()
    local tool, state = waiting_tool()
    local pipe, _ <close> = streams()
    start(pipe, { tool })
    pipe.on_line(CALL)
    pipe.broken()
    assert.same({ 0, 1, 1 }, { pipe.status, pipe.ends, state.closed })
    pipe.on_line(PING)
    assert.equal("", pipe.out)
  end)

  it("stops reading while the client does not, and goes on when it does", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.weight = 16 * 1024 * 1024
    pipe.on_line(PING)
    assert.is_true(pipe.reader.paused)
    pipe.on_line(PING)
    pipe.drain()
    assert.is_false(pipe.reader.paused)
    assert.equal(2, #messages(pipe))
  end)

  -- What `count` calls, read although the reader was paused, put into the queue of a client that reads nothing for now.
  local function begun_unread(bytes, count)
    local text, begun = ("x"):rep(bytes), {}
    local tool = kit.tool { name = "wait", run = function()
      begun[#begun + 1] = true
      return { text = text }
    end }
    local pipe, _ <close> = streams()
    start(pipe, { tool })
    for id = 1, count do pipe.on_line((CALL:gsub('"c"', id))) end
    assert.is_true(pipe.reader.paused)
    local at_once, unread = #begun, pipe.unread
    local rounds, ids = 0, {}
    repeat
      for _, message in ipairs(messages(pipe)) do ids[#ids + 1] = message.id end
      pipe.out = ""
      pipe.drain()
      rounds = rounds + 1
      if #begun < count then kit.wait_for(function() return pipe.reader.paused or #begun == count end) end
      assert.is_true(pipe.unread <= 16 * 1024 * 1024 + 2 * bytes)
    until pipe.unread == 0
    return { at_once = at_once, unread = unread, ids = ids, begun = #begun, rounds = rounds }
  end

  it("has so many bytes of answers in its queue, and one answer more, however many calls the client makes", function()
    local seen = begun_unread(64 * 1024, 1000)
    assert.equal(256, seen.at_once)
    assert.is_true(seen.unread > 16 * 1024 * 1024 and seen.unread <= 16 * 1024 * 1024 + 2 * 64 * 1024)
    local all = {}
    for id = 1, 1000 do all[id] = id end
    assert.same(all, seen.ids) -- each is answered, once, in order
    assert.equal(1000, seen.begun)
    assert.is_true(seen.rounds >= 4)
  end)

  it("still notices, while the client does not read, that it asks nothing more", function()
    local pipe, _ <close> = streams()
    start(pipe)
    pipe.weight = 16 * 1024 * 1024
    pipe.on_line(PING)
    pipe.on_line(nil, "eof")
    assert.is_true(pipe.reader.cancelled)
    assert.is_nil(pipe.status)
    pipe.drain()
    assert.same({ 0, 1 }, { pipe.status, #messages(pipe) })
  end)

  it("says of calls that were not begun when it ends that nothing was sent", function()
    local tool = waiting_tool()
    local pipe, _ <close> = streams()
    local lines = {}
    log.write = function(_, line) lines[#lines + 1] = line end
    start(pipe, { tool }, { grace = 0.01 })
    for id = 1, 257 do pipe.on_line((CALL:gsub('"c"', id))) end
    pipe.on_line(nil, "eof")
    kit.wait_for(function() return pipe.status ~= nil end)
    local told = {}
    for _, line in ipairs(lines) do told[line] = true end
    assert.equal(257, #lines)
    assert.is_true(told["call 257 of 'wait' was not begun in time: nothing was sent for it, and it gets no answer"])
    assert.is_true(told["call 256 of 'wait' did not end in time and gets no answer"])
  end)

  it("passes on that standard input cannot be read", function()
    local _, _ <close> = streams()
    stdio.read_lines = function() return nil, "bad file descriptor", "EBADF" end
    local instance = server.new { snapshot = kit.snapshot {}, version = "1" }
    local connection, message, code = transport.run { server = instance, on_end = function() end }
    assert.same({ n = 3, nil, "bad file descriptor", "EBADF" }, table.pack(connection, message, code))
  end)
end)
