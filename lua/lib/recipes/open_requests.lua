--- The requests at RunComfy that a call has begun and not seen end: what goes on, and is paid for, when the call ends.
---
--- Every call of a recipe has a list (`CallState.requests`), and so has the context of whoever asked for it
--- (`ctx.requests`, made by `of`): what a recipe submits, by `rc.submit` or by the tool, alone or in a recipe that
--- it calls, stands in its own list and in those of all calls above it, until it was seen to end.  Whoever ends a call,
--- or answers for one that goes on, reads `list()`; `name_in` puts it into an error, `text` into words.

local errors = require "lib.errors"
local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"

local M = {}

---@class OpenRequest
---@field deployment_id string
---@field request_id? string      none: the answer to the submit was lost
---@field delivery? "unknown"     with no request_id: nobody knows whether it runs
---@field adopted? boolean        another call submitted it; this one only waits for it
---@field cancelling? boolean     RunComfy is being asked to cancel it
---@field told? boolean           the log has it

---@class OpenRequests
---@field private parent? OpenRequests
---@field private entries table<string|integer, OpenRequest>  by their ids; by its number where none is known
---@field private count integer  of those that were ever added
---@field private on_submit? fun(entry: OpenRequest)  hears of each one that was submitted
---@field private begun OpenRequest[]  the first of these, whatever became of them
---@field private ended table<string, true>  by their ids, of those that were seen to end: no late answer opens them again
local OpenRequests = {}
OpenRequests.__index = OpenRequests

---@param parent? OpenRequests  of the call that this one is made for
---@param on_submit? fun(entry: OpenRequest)
---@return OpenRequests
function M.new(parent, on_submit)
  return setmetatable({ parent = parent, entries = {}, count = 0, begun = {}, ended = {}, on_submit = on_submit }, OpenRequests)
end

--- The list of a context, made when it has none.
---@param ctx? table
---@return OpenRequests? requests  nil without a context
function M.of(ctx)
  if not ctx then return nil end
  if not ctx.requests then
    ctx.requests = M.new(nil, ctx.receipt and function(entry)
      ctx:receipt { deployment_id = entry.deployment_id, request_id = entry.request_id }
    end)
  end
  return ctx.requests
end

local MOST_NAMED = 20 -- in words; the data and the log have all of them

-- Keeping --------------------------------------------------------------------------------------------

local function key_of(deployment_id, request_id)
  return ("%d %s%s"):format(#deployment_id, deployment_id, request_id)
end

---@param deployment_id string
---@param request_id string
---@return OpenRequest?
function OpenRequests:find(deployment_id, request_id)
  local slot = self.entries[key_of(deployment_id, request_id)]
  return slot and slot.entry
end

--- Adds a request, here and in the lists above; one that is there already stays as it is, and one that has ended stays out.
---@param entry OpenRequest
---@return OpenRequest
function OpenRequests:add(entry)
  local key = entry.request_id and key_of(entry.deployment_id, entry.request_id)
  local known = key and self.entries[key]
  if known then return known.entry end
  if key and self.ended[key] then return entry end
  self.count = self.count + 1
  if self.count <= MOST_NAMED then self.begun[self.count] = entry end
  self.entries[key or self.count] = { entry = entry, at = self.count }
  if self.parent then self.parent:add(entry) end
  if self.on_submit and not entry.adopted then self.on_submit(entry) end
  return entry
end

--- Takes a request out, here and above: it has ended.
---@param deployment_id string
---@param request_id string
function OpenRequests:settle(deployment_id, request_id)
  local key = key_of(deployment_id, request_id)
  self.entries[key], self.ended[key] = nil, true
  if self.parent then self.parent:settle(deployment_id, request_id) end
end

--- Whether a request was seen to end.
---@param deployment_id string
---@param request_id string
---@return boolean
function OpenRequests:has_ended(deployment_id, request_id)
  return self.ended[key_of(deployment_id, request_id)] == true
end

--- What is open now, the first submitted first.
---@return OpenRequest[]
function OpenRequests:list()
  local list = {}
  for _, slot in pairs(self.entries) do list[#list + 1] = slot end
  table.sort(list, function(a, b) return a.at < b.at end)
  for i, slot in ipairs(list) do list[i] = slot.entry end
  return list
end

-- Watching the calls of tools ------------------------------------------------------------------------

-- A member of structured content, whose parts may be checked text.
local function member(value, name)
  local kind = type(value)
  if kind == "table" then return value[name] end
  if kind ~= "userdata" or value == json.null or not value.kind or value:kind() ~= "object" then return nil end
  return value:value(name)
end

-- Whether an error says that the request has ended: "job_failed", "job_cancelled".
local function tells_end(err)
  return type(err.code) == "string" and lifecycle.outcome(err.code:match "^job_(.*)$") ~= nil
end

local function submitted(self, input, result, err)
  local data = (result or err).data
  local answer = member(data, "submission")
  local request_id = answer ~= nil and lifecycle.request_id(json.raw(json.encode(answer)))
  if request_id then
    if err and tells_end(err) or result and lifecycle.outcome(member(member(data, "status"), "status")) then
      return self:settle(input.deployment_id, request_id)
    end
    self:add { deployment_id = input.deployment_id, request_id = request_id }
  elseif result or err.delivery == "unknown" or member(data, "delivery") == "unknown" then
    local named = err and member(data, "request_id")
    self:add { deployment_id = input.deployment_id, request_id = type(named) == "string" and named or nil, delivery = "unknown" }
  end
end

local function seen(self, input, status, err)
  if lifecycle.outcome(status) or err and tells_end(err) then self:settle(input.deployment_id, input.request_id) end
end

local watchers = {
  submit_request = submitted,
  get_request_status = function(self, input, result, err)
    seen(self, input, result and member(member(result.data, "status"), "status"), err)
  end,
  get_request_result = function(self, input, result, err)
    seen(self, input, result and member(member(result.data, "result"), "status"), err)
  end,
  cancel_request = function(self, input, result)
    local outcome = result and member(result.data, "outcome")
    if outcome == "cancelled" or outcome == "not_cancellable" then self:settle(input.deployment_id, input.request_id) end
  end,
}

--- Learns from what a tool answered.
---@param name string  of the tool
---@param input table
---@param result? { data: any }
---@param err? Error
function OpenRequests:learn(name, input, result, err)
  local watcher = watchers[name]
  if watcher and (result or err) then watcher(self, input, result, err) end
end

-- Telling --------------------------------------------------------------------------------------------

---@param entry OpenRequest
---@return string
function M.describe(entry)
  if entry.request_id then return ("request %s of deployment %s"):format(entry.request_id, entry.deployment_id) end
  return ("a submit to deployment %s whose answer was lost"):format(entry.deployment_id)
end

local function described(entries)
  local parts = {}
  for i = 1, math.min(#entries, MOST_NAMED) do parts[i] = M.describe(entries[i]) end
  return parts
end

local function words(entries)
  local parts = described(entries)
  if #entries > MOST_NAMED then parts[#parts + 1] = ("%d more, in open_requests"):format(#entries - MOST_NAMED) end
  return table.concat(parts, ", ")
end

--- What was submitted, whether it goes on or has ended, in words; nil for nothing.
---@return string?
function OpenRequests:submitted()
  if self.count == 0 then return nil end
  local parts = described(self.begun)
  if self.count > MOST_NAMED then parts[#parts + 1] = ("%d more"):format(self.count - MOST_NAMED) end
  return table.concat(parts, ", ")
end

local function sentence(entries)
  return ("Still open at RunComfy, and paid for while it runs: %s. Do not submit it again: get_request_status tells how it stands, "
    .. "get_request_result fetches what it made, cancel_request ends it."):format(words(entries))
end

--- What goes on, in words; nil where nothing does.
---@return string?
function OpenRequests:text()
  local entries = self:list()
  return #entries > 0 and sentence(entries) or nil
end

--- Some of them as members of structured content; nil for none.
---@param entries OpenRequest[]
---@return table[]?
function M.data(entries)
  if #entries == 0 then return nil end
  local list = {}
  for i, entry in ipairs(entries) do
    list[i] = { deployment_id = entry.deployment_id, request_id = entry.request_id, delivery = entry.delivery }
  end
  return json.as_array(list)
end

-- What a message does not name yet: an error that came from a recipe below names what that one left.
local function unnamed(entries, message)
  local list = {}
  for _, entry in ipairs(entries) do
    if not (entry.request_id and message:find(entry.request_id, 1, true)) then list[#list + 1] = entry end
  end
  return list
end

local function data_of(err)
  local data = errors.data(err)
  if type(data) == "table" and getmetatable(data) ~= json.array then return data end
  return { ok = false, error = err.message, code = err.code, data = data }
end

--- Names in an error what goes on, in its message and in `data.open_requests`.
---@param err Error
---@return Error err  the same
function OpenRequests:name_in(err)
  local entries = self:list()
  if #entries == 0 then return err end
  local data, list = data_of(err), unnamed(entries, err.message)
  data.open_requests = M.data(entries)
  err.data = data
  if #list > 0 then err.message = err.message .. "\n" .. sentence(list) end
  return err
end

return M
