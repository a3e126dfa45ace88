-- rcmcp call against the simulator: its own inside the process, or one in this process with faults.
local child = require "spec.support.child"
local clock = require "lib.async.clock"
local json = require "core.json"
local responder = require "spec.support.responder"
local sim = require "lib.sim.server"
local terminals = require "spec.support.terminal"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local function call(args, options)
  local status, out, err = child.run({ "call", table.unpack(args) }, options)
  return status, out, err
end

local function simulated(...)
  return call { "--simulate", "--speed", "600", ... }
end

describe("rcmcp call", function()
  it("prints the structured content on standard output and the message on standard error", function()
    local status, out, err = simulated "list_deployments"
    assert.equal(0, status)
    local data = json.decode(out)
    assert.is_true(data.ok)
    assert.equal(3, #data.deployments)
    assert.is_true(data.simulated)
    assert.matches("^Found 3 deployment%(s%)%.\nSIMULATED: ", err)
  end)

  it("says nothing on standard error with --quiet, unless it fails", function()
    local status, out, err = simulated("list_deployments", "--quiet")
    assert.same({ 0, "" }, { status, err })
    assert.is_true(json.decode(out).ok)
    assert.is_true(#select(3, simulated("get_deployment", "deployment_id=none", "--quiet")) > 0)
  end)

  it("waits for a request and ends with 0", function()
    local status, out = simulated("submit_request", "deployment_id=" .. ID, "wait_for_completion=true", "timeout_seconds=600",
      'overrides={"6":{"inputs":{"text":"a fox"}}}')
    assert.equal(0, status)
    local data = json.decode(out)
    assert.equal("completed", data.status.status)
    assert.is_truthy(data.output_urls[1].url)
  end)

  it("ends with 75 when the wait ended first, and prints the ids", function()
    local status, out, err = call { "submit_request", "deployment_id=" .. ID, "wait_for_completion=true", "timeout_seconds=0",
      "--simulate", "--speed", "1" }
    assert.equal(75, status)
    local data = json.decode(out)
    assert.is_true(data.pending)
    assert.equal(ID, data.deployment_id)
    assert.matches(data.submission.request_id, err, 1, true)
  end)

  it("ends with 1 when the tool answers with an error", function()
    local status, out, err = simulated("get_deployment", "deployment_id=none")
    assert.equal(1, status)
    assert.equal(404, json.decode(out).status_code)
    assert.matches("HTTP 404", err)
  end)

  it("ends with 65 for arguments that the tool does not take, and with 64 for a wrong command line", function()
    local status, out, err = simulated("get_deployment", "deployment=x")
    assert.equal(65, status)
    assert.is_false(json.decode(out).ok)
    assert.matches("deployment_id", err)
    for _, args in ipairs { { "create_deployment", "hardware=H100", "name=n", "workflow_id=w", "workflow_version=v1" },
                            { "submit_request", "deployment_id=x", "overrides={" }, { "list_deployments", "word" } } do
      assert.equal(65, (simulated(table.unpack(args))), args[1])
    end
    status, out, err = simulated "list_deployment"
    assert.same({ 64, "" }, { status, out })
    assert.matches("did you mean 'list_deployments'?", err, 1, true)
    assert.equal(64, (simulated("get_deployment", "deployment_id=x", "--args", "{}")))
  end)

  it("ends with 77 without a key", function()
    local status, out, err = call { "list_deployments" }
    assert.equal(77, status)
    assert.equal("no_key", json.decode(out).code)
    assert.matches("RUNCOMFY_API_KEY_FILE", err)
  end)

  it("ends with 69 when nobody answers", function()
    local status, out = call({ "delete_deployment", "deployment_id=" .. ID },
      { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=http://127.0.0.1:1" } })
    assert.equal(69, status)
    assert.is_false(json.decode(out).ok)
  end)

  it("shows nothing of an answer that a terminal would obey", function()
    local evil = "\27[2J\u{9B}31mgone\7\127"
    local body = json.encode { error_code = 17, error_message = evil }
    local api <close> = responder.start { ["*"] = { responder.answer(400, body), "close" } }
    local status, out, err = call({ "get_deployment", "deployment_id=" .. ID },
      { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. api.url } })
    assert.equal(1, status)
    assert.equal(evil, json.decode(out).message)
    assert.matches("?[2J?31mgone??", err, 1, true)
    for _, shown in ipairs { out, err } do assert.is_nil(shown:find "[%z\1-\8\11-\31\127]" or shown:find "\u{9B}") end
  end)

  it("takes its arguments from standard input or from one option", function()
    local arguments = json.encode { ids = json.as_array { ID } }
    local status, out = call({ "list_deployments", "--args", "-", "--simulate" }, { input = arguments })
    assert.equal(0, status)
    assert.equal(1, #json.decode(out).deployments)
    status, out = call { "list_deployments", "--args", arguments, "--simulate" }
    assert.equal(0, status)
    assert.equal(1, #json.decode(out).deployments)
    status, out = call({ "list_deployments", "--args", "-", "--simulate", "--json" }, { input = "{" })
    assert.equal(65, status)
    assert.matches("standard input is no JSON: line 1", json.decode(out).error)
  end)

  it("prints one line of JSON with --json, also for its own errors", function()
    for _, args in ipairs { { "list_deployments" }, { "get_deployment", "deployment_id=none" }, { "no_such_tool" },
                            { "list_deployments", "word" } } do
      local _, out, err = simulated("--json", table.unpack(args))
      assert.equal("", err)
      assert.matches("^[^\n]+\n$", out)
      assert.is_boolean(json.decode(out).ok)
    end
    local status, out, err = call({ "list_deployments", "--json" }, { env = { "RCMCP_LOG_LEVEL=loud" } })
    assert.equal(78, status)
    assert.matches("log_level", json.decode(out).error)
    assert.matches("log_level", err)
  end)

  it("rewrites a progress line in place on a terminal, and leaves nothing of it", function()
    if terminals.missing() then return pending(terminals.missing()) end
    local command = ("%s call submit_request deployment_id=%s wait_for_completion=true --simulate --speed 600")
      :format(child.program, ID)
    local terminal <close> = terminals.spawn(command)
    assert.equal(0, (terminal:wait()))
    assert.matches("\r\27[Kin queue", terminal.out, 1, true)
    assert.matches("\r\27[K{\"ok\":true", terminal.out, 1, true)
  end)

  describe("interrupted", function()
    local simulator

    before_each(function() simulator = assert(sim.start { key = "some-key-of-the-spec" }) end)
    after_each(function() simulator:stop() end)

    local function start_wait(...)
      local waiting = child.rcmcp({ "call", "submit_request", "deployment_id=" .. ID, "wait_for_completion=true", ... },
        { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
      waiting:wait_until(function() return simulator.received >= 2 end) -- the submit and a poll
      return waiting
    end

    local function last_request()
      local requests = simulator:requests()
      return requests[#requests]
    end

    it("cancels the remote request, says so, and ends with 130", function()
      local waiting <close> = start_wait()
      waiting.handle:kill "INT"
      assert.equal(130, (waiting:wait()))
      assert.equal("POST", last_request().method)
      assert.matches("/cancel$", last_request().path)
      assert.equal("", waiting.out)
      local ids, log, words = waiting.err:match "^([^\n]*\n)([^\n]*\n)(.*)$" -- every write is a line of the log
      assert.matches("^rcmcp call: submitted request ", ids)
      assert.matches("^rcmcp: warning: cancel %(POST .*outcome cancelled", log)
      assert.matches("^rcmcp call: interrupted; .*cancel", words)
    end)

    it("says when the cancel did not work", function()
      local waiting <close> = start_wait "--json"
      assert(simulator:fault { kind = "status", path = "/cancel", status = 500, message = "broken on purpose" })
      waiting.handle:kill "TERM"
      assert.equal(130, (waiting:wait()))
      local data = json.decode(waiting.out)
      assert.equal("interrupted", data.code)
      assert.matches("broken on purpose", data.error)
      assert.matches("^rcmcp call: submitted request [^\n]*\nrcmcp: warning: cancel %(POST [^\n]*outcome unknown: broken on purpose"
        .. "[^\n]*\n$", waiting.err)
    end)
  end)

  it("leaves the clock of this process alone", function()
    assert.equal(1.0, clock.speed())
  end)
end)
