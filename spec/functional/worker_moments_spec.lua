-- What becomes of a call of rcmcp serve whose worker is killed while something else of it is under way.
local child = require "spec.support.child"
local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local ASKS = [[
local rc = require "rc"
return rc.tool { name = "asks", description = "Asks.", uses = { "submit_request" }, run = function(_, ctx)
  local job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
  return { yes = ctx:confirm "Go on?", job = job.request_id }
end }]]

local KEEPS = [[
local rc = require "rc"
return rc.tool { name = "keeps", description = "Keeps warm.", uses = { "update_deployment", "submit_request" },
  input = { { "seconds", "number", "How long" } },
  run = function(input)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
    local job = rc.submit { deployment_id = id }
    rc.log("info", "keeps it")
    rc.sleep(input.seconds)
    return { job = job.request_id }
  end }]]

local VERSION = [[
local rc = require "rc"
return rc.tool { name = "versioned", description = "Tells its version.", input = { { "seconds", "number", "How long" } },
  run = function(input)
    rc.log("info", "version %d begins")
    rc.sleep(input.seconds)
    return { version = %d }
  end }]]

local TODAY = {
  ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
  ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} },
}

local function workers(server)
  local pid = server.handle:pid()
  local file <close> = io.open(("/proc/%d/task/%d/children"):format(pid, pid))
  return file and file:read "a" or nil
end

describe("a call whose worker is killed", function()
  local files, sim, server, last

  before_each(function()
    files, last = folder.new(), 0
    sim = assert(simulator.start { cold_start = 3000 })
    clock.set_speed(1)
  end)

  after_each(function()
    if server then server:close() end
    server = nil
    sim:stop()
    files:remove()
  end)

  local function start(name, text, ...)
    files:write("recipes/" .. name .. ".lua", text)
    server = child.rcmcp({ "serve", "--log-level", "info", "--recipes", files.path .. "/recipes", ... },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
  end

  local function ask(method, params)
    last = last + 1
    server:write(json.encode { jsonrpc = "2.0", id = last, method = method, params = params } .. "\n")
    return last
  end

  -- The next message that is no notification.
  local function message()
    while true do
      local found = json.decode(server:line())
      if found.id ~= nil then return found end
    end
  end

  local function say_hello()
    ask("initialize", {
      protocolVersion = "2025-11-25", capabilities = { elicitation = {} }, clientInfo = { name = "spec", version = "1" },
    })
    message()
    server:write '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
  end

  -- Those that run, or the next ones; false where the system does not tell which they are.
  local function kill_workers()
    local pids
    server:wait_until(function()
      pids = workers(server)
      return pids ~= ""
    end)
    if pids then os.execute("kill -KILL " .. pids) end -- one of them may end by itself meanwhile
    return pids ~= nil
  end

  local function call(name, arguments)
    return ask("tools/call", { name = name, arguments = arguments })
  end

  local function says(text)
    server:wait_until(function(c) return c.err:find(text, 1, true) ~= nil end)
  end

  local function ended(count)
    server:wait_until(function(c) return select(2, c.err:gsub("a worker of recipes has ended", "")) >= count end)
  end

  local function count(method, path) return #sim:requests { method = method, path = path } end

  it("while its question is open over a connection asks once, and goes on with the answer", function()
    start("asks", ASKS)
    say_hello()
    local id = call("asks", {})
    local question = message()
    assert.equal("elicitation/create", question.method)
    if not kill_workers() then return pending "this system does not tell the children of a process" end
    ended(1)
    server:write(json.encode { jsonrpc = "2.0", id = question.id, result = { action = "accept", content = { confirm = true } } } .. "\n")
    local answer = message()
    assert.equal(id, answer.id)
    assert.is_true(answer.result.structuredContent.yes)
    assert.equal(1, count("POST", "/inference"))
  end)

  it("while its question waits for the next request goes on with the answer", function()
    start("asks", ASKS)
    ask("tools/call", { name = "asks", arguments = {}, _meta = TODAY })
    local question = message().result
    assert.equal("input_required", question.resultType)
    if not kill_workers() then return pending "this system does not tell the children of a process" end
    ended(1)
    ask("tools/call", {
      name = "asks", arguments = {}, _meta = TODAY, requestState = question.requestState,
      inputResponses = { question = { action = "accept", content = { confirm = true } } },
    })
    assert.is_true(message().result.structuredContent.yes)
    assert.equal(1, count("POST", "/inference"))
  end)

  it("in the background is collected as if nothing had been", function()
    start("keeps", KEEPS, "--wait-slice", "0.2")
    say_hello()
    call("keeps", { seconds = 2 })
    local given = message().result.structuredContent
    assert.is_true(given.pending)
    if not kill_workers() then return pending "this system does not tell the children of a process" end
    ended(1)
    local result
    repeat
      call("run_recipe", { collect = given.run })
      result = message().result
    until not (result.structuredContent and result.structuredContent.pending)
    assert.equal(given.open_requests[1].request_id, result.structuredContent.job, result.content[1].text)
    assert.equal(1, count("POST", "/inference"))
    assert.equal(1, count("PATCH", ""))
  end)

  it("while a new version is loaded ends with its own, and the next one is of the new", function()
    start("versioned", VERSION:format(1, 1))
    say_hello()
    for version = 2, 3 do
      local first = call("versioned", { seconds = 1 })
      says(("version %d begins"):format(version - 1))
      files:replace("recipes/versioned.lua", VERSION:format(version, version))
      if not kill_workers() then return pending "this system does not tell the children of a process" end
      local answer = message()
      assert.equal(first, answer.id)
      assert.equal(version - 1, answer.result.structuredContent.version, answer.result.content[1].text)
      repeat
        call("versioned", { seconds = 0 })
        answer = message()
      until answer.result.structuredContent.version == version
    end
  end)

  it("as the server ends has its clean-ups run, once", function()
    start("keeps", KEEPS)
    say_hello()
    call("keeps", { seconds = 3000 })
    says "keeps it"
    server:close_stdin()
    if not kill_workers() then return pending "this system does not tell the children of a process" end
    assert.same({ 0, 0 }, { server:wait() })
    assert.equal(1, count("POST", "/inference"))
    local changes = sim:requests { method = "PATCH", path = ID }
    assert.equal(1, #changes)
    assert.matches('"min_instances":0', changes[1].body, 1, true)
  end)

  it("while its clean-ups run has them end, each step once", function()
    start("keeps", KEEPS)
    say_hello()
    assert(sim:fault { kind = "delay", seconds = 1, method = "PATCH" })
    call("keeps", { seconds = 3000 })
    says "keeps it"
    server:close_stdin()
    server:wait_until(function() return count("PATCH", ID) == 1 end)
    if not kill_workers() then return pending "this system does not tell the children of a process" end
    assert.same({ 0, 0 }, { server:wait() })
    assert.equal(1, count("POST", "/inference"))
    assert.equal(1, count("PATCH", ID))
  end)
end)
