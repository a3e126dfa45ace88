-- Whatever a host sends, its worker does it or ends, with a status and words that tell; it never waits in vain.
local bed = require "spec.support.worker"
local channel = require "core.channel"
local child = require "spec.support.child"
local hostile = require "spec.support.hostile_worker"
local json = require "core.json"
local loop = require "core.loop"
local process = require "core.process"
local protocol = require "lib.recipes.worker.protocol"
local scratch = require "spec.support.scratch"
local sorted_keys = require("lib.tables").sorted_keys
local timer = require "core.timer"

local FAILED = 70

local function framed(bytes) return string.pack("<s4", bytes) end

local function message(kind, fields)
  fields.kind = kind
  return framed(protocol.write(protocol.TO_WORKER, fields))
end

local HELLO = message("hello", { memory = 0, level = "warning", limits_lines = true })

local function load(body)
  return message("load", { recipe = "r1", name = "probe", shown = "probe.lua", text = bed.tool(body, '{ "a" }'), modules = {},
    loaded_at = 0 })
end

local CALL = {
  kind = "call", call = "c1", recipe = "r1", feature = "tool", key = "probe", args = { {} }, tools = { a = { type = "object" } },
  limits = {}, chain = {}, wall = 1.5, speed = 1, seed = "0123456789abcdef", simulated = false, dry_run = false,
}
local CALLED = message("call", CALL)

local function environment()
  local env = { "PATH=" .. os.getenv "PATH" }
  for _, name in ipairs { "RCMCP_LUA_DIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" } do
    if os.getenv(name) then env[#env + 1] = name .. "=" .. os.getenv(name) end
  end
  return env
end

-- A worker, and the other end of its channel, into which these bytes go; `stays`: it is not closed behind them.
local function start(path, stays, seen)
  local ours, theirs = channel.pair()
  local _ <close> = assert(ours)
  local _ <close> = assert(theirs)
  local worker = assert(process.spawn {
    file = child.program, args = { "worker" }, env = environment(), inherited = theirs,
    on_stderr = function(some)
      if some then seen.err = seen.err .. some else seen.told = true end
    end,
    on_exit = function(status, signal) seen.status, seen.signal = status, signal end,
  })
  local feeder = assert(process.spawn {
    file = "sh", args = { "-c", 'cat "$0" >&3' .. (stays and "; exec sleep 600" or ""), path }, env = environment(), inherited = ours,
  })
  return worker, feeder
end

-- How it ended, and what it wrote.
local function fate_of(bytes, stays)
  local folder <close> = scratch.new()
  local seen = { err = "" }
  local worker, feeder = start(folder:write("bytes", bytes), stays, seen)
  local _ <close> = worker
  local _ <close> = feeder
  local late = false
  local _ <close> = timer.after(60000, function() late = true end)
  while not (seen.status and seen.told) do
    assert(not late, "the worker does not end; it wrote: " .. seen.err)
    loop.step(true)
  end
  return seen
end

local function assert_fails(words, bytes)
  local seen = fate_of(bytes, true)
  assert.same({ FAILED, 0 }, { seen.status, seen.signal }, seen.err)
  assert.is_truthy(seen.err:find("rcmcp worker: " .. words, 1, true), seen.err)
end

local ENDLESS = load "while true do end"
local NOT_SENT = "the host sent what no host sends: "

describe("a worker", function()
  for what, bytes in pairs {
    ["nothing"] = "", ["hello"] = HELLO, ["a recipe"] = HELLO .. load "return 1", ["a call"] = HELLO .. load "return 1" .. CALLED,
    ["a call that waits"] = HELLO .. load "rc.sleep(60)" .. CALLED,
    ["an answer that nobody waits for"] = HELLO .. message("answer", { call = "c9", branch = "", seq = 1, wall = 1 }),
    ["the end of a call that there is not"] = HELLO .. message("cancel", { call = "c9" }) .. message("rested", { call = "c9", wall = 1 }),
  } do
    it("ends well where its channel is closed behind " .. what, function()
      local seen = fate_of(bytes)
      assert.same({ 0, 0, "" }, { seen.status, seen.signal, seen.err })
    end)
  end

  for what, case in pairs {
    ["no message"] = { NOT_SENT, HELLO .. framed "\255" },
    ["a message of its own"] = { NOT_SENT, HELLO .. framed(json.pack { kind = "ready", walls = {} }) },
    ["a call before all else"] = { NOT_SENT .. "it has not said hello", CALLED },
    ["hello twice"] = { NOT_SENT .. "it has said hello twice", HELLO .. HELLO },
    ["a call twice"] = { "it cannot go on: a call of this name runs already: c1", HELLO .. load "rc.sleep(60)" .. CALLED .. CALLED },
    ["too long a message"] = { "the channel to the host broke: a message of 4294967295 bytes was announced", HELLO .. "\255\255\255\255" },
    ["a message of no bytes"] = { "the channel to the host broke: a message of 0 bytes was announced", "\0\0\0\0" },
    ["no message, while a recipe computes"] = { NOT_SENT, HELLO .. ENDLESS .. CALLED .. framed "\255" },
    ["no message, while a call waits"] = { NOT_SENT, HELLO .. load "rc.sleep(60)" .. CALLED .. framed "\255" },
  } do
    it("ends with an error where it is sent " .. what, function() assert_fails(case[1], case[2]) end)
  end

  it("ends with an error where the channel is closed within a message", function()
    local seen = fate_of(HELLO .. CALLED:sub(1, -2))
    assert.equal(FAILED, seen.status)
    assert.is_truthy(seen.err:find("it was closed within a message", 1, true), seen.err)
  end)

  -- Messages with fields of any kind; often those that the form allows.
  local function any_bytes(random)
    local kinds = sorted_keys(protocol.TO_WORKER)
    local list = { random(10) > 1 and HELLO or "", load(random(2) == 1 and "rc.sleep(60)" or "return rc.tools.a {}") }
    for _ = 1, random(8) do
      local kind = kinds[random(#kinds)]
      local made, fields = { kind = kind }, protocol.TO_WORKER[kind].fields
      for _, name in ipairs(sorted_keys(fields)) do
        local like_call = kind == "call" and random(10) > 1 and CALL[name]
        made[name] = like_call or nil
        for _ = 1, like_call == nil and 30 or 0 do
          made[name] = hostile.POOL[random(#hostile.POOL)]
          if fields[name](made[name]) then break end
        end
      end
      if fields.call and random(4) > 1 then made.call = "c" .. random(2) end
      if fields.recipe and random(4) > 1 then made.recipe = "r1" end
      list[#list + 1] = framed(json.pack(made))
    end
    local bytes = table.concat(list)
    return random(4) == 1 and bytes:sub(1, random(#bytes)) or bytes
  end

  it("loads what a call needs before what was sent ahead of that", function()
    local ours, theirs = channel.pair()
    local _ <close> = assert(theirs)
    local _ <close> = assert(process.spawn { file = child.program, args = { "worker" }, env = environment(), inherited = theirs })
    local loaded = {}
    local host <close> = assert(channel.open(assert(ours), {
      most = protocol.MOST, on_drained = function() end, on_end = function() end,
      on_message = function(bytes)
        local came = assert(protocol.read(protocol.FROM_WORKER, bytes))
        if came.kind == "loaded" then loaded[#loaded + 1] = came.recipe end
      end,
    }))
    local needed = load "return { ok = true }"
    for _, bytes in ipairs { HELLO, (needed:gsub("r1", "r2")), needed, CALLED } do assert(host:send(bytes:sub(5))) end -- not framed
    local late = false
    local _ <close> = timer.after(60000, function() late = true end)
    while #loaded < 2 and not late do loop.step(true) end
    assert.same({ "r1", "r2" }, loaded)
  end)

  it("is not kept from its end by anything that a host sends", function()
    hostile.each_seed(20, function(seed)
      local seen = fate_of(any_bytes(hostile.random(seed)))
      local how = ("status %d, signal %d: %s"):format(seen.status, seen.signal, seen.err)
      assert(seen.signal == 0 and (seen.status == 0 or seen.status == FAILED), how)
      assert((seen.status == FAILED) == (seen.err:find("rcmcp worker: ", 1, true) ~= nil), how)
    end)
  end)
end)
