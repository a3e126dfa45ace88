local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local kit = require "spec.support.rc"

local ID = kit.DEPLOYMENT
local USES = { uses = { "submit_request", "call_instance_proxy" } }
local SUBMIT = ('local job = rc.submit { deployment_id = "%s", overrides = { ["3"] = { inputs = { seed = 7 } } } }\n'):format(ID)

local function with(text, options)
  local all = { uses = USES.uses }
  for key, value in pairs(options or {}) do all[key] = value end
  return kit.run(text, all)
end

describe("rc.submit", function()
  it("gives a job whose wait tells progress and gives the outputs", function()
    kit.with({ sim = { cold_start = 30 } }, function(sim)
      local ctx = kit.context()
      local result, err = with(SUBMIT .. [[
        local done = job:wait()
        return { id = job.request_id, deployment_id = job.deployment_id, done = done }
      ]], { ctx = ctx })
      assert(result, err and err.message)
      local done = result.data.done
      assert.equal("succeeded", done.status)
      assert.equal(result.data.id, done.request_id)
      assert.equal(ID, done.deployment_id)
      assert.is_string(done.instance_id)
      assert.matches("^http", done.output_urls[1].url)
      assert.equal("succeeded", done.result.status)
      assert.is_true(#ctx.reports > 5)
      assert.matches("in queue, position 1", ctx.reports[1][3])
      for i = 2, #ctx.reports do assert.is_true(ctx.reports[i][1] > ctx.reports[i - 1][1]) end
      assert.equal(1, #sim:requests { path = "/inference" })
    end)
  end)

  it("sends the seed as it is", function()
    kit.with({}, function(sim)
      kit.data(('rc.submit { deployment_id = "%s", overrides = { ["3"] = { inputs = { seed = 156680208700286 } } } } return {}')
        :format(ID), USES)
      assert.equal('{"overrides":{"3":{"inputs":{"seed":156680208700286}}}}', sim:requests({ path = "/inference" })[1].body)
    end)
  end)

  it("refuses fields that are not a submission's, before anything is sent", function()
    kit.with({}, function(sim)
      local _, err = with('rc.submit { deployment_id = "d", override = {} }')
      assert.matches("probe.lua:1: rc.submit has no field 'override', did you mean 'overrides'?", err.message, 1, true)
      _, err = with "rc.submit(5)"
      assert.matches("probe.lua:1: rc.submit takes a table", err.message, 1, true)
      _, err = with 'rc.submit { deployment_id = "d", overrides = { run = print } }'
      assert.matches("probe.lua:1: rc.submit: the value at .overrides.run is a function", err.message, 1, true)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("needs submit_request in uses", function()
    kit.with({}, function(sim)
      local _, err = kit.run(SUBMIT, { uses = { "get_deployment" } })
      assert.equal("not_allowed", err.code)
      assert.matches("recipe 'probe' may not call 'submit_request'", err.message, 1, true)
      assert.equal(0, #sim:requests())
    end)
  end)

  it("raises what the API refuses, with its fields", function()
    kit.with({}, function()
      local data = kit.data([[
        local ok, err = pcall(rc.submit, { deployment_id = "none" })
        return { ok = ok, text = tostring(err), status_code = err.status_code, data = err.data ~= nil, code = err.code }
      ]], USES)
      assert.is_false(data.ok)
      assert.equal(404, data.status_code)
      assert.is_true(data.data)
    end)
  end)
end)

describe("job:wait", function()
  it("raises where the job failed, with the API's words and the ids", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      bed.answer_with(sim, '{"request_id":"r1","status":"failed","error":"out of memory"}', { path = "/result", forever = true })
      local data = kit.data(SUBMIT .. [[
        local ok, err = pcall(job.wait, job)
        return { ok = ok, code = err.code, message = err.message, data = err.data }
      ]], USES)
      assert.is_false(data.ok)
      assert.equal("job_failed", data.code)
      assert.matches("out of memory", data.message, 1, true)
      assert.equal(ID, data.data.deployment_id)
    end)
  end)

  it("ends at its time-out, and can be taken up again", function()
    kit.with({ sim = { cold_start = 100 } }, function(_, time)
      local begun = time.time
      local data = kit.data(SUBMIT .. [[
        local ok, err = pcall(job.wait, job, { timeout = 20 })
        local again = rc.job(job.deployment_id, job.request_id)
        return { code = err.code, message = err.message, data = err.data, status = again:wait().status, id = job.request_id }
      ]], USES)
      assert.equal("timeout", data.code)
      assert.matches("has not ended after 20 s: in queue", data.message, 1, true)
      assert.equal(data.id, data.data.request_id)
      assert.is_true(data.data.pending)
      assert.equal("succeeded", data.status)
      assert.is_true(time.time - begun > 100)
    end)
  end)

  it("says of an id that cannot be asked with that it may run, and never that nothing was sent", function()
    kit.with({}, function(sim)
      bed.answer_with(sim, '{"request_id":"a/b"}')
      local _, err = kit.run(SUBMIT .. "job:wait()", USES)
      assert.equal("unusable_id", err.code)
      assert.equal("a/b", err.data.request_id)
      assert.matches("request a/b of deployment .* It may run and be billed%. Do not submit it again", err.message)
      assert.not_matches("[Nn]othing was sent", err.message)
      assert.equal(1, #sim:requests())
    end)
  end)

  it("forgives polls that fail for a while, and nothing else", function()
    kit.with({ sim = { cold_start = 5 } }, function(sim)
      assert(sim:fault { kind = "status", status = 503, path = "/status", count = 4 })
      assert.equal("succeeded", kit.data(SUBMIT .. "return { status = job:wait().status }", USES).status)
      local _, err = with(('rc.job("%s", "nope"):wait()'):format(ID))
      assert.equal(404, err.status_code)
    end)
  end)

  it("keeps its own time-out while a poll hangs", function()
    for _, path in ipairs { "/status", "/result" } do
      kit.with({ sim = { cold_start = 0, run_time = 0 } }, function(sim, time)
        assert(sim:fault { kind = "delay", seconds = 25, path = path, forever = true })
        local data = kit.data(SUBMIT .. [[
          local begun = rc.now()
          local ok, err = pcall(job.wait, job, { timeout = 3 })
          return { seconds = rc.now() - begun, code = err.code, pending = err.data.pending, id = err.data.request_id }
        ]], USES)
        assert.is_true(data.seconds <= 3.3, path .. data.seconds)
        assert.same({ "timeout", true, "string" }, { data.code, data.pending, type(data.id) })
        assert.is_true(time.time > 0)
      end)
    end
  end)

  it("ends the call when the client leaves: the answer names what goes on", function()
    kit.with({ sim = { cold_start = 100 } }, function(_, time)
      local ctx = kit.context()
      clock.after(3, function() ctx.drain() end)
      local begun = time.time
      local _, err = kit.run(SUBMIT .. "while true do pcall(job.wait, job) end", { uses = USES.uses, ctx = ctx })
      assert.equal("client_left", err.code)
      assert.equal(1, #err.data.open_requests)
      assert.is_true(time.time - begun < 4)
    end)
  end)

  it("ends it at the first wait after that, too, and after what needs no wait", function()
    kit.with({ sim = { cold_start = 100 } }, function(sim, time)
      local ctx = kit.context()
      function ctx.on_draining(_, fn) if fn then fn() end end
      local begun = time.time
      local _, err = kit.run(([[
        rc.map({ 1, 2 }, function(seed)
          local job = rc.submit { deployment_id = "%s", overrides = { ["3"] = { inputs = { seed = seed } } } }
          job:wait()
        end)
      ]]):format(ID), { uses = USES.uses, ctx = ctx })
      assert.equal("client_left", err.code)
      assert.equal(#sim:requests { method = "POST", path = "/inference" }, #err.data.open_requests)
      assert.is_true(time.time - begun < 4)
      assert.equal(3, kit.data("return { n = #rc.tools.list_deployments({}).deployments }", { uses = { "list_deployments" }, ctx = ctx }).n)
    end)
  end)

  for _, remote in ipairs { true, false } do
    it(remote and "cancels the job when its caller does, where the operator wants that" or "leaves the job alone otherwise", function()
      kit.with({ sim = { cold_start = 100 }, cancel_remote = remote }, function(sim)
        local task = fiber.spawn(with, SUBMIT .. "return { status = job:wait().status }")
        task.quiet = true
        clock.sleep(10)
        task:cancel("no more")
        local ok, err = task:join()
        assert.is_false(ok)
        assert.is_true(fiber.is_cancelled(err))
        assert.equal(remote and 1 or 0, #sim:requests { path = "/cancel" })
      end)
    end)
  end

  it("waits for many at once, each told as progress that grows", function()
    kit.with({ sim = { cold_start = 20 } }, function(sim)
      local ctx = kit.context()
      local data = kit.data(([[
        local jobs = rc.map({ 1, 2, 3, 4, 5, 6 }, function(seed, i)
          local job = rc.submit { deployment_id = "%s", overrides = { ["3"] = { inputs = { seed = seed } } } }
          local done = job:wait()
          ctx:progress(i, 6)
          return done.status
        end, { concurrency = 6 })
        return { jobs = jobs }
      ]]):format(ID), { uses = USES.uses, ctx = ctx })
      assert.same({ "succeeded", "succeeded", "succeeded", "succeeded", "succeeded", "succeeded" }, data.jobs)
      assert.equal(6, #sim:requests { path = "/inference" })
    end)
  end)
end)

describe("a job", function()
  it("tells status and result, and can be cancelled", function()
    kit.with({ sim = { cold_start = 10 } }, function(sim)
      local data = kit.data(SUBMIT .. [[
        local status = job:status()
        local early = job:result()
        return { status = status.status, early = early.status, cancel = job:cancel(), again = job:cancel() }
      ]], USES)
      assert.equal("in_queue", data.status)
      assert.equal("cancelled", data.cancel)
      assert.equal(2, #sim:requests { path = "/cancel" })
    end)
  end)

  it("needs no more than submit_request for that, but does for the proxy", function()
    kit.with({}, function()
      local _, err = kit.run(SUBMIT .. 'job:proxy("api/free", {})', { uses = { "submit_request" } })
      assert.is_nil(err) -- no instance has it yet: that is said, and nothing is called
      _, err = kit.run(SUBMIT .. 'job:wait() job:proxy("api/free", {})', { uses = { "submit_request" } })
      assert.equal("not_allowed", err.code)
      assert.matches("'call_instance_proxy'", err.message, 1, true)
    end)
  end)

  it("is told from other tables, and its methods from its fields", function()
    kit.with({}, function()
      local _, err = with(SUBMIT .. "job.wait {}")
      assert.matches("probe.lua:2: call it as job:wait(…)", err.message, 1, true)
      _, err = with(SUBMIT .. "job:wait { seconds = 5 }")
      assert.matches("job:wait has no option 'seconds'", err.message, 1, true)
      _, err = with(SUBMIT .. "job:wait { timeout = -1 }")
      assert.matches("job:wait takes { timeout = seconds }", err.message, 1, true)
      _, err = with "rc.job(1, 2)"
      assert.matches("probe.lua:1: rc.job takes a deployment_id and a request_id", err.message, 1, true)
    end)
  end)

  it("keeps its ids, whatever a recipe writes into it", function()
    kit.with({}, function(sim)
      local data = kit.data(SUBMIT .. 'job.request_id = "../x" return { s = job:status().status }', USES)
      assert.equal("in_queue", data.s)
      assert.equal(0, #sim:requests { path = "../x" })
    end)
  end)
end)

describe("job:proxy", function()
  it("finds the instance of the job by itself", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local data = kit.data(SUBMIT .. [[
        local done = job:wait()
        local answer = job:proxy("api/free", { unload_models = true, free_memory = true })
        return { answer = answer, instance_id = done.instance_id }
      ]], USES)
      assert.equal("", data.answer)
      local call = sim:requests({ path = "/proxy/" })[1]
      assert.matches(data.instance_id, call.path, 1, true)
      assert.equal('{"free_memory":true,"unload_models":true}', call.body)
    end)
  end)

  it("gives JSON answers as tables", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      bed.answer_with(sim, '{"exec_info":{"queue_remaining":0}}', { path = "/proxy/" })
      local data = kit.data(SUBMIT .. 'job:wait() return job:proxy("api/prompt", {})', USES)
      assert.equal(0, data.exec_info.queue_remaining)
    end)
  end)

  it("reads with GET, as often as other reads, and with the rights of the tool alone", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      assert(sim:fault { kind = "status", status = 503, path = "/proxy/" })
      local data = kit.data(SUBMIT .. 'job:wait() return job:proxy("api/system_stats", nil, { method = "GET" })', USES)
      assert.equal("cuda", data.devices[1].type)
      assert.equal(2, #sim:requests { path = "/proxy/", method = "GET" })
      local _, err = kit.run(SUBMIT .. 'job:wait() job:proxy("api/queue", nil, { method = "GET" })', { uses = { "submit_request" } })
      assert.equal("not_allowed", err.code)
      assert.equal(0, #sim:requests { path = "/proxy/", method = "POST" })
    end)
  end)

  it("refuses other options, other methods, and a body beside a GET", function()
    kit.with({}, function()
      for code, message in pairs {
        ['{}, { method = "GET" }'] = "no body goes with a GET",
        ['nil, { method = "PUT" }'] = 'takes { method = "GET" }',
        ['nil, { verb = "GET" }'] = "no option 'verb'",
      } do
        local _, err = kit.run(("rc.job('d', 'r'):proxy('api/queue', %s)"):format(code), USES)
        assert.matches(message, err.message, 1, true)
      end
    end)
  end)

  it("tries once more where the instance has changed", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      bed.answer_with(sim, '{"status":"in_progress","instance_id":"old"}', { path = "/status" })
      bed.answer_with(sim, '{"status":"in_progress","instance_id":"new"}', { path = "/status" })
      bed.answer_with(sim, "gone", { path = "/old/proxy/", status = 404 })
      bed.answer_with(sim, '"done"', { path = "/new/proxy/" })
      assert.equal("done", kit.data(('return { a = rc.job("%s", "r"):proxy("api/interrupt") }'):format(ID), USES).a)
      assert.equal(2, #sim:requests { path = "/proxy/" })
    end)
  end)

  it("takes an instance that is gone as freed, for api/free alone", function()
    kit.with({}, function(sim)
      bed.answer_with(sim, '{"status":"completed","instance_id":"old"}', { path = "/status", forever = true })
      bed.answer_with(sim, "gone", { path = "/old/proxy/", status = 404, forever = true })
      assert.equal("", kit.data(('return { a = rc.job("%s", "r"):proxy("/api/free", {}) }'):format(ID), USES).a)
      local _, err = with(('rc.job("%s", "r"):proxy("api/interrupt")'):format(ID))
      assert.equal(404, err.status_code)
      assert.equal(2, #sim:requests { path = "/proxy/" })
    end)
  end)

  it("uses the instance that the result alone names, also for a job of an earlier call", function()
    kit.with({}, function(sim)
      bed.answer_with(sim, '{"status":"completed"}', { path = "/status", forever = true })
      bed.answer_with(sim, '{"status":"succeeded","outputs":{},"instance_id":"late"}', { path = "/result", forever = true })
      bed.answer_with(sim, "", { path = "/late/proxy/", forever = true })
      for i, code in ipairs { 'job:proxy("api/free", {})', 'job:wait() job:proxy("api/free", {})', 'job:result() job:proxy("api/free", {})',
                              'job:wait() job:proxy("api/interrupt")' } do
        assert.is_table(with(('local job = rc.job("%s", "r") '):format(ID) .. code))
        assert.equal(i, #sim:requests { path = "/late/proxy/" })
      end
      local data = kit.data(('return rc.job("%s", "r"):wait()'):format(ID), USES)
      assert.equal("late", data.instance_id)
    end)
  end)

  it("says where no instance was ever known, whether the job has run or not", function()
    for status, tail in pairs { completed = "keeps its models", in_progress = "keeps its models", in_queue = "", cancelled = "" } do
      kit.with({}, function(sim)
        bed.answer_with(sim, ('{"status":"%s"}'):format(status), { path = "/status", forever = true })
        bed.answer_with(sim, '{"outputs":{}}', { path = "/result", forever = true })
        local ctx, lines = kit.context(), {}
        function ctx.log(_, level, text) lines[#lines + 1] = level .. ": " .. text end
        local said = kit.data(('return { a = rc.job("%s", "r-1"):proxy("api/free", {}) }'):format(ID),
          { uses = USES.uses, ctx = ctx }).a
        assert.matches(("no instance was ever known for request r-1 of deployment %s (status %s)"):format(ID, status), said, 1, true)
        assert.matches(tail, said, 1, true)
        assert.equal((tail ~= "" and "warning: " or "info: ") .. said, lines[#lines])
        local _, err = with(('rc.job("%s", "r-1"):proxy("api/interrupt")'):format(ID))
        assert.equal("no_instance", err.code)
        assert.matches(("no instance is known for request r-1 (status %s)"):format(status), err.message, 1, true)
        assert.equal(0, #sim:requests { path = "/proxy/" })
      end)
    end
  end)

  it("does not send again what may have arrived", function()
    kit.with({}, function(sim)
      bed.answer_with(sim, '{"status":"in_progress","instance_id":"i"}', { path = "/status", forever = true })
      bed.answer_with(sim, "bad gateway", { path = "/proxy/", status = 502, forever = true })
      local _, err = with(('rc.job("%s", "r"):proxy("api/free", {})'):format(ID))
      assert.equal(502, err.status_code)
      assert.equal(1, #sim:requests { path = "/proxy/" })
    end)
  end)
end)

describe("waits of jobs", function()
  it("leave a poll its time in the network, however fast the simulated clock runs", function()
    local wire = require "spec.support.wire"
    local server <close> = wire.start()
    server:set("drip", 'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"status":"completed"}') -- more than a second
    local _ <close> = setmetatable({}, { __close = function() clock.set_speed(1) end })
    local _ <close> = bed.use { base_url = server.url }
    clock.set_speed(200) -- 30 s, the longest that a poll may take, would be 0.15 s
    local result, err
    local task = fiber.spawn(function()
      result, err = kit.run('return { status = rc.job("d", "r"):wait().status }', { uses = { "submit_request" } })
    end)
    server:wait_until(function() return task.status == "done" end)
    assert.equal("completed", assert(result, err and err.message).data.status)
    assert.equal(2, server:requests())
  end)
end)
