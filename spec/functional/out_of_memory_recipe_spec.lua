-- Memory that runs out at any point of a recipe's call, which submits, waits, asks, downloads and runs things beside each other:
-- the call is answered once, and nothing of it goes on for ever.
local samples = require "spec.support.samples"
local starved = require "spec.support.starved"

local RECIPE = [[
local rc = require "rc"
return rc.tool {
  name = "sweep", description = "Does everything.",
  uses = { "submit_request", "get_request_status", "get_request_result", "list_deployments" },
  run = function(_, ctx)
    rc.finally(function() rc.tools.list_deployments {} end)
    ctx:progress(1, 3, "one")
    if not ctx:confirm "Go on?" then rc.fail "no" end
    local job = rc.submit {
      deployment_id = "]] .. starved.DEPLOYMENT .. [[",
      overrides = { ["3"] = { inputs = { seed = rc.random(1000000) } }, ["5"] = { inputs = { width = 64, height = 64 } } },
    }
    local done = job:wait { timeout = 60 }
    local sizes = rc.map(done.output_urls, function(output) return rc.download(output.url).size end)
    local seen = rc.map({ 1, 2, 3 }, function() return rc.tools.list_deployments {} ~= nil end, { concurrency = 2 })
    return { sizes = sizes, seen = #seen }
  end,
}
]]

local SPEED = 100 -- of the clock
local EVERY = 23 -- of so many allocations one fails

local function problem_of(outcome, number)
  if not outcome.waited then return "it goes on for ever" end
  if outcome.answers ~= 1 then return ("%d answers"):format(outcome.answers) end
  if outcome.answer:match '"id":(%d+)' ~= tostring(number) then return "the answer is not the call's" end
end

describe("memory that runs out in a recipe's call", function()
  local server

  setup(function() server = starved.new(RECIPE, SPEED) end)
  teardown(function() server:close() end)

  local function check_well()
    assert.matches('"isError":false', server:call().answer, 1, true)
  end

  -- Who asks for progress gets its answer 50 ms behind it: most calls do not.
  for _, way in ipairs { { name = "", every = EVERY }, { name = ", with progress", every = 10 * EVERY, progress = true } } do
    it("is answered once, and leaves nothing that goes on" .. way.name, function()
      check_well() -- all is loaded from here on
      local hit = samples.each(way.every, function(after)
        local outcome = server:call { after = after, progress = way.progress }
        return outcome.missed == 0, problem_of(outcome, server.number), outcome.answer .. "\n" .. table.concat(outcome.lines, "\n")
      end)
      check_well()
      assert.is_true(hit > 1000 // way.every, ("only %d allocations failed"):format(hit))
    end)
  end
end)

local BATCH = [[
local rc = require "rc"
return rc.tool {
  name = "sweep", description = "Submits three and tells what became of each.",
  uses = { "submit_request" },
  run = function()
    return { jobs = rc.map({ 1, 2, 3 }, function(seed)
      local job = rc.submit {
        deployment_id = "]] .. starved.DEPLOYMENT .. [[", overrides = { ["3"] = { inputs = { seed = seed + rc.random(1000000) } } },
      }
      return job.request_id
    end, { stop_on_error = false }) }
  end,
}
]]

-- How many different requests an answer names, and how many submits of which nobody knows.
local function named(answer)
  local ids, count = {}, 0
  for id in answer:gmatch "%x+%-%x+%-%x+%-%x+%-%x+" do
    if id ~= starved.DEPLOYMENT and not ids[id] then ids[id], count = true, count + 1 end
  end
  local _, unknown = answer:gsub("whose answer was lost", "")
  local _, told = answer:gsub("is unknown, and it was not sent again", "")
  return count, math.max(unknown, told)
end

describe("memory that runs out in a batch", function()
  local server

  setup(function() server = starved.new(BATCH, SPEED) end)
  teardown(function() server:close() end)

  it("names all that was submitted, and keeps what the others have brought", function()
    server:call()
    local whole, sent = 0, 0
    samples.each(17, function(after)
      local outcome = server:call { after = after }
      local ids, unknown = named(outcome.answer)
      local problem = problem_of(outcome, server.number)
      if #outcome.writes > 3 then problem = "something was sent twice" end
      if ids + unknown < #outcome.writes then problem = ("%d were sent, %d are named"):format(#outcome.writes, ids + unknown) end
      if #outcome.writes > 0 then sent = sent + 1 end
      if outcome.answer:find('"isError":false', 1, true) and ids >= 2 then whole = whole + 1 end
      return outcome.missed == 0, problem, outcome.answer .. "\n" .. table.concat(outcome.lines, "\n")
    end)
    assert.is_true(sent > 10, ("only %d calls submitted"):format(sent))
    assert.is_true(whole > sent / 2, ("%d of %d that submitted gave results"):format(whole, sent))
  end)
end)
