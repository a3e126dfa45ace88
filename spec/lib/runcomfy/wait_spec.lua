local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local polling = require "lib.runcomfy.polling"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local function low() return 0 end
local function high() return 1 end

describe("lib.runcomfy.wait", function()
  it("polls a second time after three seconds, then every second, later every five, up to 15 % sooner", function()
    assert.equal(2.55, polling.interval(0, low))
    assert.equal(3, polling.interval(1, high))
    assert.equal(1.1, polling.interval(2, high))
    assert.equal(1.1, polling.interval(5, high))
    assert.equal(1.7, polling.interval(10, low))
    assert.equal(4.25, polling.interval(25, low))
    assert.equal(5, polling.interval(1000, high))
  end)

  it("takes its time, whatever becomes of the wall clock: that is set back or forward by a day at each poll", function()
    local wall, os_time = core_clock.wall, os.time
    local _ <close> = setmetatable({}, { __close = function() core_clock.wall = wall rawset(os, "time", os_time) end })
    local function wait(timeout)
      local answer, elapsed
      bed.with({ sim = { cold_start = 60, run_time = 30 } }, function()
        local ctx, started, day = bed.context(), clock.now(), 86400
        function ctx.progress()
          day = -day
          core_clock.wall = function() return wall() + day end
          rawset(os, "time", function(...) return os_time(...) + day end)
        end
        answer = bed.call("submit_request", { deployment_id = ID, wait_for_completion = true, timeout_seconds = timeout }, ctx)
        elapsed = clock.now() - started
      end)
      return answer, elapsed
    end
    local done, took = wait(600)
    assert.equal("completed", done.data.status.status)
    assert.is_true(took >= 90 and took < 100, took)
    local pending, waited = wait(45)
    assert.is_true(pending.data.pending)
    assert.is_true(waited > 35 and waited <= 46, waited)
  end)

  it("draws the jitter anew each time", function()
    local seen = {}
    for _ = 1, 20 do seen[polling.interval(0)] = true end
    local different = 0
    for _ in pairs(seen) do different = different + 1 end
    assert.is_true(different > 10)
  end)

  it("gives no poll more time than the wait has: it ends when its caller wants the answer, also where polls hang", function()
    local polls = {}
    local _ <close> = bed.use {}
    local time <close> = clock.virtual()
    time:run(function()
      local started = clock.now()
      bed.runcomfy().status = function(_, _, _, options)
        polls[#polls + 1] = { elapsed = clock.now() - started, seconds = options.total_ms / 1000 }
        return nil, errors.new("no answer", { code = "timeout" })
      end
      local waited = assert(bed.runcomfy():wait(ID, "r", { timeout = 300, answer_by = started + 50 }))
      assert.equal("timeout", waited.err.code)
    end)
    assert.equal(30, polls[1].seconds)
    for _, poll in ipairs(polls) do assert.is_true(poll.elapsed + poll.seconds <= 50.26) end
  end)

  for _, path in ipairs { "/status", "/result" } do
    it("ends when its caller leaves, also where a poll hangs: " .. path, function()
      bed.with({ sim = { cold_start = 0, run_time = 0 } }, function(sim)
        local request_id = assert(bed.runcomfy():submit(ID, {})):value "request_id"
        assert(sim:fault { kind = "delay", seconds = 60, path = path, forever = true })
        local leave, waited
        local task = fiber.spawn(function()
          waited = bed.runcomfy():wait(ID, request_id, { timeout = 300, on_draining = function(fn) leave = fn or leave end })
        end)
        while #sim:requests { path = path } == 0 do fiber.next_turn() end
        local started = clock.now()
        leave()
        assert.is_true((task:join()))
        assert.is_true(waited.ended_early)
        assert.is_true(clock.now() - started <= 1.5)
        assert.equal("client_left", waited.err.code)
        assert.is_nil(waited.result)
      end)
    end)
  end

  it("tells of a job that has ended by the time at which its caller leaves", function()
    bed.with({ sim = { cold_start = 0, run_time = 0 } }, function(sim)
      local request_id = assert(bed.runcomfy():submit(ID, {})):value "request_id"
      assert(sim:fault { kind = "delay", seconds = 0.2, path = "/status" })
      local waited = bed.runcomfy():wait(ID, request_id, { timeout = 300, on_draining = function(fn) if fn then fn() end end })
      assert.is_true(waited.ended_early)
      assert.equal("succeeded", waited.ending)
      assert.equal("succeeded", waited.result:value "status")
    end)
  end)

  it("describes a status in a few words", function()
    local function text(body, elapsed) return polling.describe(json.raw(body), elapsed) end
    assert.equal("in queue, position 3, 40 s", text('{"status":"in_queue","queue_position":3}', 40.2))
    local starting = ": an instance is starting; 3 to 5 minutes are usual"
    assert.equal("in queue, position 1, 40 s" .. starting, text('{"status":"in_queue","queue_position":1}', 40.2))
    assert.equal("in queue, position 0, 10 s" .. starting, text('{"status":"in_queue","queue_position":0}', 10))
    assert.equal("in queue, 75 s" .. starting, text('{"status":"in_queue","queue_position":null}', 75))
    assert.equal("in queue, position 1, 9 s", text('{"status":"in_queue","queue_position":1}', 9))
    assert.equal("in queue, 1 s", text('{"status":"IN_QUEUE","queue_position":null}', 1))
    assert.equal("in progress on instance i, 75 s", text('{"status":"in_progress","instance_id":"i"}', 75))
    assert.equal("in progress, 75 s", text('{"status":"in_progress"}', 75))
    assert.equal("paused, 2 s", text('{"status":"paused"}', 2))
    assert.equal("status unknown, 2 s", text("{}", 2))
    assert.equal("the last poll failed (HTTP 503), still waiting, 9 s", polling.describe(nil, 9, { status_code = 503 }))
  end)

  it("forgives what may pass, and nothing else", function()
    for _, err in ipairs { { status_code = 429 }, { status_code = 408 }, { status_code = 500 }, { status_code = 504 }, { code = "connect" },
                           { code = "timeout" }, { code = "unexpected_answer" } } do
      assert.is_true(polling.forgivable(err))
    end
    for _, err in ipairs { { status_code = 401 }, { status_code = 404 }, { status_code = 200 }, { code = "no_key" },
                           { code = "invalid_input" } } do
      assert.is_false(polling.forgivable(err))
    end
  end)

  for _, word in ipairs { "completed", "COMPLETED", "succeeded", "failed", "error", "cancelled", "Canceled" } do
    it("ends at " .. word, function()
      bed.with({}, function(sim)
        bed.answer_with(sim, ('{"status":"%s"}'):format(word), { path = "/status", forever = true })
        bed.answer_with(sim, "{}", { path = "/result", forever = true })
        local waited = bed.runcomfy():wait("d", "r", { timeout = 100 })
        assert.is_string(waited.ending)
        assert.equal(2, #sim:requests())
      end)
    end)
  end

  it("asks again for a result that says that the job has not ended", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"completed"}', { path = "/status" })
      bed.answer_with(sim, '{"status":"in_progress"}', { path = "/result", count = 2 })
      bed.answer_with(sim, '{"status":"succeeded"}', { path = "/result" })
      local waited = bed.runcomfy():wait("d", "r", { timeout = 10 })
      assert.equal("succeeded", waited.ending)
      assert.equal(3, #sim:requests { path = "/result" })
    end)
  end)

  it("has not seen the end when the result never says so", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"completed"}', { path = "/status" })
      bed.answer_with(sim, '{"status":"in_progress"}', { path = "/result", forever = true })
      local waited = bed.runcomfy():wait("d", "r", { timeout = 5 })
      assert.is_nil(waited.ending)
      assert.equal("completed", waited.status:value "status")
    end)
  end)

  for _, word in ipairs { '"DONE"', '"timed_out"', "null", "17", '{"state":"completed"}', '""' } do
    for _, ending in ipairs { "succeeded", "failed", "cancelled" } do
      it(("takes the result's word for the end where the status has none that is known: %s, %s"):format(word, ending), function()
        bed.with({}, function(sim)
          bed.answer_with(sim, '{"status":"in_progress"}', { path = "/status", count = 2 })
          bed.answer_with(sim, ('{"status":%s}'):format(word), { path = "/status", forever = true })
          bed.answer_with(sim, ('{"status":"%s","outputs":{"9":{"text":["a"]}}}'):format(ending), { path = "/result", forever = true })
          local waited = bed.runcomfy():wait("d", "r", { timeout = 300 })
          assert.equal(ending, waited.ending)
          assert.equal(4, #sim:requests())
          assert.equal("a", json.decode(waited.result:text()).outputs["9"].text[1])
        end)
      end)
    end
  end

  it("polls on at a status that nobody knows, where the result does not know it either", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"frozen"}', { path = "/status", count = 3 })
      bed.answer_with(sim, '{"status":"frozen"}', { path = "/result", count = 3 })
      bed.answer_with(sim, '{"status":"completed"}', { forever = true })
      assert.equal("completed", bed.runcomfy():wait("d", "r", { timeout = 300 }).ending)
      assert.equal(8, #sim:requests())
    end)
  end)

  it("polls on at a status that nobody knows", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, '{"status":"defrosting"}', { path = "/status", forever = true })
      local waited = bed.runcomfy():wait("d", "r", { timeout = 10 })
      assert.is_nil(waited.ending)
      assert.equal("defrosting", waited.status:value "status")
      assert.is_true(#sim:requests() > 5)
    end)
  end)

  it("polls at once, and the number of polls grows slowly", function()
    bed.with({}, function(sim, time)
      local begun = time.time
      bed.answer_with(sim, '{"status":"in_queue"}', { forever = true })
      bed.runcomfy():wait("d", "r", { timeout = 300 })
      local polls = sim:requests()
      assert.equal(begun, polls[1].at)
      assert.is_true(#polls >= 65 and #polls <= 95, tostring(#polls))
      for i = 2, #polls - 1 do
        local pause = polls[i].at - polls[i - 1].at
        assert.is_true(pause > 0.84 and pause < 5.1, tostring(pause))
      end
    end)
  end)

  it("spreads the first polls of a crowd over a second, so that they do not stay in step", function()
    bed.with({}, function(sim, time)
      bed.answer_with(sim, '{"status":"in_queue"}', { forever = true })
      local begun, fibers = time.time, {}
      for i = 1, 200 do fibers[i] = fiber.spawn(bed.runcomfy().wait, bed.runcomfy(), "d", "r" .. i, { timeout = 0.99 }) end
      for _, task in ipairs(fibers) do task:join() end
      local at_once = 0
      for _, poll in ipairs(sim:requests()) do
        if poll.at - begun < 0.1 then at_once = at_once + 1 end
      end
      assert.is_true(at_once >= 32 and at_once < 100, tostring(at_once))
      assert.equal(0, bed.runcomfy().waits.count)
    end)
  end)

  it("says nothing of a result that has not come when the job's own status tells the end", function()
    bed.with({ sim = { cold_start = 1 } }, function(sim)
      local id = bed.runcomfy():submit(ID, {}):value "request_id"
      bed.runcomfy():cancel(ID, id)
      assert(sim:fault { kind = "status", path = "/result", forever = true })
      local waited = bed.runcomfy():wait(ID, id, { timeout = 5 })
      assert.equal("cancelled", waited.ending)
      assert.is_nil(waited.result)
      assert.equal(503, waited.err.status_code)
    end)
  end)
end)
