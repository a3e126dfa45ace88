-- The same waits by a tool and by a recipe's job: one loop, so that they see the same, as often, and end at the same moment.
local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local kit = require "spec.support.rc"

local ID = kit.DEPLOYMENT
local USES = { "submit_request" }

local function status(code, more)
  local fault = { kind = "status", status = code }
  for name, value in pairs(more or {}) do fault[name] = value end
  return fault
end

local function at(path, fault)
  fault.path = path
  return fault
end

local function text(body) return { kind = "text", status = 200, message = body } end
local function times(count, fault) fault.count = count return fault end
local function always(fault) fault.forever = true return fault end
local function slow(seconds) return always { kind = "delay", seconds = seconds } end

-- What happens, the time limit, what the service does, options of the simulator.
local SITUATIONS = {
  { "a job that ends soon", 300, {}, { cold_start = 1 } },
  { "a cold start", 900, {} },
  { "a wait that is too short", 30, {} },
  { "a wait without time", 0, {} },
  { "a wait without time, of a job that has ended", 0, {}, { cold_start = 0, run_time = 0 } },
  { "a status that takes longer than the wait", 3, { at("/status", slow(25)) } },
  { "a status that takes a little longer than the wait", 3, { at("/status", slow(4)) } },
  { "a status that takes longer than what is left of the wait", 3, { at("/status", slow(2)) } },
  { "a status that takes longer than a poll may", 100, { at("/status", slow(40)) } },
  { "a wait without time, with a status that takes its time", 0, { at("/status", slow(25)) } },
  { "a result that takes longer than the wait", 20, { at("/result", slow(90)) }, { cold_start = 1 } },
  { "trouble of RunComfy's that passes", 300, { at("/status", times(3, status(503))) }, { cold_start = 1 } },
  { "trouble of RunComfy's that does not pass", 40, { at("/status", always(status(502))) } },
  { "trouble with the result that passes", 300, { at("/result", times(3, status(500))) }, { cold_start = 1 } },
  { "trouble with the result that does not pass", 40, { at("/result", always(status(503))) }, { cold_start = 1 } },
  { "too many requests, with a time to wait", 300, { at("/status", times(2, status(429, { retry_after = 7 }))) }, { cold_start = 1 } },
  { "too many requests, with a time that is longer than the wait", 30, { at("/status", always(status(429, { retry_after = 40 }))) } },
  { "a status that is not found at first", 300, { at("/status", times(4, status(404))) }, { cold_start = 1 } },
  { "a status that is not found", 300, { at("/status", always(status(404))) } },
  { "a conflict that passes", 300, { at("/result", times(4, status(409))) }, { cold_start = 1 } },
  { "a conflict that does not pass", 300, { at("/result", always(status(409))) }, { cold_start = 1 } },
  { "a refusal", 300, { at("/status", always(status(403))) } },
  { "connections that break", 300, { at("/status", times(3, { kind = "drop" })) }, { cold_start = 1 } },
  { "a status that cannot be read, twice", 300, { at("/status", times(2, text "not JSON")) }, { cold_start = 1 } },
  { "a status that cannot be read", 300, { at("/status", always(text "not JSON")) } },
  { "a result that cannot be read, twice", 300, { at("/result", times(2, text "not JSON")) }, { cold_start = 1 } },
  { "a result that cannot be read", 300, { at("/result", always(text "not JSON")) }, { cold_start = 1 } },
  { "a result of which a part can be read", 300, {
    at("/result", always(text '{"status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/1.png"}],"n":nan}}}')),
  }, { cold_start = 1 } },
  { "a job that fails", 300, { { kind = "fail_run" } }, { cold_start = 1 } },
  { "a failure that comes with an error_code", 300, {
    at("/status", always(text '{"status":"failed","error_code":500001,"error_message":"node 3 died"}')),
    at("/result", always(text '{"status":"failed","error_code":500001,"error_message":"node 3 died"}')),
  } },
  { "a word that nobody knows", 12, { at("/status", always(text '{"status":"resting"}')) } },
}

local ways = {}

function ways.tool(timeout)
  local answer = bed.call("submit_request", { deployment_id = ID, wait_for_completion = true, timeout_seconds = timeout })
  local data = answer.data
  local has_result = answer.ok and not data.pending and data.result.ok ~= false
  local how = has_result and "result" or answer.text:find "finished: failed" and "the job failed" or "no result"
  return how, data.output_urls and #data.output_urls or 0, answer.text
end

function ways.recipe(timeout)
  local answer, err = kit.run([[
    local job = rc.submit { deployment_id = input.id }
    local ok, done = pcall(job.wait, job, { timeout = input.timeout })
    if not ok then return { failed = done.code == "job_failed", message = done.message } end
    return { count = #done.output_urls, status = done.status }
  ]], { uses = USES, input = { id = ID, timeout = timeout } })
  local data = assert(answer, err and err.message).data
  local how = data.status and "result" or data.failed and "the job failed" or "no result"
  return how, data.count or 0, data.message or data.status
end

-- How it ends, after how many seconds, with how many files, after how many looks.
local function run(way, situation)
  local seen
  bed.with({ sim = situation[4] }, function(sim)
    for _, fault in ipairs(situation[3]) do
      local copy = {}
      for name, value in pairs(fault) do copy[name] = value end
      assert(sim:fault(copy))
    end
    math.randomseed(1)
    local began = clock.now()
    local how, files, words = ways[way](situation[2])
    seen = {
      how = how, files = files, words = words, seconds = ("%.3f"):format(clock.now() - began),
      polls = #sim:requests { path = "/status" }, results = #sim:requests { path = "/result" },
    }
  end)
  return seen
end

describe("a wait by a tool and one by a recipe", function()
  for _, situation in ipairs(SITUATIONS) do
    it("are the same: " .. situation[1], function()
      local tool, recipe = run("tool", situation), run("recipe", situation)
      local told = ("%s\n%s"):format(tool.words, recipe.words)
      tool.words, recipe.words = nil, nil
      assert.same(tool, recipe, told)
    end)
  end

  it("tell of a job that has ended and whose result cannot be had that it has ended, and not to submit it again", function()
    local situation = { "", 40, { at("/result", always(status(503))) }, { cold_start = 1 } }
    assert.matches("finished: completed%.\nIts result could not be fetched %(HTTP 503", run("tool", situation).words)
    local words = run("recipe", situation).words
    assert.matches("has ended: completed, but its result could not be fetched within 40 s (HTTP 503", words, 1, true)
    assert.matches("It is not to be submitted again", words, 1, true)
  end)

  it("tell of a job that is not known yet when they end that it goes on, and not to submit it again", function()
    local situation = { "", 1, { at("/status", always(status(404))) } }
    assert.matches("The job goes on and is not lost. Do not submit it again", run("tool", situation).words, 1, true)
    local words = run("recipe", situation).words
    assert.matches("has not ended after 1 s: no status seen yet. The job goes on, and is not to be submitted again", words, 1, true)
  end)

  it("end with the time that they have, however long an answer takes", function()
    for _, seconds in ipairs { 4, 25, 100 } do
      local seen = run("tool", { "", 3, { at("/status", slow(seconds)) } })
      assert.equal("no result", seen.how)
      assert.is_true(tonumber(seen.seconds) <= 3.2, seen.seconds)
    end
  end)
end)
