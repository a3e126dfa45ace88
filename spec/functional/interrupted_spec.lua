-- rcmcp call and run, ended from outside: by which signal, in the middle of what; what is sent then, what is said.
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"
local terminals = require "spec.support.terminal"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local RECIPES = {
  keeper = [[
    local rc = require "rc"
    return rc.tool {
      name = "keeper", description = "Keeps warm.", uses = { "update_deployment", "submit_request" },
      input = { { "how", "string", "What it waits for" } },
      run = function(input)
        local id = "a1b2c3d4-0000-4000-8000-000000000001"
        rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
        rc.tools.update_deployment { deployment_id = id, min_instances = 1 }
        if input.how == "job" then rc.submit({ deployment_id = id }):wait() end
        if input.how == "map" then
          rc.map({ 1, 2 }, function() return rc.submit({ deployment_id = id }):wait() end)
        end
        rc.sleep(3000)
      end,
    }]],
  fetch = [[
    local rc = require "rc"
    return rc.tool {
      name = "fetch", description = "Downloads.", uses = { "submit_request" }, hosts = { "127.0.0.1" },
      run = function()
        local job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
        return { paths = rc.map(job:wait().output_urls, function(file) return rc.download(file.url) end) }
      end,
    }]],
}

RECIPES.made = [[
  local rc = require "rc"
  return rc.tool {
    name = "made", description = "Makes, and sleeps.", uses = { "submit_request", "list_deployments" },
    run = function()
      rc.submit({ deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }):wait()
      rc.tools.list_deployments {}
      rc.sleep(3000)
    end,
  }]]

describe("a command that is interrupted", function()
  local files, sim

  before_each(function()
    files = folder.new()
    for name, source in pairs(RECIPES) do files:write(name .. ".lua", source) end
    sim = assert(simulator.start { cold_start = 3000 })
  end)

  after_each(function()
    sim:stop()
    files:remove()
  end)

  local function env()
    return { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url }
  end

  local function start(args) return child.rcmcp(args, { env = env() }) end

  local function count(method, path) return #sim:requests { method = method, path = path } end
  local function submits() return count("POST", "/inference") end
  local function cancels() return count("POST", "/cancel") end
  local function polls() return count("GET", "/status") end

  local function patches()
    local list = {}
    for i, request in ipairs(sim:requests { method = "PATCH" }) do list[i] = json.decode(request.body).min_instances end
    return list
  end

  -- Two signals of one moment count as one.
  local function a_moment_later(running)
    local seen = fiber.spawn(fiber.sleep, 0.15)
    running:wait_until(function() return seen.status == "done" end)
  end

  local SUBMIT = { "call", "submit_request", "deployment_id=" .. ID }
  local WAIT = { "call", "submit_request", "deployment_id=" .. ID, "wait_for_completion=true" }
  local function keeper(how) return { "run", files.path .. "/keeper.lua", "how=" .. how } end

  local kinds = {
    {
      name = "a submit whose answer is under way", args = function() return SUBMIT end,
      fault = { kind = "delay", seconds = 0.4, method = "POST", path = "/inference" },
      reached = function() return submits() == 1 end,
      sent = { submits = 1, cancels = 1, patches = {} }, said = { "deployment " .. ID .. "; cancelling the job: cancelled" },
    },
    {
      name = "a wait for a job", args = function() return WAIT end,
      reached = function() return polls() > 0 end,
      sent = { submits = 1, cancels = 1, patches = {} }, said = { "deployment " .. ID .. "; cancelling the job: cancelled" },
    },
    {
      name = "a recipe that sleeps and has a clean-up", args = function() return keeper "sleep" end,
      reached = function() return #patches() == 1 end,
      sent = { submits = 0, cancels = 0, patches = { 1, 0 } }, said = {},
    },
    {
      name = "a recipe that waits for its job and has a clean-up", args = function() return keeper "job" end,
      reached = function() return polls() > 0 end,
      sent = { submits = 1, cancels = 1, patches = { 1, 0 } }, said = { "deployment " .. ID .. "; cancelling the job: cancelled" },
    },
    {
      name = "a recipe that waits for several jobs", args = function() return keeper "map" end,
      reached = function() return submits() == 2 and polls() >= 2 end,
      sent = { submits = 2, cancels = 2, patches = { 1, 0 } }, said = { "deployment " .. ID .. "; cancelling the job: cancelled" },
    },
  }

  local function check(kind, running)
    assert.equal(kind.sent.submits, submits())
    assert.equal(kind.sent.cancels, cancels())
    assert.same(kind.sent.patches, patches())
    for _, words in ipairs(kind.said) do assert.matches(words, running.err, 1, true) end
    for _, request in ipairs(sim:requests { method = "POST", path = "/cancel" }) do
      local id = request.path:match "/requests/([^/]+)/"
      assert.matches(id, running.err, 1, true)
    end
  end

  for _, kind in ipairs(kinds) do
    for _, name in ipairs { "INT", "TERM", "HUP" } do
      it(("ends %s at SIG%s: jobs are cancelled, clean-ups run, ids are said"):format(kind.name, name), function()
        if kind.fault then assert(sim:fault(kind.fault)) end
        local running <close> = start(kind.args())
        running:wait_until(kind.reached)
        running.handle:kill(name)
        assert.same({ 130, 0 }, { running:wait() })
        assert.matches("interrupted", running.err, 1, true)
        check(kind, running)
      end)
    end
  end

  it("leaves no half of a file that it was downloading", function()
    sim:stop()
    sim = assert(simulator.start { cold_start = 0, run_time = 0 })
    assert(sim:fault { kind = "delay", seconds = 30, method = "GET", path = "/output/" })
    local out = files.path .. "/out"
    local running <close> = start { "run", files.path .. "/fetch.lua", "--output-folder", out, "--http-hosts", "127.0.0.1" }
    running:wait_until(function() return count("GET", "/output/") > 0 end)
    running.handle:kill "HUP"
    assert.same({ 130, 0 }, { running:wait() })
    local found <close> = assert(io.popen("find '" .. out .. "' -type f 2>/dev/null"))
    assert.equal("", (found:read "a"))
  end)

  it("names, also in its JSON, what has ended with a result", function()
    sim:stop()
    sim = assert(simulator.start { cold_start = 0, run_time = 0 })
    for _, options in ipairs { {}, { "--json" } } do
      local before = count("GET", "/v2/deployments")
      local running <close> = start { "run", files.path .. "/made.lua", table.unpack(options) }
      running:wait_until(function() return count("GET", "/v2/deployments") > before end) -- behind the end of its job
      running.handle:kill "INT"
      assert.same({ 130, 0 }, { running:wait() })
      local id = running.err:match "submitted request (%S+) of deployment"
      assert.is_not_nil(sim.model.requests[id])
      if options[1] then
        assert.same({ { deployment_id = ID, request_id = id } }, json.decode(running.out).ended_requests)
      else
        assert.matches("what it submitted has ended, and its result can be fetched: request " .. id, running.err, 1, true)
      end
    end
  end)

  it("names in its JSON what goes on", function()
    assert(sim:fault { kind = "status", status = 422, method = "POST", path = "/cancel", forever = true })
    local args = keeper "job"
    args[#args + 1] = "--json"
    local running <close> = start(args)
    running:wait_until(function() return polls() > 0 end)
    running.handle:kill "INT"
    assert.equal(130, (running:wait()))
    local data = json.decode(running.out)
    assert.same({ false, "interrupted", 1 }, { data.ok, data.code, #data.open_requests })
    assert.equal(ID, data.open_requests[1].deployment_id)
    assert.matches(data.open_requests[1].request_id, data.error, 1, true)
  end)

  for _, signals in ipairs { { "INT", "INT" }, { "TERM", "TERM" }, { "HUP", "INT" }, { "HUP", "TERM" } } do
    it(("tells what it leaves when SIG%s comes and then SIG%s"):format(signals[1], signals[2]), function()
      assert(sim:fault { kind = "delay", seconds = 60, method = "PATCH", skip = 1 })
      assert(sim:fault { kind = "delay", seconds = 60, method = "POST", path = "/cancel" })
      local running <close> = start(keeper "job")
      running:wait_until(function() return polls() > 0 end)
      running.handle:kill(signals[1])
      running:wait_until(function() return #patches() == 2 end) -- so the first signal has come
      a_moment_later(running)
      running.handle:kill(signals[2])
      assert.same({ 130, 0 }, { running:wait() })
      local id = sim:requests { path = "/status" }[1].path:match "/requests/([^/]+)/"
      assert.matches("recipe 'keeper' is still cleaning up; what it submitted goes on: request " .. id, running.err, 1, true)
      assert.matches("while a%a* update %(PATCH ", running.err)
    end)
  end

  it("tells at the second Ctrl-C which request it leaves, also of a plain call", function()
    assert(sim:fault { kind = "delay", seconds = 60, method = "POST", path = "/cancel" })
    local running <close> = start(WAIT)
    running:wait_until(function() return polls() > 0 end)
    running.handle:kill "INT"
    running:wait_until(function() return cancels() == 1 end) -- so the first signal has come
    a_moment_later(running)
    running.handle:kill "INT"
    assert.same({ 130, 0 }, { running:wait() })
    local id = sim:requests { path = "/status" }[1].path:match "/requests/([^/]+)/"
    assert.matches(("request %s of deployment %s goes on"):format(id, ID), running.err, 1, true)
  end)

  it("waits at the second Ctrl-C for a submit's answer that is near, and tells its id", function()
    assert(sim:fault { kind = "delay", seconds = 0.8, method = "POST", path = "/inference" })
    local running <close> = start(SUBMIT)
    running:wait_until(function() return submits() == 1 end)
    running.handle:kill "INT"
    a_moment_later(running)
    running.handle:kill "INT"
    assert.same({ 130, 0 }, { running:wait() })
    assert.matches("request [%x-]+ of deployment " .. ID:gsub("%-", "%%-"), running.err)
    assert.equal(1, submits())
  end)

  it("does not wait for ever for the answer to a submit, and says that its outcome is unknown", function()
    assert(sim:fault { kind = "delay", seconds = 60, method = "POST", path = "/inference" })
    local running <close> = start(SUBMIT)
    running:wait_until(function() return submits() == 1 end)
    running.handle:kill "TERM"
    assert.same({ 130, 0 }, { running:wait() })
    assert.matches("Whether this submit took effect is unknown, and it was not sent again", running.err, 1, true)
    assert.equal(1, submits())
  end)

  for _, first in ipairs { "HUP", "INT" } do
    it(("does not cut clean-ups short at a SIGHUP after SIG%s, and tells what goes on"):format(first), function()
      assert(sim:fault { kind = "delay", seconds = 60, method = "PATCH", skip = 1 })
      local running <close> = start(keeper "job")
      running:wait_until(function() return polls() > 0 end)
      running.handle:kill(first)
      running:wait_until(function() return #patches() == 2 end) -- so the first signal has come
      a_moment_later(running)
      running.handle:kill "HUP"
      running:wait_until(function() return running.err:find("recipe 'keeper' is still cleaning up", 1, true) ~= nil end)
      sim.faults:release()
      assert.same({ 130, 0 }, { running:wait() })
      assert.is_nil(running.err:find("a clean-up failed", 1, true))
    end)
  end

  it("goes on at SIGHUP where it was started with nohup", function()
    local running <close> = child.spawn("sh", { "-c", 'trap "" HUP; exec "$@"', "sh", child.program, table.unpack(keeper "job") },
      { env = env() })
    running:wait_until(function() return polls() > 0 end)
    running.handle:kill "HUP"
    local before = polls()
    running:wait_until(function() return polls() >= before + 2 end)
    assert.same({ 1 }, patches())
    running.handle:kill "INT"
    assert.same({ 130, 0 }, { running:wait() })
    assert.same({ 1, 0 }, patches())
  end)

  it("cleans up, cancels and leaves the ids in its log when its terminal closes", function()
    if terminals.missing() then return pending(terminals.missing()) end
    local log = files.path .. "/log"
    local terminal <close> = terminals.spawn(("%s run %s/keeper.lua how=job 2>%s"):format(child.program, files.path, log), env())
    terminal:wait_until(function() return polls() > 0 end)
    terminal.handle:kill "KILL" -- script, which holds the terminal's other end
    terminal:wait_until(function() return #patches() == 2 and cancels() == 1 end)
    assert.same({ 1, 0 }, patches())
    terminal:poll_until(function()
      local file = assert(io.open(log))
      local text = file:read "a"
      file:close()
      return text:find("cancelling the job: cancelled", 1, true) ~= nil
    end)
  end)
end)
