-- Hostile recipes in the real program: each is stopped or harmless, and the next call is answered.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local INITIALIZE = '{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
  .. '"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'

local function source(name, body, before)
  return ('local rc = require "rc"\n%s\nreturn rc.tool { name = %q, description = "Bites.", run = function(input, ctx)\n%s\nend }\n')
    :format(before or "", name, body)
end

local LOOP = "local function loop() while true do end end\n"

-- Name, code of the recipe's function, what its error says (nil: it may succeed).
local bites = {
  { "endless", "while true do end", "used more than the 0.1 seconds of processor time" },
  { "swallow", LOOP .. "while true do pcall(loop) end", "processor time" },
  { "handler", LOOP .. "while true do xpcall(error, loop) end", "processor time" },
  { "inner", LOOP .. "while true do pcall(coroutine.wrap(loop)) end", "processor time" },
  { "finalizer", LOOP .. "setmetatable({}, { __gc = loop })", "cannot have __gc" },
  { "closing", LOOP .. "local _ <close> = setmetatable({}, { __close = loop }) error 'x'", "processor time" },
  { "cleanup", LOOP .. "rc.finally(loop) return { ok = true }" },
  { "pattern", "return (('a'):rep(28)):find(('.-'):rep(12) .. 'b')", "processor time" },
  { "handling", "return { ok = xpcall(error, function() error 'again' end) }" },
  { "yielding", "coroutine.yield(print)", "rc.sleep" },
  { "sorting", "table.sort({ 3, 2, 1 }, function() rc.sleep(0.01) end)", "waiting cannot be done in a function that table.sort calls" },
  { "leaving", "os.exit(0)", "nil value" },
  { "poison", "string.rep = nil table.concat = nil for k in pairs(_G) do _G[k] = nil end leak = 1 return { ok = true }" },
  { "metatable", "getmetatable('').__index = {}", "boolean value" },
  { "raising", "error(setmetatable({}, { __tostring = function() while true do end end }))", "without a message" },
  { "returning", "return setmetatable({ f = print }, { __pairs = error })", "function" },
  { "busy", "while true do rc.sleep(0) end", "took longer than the 2 seconds" },
}

-- The same that eat memory: they have time enough, or a slow machine would stop them by time.
local greedy = {
  { "strings", "local s = 'x' while true do s = s .. s end", "needed more than the 16 MiB of memory" },
  { "tables", "local t = {} while true do t = { t } end", "memory" },
  { "recursion", "local function f() return 1 + f() end return f()", "memory|overflow" },
}

local function start(place, cpu_ms, seconds)
  local server = child.rcmcp { "serve", "--simulate", "--recipes", place.path, "--recipe-cpu-ms", tostring(cpu_ms or 100),
    "--recipe-memory-bytes", tostring(16 * 1024 * 1024), "--recipe-seconds", tostring(seconds or 2) }
  server:write(INITIALIZE)
  server:line()
  return server
end

local function send(server, id, name, arguments)
  server:write(json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = { name = name, arguments = arguments } } .. "\n")
end

-- The next answer; what else is told on the way does not matter here.
local function answer(server)
  while true do
    local message = json.decode(server:line())
    if message.id then return message end
  end
end

local function says(text, wanted)
  for part in wanted:gmatch("[^|]+") do
    if text:find(part, 1, true) then return true end
  end
  return false
end

describe("rcmcp serve with hostile recipes", function()
  local place, server
  before_each(function() place = folder.new() end)
  after_each(function()
    if server then server:close() end
    place:remove()
  end)

  local function bitten(list, cpu_ms, seconds)
    place:write("good.lua", source("good", 'return { upper = ("x"):upper(), leak = type(leak) }'))
    for _, bite in ipairs(list) do place:write(bite[1] .. ".lua", source(bite[1], bite[2])) end
    server = start(place, cpu_ms, seconds)
    for id, bite in ipairs(list) do
      local name, _, wanted = table.unpack(bite, 1, 3)
      send(server, id, name)
      local message = answer(server)
      assert.equal(id, message.id)
      local text = message.result.content[1].text
      if wanted then
        assert.is_true(message.result.isError, name .. ": " .. text)
        assert.is_true(says(text, wanted), name .. ": " .. text)
      end
      send(server, "after", "good")
      local after = answer(server).result.structuredContent
      assert.same({ name, "X", "nil" }, { name, after.upper, after.leak })
    end
  end

  it("ends each of them and answers the next call", function() bitten(bites) end)

  it("ends what eats memory and answers the next call", function() bitten(greedy, 20000, 60) end)

  it("answers what a recipe asks for at length", function()
    place:write("asking.lua", [[
      local rc = require "rc"
      return rc.tool { name = "asking", description = "Asks at length.", uses = { "get_request_status" }, run = function()
        local ok = pcall(rc.tools.get_request_status, { deployment_id = ("x"):rep(1000000), request_id = "r" })
        return { ok = ok }
      end }]])
    server = start(place, 20000, 60)
    send(server, 1, "asking")
    assert.is_false(answer(server).result.structuredContent.ok)
  end)

  it("answers others while one is busy", function()
    place:write("busy.lua", source("busy", "while true do rc.sleep(0) end"))
    place:write("good.lua", source("good", "return { ok = true }"))
    server = start(place)
    send(server, 1, "busy")
    send(server, 2, "good")
    assert.equal(2, answer(server).id)
    assert.equal(1, answer(server).id)
  end)

  it("survives files that bite while they are loaded", function()
    place:write("loading.lua", "while true do pcall(function() while true do end end) end")
    place:write("greedy.lua", "local s = 'x' while true do s = s .. s end")
    place:write("sleeping.lua", 'require("rc").sleep(1)')
    place:write("yielding.lua", "coroutine.yield(1)")
    place:write("good.lua", source("good", "return { ok = true }"))
    server = start(place)
    send(server, 1, "good")
    assert.is_true(answer(server).result.structuredContent.ok)
    for _, name in ipairs { "loading.lua", "greedy.lua", "sleeping.lua", "yielding.lua" } do
      server:wait_until(function(s) return s.err:find(name, 1, true) ~= nil end)
    end
  end)

  it("holds ten thousand sleeping recipes", function()
    place:write("sleeper.lua", source("sleeper", "rc.sleep(1.5) return { ok = true }"))
    place:write("good.lua", source("good", "return { ok = true }"))
    server = start(place)
    for id = 1, 10000 do send(server, id, "sleeper") end
    send(server, "good", "good")
    local answers, good = 0, false
    while answers < 10000 or not good do
      local message = answer(server)
      if message.id == "good" then
        good = true
      else
        answers = answers + 1
        assert.is_not_nil(message.result, message.id)
      end
    end
  end)
end)
