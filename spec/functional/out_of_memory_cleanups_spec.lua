-- Memory that runs out at any point of a recipe's call that scales up, submits, and scales back in a clean-up: what it scaled up
-- goes on costing money.  The clean-up's write is sent, or somebody is told that it was not; and nothing is sent twice.
local samples = require "spec.support.samples"
local starved = require "spec.support.starved"

local SPEED = 5 -- of the clock: clean-ups have five of its seconds

local RECIPE = [[
local rc = require "rc"
return rc.tool {
  name = "sweep", description = "Scales up, submits, scales back.",
  input = { { "guarded", "boolean", "Whether the clean-up runs at the end of its block" },
            { "ending", "string", "returns, raises or waits" },
            { "after", "integer", "The allocation at which memory runs out in the worker", optional = true },
            { "failures", "integer", "How many fail", optional = true },
            { "worker", "integer", "The worker in which they do", optional = true } },
  uses = { "get_deployment", "update_deployment", "submit_request" },
  run = function(input, ctx)
    local id = "]] .. starved.DEPLOYMENT .. [["
    local before = rc.tools.get_deployment({ deployment_id = id }).deployment
    local function scale_back()
      rc.tools.update_deployment { deployment_id = id, name = before.name, min_instances = 0, max_instances = before.max_instances }
    end
    local function work()
      rc.tools.update_deployment { deployment_id = id, min_instances = 1 }
      local job = rc.submit { deployment_id = id, overrides = { ["3"] = { inputs = { seed = rc.random(1000000) } } } }
      ctx:progress(1, 2, "submitted")
      rc.sleep(input.ending == "waits" and 600 or input.worker and 1 or 0.02)
      if input.ending == "raises" then error "that is all" end
      return { request_id = job.request_id }
    end
    if not input.guarded then
      rc.finally(scale_back)
      return work()
    end
    local _ <close> = rc.finally(scale_back)
    return work()
  end,
}
]]

-- What the simulator was sent, by kind.
local function counted(writes)
  local counts = { up = 0, back = 0, submits = 0, others = 0 }
  for _, write in ipairs(writes) do
    local kind = write.method == "POST" and "submits" or write.method ~= "PATCH" and "others"
      or write.body:find('"min_instances":1', 1, true) and "up" or "back"
    counts[kind] = counts[kind] + 1
  end
  return counts
end

local LOST = { "a clean%-up failed", "update %(PATCH [^)]*%): outcome unknown" }

-- Whether the log tells that what was scaled up may not have been scaled back, and of which deployment.
local function tells_of_it(log)
  for _, words in ipairs(LOST) do
    if log:find(words) then return log:find(starved.DEPLOYMENT, 1, true) ~= nil end
  end
  return false
end

-- Whether a submit is named: by its id, or as one whose answer was lost.
local function names_submit(text)
  return text:find "request %x+%-%x+" ~= nil or text:find "request_id[\\\": ]+%x+%-%x+" ~= nil
    or text:find("whose answer was lost", 1, true) ~= nil or text:find("is unknown, and it was not sent again", 1, true) ~= nil
end

-- What is wrong with how a call ended; nil: nothing.
local function problem_of(outcome, answers)
  local sent, log = counted(outcome.writes), table.concat(outcome.lines, "\n")
  if not outcome.waited then return "it goes on for ever" end
  if outcome.fibers > 0 then return "the call before has left a fiber in the worker" end
  if outcome.answers ~= answers or answers > 1 then return ("%d answers"):format(outcome.answers) end
  if sent.up > 1 or sent.submits > 1 or sent.others > 0 then return "something was sent twice" end
  if sent.back > 1 and not log:find "outcome unknown" then return "it was scaled back twice, and nobody knows why" end
  if sent.up > 0 and sent.back == 0 and not tells_of_it(log) then return "it was not scaled back, and nobody is told" end
  if sent.submits > 0 and not names_submit(answers > 0 and outcome.answer or log) then return "the submit is not named" end
end

-- The client gives the call up as soon as the recipe waits: not in the midst of its clean-up, which would run again then.
local function cancel(server, id)
  if not server.transport.cancelled and server.waits() then
    server.session:receive('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":' .. id .. "}}")
    server.transport.cancelled = true
  end
end

local endings = {
  returns = { answers = 1 },
  raises = { answers = 1 },
  waits = { answers = 0, while_it_runs = cancel },
}

-- How many of Lua's allocations fail one after the other, and of how many numbers one is tried.
local WAYS = { { failures = 1, every = 61 }, { failures = 6, every = 127 }, { failures = 24, every = 419 } }

-- Where the recipe runs, and whose memory runs out; a worker in which it is run again makes so many times as many allocations.
local SIDES = {
  { name = "where it runs in this process" },
  { name = "of the host, where it runs in a worker", in_worker = true },
  { name = "of the worker in which it runs", in_worker = true, there = true },
  { name = "of the worker in which it is run again, for its own was killed as it waited", in_worker = true, there = "again", times = 7 },
}

for _, side in ipairs(SIDES) do
  describe("memory that runs out, in a recipe that has something to undo, " .. side.name, function()
    local server, killed

    before_each(function() server = starved.new(RECIPE, SPEED, side.in_worker) end)
    after_each(function() server:close() end)

    -- Its worker is killed, once, as soon as it waits there.
    local function kill()
      if killed or not server.waits() then return end
      killed = true
      server:kill_workers()
    end

    local function call(case, after, failures)
      server.transport.cancelled, killed = false, side.there ~= "again" or not after
      local while_it_runs = endings[case.ending].while_it_runs
      return server:call {
        arguments = case.arguments, after = after, failures = failures, there = after and side.there,
        progress = case.ending == "waits",
        while_it_runs = function(_, id)
          kill()
          if killed and while_it_runs then while_it_runs(server, id) end
        end,
      }
    end

    -- How it goes with all the memory that it needs.
    local function check_well(case)
      local outcome = call(case)
      assert.same({ up = 1, back = 1, submits = 1, others = 0 }, counted(outcome.writes))
      assert.equal(endings[case.ending].answers, outcome.answers)
      assert.equal(0, server:deployment().min_instances)
      assert.same({}, outcome.endings)
      assert.equal(0, outcome.fibers)
    end

    local function sweep(case, failures, every)
      check_well(case)
      local hit = samples.each(every, function(after)
        local outcome = call(case, after, failures)
        local answers = math.max(outcome.answers, endings[case.ending].answers) -- it may fail before it can be cancelled
        return outcome.missed < failures, problem_of(outcome, answers),
          outcome.answer .. "\n" .. table.concat(outcome.lines, "\n")
      end)
      check_well(case)
      assert.is_true(hit >= 500 // every, ("only %d allocations failed"):format(hit)) -- a call makes more than 500
    end

    for _, ending in ipairs { "returns", "raises", "waits" } do
      for _, guarded in ipairs { true, false } do
        local case = { ending = ending, arguments = { ending = ending, guarded = guarded } }
        local name = ("%s, its clean-up %s"):format(ending, guarded and "in its block" or "at the end of the call")
        it("scales back, or says that it did not: it " .. name, function()
          for _, way in ipairs(WAYS) do sweep(case, way.failures, way.every * (side.times or 1)) end
        end)
      end
    end
  end)
end
