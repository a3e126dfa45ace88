--- States that a spec puts the simulated service into, by name.

local didyoumean = require "lib.didyoumean"

local M = {}

--- In the manual, lua/meta/testkit.lua, as kit.State.
---@alias testkit.State string|{ [1]: string, [string]: any }

-- Paths as the simulator sees them.
local SUBMIT = "/inference"
local OUTPUT = "/output/"

---@type table<string, fun(options: table, sim: sim.Options): sim.FaultRule?>
local states = {}

--- The first instance wakes up for `seconds`, default 240.
function states.cold_start(options, sim)
  sim.cold_start = options.seconds or 240
end

--- Instances are there at once.
function states.warm(_, sim)
  sim.cold_start = 0
end

--- `count` requests are answered with 429 (default 2), with Retry-After (default 3 seconds).  Reads, unless `method`
--- says otherwise; `path`: a part of the path.
function states.rate_limited(options)
  return {
    kind = "status", status = 429, retry_after = options.retry_after or 3, count = options.count or 2, path = options.path,
    method = options.method or "GET", message = "Too many requests",
  }
end

--- The submit arrives and the job runs, but its answer is lost.
function states.lost_answer(options)
  return { kind = "drop", handled = true, method = "POST", path = options.path or SUBMIT, skip = options.skip, count = options.count }
end

--- A run fails; `message` says why.
function states.failed_job(options)
  return {
    kind = "fail_run", count = options.count, skip = options.skip, path = options.deployment_id,
    message = options.message or "CUDA out of memory", error_code = options.error_code,
  }
end

--- The files of outputs are gone.
function states.expired_output(options)
  return {
    kind = "status", status = 404, method = "GET", path = OUTPUT, forever = options.count == nil or nil, count = options.count,
    message = "The file is gone: outputs are kept for 7 days",
  }
end

--- The service answers `count` requests (default 2) with 503: reads, unless `method` says otherwise.
function states.unwell(options)
  return { kind = "status", status = 503, count = options.count or 2, path = options.path, method = options.method or "GET" }
end

--- RunComfy does not know a new job for `count` polls (default 2): 404.
function states.not_known_yet(options)
  return { kind = "status", status = 404, method = "GET", path = options.path or "/status", count = options.count or 2 }
end

--- `count` answers about jobs (default 2) are no JSON.
function states.garbled(options)
  return {
    kind = "text", status = 200, method = "GET", path = options.path or "/requests/", count = options.count or 2,
    message = options.message or "<html><title>Maintenance</title></html>",
  }
end

local function names()
  local list = {}
  for name in pairs(states) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- What a list of states means: options for the simulator's start, and faults.
---@param list? testkit.State[]
---@param sim sim.Options  gets options
---@return sim.FaultRule[]
function M.read(list, sim)
  local faults = {}
  for _, state in ipairs(list or {}) do
    local name = type(state) == "table" and state[1] or state
    local make = states[name --[[@as string]]]
    if not make then
      error(("there is no state '%s'%s; there are %s"):format(tostring(name), didyoumean.hint(tostring(name), names()),
        table.concat(names(), ", ")), 0)
    end
    faults[#faults + 1] = make(type(state) == "table" and state --[[@as table]] or {}, sim)
  end
  return faults
end

return M
