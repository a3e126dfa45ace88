--- The RunComfy Serverless API, simulated on loopback.
---
--- Deployments live in memory, GPUs are imagined, pictures are drawn; time is lib.async.clock's, and all that looks
--- random comes from `seed`.  Every object it sends carries `"simulated": true`.

local answers = require "lib.sim.answers"
local clock = require "lib.async.clock"
local control = require "lib.sim.control"
local errors = require "lib.errors"
local faults = require "lib.sim.faults"
local httpd = require "core.httpd"
local log = require "core.log"
local model = require "lib.sim.model"
local problems = require "lib.sim.problems"
local routes = require "lib.sim.routes"
local storage = require "lib.sim.storage"
local webhooks = require "lib.sim.webhooks"

local M = {}

---@class sim.Options
---@field host? string           default "127.0.0.1"
---@field port? integer          default 0: any free one
---@field key? string            bearer token that is wanted; default: none
---@field seed? integer          default 1
---@field cold_start? number     seconds, default 180
---@field run_time? number       seconds of each run; default: by graph and hardware
---@field cancel_delay? number   seconds until a cancelled run has stopped, default 1
---@field gate_status? integer   HTTP status that carries error codes 10001 to 10003, default 200
---@field cancel_form? "outcome"|"requested"       the body that a cancel is answered with, default "outcome"
---@field cancelled_word? "cancelled"|"canceled"   default "cancelled"
---@field error_form? "code"|"fastapi"|"message"|"text"  the body of all errors; default: the one the API uses for each
---@field list_form? "bare"|"wrapped"             the list of deployments: an array, or inside an object; default "bare"
---@field delete_form? "empty"|"object"           the answer to a delete: 204, or 200 with an object; default "empty"
---@field run_error_form? "list"|"object"         `error` of a failed result, default "list"
---@field time_form? "z"|"offset"                 moments: milliseconds and Z, or microseconds and +00:00; default "z"
---@field log_length? integer                     how many received requests are kept, default 20000

local DEFAULTS = { host = "127.0.0.1", port = 0, seed = 1, cold_start = 180, cancel_delay = 1, gate_status = 200,
                   cancel_form = "outcome", cancelled_word = "cancelled", list_form = "bare", delete_form = "empty",
                   run_error_form = "list", time_form = "z", log_length = 20000 }
local KNOWN = { key = true, run_time = true, error_form = true }

---@class sim.Received  a request as it came
---@field method string
---@field path string
---@field query string
---@field headers table<string, string>
---@field body string
---@field at number  seconds of lib.async.clock

---@class sim.Server
---@field base_url string
---@field port integer
---@field options sim.Options
---@field model sim.Model
---@field faults sim.Faults
---@field webhooks sim.Webhooks
---@field received integer          requests since the start, those to /_sim not counted
---@field package log sim.Received[]  the last `log_length` of them, in a ring
---@field package listener? core.httpd.Server
local Server = {}
Server.__index = Server

local function note(sim, request)
  sim.log[sim.received % sim.options.log_length + 1] = {
    method = request.method, path = request.path, query = request.query, headers = request.headers, body = request.body,
    at = clock.now(),
  }
  sim.received = sim.received + 1
end

local function traced(err)
  return debug.traceback(tostring(err), 2)
end

-- What has happened by now comes before what is asked for now.
local function settled(answer, sim, request)
  sim.model.time:settle()
  return answer(sim, request)
end

-- A mistake in the simulator is the service's 500, and a line in the log.
local function guarded(answer, sim, request)
  local ok, result = xpcall(settled, traced, answer, sim, request)
  if ok then return result end
  log.write("error", "simulator: " .. tostring(result))
  return answers.problem(problems.new(500, 500001, "Internal Server Error"))
end

local function on_request(sim, request)
  local answer = guarded(control.answer, sim, request)
  if not answer then
    note(sim, request)
    local rule = sim.faults:match(request.method, request.path)
    if rule then
      return sim.faults:apply(rule, request, function() return guarded(routes.answer, sim, request) end)
    end
    answer = guarded(routes.answer, sim, request)
  end
  request:respond(answer.status, answer.headers, answer.body)
end

local function settings(options)
  local all = {} ---@type table<string, any>
  for name, value in pairs(DEFAULTS) do all[name] = value end
  for name, value in pairs(options or {}) do
    if DEFAULTS[name] == nil and not KNOWN[name] then error("sim.start: unknown option '" .. tostring(name) .. "'", 3) end
    all[name] = value
  end
  return all
end

--- Starts a simulator.
---@param options? sim.Options
---@return sim.Server|nil sim, Error? err
---@return_overload sim.Server
---@return_overload nil, Error
function M.start(options)
  local all = settings(options)
  local rules = faults.new()
  local sim = setmetatable({ options = all, faults = rules, received = 0, log = {} }, Server)
  local listener, message, code = httpd.listen({ host = all.host, port = all.port }, function(request) on_request(sim, request) end)
  if not listener then
    return nil, errors.new(("simulator: cannot listen on %s port %d: %s"):format(all.host, all.port, message), { code = code })
  end
  sim.listener, sim.port = listener, listener.port
  sim.base_url = ("http://%s:%d"):format(all.host:find(":") and "[" .. all.host .. "]" or all.host, listener.port)
  sim.model = model.new(all --[[@as sim.ModelOptions]], clock, rules)
  sim.webhooks = webhooks.new(sim)
  return sim
end

--- Adds a fault; see lib.sim.faults.
---@param rule sim.FaultRule
---@return true|nil ok, Error? err
---@return_overload true
---@return_overload nil, Error
function Server:fault(rule)
  return self.faults:add(rule)
end

--- The requests received, oldest first.
---@param filter? { method: string?, path: string? }  path: a text that the path contains
---@return sim.Received[]
function Server:requests(filter)
  local list, length = {}, self.options.log_length --[[@as integer]]
  for index = math.max(0, self.received - length), self.received - 1 do
    local entry = self.log[index % length + 1]
    local matches = not filter or ((not filter.method or entry.method == filter.method)
      and (not filter.path or entry.path:find(filter.path, 1, true)))
    if matches then list[#list + 1] = entry end
  end
  return list
end

--- The picture at a URL that a result names; nil where there is none (any more).
---@param url string
---@return string|nil png, string? request_id, string? filename
function Server:picture(url)
  return storage.picture(self, url)
end

--- Ends it: connections, timers, webhooks under way.  Again: does nothing.
function Server:stop()
  if not self.listener then return end
  self.listener:cancel()
  self.listener = nil
  self.faults:close()
  self.webhooks:close()
  self.model.time:close()
end
Server.__close = Server.stop

return M
