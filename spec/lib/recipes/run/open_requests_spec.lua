local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"
local fiber = require "lib.async.fiber"
local invoke = require "lib.recipes.run.invoke"
local json = require "core.json"
local kit = require "spec.support.rc"
local open_requests = require "lib.recipes.run.open_requests"
local registry = require "lib.features.registry"

local ID = kit.DEPLOYMENT
local USES = { "cancel_request", "submit_request" }
local SUBMIT = ('local function submit() return rc.submit { deployment_id = "%s" } end '):format(ID)

local function posts(sim)
  return #sim:requests { method = "POST", path = "/inference" }
end

local function named(err, place)
  local ids = {}
  for i, entry in ipairs(err.data and err.data[place or "open_requests"] or {}) do
    assert.equal(ID, entry.deployment_id)
    assert.matches(entry.request_id, err.message, 1, true)
    ids[i] = entry.request_id
  end
  return ids
end

local function lines_with(ctx, text)
  local list = {}
  for _, line in ipairs(ctx.lines) do
    if line:find(text, 1, true) then list[#list + 1] = line end
  end
  return list
end

describe("many jobs at once", function()
  it("are all submitted and waited for, at the documented limit and above", function()
    for _, count in ipairs { 32, 75 } do
      kit.with({ sim = { cold_start = 1 } }, function(sim)
        local data = kit.data(SUBMIT .. ([[
          local items = {}
          for i = 1, %d do items[i] = i end
          return { done = #rc.map(items, function() return submit():wait().status end, { concurrency = %d }) }
        ]]):format(count, count), { uses = USES })
        assert.equal(count, data.done)
        assert.equal(count, posts(sim))
      end)
    end
  end)

  it("wait for a place without holding each other up, also where groups nest", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      local data = kit.data(SUBMIT .. [[
        local function nested() return #rc.all { submit, submit } end
        local functions = {}
        for i = 1, 6 do functions[i] = nested end
        return { groups = #rc.all(functions) }
      ]], { uses = USES, settings = { recipe_calls = 1 } })
      assert.equal(6, data.groups)
      assert.equal(12, posts(sim))
    end)
  end)

  it("let a job be cancelled while as many as the limit are waited for", function()
    kit.with({ sim = { cold_start = 300 } }, function()
      local data = kit.data(SUBMIT .. [[
        local jobs = { submit(), submit(), submit() }
        local ended = {}
        local functions = { function() rc.sleep(5) for _, job in ipairs(jobs) do job:cancel() end end }
        for i, job in ipairs(jobs) do
          functions[i + 1] = function() local _, err = pcall(job.wait, job) ended[i] = err.code end
        end
        rc.all(functions)
        return { ended = ended }
      ]], { uses = USES, settings = { recipe_calls = 2 } })
      assert.same({ "job_cancelled", "job_cancelled", "job_cancelled" }, data.ended)
    end)
  end)
end)

describe("the end of a call", function()
  it("names the jobs that go on when one submit of several is refused", function()
    kit.with({}, function(sim)
      assert(sim:fault { kind = "status", status = 422, path = "/inference", skip = 3 })
      local ctx = kit.context()
      local _, err = kit.run(SUBMIT .. "rc.map({ 1, 2, 3, 4 }, function() return submit():wait().status end)", { uses = USES, ctx = ctx })
      assert.equal(422, err.status_code)
      assert.equal(3, #named(err))
      assert.equal(3, #ctx.requests:list())
      local line = lines_with(ctx, "goes on")
      assert.equal(1, #line)
      for _, id in ipairs(named(err)) do assert.matches(id, line[1], 1, true) end
    end)
  end)

  it("names them whatever the end is", function()
    for code, ending in pairs {
      recipe_error = "error 'lost my way'", failed = "rc.fail 'no'", bad_result = "return print", timeout = "rc.sleep(1e6)",
      cpu = "while true do end", memory = "local t = {} while true do t[#t + 1] = {} end",
    } do
      kit.with({}, function()
        local _, err = kit.run(SUBMIT .. "submit() submit() " .. ending, {
          uses = USES,
          settings = { recipe_cpu_ms = code == "cpu" and 50 or 60000, recipe_memory_bytes = 4 * 1024 * 1024 },
        })
        assert.equal(code, err.code)
        assert.equal(2, #named(err), code)
        assert.matches("Do not submit", err.message, 1, true)
      end)
    end
  end)

  it("keeps the fields of a recipe's own error beside the names", function()
    kit.with({}, function()
      local _, err = kit.run(SUBMIT .. "submit() rc.fail('half', { done = 1 })", { uses = USES })
      assert.equal(1, err.data.done)
      assert.equal(1, #named(err))
      assert.is_string(json.encode(err.data))
    end)
  end)

  it("names no job that was seen to end, was cancelled, or was never sent", function()
    kit.with({ sim = { cold_start = 1 } }, function()
      for _, text in ipairs {
        "submit():wait() error 'after'", "submit():cancel() error 'after'",
        "local job = submit() rc.sleep(400) job:status() error 'after'", "local job = submit() rc.sleep(400) job:result() error 'after'",
      } do
        local _, err = kit.run(SUBMIT .. text, { uses = USES })
        assert.same({}, named(err), text)
        assert.matches("after", err.message)
        assert.not_matches("open at RunComfy", err.message, 1, true)
      end
    end)
    kit.with({}, function(sim)
      assert(sim:fault { kind = "fail_run" })
      local _, err = kit.run(SUBMIT .. "submit():wait()", { uses = USES })
      assert.equal("job_failed", err.code)
      assert.is_nil(err.data.open_requests)
    end)
  end)

  it("names the jobs that have ended with a result, whatever the end is: they are paid for", function()
    for code, ending in pairs {
      recipe_error = "local none = nil return none.url", failed = "rc.fail 'no'", bad_result = "return print", timeout = "rc.sleep(1e6)",
      cpu = "while true do end", file = "rc.download({ url = done.output_urls[1].url }, { name = 'x' })",
    } do
      kit.with({ sim = { cold_start = 1 } }, function(sim)
        local ctx = kit.context()
        local _, err = kit.run(SUBMIT .. "local function made() return submit():wait() end local done, _ = made(), made() " .. ending, {
          uses = USES, ctx = ctx, hosts = { "127.0.0.1" },
          settings = { recipe_cpu_ms = code == "cpu" and 50 or 60000, output_folder = "/dev/null/x", http_hosts = { "127.0.0.1" } },
        })
        assert.equal(code, err.code)
        assert.same({}, named(err))
        local ids = named(err, "ended_requests")
        assert.equal(2, #ids)
        assert.matches("The results are not lost: get_request_result fetches them", err.message, 1, true)
        local line = lines_with(ctx, "has ended, and its result can be fetched")
        assert.equal(1, #line)
        for _, id in ipairs(ids) do
          assert.is_not_nil(sim.model.requests[id])
          assert.matches(id, line[1], 1, true)
        end
      end)
    end
  end)

  it("names those that other functions and recipes have brought to their ends, and what a tool has waited for", function()
    for _, text in ipairs {
      "rc.map({ 1, 2 }, function(i) submit():wait() if i == 2 then rc.sleep(1) error 'the second' end end)",
      "rc.tools.inner {} rc.tools.inner {} error 'after'",
      ("for _ = 1, 2 do rc.tools.submit_request { deployment_id = '%s', wait_for_completion = true } end error 'after'"):format(ID),
      "local a, b = submit(), submit() rc.sleep(400) a:status() b:result() error 'after'",
      "local a, b = submit(), submit() rc.sleep(400) a:cancel() b:cancel() error 'after'",
    } do
      kit.with({ sim = { cold_start = 1 } }, function()
        local inner = { name = "inner", description = "x", annotations = {}, run = function(_, ctx)
          return kit.run(SUBMIT .. "return { url = submit():wait().output_urls[1].url }", { uses = USES, ctx = ctx, name = "inner" })
        end }
        local _, err = kit.run(SUBMIT .. text, { uses = { "inner", table.unpack(USES) }, tools = { inner } })
        assert.equal(2, #named(err, "ended_requests"), text)
      end)
    end
  end)

  it("names none that has ended without a result, is another call's, or belongs to a call that succeeds", function()
    kit.with({ sim = { cold_start = 1 } }, function(sim)
      assert.is_nil(assert(kit.run(SUBMIT .. "submit():wait() return { ok = true }", { uses = USES })).data.ended_requests)
      local _, cancelled = kit.run(SUBMIT .. "submit():cancel() error 'after'", { uses = USES })
      assert.is_nil((cancelled.data or {}).ended_requests)
      local job = bed.call("submit_request", { deployment_id = ID }).data.submission.request_id
      local _, adopted = kit.run(("rc.job('%s', '%s'):wait() error 'after'"):format(ID, job), { uses = USES })
      assert.is_nil((adopted.data or {}).ended_requests)
      assert(sim:fault { kind = "fail_run" })
      local _, failed = kit.run(SUBMIT .. "submit():wait()", { uses = USES })
      assert.equal("job_failed", failed.code)
      assert.is_nil(failed.data.ended_requests)
    end)
  end)

  it("says nothing where the recipe succeeds, and nothing in a dry run", function()
    kit.with({}, function()
      local result = assert(kit.run(SUBMIT .. "submit() return { ok = true }", { uses = USES }))
      assert.same({ ok = true }, result.data)
      local ctx = kit.context()
      ctx.dry_run = true
      ctx.effects = effects.chain { function(effect, proceed)
        if effect.kind ~= "tool" then return proceed() end
        return { data = { submission = { request_id = "made-up" } }, pretended = true }
      end }
      local _, err = kit.run(SUBMIT .. "submit() error 'after'", { uses = USES, ctx = ctx })
      assert.not_matches("made-up", err.message, 1, true)
    end)
  end)

  it("names a job that the tool itself submitted, waited for or not", function()
    kit.with({ sim = { cold_start = 300 } }, function()
      for _, more in ipairs { "", "wait_for_completion = true, timeout_seconds = 2" } do
        local _, err = kit.run(('rc.tools.submit_request { deployment_id = "%s", %s } error "after"'):format(ID, more), { uses = USES })
        assert.equal(1, #named(err))
      end
    end)
  end)

  it("names a submit whose answer was lost, which the recipe did not let end it", function()
    kit.with({}, function(sim)
      assert(sim:fault { kind = "drop", handled = true, path = "/inference" })
      local _, err = kit.run(SUBMIT .. "pcall(submit) error 'after'", { uses = USES })
      assert.same({ { deployment_id = ID, delivery = "unknown" } }, err.data.open_requests)
      assert.matches("whose answer was lost", err.message, 1, true)
    end)
  end)

  it("names the request that the answer to a submit holds, though that says trouble, and cancels it with the others", function()
    local function trouble(sim)
      assert(sim:fault { kind = "text", status = 502, message = '{"request_id":"r-17"}', method = "POST", path = "/inference" })
    end
    kit.with({}, function(sim)
      trouble(sim)
      local _, err = kit.run(SUBMIT .. "pcall(submit) error 'after'", { uses = USES })
      assert.same({ { deployment_id = ID, request_id = "r-17", delivery = "unknown" } }, err.data.open_requests)
      assert.matches("request r-17 of deployment " .. ID, err.message, 1, true)
    end)
    kit.with({ cancel_remote = true }, function(sim)
      trouble(sim)
      assert(sim:fault { kind = "text", status = 202, message = '{"outcome":"cancelled"}', path = "/cancel" })
      local task = fiber.spawn(kit.run, SUBMIT .. "pcall(submit) rc.sleep(100)", { uses = USES })
      task.quiet = true
      clock.sleep(10)
      task:cancel()
      task:join()
      assert.equal(1, #sim:requests { path = "/requests/r-17/cancel" })
    end)
  end)

  it("counts the jobs of recipes that it calls, and names each once", function()
    kit.with({}, function()
      local set = {}
      local function find(name) return set[name] or kit.tools().find(name) end
      local function add(name, text, uses)
        local recipe, fn = kit.load(text, name)
        set[name] = assert(registry.compile({
          name = name, description = "A recipe.",
          run = function(input, ctx)
            return invoke.call(recipe, fn, { input }, ctx, { declaration = { name = name, uses = uses }, find = find })
          end,
        }, { strict = true }))
      end
      add("inner", SUBMIT .. "local job = submit() return { id = job.request_id }", USES)
      add("broken", SUBMIT .. "submit() error 'inner trouble'", USES)
      add("outer", "rc.tools.inner() error 'after'", { "inner" })
      add("passes_on", "rc.tools.broken()", { "broken" })
      add("swallows", "pcall(rc.tools.broken) error 'after'", { "broken" })
      for _, name in ipairs { "outer", "passes_on", "swallows" } do
        local ctx = kit.context()
        local _, err = registry.attempt(set[name], {}, ctx)
        local ids = named(err)
        assert.equal(1, #ids, name)
        assert.equal(1, select(2, err.message:gsub((ids[1]:gsub("%-", "%%-")), "")), name)
        assert.equal(1, #lines_with(ctx, ids[1]), name)
      end
    end)
  end)
end)

describe("a call that is cancelled", function()
  local function cancelled(text, options, after)
    options = options or {}
    kit.with({ cancel_remote = options.cancel_remote, sim = { cold_start = 300 } }, function(sim)
      if options.fault then assert(sim:fault(options.fault)) end
      if options.cancel then bed.answer_with(sim, options.cancel, { path = "/cancel", forever = true }) end
      local ctx = kit.context()
      local task = fiber.spawn(kit.run, SUBMIT .. text, { uses = USES, ctx = ctx })
      task.quiet = true
      clock.sleep(options.after or 10)
      task:cancel "the client gave up"
      assert.is_false((task:join()))
      after(ctx, sim)
    end)
  end

  it("names in the log what goes on", function()
    cancelled("submit() rc.map({ 1, 2 }, function() submit():wait() end)", nil, function(ctx, sim)
      local line = lines_with(ctx, "was cancelled; what it submitted goes on")
      assert.equal(1, #line)
      assert.equal(3, select(2, line[1]:gsub("request %S+ of deployment", "")))
      assert.equal(0, #sim:requests { path = "/cancel" })
    end)
  end)

  it("cancels all of it where that is set, each once, waited for or not", function()
    cancelled("submit() rc.map({ 1, 2 }, function() submit():wait() end)", { cancel_remote = true }, function(ctx, sim)
      assert.equal(3, #sim:requests { path = "/cancel" })
      assert.equal(3, #lines_with(ctx, "cancelling the job: cancelled"))
      assert.equal(0, #lines_with(ctx, "goes on"))
      assert.equal(0, #ctx.requests:list())
    end)
  end)

  it("does not cancel again what the recipe has cancelled and waits for", function()
    cancelled("local job = submit() job:cancel() job:wait()", { cancel_remote = true, cancel = '{"status":"cancellation_requested"}' },
      function(ctx, sim)
        assert.equal(1, #sim:requests { path = "/cancel" })
        assert.equal(0, #ctx.requests:list())
      end)
  end)

  it("names what it could not cancel", function()
    local refused = { kind = "status", status = 503, path = "/cancel", forever = true }
    cancelled("submit() rc.sleep(1000)", { cancel_remote = true, fault = refused }, function(ctx)
      assert.equal(1, #lines_with(ctx, "cancelling the job: "))
      assert.equal(1, #ctx.requests:list())
    end)
  end)

  it("names or cancels a job whose submit was under way", function()
    local slow = { kind = "delay", seconds = 60, path = "/inference" }
    cancelled("submit():wait()", { fault = slow }, function(ctx, sim)
      assert.equal(1, posts(sim))
      assert.equal(1, #lines_with(ctx, "goes on"))
    end)
    cancelled("submit():wait()", { fault = slow, cancel_remote = true }, function(ctx, sim)
      assert.equal(1, #sim:requests { path = "/cancel" })
      assert.equal(0, #ctx.requests:list())
    end)
  end)

  it("cancels each once, too, where the answers to its submits come when its caller is known to be gone", function()
    kit.with({ cancel_remote = true, sim = { cold_start = 300 } }, function(sim)
      assert(sim:fault { kind = "delay", seconds = 60, path = "/inference", forever = true })
      local ctx = kit.context()
      local task = fiber.spawn(kit.run, SUBMIT .. "rc.map({ 1, 2, 3 }, function() submit():wait() end)", { uses = USES, ctx = ctx })
      task.quiet = true
      clock.sleep(10)
      ctx.cancelled = true -- as a session and a command line do
      task:cancel "the client gave up"
      assert.is_false((task:join()))
      assert.equal(3, posts(sim))
      assert.equal(3, #sim:requests { path = "/cancel" })
      assert.equal(3, #lines_with(ctx, "cancelling the job: cancelled"))
      assert.equal(0, #ctx.requests:list())
    end)
  end)

  it("never cancels a job that another call submitted and this one no longer waits for", function()
    kit.with({ cancel_remote = true, sim = { cold_start = 300 } }, function(sim)
      local job = bed.call("submit_request", { deployment_id = ID }).data.submission.request_id
      local ctx = kit.context()
      local task = fiber.spawn(kit.run, ('pcall(function() rc.job("%s", "%s"):wait { timeout = 1 } end) rc.sleep(1000)'):format(ID, job),
        { uses = USES, ctx = ctx })
      task.quiet = true
      clock.sleep(10)
      task:cancel()
      task:join()
      assert.equal(0, #sim:requests { path = "/cancel" })
      assert.equal(1, #lines_with(ctx, job))
    end)
  end)
end)

describe("lib.recipes.run.open_requests", function()
  it("lists in the order of submission, and takes out what has ended, in the lists above, too", function()
    local outer = open_requests.new()
    local inner = open_requests.new(outer)
    for _, id in ipairs { "b", "a", "c" } do inner:add { deployment_id = "d", request_id = id } end
    inner:add { deployment_id = "d", request_id = "a" }
    outer:settle("d", "x")
    inner:settle("d", "b")
    local ids = {}
    for i, entry in ipairs(outer:list()) do ids[i] = entry.request_id end
    assert.same({ "a", "c" }, ids)
    assert.equal(2, #inner:list())
  end)

  it("names twenty in words and all in the data", function()
    local list = open_requests.new()
    for i = 1, 25 do list:add { deployment_id = "d", request_id = ("r%02d"):format(i) } end
    local err = list:name_in(require("lib.errors").new "no")
    assert.equal(25, #err.data.open_requests)
    assert.matches("r20 of deployment d, 5 more", err.message, 1, true)
    assert.is_nil(open_requests.new():text())
  end)

  it("does not take an id for named that is a part of another", function()
    local list = open_requests.new()
    for _, id in ipairs { "r-1", "r-12", "1" } do list:add { deployment_id = "d", request_id = id } end
    list:settle("d", "1", "completed")
    local err = list:name_in(require("lib.errors").new "probe.lua:1: request r-12 of deployment d failed")
    assert.matches("while it runs: request r-1 of deployment d.", err.message, 1, true)
    assert.matches("paid for: request 1 of deployment d.", err.message, 1, true)
  end)

  it("knows how a request has ended by the last word on it", function()
    local list = open_requests.new()
    for _, id in ipairs { "a", "b", "c" } do list:add { deployment_id = "d", request_id = id } end
    for _, word in ipairs { "completed", "failed" } do list:settle("d", "a", word) end
    for _, word in ipairs { "cancelled", "succeeded" } do list:settle("d", "b", word) end
    list:settle("d", "c", "failed")
    list:cancelled("d", "c", "not_cancellable")
    assert.same({ { deployment_id = "d", request_id = "b" } }, list:made())
  end)

  it("makes one list for a context, and none without", function()
    local ctx = {}
    assert.equal(open_requests.of(ctx), open_requests.of(ctx))
    assert.is_nil(open_requests.of(nil))
  end)
end)
