-- The process in which `rcmcp serve` runs recipes.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local HELLO = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
  .. '"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'

local WAITS = [[
local rc = require "rc"
return rc.tool { name = "waits", description = "Waits.", input = { { "seconds", "number", "S" } }, run = function(input)
  local before = rc.random(1, 1000000000)
  print "waiting"
  rc.sleep(input.seconds)
  return { before = before, after = rc.random(1, 1000000000) }
end }]]

-- The processes that a process has started; nil: the system does not tell.
local function children(pid)
  local file <close> = io.open(("/proc/%d/task/%d/children"):format(pid, pid))
  if not file then return nil end
  local list = {}
  for id in file:read("a"):gmatch "%d+" do list[#list + 1] = math.tointeger(tonumber(id)) end
  return list
end

describe("the worker of rcmcp serve", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function start(...)
    local server = child.rcmcp { "serve", "--simulate", "--speed", "1", "--log-level", "info", ... }
    server:write(HELLO)
    server:line()
    return server
  end

  local function ask(server, id, method, params)
    server:write(json.encode { jsonrpc = "2.0", id = id, method = method, params = params } .. "\n")
  end

  local function answer(server, id)
    while true do
      local message = json.decode(server:line())
      if message.id == id then return message end
    end
  end

  local function list(server)
    ask(server, 1, "tools/list")
    return answer(server, 1).result.tools
  end

  it("is started with the first recipe, and by none that stays in the process", function()
    local server <close> = start()
    list(server)
    local none = children(server.handle:pid())
    if not none then return pending "this system does not tell the children of a process" end
    assert.same({}, none)
    place:write("waits.lua", WAITS)
    local with <close> = start("--recipes", place.path)
    list(with)
    assert.equal(1, #children(with.handle:pid()))
    local without <close> = start("--recipes", place.path, "--in-process")
    list(without)
    assert.same({}, children(without.handle:pid()))
  end)

  it("may end: the call that waits there goes on in another, and sees what it saw", function()
    place:write("waits.lua", WAITS)
    local server <close> = start("--recipes", place.path)
    list(server)
    local workers = children(server.handle:pid())
    if not workers then return pending "this system does not tell the children of a process" end
    ask(server, 2, "tools/call", { name = "waits", arguments = { seconds = 1 } })
    server:wait_until(function(c) return c.err:find("waiting", 1, true) ~= nil end)
    assert(os.execute("kill -KILL " .. workers[1]))
    ask(server, 3, "ping")
    assert.is_table(answer(server, 3).result)
    local result = answer(server, 2).result
    assert.is_false(result.isError, result.content[1].text)
    ask(server, 4, "tools/call", { name = "waits", arguments = { seconds = 0 } })
    assert.is_false(answer(server, 4).result.isError)
    server:close_stdin()
    assert.equal(0, (server:wait()))
    assert.equal(2, select(2, server.err:gsub("waits: waiting", ""))) -- each call wrote its line once
  end)

  it("leaves the signals that a terminal sends to all to its host", function()
    place:write("waits.lua", WAITS)
    local server <close> = start("--recipes", place.path)
    list(server)
    local workers = children(server.handle:pid())
    if not workers then return pending "this system does not tell the children of a process" end
    ask(server, 2, "tools/call", { name = "waits", arguments = { seconds = 0.2 } })
    server:wait_until(function(c) return c.err:find("waiting", 1, true) ~= nil end)
    for _, name in ipairs { "INT", "TERM", "HUP", "QUIT" } do assert(os.execute(("kill -%s %d"):format(name, workers[1]))) end
    assert.is_false(answer(server, 2).result.isError)
    assert.same(workers, children(server.handle:pid()))
  end)

  it("is of the same program, also where its file is gone or another lies there, as behind an upgrade", function()
    place:write("recipes/waits.lua", WAITS)
    local program = place.path .. "/rcmcp"
    assert(os.execute(("cp '%s' '%s'"):format(child.program, program)))
    local server <close> = child.spawn(program, {
      "serve", "--simulate", "--speed", "1", "--log-level", "info", "--recipes", place.path .. "/recipes",
    })
    server:write(HELLO)
    server:line()
    list(server)
    local workers = children(server.handle:pid())
    if not workers then return pending "this system does not tell the children of a process" end
    assert(os.remove(program))
    place:write("rcmcp", "#!/bin/sh\nexit 1\n")
    ask(server, 2, "tools/call", { name = "waits", arguments = { seconds = 1 } })
    server:wait_until(function(c) return c.err:find("waiting", 1, true) ~= nil end)
    assert(os.execute("kill -KILL " .. workers[1]))
    local result = answer(server, 2).result
    assert.is_false(result.isError, result.content[1].text)
    server:close_stdin()
    assert.equal(0, (server:wait()))
  end)

  it("has the memory that is set, and what it may not is told by rcmcp doctor", function()
    local _, out = child.run { "doctor", "--simulate", "--json", "--worker-memory-bytes", "536870912" }
    local walls
    for _, check in ipairs(json.decode(out).checks) do walls = check.name == "walls" and check.walls or walls end
    local memory
    for _, wall in ipairs(walls) do memory = wall.name == "memory" and wall or memory end
    assert.matches(memory.stands and "^512 MiB of address space$" or "^no ceiling: ", memory.text)
  end)
end)
