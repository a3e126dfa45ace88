--- Jobs: a request at RunComfy, from its submission to its files.
---
--- All that a job does is a call of one of the tools, which the host makes (lib.recipes.effects.jobs), so that `uses`, dry runs and
--- records see it.

local call = require "lib.recipes.run.call"
local known_names = require "lib.recipes.load.known_names"
local work = require "lib.recipes.rc.work"
local brief = require("lib.text").brief

local M = {}

---@class rc.JobHandle  what a job of the recipe's stands for
---@field state rc.State  of the call that uses it, which need not be the one that made it
---@field deployment_id string
---@field request_id string
---@field overrides? table
---@field instance_id? string  the last one known

local records = setmetatable({}, { __mode = "k" }) ---@type table<table, rc.JobHandle>

local Job = {}
local JobType = { __name = "rc.Job", __metatable = "rc.Job" }

local function record_of(job, method)
  local record = type(job) == "table" and records[job]
  if not record then error(("call it as job:%s(…), on a job of this recipe"):format(method), 3) end
  -- A job that is kept beyond its call acts with the rights of the call that runs; what is learned of it is its own.
  return setmetatable({ state = call.state("job:" .. method, 3) }, { __index = record, __newindex = record })
end

local function handle(record)
  local job = setmetatable({ deployment_id = record.deployment_id, request_id = record.request_id }, JobType)
  records[job] = record
  return job
end

-- Submission ---------------------------------------------------------------------------------------

local FIELDS = { deployment_id = true, overrides = true, workflow_api_json = true, extra_data = true,
  webhook_url = true, webhook_intermediate_status = true }

local OBJECT = { type = "object" }
local NODES = { type = "object", additionalProperties = { type = "object", properties = { inputs = OBJECT } } }
local SUBMISSION = { type = "object", properties = { overrides = NODES, workflow_api_json = NODES, extra_data = OBJECT } }

local function check_submission(submission)
  if type(submission) ~= "table" then error("rc.submit takes a table: rc.submit { deployment_id = …, overrides = … }", 4) end
  local plain = work.import_json(submission, "rc.submit", 4, SUBMISSION)
  for name in pairs(plain) do
    if not FIELDS[name] then
      local names = {}
      for field in pairs(FIELDS) do names[#names + 1] = field end
      table.sort(names)
      error(("rc.submit has no field '%s'%s"):format(name, require("lib.didyoumean").hint(tostring(name), names)), 4)
    end
  end
  return plain
end

local LONG = 2048 -- characters of a text that is kept whole

-- What is kept of the overrides, to tell where an output came from: a picture in them is not.
local function noted(value)
  if type(value) == "string" and #value > LONG then
    return ("%s (%d bytes)"):format(brief(value, 64), #value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = noted(item) end
  return copy
end

--- `rc.submit`
---@param state rc.State
---@param submission table
---@return table job
function M.submit(state, submission)
  local plain = check_submission(submission)
  local record = { deployment_id = plain.deployment_id, request_id = nil, overrides = noted(plain.overrides) }
  local job = handle(record) -- there before it is paid for
  local request_id = work.effect_json(state, "job", "submit", plain)
  record.request_id, job.request_id = request_id, request_id
  return job
end

--- `rc.job`
---@param deployment_id string
---@param request_id string
---@return table job
function M.job(_, deployment_id, request_id)
  if type(deployment_id) ~= "string" or type(request_id) ~= "string" then
    error("rc.job takes a deployment_id and a request_id, both texts", 3)
  end
  return handle { deployment_id = deployment_id, request_id = request_id }
end

-- Methods ------------------------------------------------------------------------------------------

-- What is done with a job of the recipe's; the answer is a value of the recipe's own.
local function act(record, name, more)
  local input = { deployment_id = record.deployment_id, request_id = record.request_id }
  for key, value in pairs(more or {}) do input[key] = value end
  return work.effect_json(record.state, "job", name, input)
end

-- Where outputs came from is told beside the files that are made of them.
local function remember(record, finished)
  record.instance_id = finished.instance_id or record.instance_id
  for _, entry in ipairs(finished.output_urls) do
    if type(entry) == "table" and type(entry.url) == "string" then
      record.state.outputs[entry.url] = {
        deployment_id = record.deployment_id, request_id = record.request_id, overrides = record.overrides,
        filename = type(entry.filename) == "string" and entry.filename or nil,
      }
    end
  end
  return finished
end

local function timeout_of(options)
  if options == nil then return nil end
  local plain = type(options) == "table" and work.import(options, "job:wait", 3)
  local timeout = plain and plain.timeout
  for name in pairs(plain or {}) do
    if name ~= "timeout" then error(("job:wait has no option '%s'; it takes timeout"):format(tostring(name)), 3) end
  end
  if not plain or timeout ~= nil and not (type(timeout) == "number" and timeout >= 0) then
    error("job:wait takes { timeout = seconds }", 3)
  end
  return timeout
end

function Job:wait(options)
  local record = record_of(self, "wait")
  return remember(record, act(record, "wait", { timeout = timeout_of(options) }))
end

function Job:status()
  return (act(record_of(self, "status"), "status"))
end

function Job:result()
  local record = record_of(self, "result")
  return remember(record, act(record, "result"))
end

function Job:cancel()
  return (act(record_of(self, "cancel"), "cancel"))
end

local function method_of(options)
  if options == nil then return "POST" end
  local plain = type(options) == "table" and work.import(options, "job:proxy", 3)
  for name in pairs(plain or {}) do
    if name ~= "method" then error(("job:proxy has no option '%s'; it takes method"):format(tostring(name)), 3) end
  end
  local method = plain and plain.method
  if method ~= "POST" and method ~= "GET" then error('job:proxy takes { method = "GET" }, or "POST"', 3) end
  return method
end

function Job:proxy(path, body, options)
  local record = record_of(self, "proxy")
  if type(path) ~= "string" then error('job:proxy takes a path such as "api/free"', 2) end
  if body ~= nil and type(body) ~= "table" then error("job:proxy takes a table as body", 2) end
  local method = method_of(options)
  if method == "GET" and body ~= nil then error("job:proxy: no body goes with a GET", 2) end
  local plain = body ~= nil and work.import_json(body, "job:proxy", 2, OBJECT) or nil
  return act(record, "proxy", { path = path, method = method, body = plain, instance_id = record.instance_id })
end

JobType.__index = known_names.reader("a job", Job, { "deployment_id", "request_id" })

--- The public names of jobs.
---@return string[]
function M.names()
  local names = {}
  for name in pairs(Job) do names[#names + 1] = "job:" .. name end
  return names
end

return M
