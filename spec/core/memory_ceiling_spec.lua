-- The ceiling of the memory that the program holds: src/base/memory and src/host/ceiling.  Each in a program of its own, for
-- the ceiling is one a process.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local responder = require "spec.support.responder"

local HEAD = [[
local host, http, httpd, loop = require "core.host", require "core.http", require "core.httpd", require "core.loop"
local timer = require "core.timer"
local MIB = 1048576
local function held() return (select(3, host.memory())) end
-- A ceiling so high that `percent` of it are held now.
local function hold_percent(percent)
  collectgarbage()
  host.set_memory_ceiling(held() * 100 // percent)
end
local function turn(seconds)
  local over
  timer.after(math.floor(seconds * 1000), function() over = true end)
  while not over do loop.step(true) end
end
]]

-- Runs the script; gives its output and what it logged.
local function run(script)
  local place <close> = folder.new()
  place:write("script.lua", HEAD .. script)
  local status, out, err = child.run { "lua", place.path .. "/script.lua" }
  assert.equal(0, status, err)
  return out, err
end

local function lines_of(err)
  local lines = {}
  for line in err:gmatch "rcmcp: warning: memory: ([^\n]+)" do lines[#lines + 1] = line end
  return lines
end

describe("near the ceiling of the memory", function()
  it("a large block is refused while small ones are not", function()
    local out = run [[
      local ballast = ("x"):rep(16 * MIB)
      hold_percent(95)
      print(pcall(string.rep, "y", 65536))
      local small = {}
      for i = 1, 1000 do small[i] = { i } end
      print(#small, #ballast)
    ]]
    assert.equal("false\tnot enough memory\n1000\t16777216\n", out)
  end)

  it("nothing is refused where garbage would make room", function()
    local out = run [[
      host.set_memory_ceiling(held() + 32 * MIB)
      local last
      for i = 1, 100 do last = (i % 10 .. "x"):rep(6 * MIB // 2) end
      print(#last)
    ]]
    assert.equal("6291456\n", out)
  end)

  -- What each makes of its text has room as long as it is there once; while it is made it is there twice.
  for how, code in pairs {
    encode = "json.encode { text }", pack = "json.pack { text }", repair = "json.repair(text)", salvage = "json.salvage(text, 10)",
    redact = "rules:text(text)",
    ["encode in steps"] = "in_steps { text, 1 }",
  } do
    it("what is made on the way counts: " .. how, function()
      local out = run(([[
        local json = require "core.json"
        local rules = require("core.redact").new { texts = { "secret-word-4711" } }
        local function in_steps(value)
          local co, made = coroutine.wrap(json.encode_in_steps), nil
          repeat made = co(value, 1) until made
          return made
        end
        local function make(size)
          local text = "[" .. ("1,"):rep(size * MIB // 2) .. '"secret-word-4711",NaN]'
          collectgarbage()
          host.set_memory_ceiling(held() + 14 * MIB)
          local before = held()
          local ok, result = pcall(function() return (%s) end)
          local words = ok and #result > size * MIB or not ok and result:match "not enough memory"
          result = nil
          collectgarbage()
          collectgarbage()
          host.set_memory_ceiling(0)
          return words, held() - before < MIB
        end
        print(make(1))
        print(make(9))
        print(make(1))
      ]]):format(code))
      assert.equal("true\ttrue\nnot enough memory\ttrue\ntrue\ttrue\n", out)
    end)
  end

  for size, how in pairs { [24] = "is not read to its end", [10] = "finds no place in Lua" } do
    it("an answer that " .. how .. " ends its own transfer, which tells the beginning; another one's comes", function()
      local head = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(7 + size * 1048576)
      local server <close> = responder.start {
        ["GET /large"] = { { head .. "{id:7}:", "x", size * 1048576 }, "keep" },
        ["GET /small"] = { responder.answer(200, "small"), "keep" },
      }
      local out = run(([[
        host.set_memory_ceiling(held() + 16 * MIB)
        local left = 2
        local function get(path)
          http.start({ method = "GET", url = "%s" .. path, keep_head = true }, function(answer, message, code, sent, partial)
            print(path, answer and answer.body, message and message:match "not enough memory for the answer", code, sent,
              partial and #partial.body, partial and partial.body:sub(1, 6))
            left = left - 1
          end)
        end
        get "/large"
        get "/small"
        while left > 0 do loop.step(true) end
      ]]):format(server.url))
      assert.equal("/small\tsmall\tnil\tnil\tnil\tnil\tnil", out:match "/small[^\n]*")
      assert.equal("/large\tnil\tnot enough memory for the answer\tmemory\ttrue\t32768\t{id:7}", out:match "/large[^\n]*")
    end)
  end

  it("counts what comes in and what waits to be written, and forgets it", function()
    local out = run [[
      local held_request, received
      local server = assert(httpd.listen({}, function(request) held_request = request end))
      local got
      http.start({ method = "POST", url = "http://127.0.0.1:" .. server.port, body = "x" }, function(answer) got = answer end)
      while not held_request do loop.step(true) end
      local stream = held_request:stream(200)
      collectgarbage()
      local before = held()
      local chunk = ("x"):rep(MIB)
      for _ = 1, 8 do stream:write(chunk) end
      local queued = held() - before
      stream:finish()
      while not got do loop.step(true) end
      got, chunk, stream, held_request = #got.body, nil, nil, nil
      server:cancel()
      collectgarbage()
      print(queued > 7 * MIB, got, held() - before < MIB)
    ]]
    assert.equal("true\t8388608\ttrue\n", out)
  end)

  it("counts what stands before objects that have a serial, 24 bytes each", function()
    local out = run [[
      require "core.sandbox" -- from now on they have one
      local list = {}
      for i = 1, 10000 do list[i] = false end
      collectgarbage()
      collectgarbage "stop"
      local used, _, all = host.memory()
      for i = 1, 10000 do list[i] = {} end
      local used_then, _, all_then = host.memory()
      print((all_then - all) - (used_then - used) >= 240000)
      list = nil
      collectgarbage()
      print(held() < all)
    ]]
    assert.equal("true\ntrue\n", out)
  end)

  it("counts what waits in a channel", function()
    local out = run [[
      local channel = require "core.channel"
      local near, far = channel.pair()
      local got = 0
      local sender = channel.open(near, { most = MIB })
      local receiver = channel.open(far, { most = MIB, on_message = function(text) got = got + #text end })
      local message = ("x"):rep(MIB)
      collectgarbage()
      local before = held()
      for _ = 1, 8 do sender:send(message) end
      local queued = held() - before
      while got < 8 * MIB do loop.step(true) end
      sender:cancel()
      receiver:cancel()
      loop.run()
      collectgarbage()
      print(queued > 7 * MIB, held() - before < MIB)
    ]]
    assert.equal("true\ttrue\n", out)
  end)

  it("the log tells when three quarters and nine tenths are held, and when no longer, once each", function()
    local _, err = run [[
      host.set_memory_ceiling(64 * MIB)
      local function hold(mib)
        local blocks = {}
        for i = 1, mib * 32 do
          blocks[i] = ("x"):rep(32 * 1024) .. i
          if i % 32 == 0 then collectgarbage() end
        end
        return blocks
      end
      local blocks = hold(48)
      turn(0.05)
      blocks = { blocks, hold(10) }
      turn(0.05)
      for _ = 1, 20 do
        local _ = hold(1)
        turn(0.01)
      end
      blocks = nil
      collectgarbage()
      turn(0.05)
      blocks = hold(52) -- soon again
      turn(0.05)
      blocks = nil
      collectgarbage()
      turn(0.05)
    ]]
    local lines = lines_of(err)
    assert.equal(3, #lines, err)
    assert.matches("^%d+ of 64 MiB are held, 7[5-9] %%: soon what needs much of it is refused %(setting memory_bytes%)$", lines[1])
    assert.matches("^%d+ of 64 MiB are held, 9%d %%: soon", lines[2])
    assert.matches("^%d+ of 64 MiB are held, %d+ %%: there is enough again$", lines[3])
  end)

  it("garbage alone is not told of", function()
    local _, err = run [[
      host.set_memory_ceiling(64 * MIB)
      collectgarbage("stop")
      for i = 1, 28 * 32 do local _ = ("x"):rep(32 * 1024) .. i end
      turn(0.05)
      collectgarbage("restart")
    ]]
    assert.same({}, lines_of(err))
  end)

  it("a ceiling of a few bytes is told of, too, and goes again", function()
    local out, err = run [[
      local timers = {}
      for i = 1, 3 do timers[i] = timer.after(i, print) end
      host.set_memory_ceiling(50)
      loop.step(true) -- not a single function of Lua's can be called from here
      loop.step(true)
      loop.step(true)
      host.set_memory_ceiling(0)
      for i = 1, 3 do timers[i]:cancel() end
      print "there is room"
    ]]
    assert.matches("there is room\n$", out)
    assert.matches("of 0 MiB are held, %d+ %%: soon", lines_of(err)[1])
  end)

  it("no ceiling refuses and tells nothing", function()
    local out, err = run [[
      host.set_memory_ceiling(16 * MIB)
      host.set_memory_ceiling(0)
      local ballast = ("x"):rep(64 * MIB)
      turn(0.05)
      print(#ballast)
    ]]
    assert.equal("67108864\n", out)
    assert.same({}, lines_of(err))
  end)
end)
