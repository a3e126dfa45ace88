local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local log = require "spec.support.log"
local submission = require "lib.runcomfy.submission"
local told = require "lib.runcomfy.told"

local INPUT = { deployment_id = "d", overrides = {} }

-- A context whose way to RunComfy answers with what the spec says, and which keeps what it is told.
local function context(runcomfy, more)
  local ctx = { cancelled = false, runcomfy = runcomfy, receipts = {}, lines = {}, reports = {} }
  function ctx:receipt(ids, quiet) table.insert(self.receipts, { ids = ids, quiet = quiet }) end
  function ctx:log(level, text) table.insert(self.lines, level .. ": " .. text) end
  function ctx:progress(_, _, message) table.insert(self.reports, message) end
  function ctx:on_draining(fn) self.end_wait = fn end
  for key, value in pairs(more or {}) do ctx[key] = value end
  return ctx
end

local function answering(text)
  return { submit = function(self, id, request, answer_by)
    self.seen = { id, request, answer_by }
    return assert(json.raw(text))
  end }
end

-- The requests of a recipe's call, as far as a submit uses them.
local function requests()
  local list = { added = {}, outcomes = {} }
  function list:add(ids) table.insert(self.added, ids) return ids end
  function list:find(_, request_id)
    for _, entry in ipairs(self.added) do if entry.request_id == request_id then return entry end end
  end
  function list:cancelled(_, request_id, outcome) self.outcomes[request_id] = outcome end
  return list
end

local function submit(ctx, input)
  local result
  fiber.spawn(function() result = table.pack(submission.submit(input or INPUT, ctx)) end)
  assert(result, "it waits")
  return table.unpack(result, 1, 2)
end

describe("runcomfy.submission: submit", function()
  it("gives the job, and tells the call of it: quietly where the answer itself does in a moment", function()
    for _, waits in ipairs { false, true } do
      local ctx = context(answering '{"request_id":"r","status_url":"u"}', { answer_by = 7 })
      local job = submit(ctx, { deployment_id = "d", wait_for_completion = waits })
      assert.same({ "d", "r", "u" }, { job.deployment_id, job.request_id, job.submission:value "status_url" })
      assert.same({ { ids = { deployment_id = "d", request_id = "r" }, quiet = not waits } }, ctx.receipts)
      assert.equal(7, ctx.runcomfy.seen[3])
    end
  end)

  it("keeps an id that is a number as it was written", function()
    local job = submit(context(answering '{"request_id":98765432109876543210987}'))
    assert.equal("98765432109876543210987", job.request_id)
  end)

  it("tells the list of a recipe's call in place of the call", function()
    local ctx = context(answering '{"request_id":"r"}', { requests = requests() })
    local job = submit(ctx)
    assert.same({ { deployment_id = "d", request_id = "r" } }, ctx.requests.added)
    assert.equal(ctx.requests.added[1], job.entry)
    assert.same({}, ctx.receipts)
  end)

  it("names in the log a job whose caller has gone meanwhile, once", function()
    local ctx = context(answering '{"request_id":"r"}', { requests = requests(), cancelled = true })
    submit(ctx)
    assert.same({ "warning: the caller gave up on request r of deployment d; the job goes on" }, ctx.lines)
    assert.is_true(ctx.requests.added[1].told)
  end)

  it("cancels it where the operator has set that", function()
    local runcomfy = answering '{"request_id":"r"}'
    runcomfy.cancel_remote_on_client_cancel = true
    function runcomfy:cancel(id, request_id, options)
      self.cancelled = { id, request_id, options.once }
      return assert(json.raw '{"outcome":"cancelled"}')
    end
    local ctx = context(runcomfy, { requests = requests(), cancelled = true })
    submit(ctx)
    assert.same({ "d", "r", true }, runcomfy.cancelled)
    assert.equal("cancelled", ctx.requests.outcomes.r)
    assert.same({ "warning: the caller gave up on request r of deployment d; cancelling the job: cancelled" }, ctx.lines)
  end)

  it("passes a refusal on that names no request", function()
    local err = told.error({ message = "no credits", status_code = 402, hint = "Add funds.", delivery = "not_sent" })
    local ctx = context { submit = function() return nil, err end }
    local none, given = submit(ctx)
    assert.is_nil(none)
    assert.equal(err, given)
    assert.same({}, ctx.receipts)
  end)

  it("names the request that a refusal names, and notes it only where it may run", function()
    for _, delivery in ipairs { "unknown", "not_sent" } do
      local ctx = context({ submit = function()
        return nil, told.error({ message = "busy", status_code = 409, hint = "Wait.", delivery = delivery },
          { payload = json.raw '{"request_id":"r"}' })
      end }, { requests = requests() })
      local _, err = submit(ctx)
      assert.matches("^HTTP 409 | busy\n", err.message)
      assert.matches("names request r of deployment d", err.message, 1, true)
      assert.same({ "d", "r" }, { err.data.deployment_id, err.data.request_id })
      assert.equal(err.hint, err.data.hint)
      assert.equal(delivery == "unknown" and 1 or 0, #ctx.requests.added)
      assert.equal(delivery == "unknown", err.message:find("may run and be billed", 1, true) ~= nil)
      assert.equal(delivery ~= "unknown", err.hint:find("Wait. The answer names", 1, true) == 1)
    end
  end)

  it("tells the call itself of a request that may run, where there is no list", function()
    local ctx = context { submit = function()
      return nil, told.error({ message = "lost", delivery = "unknown" }, { payload = json.raw '{"request_id":"r"}' })
    end }
    submit(ctx)
    assert.same({ { ids = { deployment_id = "d", request_id = "r", delivery = "unknown" }, quiet = true } }, ctx.receipts)
  end)

  it("says of an answer without an id that the job may run, what came and where it points to", function()
    local answer = assert(json.raw '{"hello":1}')
    local ctx = context { submit = function()
      return nil, { message = "m", summary = "an odd answer", code = "no_request_id", location = "https://x.example", answer = answer }
    end }
    local _, err = submit(ctx)
    assert.same({ "no_request_id", "unknown", "d" }, { err.code, err.delivery, err.data.deployment_id })
    assert.equal(answer, err.data.submission)
    assert.matches("may run and be billed.*%(an odd answer%) The answer points to https://x.example%.", err.message)
  end)

  it("tells the call again where memory runs out for that, and keeps the ids in its error where it stays out", function()
    local sleep = fiber.sleep
    local _ <close> = setmetatable({}, { __close = function() fiber.sleep = sleep end })
    fiber.sleep = function() end
    for _, failures in ipairs { 2, math.huge } do
      local list, job, err = requests(), nil, nil
      function list:add(ids)
        self.tries = (self.tries or 0) + 1
        if self.tries <= failures then error("not enough memory", 0) end
        return ids
      end
      local lines = log.lines_of(function() job, err = submit(context(answering '{"request_id":"r"}', { requests = list })) end)
      if failures == 2 then
        assert.same({ "r", 3, 0 }, { job.request_id, list.tries, #lines })
      else
        assert.is_nil(job)
        assert.same({ "internal", "d", "r" }, { err.code, err.data.deployment_id, err.data.request_id })
        assert.matches("request r of deployment d was submitted and may still run", err.message, 1, true)
        assert.matches("keeping the id of a request: given up", lines[1], 1, true)
      end
    end
  end)
end)

local function job() return { deployment_id = "d", request_id = "r", submission = assert(json.raw '{"request_id":"r","x":1}') } end

-- What `follow` makes of what a wait has come to.
local function follow(waited, err)
  local ctx = context { wait = function(self, id, request_id, options)
    self.seen, self.options = { id, request_id }, options
    if waited then waited.elapsed = waited.elapsed or 12.4 end
    return waited, err
  end }
  ctx.answer_by = 99
  local answer, follow_err = submission.follow(job(), 30, ctx)
  return answer, follow_err, ctx
end

local function status(word) return assert(json.raw(('{"status":%q}'):format(word))) end

describe("runcomfy.submission: follow", function()
  it("waits as long as it is told to, and lets the call end the wait", function()
    local _, _, ctx = follow { status = status "in_progress" }
    local options = ctx.runcomfy.options
    assert.same({ "d", "r" }, ctx.runcomfy.seen)
    assert.same({ 30, 99 }, { options.timeout, options.answer_by })
    local function end_wait() end
    options.on_draining(end_wait)
    assert.equal(end_wait, ctx.end_wait)
    options.on_status(nil, { elapsed = 1, message = "queued" })
    assert.same({ "queued" }, ctx.reports)
    options.on_cancelled()
    options.on_cancelled()
    assert.equal(1, #ctx.lines)
  end)

  it("says of a job that has not ended what it saw, that it goes on, and what to ask next", function()
    local answer = assert(follow { status = status "in_queue" })
    assert.matches("^Request r is not finished after 12 s: in_queue%.\nThe job goes on and is not lost%.", answer.text)
    assert.is_true(answer.data.pending)
    assert.equal("in_queue", answer.data.status:value "status")
    answer = assert(follow { err = told.error { message = "no answer" } })
    assert.matches("no status seen yet.*\nThe last poll failed: no answer$", answer.text)
    assert.equal(json.null, answer.data.status)
  end)

  it("does not say that a job goes on whose word it does not know", function()
    local answer = assert(follow { status = status "daydreaming" })
    assert.matches("That word is not known here", answer.text, 1, true)
    assert.is_nil(answer.text:find("goes on and", 1, true))
  end)

  it("notes in the log that the client has gone, and calls the poll that was cut short no failure", function()
    local answer, _, ctx = follow { status = status "in_queue", ended_early = true, err = told.error { message = "cut" } }
    assert.same({ "warning: the client left while request r of deployment d was waited for; the job goes on" }, ctx.lines)
    assert.is_nil(answer.text:find("cut", 1, true))
  end)

  it("is no error where the id cannot be asked about: another try would pay again", function()
    local answer, err = follow(nil, errors.new("id of the request has a slash", { code = "unusable_id" }))
    assert.is_nil(err)
    assert.same({ true, true, "d" }, { answer.data.ok, answer.data.pending, answer.data.deployment_id })
    assert.matches("^Submitted request r%.\nThe id of the request has a slash", answer.text)
  end)

  it("keeps the ids in the error of a wait that failed", function()
    local answer, err = follow(nil, told.error { message = "forbidden", status_code = 403 })
    assert.is_nil(answer)
    assert.same({ "d", "r", 1 }, { err.data.deployment_id, err.data.request_id, err.data.submission:value "x" })
    assert.matches("forbidden\nThe request r of deployment d was submitted and may still run.*Do not submit it again%.$", err.message)
  end)

  it("tells the end of a job whose result cannot be had, and how to get it", function()
    local answer = assert(follow {
      ending = "completed", status = status "completed", err = told.error { message = "gone", status_code = 502, error_code = 7 },
    })
    assert.same({ true, false, 502 }, { answer.data.ok, answer.data.result.ok, answer.data.result.status_code })
    assert.equal(7, answer.data.result.error_code)
    assert.equal(json.null, answer.data.result.detail)
    assert.matches("^Request r finished: completed%.\nIts result could not be fetched %(HTTP 502 .*gone%)%. Next: get_request_result",
      answer.text)
  end)

  it("takes the word of the result where the status says otherwise, and names that", function()
    local answer = assert(follow { ending = "succeeded", status = status "in_progress", result = status "succeeded" })
    assert.matches("finished: succeeded %(its status says in_progress%)", answer.text)
  end)

  it("makes a failed or cancelled job an error with the API's words", function()
    for _, word in ipairs { "failed", "cancelled" } do
      local result = assert(json.raw(('{"status":%q,"error":"boom"}'):format(word)))
      local answer, err = follow { ending = word, status = status "completed", result = result }
      assert.is_nil(answer)
      assert.same({ "job_" .. word, "r", "d" }, { err.code, err.data.request_id, err.data.deployment_id })
      assert.equal(result, err.data.result)
      assert.matches("^Request r finished: " .. word .. "%. boom", err.message)
    end
  end)
end)

describe("runcomfy.submission: naming", function()
  it("gives what the function gives, and raises what it raises", function()
    local function pass(...) return ... end
    assert.same({ 1, 2 }, { submission.naming(job(), pass, 1, 2) })
    assert.same({ nil, "no" }, { submission.naming(job(), pass, nil, "no") })
    local ok, err = pcall(submission.naming, job(), error, "a mistake", 0)
    assert.same({ false, "a mistake" }, { ok, err })
  end)

  it("names the job where memory runs out", function()
    local none, err
    fiber.spawn(function() none, err = submission.naming(job(), error, "not enough memory", 0) end)
    assert.is_nil(none)
    assert.same({ "internal", "d", "r" }, { err.code, err.data.deployment_id, err.data.request_id })
    assert.matches("^not enough memory to tell of it\nThe request r of deployment d was submitted", err.message)
  end)
end)
