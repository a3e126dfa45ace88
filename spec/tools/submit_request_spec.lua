local bed = require "spec.support.runcomfy"
local fiber = require "lib.async.fiber"
local json = require "core.json"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local function submit(more, ctx)
  local arguments = { deployment_id = ID }
  for key, value in pairs(more or {}) do arguments[key] = value end
  return bed.call("submit_request", arguments, ctx)
end

local function wait(more, ctx)
  local arguments = { wait_for_completion = true }
  for key, value in pairs(more or {}) do arguments[key] = value end
  return submit(arguments, ctx)
end

local function count(sim, part)
  return #sim:requests { path = part }
end

describe("tool submit_request", function()
  describe("submits", function()
    it("and answers at once with the request id", function()
      bed.with({}, function(sim)
        local answer = submit { overrides = { ["6"] = { inputs = { text = "x" } } } }
        local id = answer.data.submission.request_id
        assert.equal(("Submitted request %s."):format(id), answer.text)
        assert.equal(ID, answer.data.deployment_id)
        assert.equal(1, #sim:requests())
        assert.equal("/prod/v1/deployments/" .. ID .. "/inference", sim:requests()[1].path)
        assert.equal('{"overrides":{"6":{"inputs":{"text":"x"}}}}', sim:requests()[1].body)
      end)
    end)

    it("the members of objects in the order in which the client sent them", function()
      bed.with({}, function(sim)
        local graph = '{"9":{"inputs":{"image1":"a","image10":"b","image2":"c"},"class_type":"K"},"10":{"class_type":"L","inputs":{}}}'
        submit { overrides = json.decode(graph) }
        submit { overrides = graph }
        for _, request in ipairs(sim:requests()) do assert.equal('{"overrides":' .. graph .. "}", request.body) end
      end)
    end)

    it("and waits as long as may be for a timeout beyond every integer", function()
      bed.with({}, function() assert.is_true(wait({ timeout_seconds = json.integer "18446744073709551615" }).ok) end)
    end)

    it("the saved defaults by empty overrides", function()
      bed.with({}, function(sim)
        assert.is_true(submit().ok)
        assert.is_true(submit({ overrides = json.null, workflow_api_json = json.null, extra_data = json.null }).ok)
        for _, request in ipairs(sim:requests()) do assert.equal('{"overrides":{}}', request.body) end
      end)
    end)

    it("numbers, lists and objects as they came", function()
      local graph = '{"1":{"class_type":"X","inputs":{"a":[],"b":{},"c":1.0,"d":18446744073709551615,"e":-9223372036854775808,"f":null,'
        .. '"g":0.1,"h":156680208700286,"i":"\u{1F600}"}}}'
      bed.with({}, function(sim)
        for _, field in ipairs { "overrides", "workflow_api_json" } do
          bed.answer_with(sim, '{"request_id":"r"}')
          submit { [field] = json.decode(graph) }
          bed.answer_with(sim, '{"request_id":"r"}')
          submit { [field] = graph }
        end
        local requests = sim:requests()
        for i, field in ipairs { "overrides", "overrides", "workflow_api_json", "workflow_api_json" } do
          assert.equal(('{"%s":%s}'):format(field, graph), requests[i].body)
        end
      end)
    end)

    it("a webhook as query parameters", function()
      bed.with({}, function(sim)
        bed.answer_with(sim, '{"request_id":"r"}', { count = 2 })
        submit { webhook_url = "https://example.com/hook?a=b&c=d" }
        submit { webhook_url = "https://example.com/hook", webhook_intermediate_status = true }
        assert.equal("webhook=https%3A%2F%2Fexample.com%2Fhook%3Fa%3Db%26c%3Dd", sim:requests()[1].query)
        assert.equal("webhook=https%3A%2F%2Fexample.com%2Fhook&webhook_intermediate_status=true", sim:requests()[2].query)
        assert.equal('{"overrides":{}}', sim:requests()[1].body)
      end)
    end)

    it("extra_data, which no error shows", function()
      bed.with({}, function(sim)
        local secret = "comfyui-0123+[secret]"
        local detail = { { loc = { "body", "extra_data" }, msg = "bad " .. secret, input = secret } }
        bed.answer_with(sim, json.encode { detail = detail }, { status = 422 })
        local answer = submit { extra_data = { api_key_comfy_org = secret } }
        assert.equal(secret, json.decode(sim:requests()[1].body).extra_data.api_key_comfy_org)
        assert.is_false(answer.ok)
        assert.is_nil((answer.text .. answer.json):find("0123", 1, true))
        assert.matches("body.extra_data: bad [redacted]", answer.text, 1, true)
      end)
    end)
  end)

  it("sends what is clear in the documented shape, whatever stands around it", function()
    bed.with({}, function(sim)
      local expected = '{"overrides":{"6":{"inputs":{"text":"x","a":1}}}}'
      for _, overrides in ipairs {
        '{"6":{"inputs":{"text":"x","a":1}}}', '{"6":{"text":"x","a":1}}', '{"6.text":"x","6.inputs.a":1}',
        '{"overrides":{"6":{"inputs":{"text":"x","a":1}}}}', '{"prompt":{"6":{"text":"x","a":1}},"client_id":"c"}',
        [[{"6":"{\"inputs\":{\"text\":\"x\",\"a\":1}}"}]],
      } do
        submit { overrides = json.decode(overrides) } -- the workflow has no input 'a': what was sent is looked at
      end
      for _, request in ipairs(sim:requests()) do assert.equal(expected, request.body) end
      assert.equal(6, #sim:requests())
    end)
  end)

  it("takes what a client sends that fills in every field for nothing", function()
    bed.with({}, function(sim)
      assert.is_true(submit({
        overrides = { ["6"] = { inputs = { text = "x" } } }, workflow_api_json = {}, extra_data = {}, webhook_url = "",
        webhook_intermediate_status = false, wait_for_completion = false, timeout_seconds = "",
      }).ok)
      assert.is_true(submit({ overrides = {}, workflow_api_json = "", extra_data = "", webhook_intermediate_status = "" }).ok)
      assert.equal('{"overrides":{"6":{"inputs":{"text":"x"}}}}', sim:requests()[1].body)
      assert.equal('{"overrides":{}}', sim:requests()[2].body)
    end)
  end)

  describe("refuses before anything is sent", function()
    local cases = {
      { { overrides = { ["6"] = { inputs = { text = "x" } } }, workflow_api_json = { ["6"] = { class_type = "A", inputs = {} } } },
        "'overrides' and 'workflow_api_json' exclude each other" },
      { { webhook_intermediate_status = true }, "'webhook_intermediate_status' needs 'webhook_url'" },
      { { overrides = { text = "x" } }, "'text' is no node id: the node whose input it is must be named" },
      { { overrides = { ["6"] = "x" } }, "node '6' must be an object with 'inputs', got a string" },
      { { overrides = { ["6"] = { inputs = "x" } } }, "'inputs' of node '6' must be an object" },
      { { overrides = { nodes = json.as_array {}, links = json.as_array {}, version = 0.4 } }, "is in the format of ComfyUI's editor" },
      { { overrides = { ["6.text"] = "x", ["6"] = { inputs = { text = "y" } } } }, "input 'text' of node '6' is given twice" },
      { { workflow_api_json = { nodes = json.as_array {}, links = json.as_array {} } }, "is in the format of ComfyUI's editor" },
      { { workflow_api_json = { ["6"] = { inputs = { text = "x" } } } },
        "To change inputs of the deployment's own workflow use 'overrides'" },
      { { webhook_url = "http://example.com" }, "'webhook_url' must be a public https:// URL" },
      { { webhook_url = "https://" }, "'webhook_url'" },
      { { webhook_url = "https://a b" }, "'webhook_url'" },
      { { overrides = "[1]" }, "'overrides' must be an object, such as {\"6\":{\"inputs\":{\"text\"" },
      { { timeout_seconds = "soon" }, "'timeout_seconds' must be an integer" },
      { { wait_for_completion = "perhaps" }, "'wait_for_completion' must be true or false" },
    }
    for _, case in ipairs(cases) do
      it(case[2], function()
        bed.with({}, function(sim)
          local answer = submit(case[1])
          assert.is_false(answer.ok)
          assert.matches(case[2], answer.text, 1, true)
          assert.equal("invalid_input", answer.data.code)
          assert.equal(0, #sim:requests())
        end)
      end)
    end
  end)

  it("says which override is wrong", function()
    bed.with({}, function()
      local answer = submit { overrides = { ["999"] = { inputs = { text = "x" } } } }
      assert.is_false(answer.ok)
      assert.equal(422001, answer.data.error_code)
      assert.matches("999", answer.text, 1, true)
      assert.matches("include_payload=true", answer.text, 1, true)
    end)
  end)

  it("says how to enable a deployment that is disabled", function()
    bed.with({}, function()
      bed.call("update_deployment", { deployment_id = ID, is_enabled = false })
      local answer = submit()
      assert.equal(10002, answer.data.error_code)
      assert.matches("update_deployment (is_enabled=true)", answer.text, 1, true)
    end)
  end)

  for _, body in ipairs { "{}", '{"request_id":null}', "", "accepted" } do
    it(("does not lose a submit whose answer is %q without saying so"):format(body), function()
      bed.with({}, function(sim)
        bed.answer_with(sim, body)
        local answer = wait()
        assert.is_false(answer.ok)
        assert.equal("unknown", answer.data.delivery)
        assert.equal(ID, answer.data.deployment_id)
        assert.matches("no request_id", answer.text, 1, true)
        assert.equal(1, #sim:requests())
      end)
    end)
  end

  for name, case in pairs {
    ["a gateway's trouble"] = { 502, '{"request_id":"r-17","message":"upstream"}' },
    ["an error_code of trouble"] = { 200, '{"request_id":"r-17","error_code":500001,"error_message":"oops"}' },
    ["a redirect"] = { 307, '{"request_id":"r-17"}' },
    ["a redirect's neighbour"] = { 504, '{"detail":"later","request_id":"r-17"}' },
  } do
    it("names the request that an answer holds beside " .. name .. ", and never says that its id is lost", function()
      bed.with({}, function(sim)
        bed.answer_with(sim, case[2], { status = case[1] })
        local ctx = bed.context()
        local told
        function ctx.receipt(_, receipt) told = receipt end
        local answer = bed.call("submit_request", { deployment_id = ID }, ctx)
        assert.is_false(answer.ok)
        assert.equal("unknown", answer.data.delivery)
        assert.equal("r-17", answer.data.request_id)
        assert.equal(ID, answer.data.deployment_id)
        assert.matches(("request r-17 of deployment %s, which may run"):format(ID), answer.text, 1, true)
        assert.is_nil(answer.json:find("lost", 1, true))
        assert.is_nil(answer.text:find("lost", 1, true))
        assert.equal("r-17", told.request_id)
        assert.equal(1, #sim:requests())
      end)
    end)
  end

  it("names the request that a refusal names", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"request_id":"r-17","detail":"one like it runs"}', { status = 409 })
      local answer = submit()
      assert.is_false(answer.ok)
      assert.is_nil(answer.data.delivery)
      assert.matches("HTTP 409 | one like it runs\nThe answer names request r-17", answer.text, 1, true)
    end)
  end)

  for _, id in ipairs { "17", "18446744073709551615" } do
    it("follows a request whose id is a number, as it was written: " .. id, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, ('{"request_id":%s}'):format(id))
        local answer = wait { timeout_seconds = 0 }
        assert.matches(("request_id=%s,"):format(id), answer.text, 1, true)
        assert.matches(('"submission":{"request_id":%s}'):format(id), answer.json, 1, true)
        assert.equal(1, count(sim, "/requests/" .. id .. "/status"))
      end)
    end)
  end

  for name, id in pairs {
    ["a slash"] = "a/b", ["a query"] = "a?b=c", ["a control character"] = "a\\u001bb", ["dots"] = "..",
    ["10,000 characters"] = ("x"):rep(10000),
  } do
    it("does not say that nothing was sent where RunComfy itself gives an id with " .. name, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, ('{"request_id":"%s"}'):format(id))
        local answer = wait()
        assert.is_true(answer.ok)
        assert.is_true(answer.data.pending)
        assert.matches("Do not submit it again: look at the deployment's requests on runcomfy.com", answer.text, 1, true)
        assert.matches(('"submission":{"request_id":"%s"}'):format(id), answer.json, 1, true)
        for _, text in ipairs { answer.text, answer.json } do assert.not_matches("[Nn]othing was sent", text) end
        assert.equal(1, #sim:requests())
      end)
    end)
  end

  describe("waits", function()
    it("to the end and answers with result and outputs", function()
      bed.with({}, function(sim)
        local ctx = bed.context()
        local answer = wait({}, ctx)
        assert.is_true(answer.ok)
        local id = answer.data.submission.request_id
        assert.equal(("Request %s finished: completed."):format(id), answer.text)
        assert.equal("succeeded", answer.data.result.status)
        assert.equal("completed", answer.data.status.status)
        assert.equal(ID, answer.data.deployment_id)
        assert.equal(1, #answer.data.output_urls)
        assert.is_nil(answer.data.pending)
        assert.equal(1, count(sim, "/inference"))
        assert.equal(1, count(sim, "/result"))
        assert.equal("in queue, position 1, 0 s", ctx.reports[1][3])
        assert.matches("^in progress on instance [%x-]+, %d+ s$", ctx.reports[#ctx.reports - 1][3])
        assert.matches('^{"ok":true,"submission":{.*},"deployment_id":".-","output_urls":%[.*%],"status":{.*},"result":{.*}}$', answer.json)
      end)
    end)

    it("and says where the files of an unchanged run may be", function()
      bed.with({ sim = { cold_start = 1 } }, function()
        assert.is_true(wait().ok)
        local answer = wait()
        assert.is_true(answer.ok)
        assert.matches("that run's result has the files", answer.text, 1, true)
        assert.equal("[]", json.encode(answer.data.output_urls))
      end)
    end)

    it("until timeout_seconds, then says what to ask next and how", function()
      bed.with({}, function(sim, time)
        local before = time.time
        local answer = wait { timeout_seconds = 20 }
        assert.is_true(answer.ok)
        assert.is_true(answer.data.pending)
        local id = answer.data.submission.request_id
        assert.equal(ID, answer.data.deployment_id)
        assert.equal("in_queue", answer.data.status.status)
        assert.matches(id, answer.text, 1, true)
        assert.matches("Do not submit it again", answer.text, 1, true)
        assert.matches(("get_request_status with deployment_id=%s and request_id=%s"):format(ID, id), answer.text, 1, true)
        assert.is_true(math.abs(time.time - before - 20) < 0.1)
        assert.equal(0, count(sim, "/cancel"))
        assert.matches('^{"ok":true,"pending":true,"submission":', answer.json)
      end)
    end)

    it("until its caller wants an answer, which counts from the start of the call", function()
      for delay, seconds in pairs { [0] = 12, [5] = 12, [20] = 20 } do
        bed.with({}, function(sim, time)
          if delay > 0 then assert(sim:fault { kind = "delay", seconds = delay, path = "/inference" }) end
          local before = time.time
          local ctx = bed.context()
          ctx.answer_by = before + 12
          local answer = wait(nil, ctx)
          assert.is_true(answer.data.pending)
          assert.is_string(answer.data.submission.request_id)
          assert.is_true(math.abs(time.time - before - seconds) < 0.3, time.time - before)
        end)
      end
    end)

    it("until its caller wants an answer, also where a poll hangs", function()
      bed.with({}, function(sim, time)
        assert(sim:fault { kind = "delay", seconds = 25, path = "/status", forever = true })
        local before = time.time
        local answer = wait { timeout_seconds = 3 }
        assert.is_true(answer.data.pending)
        assert.is_true(time.time - before < 26)
      end)
    end)

    for _, timeout in ipairs { 0, -5 } do
      it(("for exactly one poll with timeout_seconds = %d"):format(timeout), function()
        bed.with({}, function(sim)
          local answer = wait { timeout_seconds = timeout }
          assert.is_true(answer.data.pending)
          assert.equal(1, count(sim, "/status"))
        end)
      end)
    end

    for _, word in ipairs { "cancelled", "canceled" } do
      it("and reports a job that was cancelled elsewhere, spelt " .. word, function()
        bed.with({ sim = { cancelled_word = word } }, function(sim)
          local answer
          local waiter = fiber.spawn(function() answer = wait() end)
          local clock = require "lib.async.clock"
          clock.sleep(10)
          local id = sim:requests({ path = "/status" })[1].path:match "requests/([^/]+)"
          bed.call("cancel_request", { deployment_id = ID, request_id = id })
          waiter:join()
          assert.is_false(answer.ok)
          assert.equal(("Request %s finished: %s."):format(id, word), answer.text)
          assert.equal(id, answer.data.request_id)
          assert.equal(ID, answer.data.deployment_id)
          assert.equal(word, answer.data.status.status)
        end)
      end)
    end

    it("and makes a failed job an error with the API's words and the ids", function()
      bed.with({ sim = { cold_start = 1 } }, function(sim)
        assert(sim:fault { kind = "fail_run", message = "CUDA out of memory" })
        local answer = wait()
        assert.is_false(answer.ok)
        assert.matches("^Request %S+ finished: failed. .*CUDA out of memory", answer.text)
        assert.equal(answer.text, answer.data.error)
        assert.equal("failed", answer.data.result.status)
        assert.equal(answer.data.submission.request_id, answer.data.request_id)
        assert.equal(ID, answer.data.deployment_id)
      end)
    end)

    it("through polls that fail", function()
      bed.with({ sim = { cold_start = 30 } }, function(sim)
        for _, kind in ipairs { "drop", "status", "html", "truncated", "empty" } do
          assert(sim:fault { kind = kind, path = "/status", skip = 1 })
        end
        assert(sim:fault { kind = "status", status = 429, path = "/result" })
        assert(sim:fault { kind = "drop", path = "/result" })
        local ctx = bed.context()
        local answer = wait({}, ctx)
        assert.is_true(answer.ok, answer.text)
        assert.equal(3, count(sim, "/result"))
        local failed = 0
        for _, report in ipairs(ctx.reports) do
          if report[3]:find("the last poll failed", 1, true) then failed = failed + 1 end
        end
        -- What is truncated tells the status all the same.
        assert.is_true(failed >= 4) -- libcurl itself repeats a GET whose reused connection was dropped
      end)
    end)

    it("to the end that the result tells, and names a status that says something else", function()
      for status, ending in pairs { FINISHED = "succeeded", failed = "succeeded", succeeded = "failed" } do
        bed.with({ sim = { cold_start = 0 } }, function(sim)
          bed.answer_with(sim, ('{"status":"%s"}'):format(status), { path = "/status", forever = true })
          bed.answer_with(sim, ('{"status":"%s","outputs":{"9":{"text":["a"]}}}'):format(ending), { path = "/result", forever = true })
          local answer = wait()
          assert.equal(ending == "succeeded", answer.ok)
          assert.matches("finished: " .. ending, answer.text, 1, true)
          if answer.ok then assert.matches("(its status says " .. status, answer.text, 1, true) end
        end)
      end
    end)

    it("and does not say that a job goes on whose status has a word that nobody knows", function()
      bed.with({}, function(sim)
        bed.answer_with(sim, '{"status":"expired"}', { path = "/status", forever = true })
        bed.answer_with(sim, "{}", { path = "/result", status = 404, forever = true })
        local answer = wait { timeout_seconds = 5 }
        assert.is_true(answer.data.pending)
        assert.matches("expired%.\nThat word is not known here, .* Do not submit it again", answer.text)
        assert.is_nil(answer.text:find("goes on and", 1, true))
      end)
    end)

    it("and keeps the ids when every poll fails", function()
      bed.with({}, function(sim)
        assert(sim:fault { kind = "status", path = "/status", forever = true })
        local answer = wait { timeout_seconds = 10 }
        assert.is_true(answer.ok)
        assert.is_true(answer.data.pending)
        assert.equal(json.null, answer.data.status)
        assert.matches("The last poll failed: HTTP 503", answer.text, 1, true)
        assert.is_string(answer.data.submission.request_id)
      end)
    end)

    it("and obeys Retry-After", function()
      bed.with({}, function(sim)
        assert(sim:fault { kind = "status", status = 429, path = "/status", retry_after = 30 })
        wait { timeout_seconds = 40 }
        local polls = sim:requests { path = "/status" }
        assert.is_true(polls[2].at - polls[1].at > 29.9)
      end)
    end)

    it("and keeps the ids when the API refuses to tell", function()
      bed.with({}, function(sim)
        assert(sim:fault { kind = "status", status = 403, path = "/status" })
        local answer = wait()
        assert.is_false(answer.ok)
        assert.equal(403, answer.data.status_code)
        assert.equal(ID, answer.data.deployment_id)
        assert.equal(answer.data.submission.request_id, answer.data.request_id)
        assert.matches("Do not submit it again", answer.text, 1, true)
        assert.equal(1, count(sim, "/status"))
      end)
    end)

    it("and tells the end even when the result cannot be fetched", function()
      bed.with({ sim = { cold_start = 1 } }, function(sim)
        assert(sim:fault { kind = "status", status = 500, path = "/result", forever = true })
        local answer = wait { timeout_seconds = 60 }
        assert.is_true(answer.ok)
        assert.matches("finished: completed.\nIts result could not be fetched (HTTP 500", answer.text, 1, true)
        assert.matches("get_request_result with deployment_id=", answer.text, 1, true)
        assert.is_false(answer.data.result.ok)
        assert.equal(500, answer.data.result.status_code)
      end)
    end)
  end)

  describe("whose client gives up", function()
    -- Starts a waiting call and cancels it after `seconds`; gives the context and how the fiber ended.
    local function given_up(seconds, more)
      local clock, ctx = require "lib.async.clock", bed.context()
      local call = fiber.spawn(function() return wait(more, ctx) end)
      call.quiet = true
      if seconds > 0 then clock.sleep(seconds) end
      ctx.cancelled = true
      call:cancel("client")
      local ok, err = call:join()
      return ctx, ok, err
    end

    it("stops polling at once and leaves the job alone", function()
      bed.with({}, function(sim)
        local ctx, ok, err = given_up(10)
        assert.is_false(ok)
        assert.is_true(fiber.is_cancelled(err))
        local polls = count(sim, "/status")
        require("lib.async.clock").sleep(60)
        assert.equal(polls, count(sim, "/status"))
        assert.equal(0, count(sim, "/cancel"))
        assert.equal(0, bed.runcomfy().waits.count)
        assert.matches("the job goes on", ctx.lines[1], 1, true)
      end)
    end)

    it("cancels the job, once, where the setting says so", function()
      bed.with({ cancel_remote = true }, function(sim)
        local ctx, ok = given_up(10)
        assert.is_false(ok)
        assert.equal(1, count(sim, "/cancel"))
        assert.equal(1, #ctx.lines)
        assert.matches("cancelling the job: cancelled", ctx.lines[1], 1, true)
      end)
    end)

    it("tries the cancel once, and says that it failed", function()
      bed.with({ cancel_remote = true }, function(sim)
        assert(sim:fault { kind = "drop", path = "/cancel", forever = true })
        local ctx, ok = given_up(10)
        assert.is_false(ok)
        assert.equal(1, count(sim, "/cancel"))
        assert.matches("cancelling the job: .*unknown", ctx.lines[1])
      end)
    end)

    it("sends nothing where no byte has left yet, and says so", function()
      bed.with({ cancel_remote = true }, function(sim)
        local ok, err
        local lines = require("spec.support.log").lines_of(function() ok, err = select(2, given_up(0)) end)
        assert.is_false(ok)
        assert.equal("not_sent", err.delivery)
        require("lib.async.clock").sleep(60)
        assert.equal(0, #sim:requests())
        assert.equal(1, #lines)
        assert.matches("^warning: submit %(POST .*/inference%): cancelled before a byte of it left: nothing was sent$", lines[1])
      end)
    end)

    it("carries the submit to its answer, so that the id is not lost", function()
      bed.with({ cancel_remote = true }, function(sim)
        assert(sim:fault { kind = "delay", seconds = 5, path = "/inference" })
        local ctx = given_up(1)
        assert.equal(1, count(sim, "/inference"))
        assert.equal(1, count(sim, "/cancel"))
        assert.equal(0, count(sim, "/status"))
        assert.equal(1, #ctx.lines)
      end)
    end)
  end)
end)
