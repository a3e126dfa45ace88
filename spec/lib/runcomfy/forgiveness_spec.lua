-- What is asked for again: a refusal that may pass, a few times; what cannot be read, three times.

local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local folder = require "spec.support.folder"
local json = require "core.json"
local outputs = require "lib.runcomfy.outputs"
local recent = require "lib.runcomfy.recent"
local recipes = require "spec.support.recipes"
local wire = require "spec.support.wire"

local ID = recipes.TEXT_TO_IMAGE
local QUICK = { sim = { cold_start = 1 } }

local ONE = [[
  local rc = require "rc"
  return rc.tool {
    name = "one", description = "Submits and waits.", uses = { "submit_request" },
    run = function() return rc.submit { deployment_id = "]] .. ID .. [[" }:wait() end,
  }]]

local function submitted()
  return assert(bed.runcomfy():submit(ID, {})):value "request_id"
end

local function ids(request_id)
  return { deployment_id = ID, request_id = request_id }
end

local function count(sim, path)
  return #sim:requests { path = path }
end

local function wait_tool(more)
  local arguments = { deployment_id = ID, wait_for_completion = true, timeout_seconds = 300 }
  for key, value in pairs(more or {}) do arguments[key] = value end
  return bed.call("submit_request", arguments)
end

describe("a refusal that may pass", function()
  for _, status in ipairs { 404, 409, 423, 425 } do
    for _, path in ipairs { "/status", "/result" } do
      it(("is forgiven in a wait: HTTP %d for %s"):format(status, path), function()
        bed.with(QUICK, function(sim)
          assert(sim:fault { kind = "status", status = status, path = path, count = 4 })
          local answer = wait_tool()
          assert.is_true(answer.ok)
          assert.equal(1, #answer.data.output_urls)
        end)
      end)

      it(("ends a wait when it does not pass, with the ids: HTTP %d for %s"):format(status, path), function()
        bed.with(QUICK, function(sim)
          assert(sim:fault { kind = "status", status = status, path = path, forever = true })
          local answer = wait_tool()
          assert.is_string(answer.data.submission.request_id)
          assert.matches(answer.data.submission.request_id, answer.text, 1, true)
          assert.matches("HTTP " .. status, answer.text, 1, true)
          assert.equal(6, count(sim, path))
        end)
      end)
    end

    it(("is forgiven in a read of a job that is a moment old: HTTP %d"):format(status), function()
      bed.with(QUICK, function(sim)
        local request_id = submitted()
        assert(sim:fault { kind = "status", status = status, path = "/status", count = 3 })
        assert.is_true(bed.call("get_request_status", ids(request_id)).ok)
        clock.sleep(100)
        assert.equal("completed", bed.call("get_request_status", ids(request_id)).data.status.status)
        assert(sim:fault { kind = "status", status = status, path = "/result", count = 3 })
        assert.is_true(bed.call("get_request_result", ids(request_id)).ok)
      end)
    end)

    it(("is forgiven when a job that is a moment old is cancelled, within the time for it: HTTP %d"):format(status), function()
      bed.with({}, function(sim, time)
        local request_id = submitted()
        assert(sim:fault { kind = "status", status = status, path = "/cancel", count = 3 })
        local answer = bed.runcomfy():cancel(ID, request_id, { once = true, total_ms = 5000 })
        assert.equal("cancelled", answer:value "outcome")
        assert(sim:fault { kind = "status", status = status, path = "/cancel", forever = true })
        local begun = time.time
        local none, err = bed.runcomfy():cancel(ID, request_id, { once = true, total_ms = 1000 })
        assert.is_nil(none)
        assert.equal(status, err.status_code)
        assert.is_true(time.time - begun < 1)
        assert.is_nil(err.delivery)
      end)
    end)
  end

  for _, code in ipairs { 404001, 409, 425, 429000, 500001, 503 } do
    for _, path in ipairs { "/status", "/result" } do
      it(("is forgiven in a wait, too, where it comes under HTTP 200: error_code %d for %s"):format(code, path), function()
        bed.with(QUICK, function(sim)
          assert(sim:fault { kind = "error_code", error_code = code, path = path, count = 4 })
          local answer = wait_tool()
          assert.is_true(answer.ok, answer.text)
          assert.equal(1, #answer.data.output_urls)
        end)
      end)
    end
  end

  it("does not count together with trouble of RunComfy's own: six in a row end a wait, not six in all", function()
    bed.with(QUICK, function(sim)
      for _ = 1, 3 do
        assert(sim:fault { kind = "status", status = 409, path = "/status", count = 4 })
        assert(sim:fault { kind = "status", status = 502, path = "/status", count = 1 })
      end
      assert.is_true(wait_tool().ok)
      assert.is_true(count(sim, "/status") >= 15)
    end)
  end)

  it("is not one where nobody submitted that id a moment ago: 404 is told at once", function()
    bed.with({}, function(sim)
      for _, name in ipairs { "get_request_status", "get_request_result", "cancel_request" } do
        local answer = bed.call(name, ids "unknown-id")
        assert.is_false(answer.ok)
        assert.equal(404, answer.data.status_code)
      end
      local _, err = bed.runcomfy():wait(ID, "unknown-id", { timeout = 100 })
      assert.equal(404, err.status_code)
      assert.equal(4, #sim:requests())
    end)
  end)

  it("is not one when the job is a minute old", function()
    bed.with({}, function(sim)
      local request_id = submitted()
      clock.sleep(61)
      assert(sim:fault { kind = "status", status = 404, path = "/status", forever = true })
      assert.equal(404, bed.call("get_request_status", ids(request_id)).data.status_code)
      assert.equal(1, count(sim, "/status"))
    end)
  end)

  it("is one in a wait that has seen the job", function()
    bed.with({}, function(sim)
      local request_id = submitted()
      assert(sim:fault { kind = "status", status = 404, path = "/status", skip = 40, count = 2 })
      assert.equal("succeeded", bed.runcomfy():wait(ID, request_id, { timeout = 600 }).ending)
    end)
  end)

  it("is forgiven in a recipe", function()
    local own <close> = folder.new()
    own:write("one.lua", ONE)
    for _, status in ipairs { 404, 409, 423, 425 } do
      for _, path in ipairs { "/status", "/result" } do
        recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
          assert(bench.sim:fault { kind = "status", status = status, path = path, count = 3 })
          local answer = bench:call "one"
          assert.is_true(answer.ok, answer.text)
          assert.equal(1, #answer.data.output_urls)
        end)
        recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
          assert(bench.sim:fault { kind = "status", status = status, path = path, forever = true })
          local answer = bench:call "one"
          assert.is_false(answer.ok)
          assert.equal(status, answer.data.status_code)
          assert.is_string(answer.data.request_id)
          assert.is_true(bench:count("GET", path) <= 8)
        end)
      end
    end
  end)

  it("keeps only so many requests in mind", function()
    local time <close> = clock.virtual()
    time:run(function()
      local list = recent.new()
      for i = 1, 2000 do list:note("d", "r" .. i) end
      assert.is_false(list:is("d", "r1"))
      assert.is_true(list:is("d", "r2000"))
      assert.is_true(list:may_pass(404, "d", "r2000"))
      assert.is_false(list:may_pass(403, "d", "r2000"))
      clock.sleep(61)
      assert.is_false(list:is("d", "r2000"))
    end)
  end)
end)

local UNREADABLE = { "not JSON", "", "<html><title>Login</title></html>", "17", "[]", '{"a":undefined', "null" }

describe("what cannot be read", function()
  for _, body in ipairs(UNREADABLE) do
    it(("is asked for three times in a wait, not to its end: %q"):format(body), function()
      for _, path in ipairs { "/status", "/result" } do
        bed.with(QUICK, function(sim)
          bed.answer_with(sim, body, { path = path, forever = true })
          local answer = wait_tool()
          assert.equal(3, count(sim, path))
          assert.matches(answer.data.submission.request_id, answer.text, 1, true)
          assert.matches("RunComfy's answer is not a ", answer.text, 1, true)
        end)
      end
    end)

    it(("is asked for three times by get_request_result: %q"):format(body), function()
      bed.with({}, function(sim)
        bed.answer_with(sim, body, { path = "/result", forever = true })
        local answer = bed.call("get_request_result", ids "r")
        assert.is_false(answer.ok)
        assert.equal("unexpected_answer", answer.data.code)
        assert.equal(3, count(sim, "/result"))
      end)
    end)
  end

  it("passes where a better answer comes", function()
    bed.with(QUICK, function(sim)
      bed.answer_with(sim, "not JSON", { path = "/status", count = 2 })
      bed.answer_with(sim, "not JSON", { path = "/result", count = 2 })
      assert.equal(1, #wait_tool().data.output_urls)
    end)
  end)

  it("is asked for on where it is another text each time, as pages of gateways are", function()
    bed.with(QUICK, function(sim)
      for i = 1, 20 do bed.answer_with(sim, "page " .. i, { path = "/status" }) end
      assert.equal(1, #wait_tool().data.output_urls)
    end)
  end)

  local SPOILT = '{"request_id":"r","status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/1.png"},{"url":"https://x/2.png"}],'
    .. '"n":nan}}}'

  it("gives what stands before its fault, where it is a result", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, SPOILT, { path = "/result", forever = true })
      local answer = bed.call("get_request_result", ids "r")
      assert.is_true(answer.ok)
      assert.equal("https://x/2.png", answer.data.output_urls[2].url)
      assert.matches("was not valid JSON (line 1, column", answer.text, 1, true)
      assert.matches("was not valid JSON (line 1, column", answer.data.note, 1, true)
      assert.equal(3, count(sim, "/result"))
    end)
    bed.with(QUICK, function(sim)
      bed.answer_with(sim, SPOILT, { path = "/result", forever = true })
      local answer = wait_tool()
      assert.is_true(answer.ok)
      assert.equal("https://x/2.png", answer.data.output_urls[2].url)
      assert.matches("was not valid JSON (line 1, column", answer.data.note, 1, true)
      assert.equal(3, count(sim, "/result"))
    end)
  end)

  it("is no end of a recipe: it gets what stands before the fault, and the note", function()
    local own <close> = folder.new()
    own:write("one.lua", [[
      local rc = require "rc"
      return rc.tool {
        name = "one", description = "Submits and waits.", uses = { "submit_request" },
        run = function()
          local done = rc.submit { deployment_id = "]] .. ID .. [[" }:wait()
          return { url = done.output_urls[2].url, note = done.note }
        end,
      }]])
    recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
      assert(bench.sim:fault { kind = "text", status = 200, message = SPOILT, path = "/result", forever = true })
      local answer = bench:call "one"
      assert.is_true(answer.ok, answer.text)
      assert.equal("https://x/2.png", answer.data.url)
      assert.matches("was not valid JSON", answer.data.note, 1, true)
      assert.equal(3, bench:count("GET", "/result"))
    end)
  end)
end)

describe("a result that breaks off", function()
  local server

  setup(function() server = wire.start() end)
  teardown(function() server:close() end)

  local BODY = '{"status":"completed","outputs":{"9":{"images":[{"url":"https://files.example/a.png"}]}},"more":"'

  -- Of both the status and the result.
  local function serve(bytes)
    server:set("answer", bytes)
    return bed.use { base_url = server.url }
  end

  for name, bytes in pairs {
    ["a Content-Length that is too large"] = "HTTP/1.1 200 X\r\nContent-Length: 999\r\n\r\n" .. BODY .. '"}',
    ["no end of its chunks"] = ("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n"):format(#BODY, BODY),
  } do
    it("counts as far as it came, where it comes no further in three tries: " .. name, function()
      local _ <close> = serve(bytes)
      local before = server:requests()
      local time <close> = clock.virtual()
      time:run(function()
        local waited = assert(bed.runcomfy():wait(ID, "r", { timeout = 300 }))
        assert.equal("completed", waited.ending)
        assert.equal("https://files.example/a.png", outputs.urls(waited.result)[1].url:value())
      end)
      server:settle()
      assert.equal(before + 4, server:requests()) -- one for the status
    end)

    it("is told by the tools, too: " .. name, function()
      local _ <close> = serve(bytes)
      local time <close> = clock.virtual()
      time:run(function()
        assert.equal("completed", bed.call("get_request_status", ids "r").data.status.status)
        assert.equal("https://files.example/a.png", bed.call("get_request_result", ids "r").data.output_urls[1].url)
      end)
    end)
  end
end)

describe("an answer that is not compressed as its header says", function()
  it("is asked for as it is, and read", function()
    local server <close> = wire.start()
    local _ <close> = bed.use { base_url = server.url }
    local body = '{"status":"completed","outputs":{"9":{"images":[{"url":"https://files.example/a.png"}]}}}'
    for _, encoding in ipairs { "gzip", "br" } do
      server:set("answer", ("HTTP/1.1 200 X\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s"):format(encoding, #body, body))
      local time <close> = clock.virtual()
      time:run(function()
        local waited = assert(bed.runcomfy():wait(ID, "r", { timeout = 300 }))
        assert.equal("https://files.example/a.png", outputs.urls(waited.result)[1].url:value())
        assert.equal("completed", bed.call("get_request_status", ids "r").data.status.status)
      end)
    end
    server:settle()
    assert.equal(2 * 2 * 3, server:requests())
  end)
end)

describe("the failure of a job that comes with an error_code", function()
  local FAILED = '{"status":"failed","error_code":500001,"error_message":"node 3 died"}'

  it("is its end, not trouble that may pass, to a wait and to get_request_result", function()
    bed.with(QUICK, function(sim)
      bed.answer_with(sim, FAILED, { path = "/status", forever = true })
      bed.answer_with(sim, FAILED, { path = "/result", forever = true })
      local answer = wait_tool()
      assert.matches("^Request %S+ finished: failed%. node 3 died", answer.text)
      assert.is_string(answer.data.request_id)
      assert.equal(2, count(sim, "/status") + count(sim, "/result"))
      answer = bed.call("get_request_result", ids(answer.data.request_id))
      assert.is_false(answer.ok)
      assert.matches("failed. node 3 died", answer.text, 1, true)
    end)
  end)

  it("is its end to a recipe", function()
    local own <close> = folder.new()
    own:write("one.lua", ONE)
    recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
      bed.answer_with(bench.sim, FAILED, { path = "/status", forever = true })
      bed.answer_with(bench.sim, FAILED, { path = "/result", forever = true })
      local answer = bench:call "one"
      assert.is_false(answer.ok)
      assert.matches("node 3 died", answer.text, 1, true)
      assert.is_nil(answer.text:find("Still open", 1, true))
      assert.equal(2, bench:count("GET", "/status") + bench:count("GET", "/result"))
    end)
  end)
end)

describe("what is no answer", function()
  it("is asked for three times in a wait, not to its end: redirects in a circle", function()
    bed.with(QUICK, function()
      local tries = 0
      bed.runcomfy().result = function()
        tries = tries + 1
        return nil, errors.new("127.0.0.1 redirects more than 5 times", { code = "protocol" })
      end
      local answer = wait_tool()
      assert.matches("redirects more than 5 times", answer.text, 1, true)
      assert.equal(3, tries)
    end)
  end)
end)

describe("an answer that had to be repaired", function()
  local REPAIRED = {
    get_request_status = '{"status":"in_progress","score":NaN}', get_request_result = '{"status":"succeeded","outputs":{},"score":NaN}',
    submit_request = '{"request_id":"r","score":NaN}', create_deployment = '{"id":"d","score":NaN}',
    update_deployment = '{"id":"d","score":NaN}',
    cancel_request = '{"outcome":"cancelled","score":NaN}', delete_deployment = '{"score":NaN}', call_instance_proxy = '{"score":NaN}',
    list_deployments = '[{"id":"d","score":NaN}]', get_deployment = '{"id":"d","score":NaN}',
  }
  for _, name in ipairs(bed.NAMES) do
    it("is noted by " .. name, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, REPAIRED[name], { forever = true })
        local answer = bed.call(name, bed.GOOD[name])
        assert.is_true(answer.ok)
        assert.matches("was repaired: NaN at line 1, column %d+ became null", answer.text)
      end)
    end)
  end

  it("is noted by a wait, for each of its answers, and when it ends early", function()
    for _, path in ipairs { "/inference", "/status", "/result" } do
      bed.with({}, function(sim)
        local bodies = { ["/inference"] = '{"request_id":"r"', ["/status"] = '{"status":"completed"',
          ["/result"] = '{"status":"succeeded"' }
        for at, body in pairs(bodies) do
          bed.answer_with(sim, body .. (at == path and ',"x":-Infinity}' or "}"), { path = at, forever = true })
        end
        local answer = wait_tool()
        assert.is_true(answer.ok)
        assert.matches("was repaired: -Infinity at line 1", answer.text, 1, true)
        assert.equal(path == "/result", json.encode(answer.data):find '"note":"RunComfy' ~= nil)
      end)
    end
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"in_progress","x":NaN}', { path = "/status", forever = true })
      assert.matches("was repaired", wait_tool({ timeout_seconds = 3 }).text, 1, true)
    end)
  end)
end)
