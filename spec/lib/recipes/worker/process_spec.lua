-- Whatever a worker does, its host only hears why it has ended.
local bed = require "spec.support.worker"
local processes = require "lib.recipes.worker.process"
local protocol = require "lib.recipes.worker.protocol"

-- A worker that is a shell script; its descriptor 3 is the channel.
local function with_script(script, fn, options)
  local seen = { messages = {} }
  options = options or {}
  options.command = { "sh", "-c", script }
  options.is_busy = options.is_busy or function() return false end
  options.on_message = options.on_message or function(message) seen.messages[#seen.messages + 1] = message end
  options.on_end = function(why) seen.ends, seen.why = (seen.ends or 0) + 1, why end
  bed.run(function()
    local worker <close> = assert(processes.start(options))
    fn(seen, worker)
  end)
end

local function why_of(script, options)
  local found
  with_script(script, function(seen)
    bed.await(function() return seen.why ~= nil end)
    assert.equal(1, seen.ends)
    found = seen.why
  end, options)
  return found
end

-- A message in the bytes of printf.
local function printed(message, forms)
  local bytes = type(message) == "string" and message or protocol.write(forms or protocol.FROM_WORKER, message)
  local framed = string.pack("<s4", bytes)
  return "printf '" .. framed:gsub(".", function(byte) return ("\\%03o"):format(byte:byte()) end) .. "' >&3; sleep 60"
end

describe("a worker's process", function()
  for script, why in pairs {
    ["exit 0"] = "it ended with status 0",
    ["exit 3"] = "it ended with status 3",
    ["echo one >&2; echo 'last words' >&2; exit 1"] = "it ended with status 1; its last words: last words",
    ["kill -SEGV $$"] = "it crashed (SIGSEGV)",
    ["kill -SYS $$"] = "it tried a system call that no recipe may make (SIGSYS)",
    ["kill -USR1 $$"] = "signal 10 ended it",
  } do
    it("has ended, and says why: " .. script, function() assert.equal(why, why_of(script)) end)
  end

  it("is ended where it closes its channel", function()
    assert.equal("it closed its channel", why_of "exec 3>&-; exec sleep 60")
  end)

  for what, case in pairs {
    ["no message"] = { "\255", "byte 1: an unknown tag" },
    ["something else than a table"] = { "\1", "a message is a table, not a boolean" },
    ["a kind that there is not"] = { require("core.json").pack { kind = "hello" }, "there is no message of its kind" },
    ["a field too many"] = {
      require("core.json").pack { kind = "turn", number = 1, more = 2 }, "a message 'turn' is none: it has a field that it may not have",
    },
    ["a field too few"] = { require("core.json").pack { kind = "turn" }, "a message 'turn' is none: its field 'number' is missing" },
    ["a field of another type"] = {
      require("core.json").pack { kind = "turn", number = "1" }, "a message 'turn' is none: its field 'number' is not what it must be",
    },
    ["a turn that nobody asked for"] = { { kind = "turn", number = 1 }, "a turn that nobody asked for" },
  } do
    it("is ended where it sends " .. what, function()
      assert.equal("it sent what no worker sends: " .. case[2], why_of(printed(case[1])))
    end)
  end

  it("is ended where its message does not fit into the moment", function()
    local why = why_of(printed { kind = "progress", call = "c1", done = 1 }, { on_message = function() return "nobody asked" end })
    assert.equal("it sent what no worker sends: nobody asked", why)
  end)

  it("is ended where it is ready twice", function()
    local ready = printed { kind = "ready", walls = {} }
    assert.equal("it sent what no worker sends: it was ready twice", why_of(ready:gsub("; sleep 60$", "; ") .. ready))
  end)

  it("is ended where it announces a message that is too long", function()
    assert.matches("^it sent what no worker sends: a message of 4294967295 bytes was announced",
      why_of "printf '\\377\\377\\377\\377' >&3; exec sleep 60")
  end)

  it("is ended where it takes no turn, but only while it has something to do", function()
    local ready = printed { kind = "ready", walls = {} }
    assert.equal("it took no turn for 0.05 s", why_of(ready, { turn_seconds = 0.05, is_busy = function() return true end }))
    with_script(ready, function(seen, worker)
      for _ = 1, 3 do
        worker:send { kind = "unload", recipe = "r1" }
        require("lib.async.fiber").sleep(0.15)
      end
      assert.is_nil(seen.why)
    end, { turn_seconds = 0.05 })
  end)

  it("is ended where it does not get ready in time, which is another time", function()
    assert.equal("it was not ready after 0.2 s", why_of("exec sleep 60", { turn_seconds = 0.01, start_seconds = 0.2 }))
  end)

  it("is ended where it closes its channel within a message", function()
    assert.equal("its channel broke: it was closed within a message", why_of "printf '\\4\\0\\0\\0x' >&3; exec 3>&-; exec sleep 60")
  end)

  it("is ended where its message cannot be taken, for a mistake of ours", function()
    local why = why_of(printed { kind = "undoes", call = "c1" }, { on_message = function() error "a mistake" end })
    assert.matches("^its message could not be taken: .*a mistake$", why)
  end)

  it("is ended where a look at it finds a reason, while it has something to do", function()
    local why = why_of(printed { kind = "ready", walls = {} }, {
      turn_seconds = 0.05, is_busy = function() return true end, on_watch = function() return "enough" end,
    })
    assert.equal("enough", why)
  end)

  it("says when it has done what it can", function()
    bed.run(function()
      local settled = {}
      local worker <close> = assert(processes.start {
        is_busy = function() return false end, on_message = function() end, on_end = function() end,
      })
      for i = 1, 2 do worker:settle(function() settled[i] = (settled[i] or 0) + 1 end) end
      bed.await(function() return settled[1] and settled[2] end)
      assert.same({ 1, 1 }, settled)
    end)
  end)

  it("has no room for more where it does not read, until it ends", function()
    with_script("exec sleep 60", function(seen, worker)
      local fiber = require "lib.async.fiber"
      local message = { kind = "unload", recipe = ("r"):rep(4000) }
      for _ = 1, 600 do worker:send(message) end
      fiber.sleep(0.01)
      local waited = fiber.spawn(function() worker.room:await() end)
      fiber.sleep(0.05)
      assert.equal("waiting", waited.status)
      worker:kill "it is time"
      bed.await(function() return waited.status == "done" and seen.why ~= nil end)
      worker.room:await() -- nothing is waited for any more
    end)
  end)

  it("may write as much as it likes: some of it is shown", function()
    assert.equal("it ended with status 0; its last words: y", why_of "yes | head -c 1000000 >&2")
  end)

  it("is not heard of any more once it was stopped", function()
    with_script("exec sleep 60", function(seen, worker)
      worker:stop()
      require("lib.async.fiber").sleep(0.05)
      assert.is_nil(seen.why)
    end)
  end)

  it("cannot be where the system has no such program", function()
    local worker, message, code = processes.start {
      command = { "/nowhere/at/all" }, on_message = print, on_end = print, is_busy = function() return false end,
    }
    assert.same({ message = "no such file or directory", code = "ENOENT" }, { worker = worker, message = message, code = code })
  end)
end)
