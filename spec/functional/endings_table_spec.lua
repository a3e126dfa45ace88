-- The table of endings: whatever ends a session, in the middle of whatever call: what was sent, what the client is answered,
-- what the log says.  The simulator runs in this process and counts what it was sent; the program is a child.
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

-- Warms a deployment up, waits as it is told, and takes that back.
local KEEPER = [[
local rc = require "rc"
return rc.tool {
  name = "keeper", description = "Keeps warm.", hosts = { "127.0.0.1" },
  input = { { "how", "string", "What it waits for" } },
  uses = { "update_deployment", "submit_request" },
  run = function(input, ctx)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    local _ <close> = rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
    rc.tools.update_deployment { deployment_id = id, min_instances = 1 }
    ctx:progress(1, 2, "warm")
    if input.how == "sleep" then rc.sleep(3000) end
    if input.how == "job" then rc.submit({ deployment_id = id }):wait() end
    if input.how == "tool" then rc.tools.submit_request { deployment_id = id, wait_for_completion = true } end
    if input.how == "question" then ctx:confirm "Go on?" end
    if input.how == "download" then return { path = rc.download(rc.submit({ deployment_id = id }):wait().output_urls[1].url).path } end
    return { how = input.how }
  end,
}
]]

-- In the columns: how many submits were sent; what min_instances was set to, in order; what the client was answered ("id": a
-- result that names the request; "left": the error that its client has gone; "-": nothing); whether the log has the request's
-- id, at the level warning, whether it goes on or has ended, or what it says is not done.  Jobs are not cancelled:
-- cancel_remote_on_client_cancel is off.
local TABLE = {
  -- what runs     what ends it   submits  set to  answer  log
  { "a submit",    "close",          1,   "",      "id",   false },
  { "a submit",    "TERM",           1,   "",      "id",   false },
  { "a submit",    "INT twice",      1,   "",      "-",    "unknown" },
  { "a submit",    "HUP",            1,   "",      "id",   false },
  { "a submit",    "broken pipe",    1,   "",      "-",    true },
  { "a submit",    "cancel",         1,   "",      "-",    true },
  { "a submit",    "KILL",           1,   "",      "-",    false },

  { "a wait",      "close",          1,   "",      "id",   true },
  { "a wait",      "TERM",           1,   "",      "id",   true },
  { "a wait",      "INT twice",      1,   "",      "id",   true },
  { "a wait",      "HUP",            1,   "",      "id",   true },
  { "a wait",      "broken pipe",    1,   "",      "-",    true },
  { "a wait",      "cancel",         1,   "",      "-",    true },
  { "a wait",      "KILL",           1,   "",      "-",    false },

  { "a sleep",     "close",          0,   "1 0",   "left", false },
  { "a sleep",     "TERM",           0,   "1 0",   "left", false },
  { "a sleep",     "INT twice",      0,   "1 0",   "-",    "cleaning up" },
  { "a sleep",     "HUP",            0,   "1 0",   "left", false },
  { "a sleep",     "broken pipe",    0,   "1 0",   "-",    false },
  { "a sleep",     "cancel",         0,   "1 0",   "-",    false },
  { "a sleep",     "KILL",           0,   "1",     "-",    false },

  { "a job",       "close",          1,   "1 0",   "left", true },
  { "a job",       "TERM",           1,   "1 0",   "left", true },
  { "a job",       "INT twice",      1,   "1 0",   "-",    "cleaning up" },
  { "a job",       "HUP",            1,   "1 0",   "left", true },
  { "a job",       "broken pipe",    1,   "1 0",   "-",    true },
  { "a job",       "cancel",         1,   "1 0",   "-",    true },
  { "a job",       "KILL",           1,   "1",     "-",    false },

  { "a tool",      "close",          1,   "1 0",   "left", true },
  { "a tool",      "TERM",           1,   "1 0",   "left", true },
  { "a tool",      "INT twice",      1,   "1 0",   "-",    "cleaning up" },
  { "a tool",      "HUP",            1,   "1 0",   "left", true },
  { "a tool",      "broken pipe",    1,   "1 0",   "-",    true },
  { "a tool",      "cancel",         1,   "1 0",   "-",    true },
  { "a tool",      "KILL",           1,   "1",     "-",    false },

  { "a question",  "close",          0,   "1 0",   "left", false },
  { "a question",  "TERM",           0,   "1 0",   "left", false },
  { "a question",  "INT twice",      0,   "1 0",   "-",    "cleaning up" },
  { "a question",  "HUP",            0,   "1 0",   "left", false },
  { "a question",  "broken pipe",    0,   "1 0",   "-",    false },
  { "a question",  "cancel",         0,   "1 0",   "-",    false },
  { "a question",  "KILL",           0,   "1",     "-",    false },

  { "a download",  "close",          1,   "1 0",   "left", true },
  { "a download",  "TERM",           1,   "1 0",   "left", true },
  { "a download",  "INT twice",      1,   "1",     "-",    "running" }, -- not ended before 1.5 s
  { "a download",  "HUP",            1,   "1 0",   "left", true },
  { "a download",  "broken pipe",    1,   "1 0",   "-",    true },
  { "a download",  "cancel",         1,   "1 0",   "-",    true },
  { "a download",  "KILL",           1,   "1",     "-",    false },
}

describe("the table of endings:", function()
  local files, sim

  before_each(function()
    files = folder.new()
    files:write("recipes/keeper.lua", KEEPER)
  end)

  after_each(function()
    sim:stop()
    files:remove()
  end)

  local function count(method, path) return #sim:requests { method = method, path = path } end
  local function submits() return count("POST", "/inference") end

  local function set_to()
    local list = {}
    for i, request in ipairs(sim:requests { method = "PATCH" }) do list[i] = tostring(json.decode(request.body).min_instances) end
    return table.concat(list, " ")
  end

  local function polled() return count("GET", "/status") > 0 end
  local function keeper(how) return { "keeper", { how = how } } end

  -- What is called, and when it is in its middle.
  local KINDS = {
    ["a submit"] = {
      call = { "submit_request", { deployment_id = ID } }, reached = function() return submits() == 1 end,
      fault = function(ending) -- between the two signals there is no answer
        return { kind = "delay", seconds = ending == "INT twice" and 60 or 0.5, method = "POST", path = "/inference" }
      end,
    },
    ["a wait"] = { call = { "submit_request", { deployment_id = ID, wait_for_completion = true } }, reached = polled },
    ["a sleep"] = { call = keeper "sleep",
      reached = function(server) return server.out:find('"warm"', 1, true) ~= nil end },
    ["a job"] = { call = keeper "job", reached = polled },
    ["a tool"] = { call = keeper "tool", reached = polled },
    ["a question"] = { call = keeper "question",
      reached = function(server) return server.out:find("elicitation/create", 1, true) ~= nil end },
    ["a download"] = {
      call = keeper "download", reached = function() return count("GET", "/output/") > 0 end, quick = true,
      fault = function() return { kind = "delay", seconds = 60, method = "GET", path = "/output/" } end,
    },
  }

  -- Two signals of one moment count as one.
  local function a_moment_later(server)
    local seen = fiber.spawn(fiber.sleep, 0.15)
    server:wait_until(function() return seen.status == "done" end)
  end

  local function ping(server, id)
    server:write(('{"jsonrpc":"2.0","id":"%s","method":"ping"}\n'):format(id))
    server:wait_until(function() return server.out:find(('"id":"%s","result"'):format(id), 1, true) ~= nil end)
  end

  local NOT_DONE = {
    unknown = "Whether this submit took effect is unknown, and it was not sent again",
    running = "recipe 'keeper' is still running, and what it would undo at its end is not undone",
    ["cleaning up"] = "recipe 'keeper' is still cleaning up",
  }

  local ENDINGS = {
    ["close"] = function(server) server:close_stdin() end,
    ["TERM"] = function(server) server.handle:kill "TERM" end,
    ["INT twice"] = function(server, instances, last_line)
      server.handle:kill "INT"
      server:wait_until(function() return set_to() == instances end)
      local function is_over() return server.status or last_line and server.err:find(last_line, 1, true) end
      repeat -- where the two came in one moment, another one; not where it ends already, which would be by that signal
        a_moment_later(server)
        if not is_over() then server.handle:kill "INT" end
      until is_over()
    end,
    ["HUP"] = function(server) -- reads the configuration again; the call goes on
      local before = set_to()
      server.handle:kill "HUP"
      server:wait_until(function() return server.err:find("configuration reloaded", 1, true) ~= nil end)
      ping(server, "still there")
      assert.equal(before, set_to())
      assert.is_nil(server.out:find('"id":1,"result"', 1, true))
      server:close_stdin()
    end,
    ["broken pipe"] = function(server)
      server.handle:close_stdout()
      server:write('{"jsonrpc":"2.0","id":"p","method":"ping"}\n')
    end,
    ["cancel"] = function(server) -- what clients send at their time-out, too
      server:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n')
      ping(server, "still there")
      server:close_stdin()
    end,
    ["KILL"] = function(server) server.handle:kill "KILL" end,
  }

  local function start(kind, ending)
    sim = assert(simulator.start { cold_start = kind.quick and 0 or 3000, run_time = kind.quick and 0 or nil })
    if kind.fault then assert(sim:fault(kind.fault(ending))) end
    if ending == "INT twice" then assert(sim:fault { kind = "delay", seconds = 60, method = "PATCH", skip = 1 }) end
    local server = child.rcmcp({ "serve", "--recipes", files.path .. "/recipes", "--output-folder", files.path .. "/out",
      "--http-hosts", "127.0.0.1", "--log-level", ending == "HUP" and "info" or "warning" },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":'
      .. '{"elicitation":{}},"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    server:line()
    server:write(json.encode { jsonrpc = "2.0", id = 1, method = "tools/call",
      params = { name = kind.call[1], arguments = kind.call[2], _meta = { progressToken = "p" } } } .. "\n")
    return server
  end

  local function answer(server)
    for line in server.out:gmatch "[^\n]+" do
      local message = json.decode(line)
      if message.id == 1 and message.method == nil then return message.result end
    end
  end

  -- The request's id, of whoever knows it.
  local function request_id()
    local id = next(sim.model.requests)
    return id or "no request was made"
  end

  local function check_answer(expected, result)
    if expected == "-" then return assert.is_nil(result) end
    if expected == "id" then
      assert.is_not_true(result.isError)
      return assert.equal(request_id(), result.structuredContent.submission.request_id)
    end
    assert.is_true(result.isError)
    assert.matches("its client ended the connection", result.content[1].text, 1, true)
  end

  local function check_log(expected, server, submitted)
    if NOT_DONE[expected] then return assert.matches(NOT_DONE[expected], server.err, 1, true) end
    if expected then return submitted > 0 and assert.matches(request_id(), server.err, 1, true) end
    assert.is_nil(server.err:gsub("rcmcp: info: [^\n]*", ""):find("%S"), server.err)
  end

  local function files_left()
    local found = io.popen("find '" .. files.path .. "' -path '*/out/*' -type f 2>/dev/null")
    local text = found:read "a"
    found:close()
    return text
  end

  for _, row in ipairs(TABLE) do
    local what, ending, submitted, instances, answered, logged = table.unpack(row)
    it(("%s, %s"):format(what, ending), function()
      local kind = KINDS[what]
      local server <close> = start(kind, ending)
      server:wait_until(kind.reached)
      ENDINGS[ending](server, instances, NOT_DONE[logged])
      server:wait_until(function() return server.status ~= nil and server.open == (ending == "broken pipe" and 1 or 0) end)
      assert.same(ending == "KILL" and { 0, 9 } or { 0, 0 }, { server.status, server.signal })
      assert.equal(submitted, submits())
      assert.equal(0, count("POST", "/cancel"))
      assert.equal(instances, set_to())
      check_answer(answered, answer(server))
      check_log(logged, server, submitted)
      if ending ~= "KILL" then assert.equal("", files_left()) end
    end)
  end
end)
