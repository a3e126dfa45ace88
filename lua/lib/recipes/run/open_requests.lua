--- The requests at RunComfy that a call has begun: what goes on, and is paid for, when the call ends, and what has ended with
--- a result, which is paid for as well, and must not be paid for again because its call has failed.
---
--- Every call of a recipe has a list (`CallState.requests`), and so has the context of whoever asked for it
--- (`ctx.requests`, made by `of`): what a recipe submits, by `rc.submit` or by the tool, alone or in a recipe that
--- it calls, stands in its own list and in those of all calls above it.  Whoever ends a call, or answers for one that goes
--- on, reads `list()`, and `made()` for those that were seen to end well; `name_in` puts both into an error, `text` the first
--- into words.

local errors = require "lib.errors"
local json = require "core.json"
local receipts = require "lib.calls.receipts"

local M = {}

---@class OpenRequest
---@field deployment_id string
---@field request_id? string      none: the answer to the submit was lost
---@field delivery? "unknown"     with no request_id: nobody knows whether it runs
---@field adopted? boolean        another call submitted it; this one only waits for it
---@field cancelling? boolean     RunComfy is being asked to cancel it
---@field told? boolean           the log has it

---@class RequestSlot  the place of a request in a list
---@field entry? OpenRequest  none: the call has not submitted it
---@field at? integer         its number
---@field made? boolean       it has ended, and made something, as far as is known

---@class OpenRequests
---@field private parent? OpenRequests
---@field private entries table<string|integer, RequestSlot>  by their ids; by its number where none is known
---@field private count integer  of those that were ever added
---@field private on_submit? fun(entry: OpenRequest)  hears of each one that was submitted
---@field private begun OpenRequest[]  the first of these, whatever became of them
---@field private ended table<string, RequestSlot>  by their ids, of those that were seen to end: no late answer opens them again
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

local function keep(self, key, entry)
  local at = self.count + 1
  local slot = { entry = entry, at = at, told = false }
  if at <= MOST_NAMED then self.begun[at] = entry end
  self.entries[key or at] = slot
  self.count = at
  return slot
end

--- Adds a request, here and in the lists above; one that is there already stays as it is, and one that has ended stays out.
--- Where memory runs out the same is to be called again, and what was missing is added.
---@param entry OpenRequest
---@return OpenRequest
function OpenRequests:add(entry)
  local key = entry.request_id and key_of(entry.deployment_id, entry.request_id)
  local slot = key and self.entries[key]
  if not slot then
    if key and self.ended[key] then return entry end
    slot = keep(self, key, entry)
  end
  if self.parent then self.parent:add(slot.entry) end
  if not slot.told and self.on_submit and not slot.entry.adopted then self.on_submit(slot.entry) end
  slot.told = true
  return slot.entry
end

local MADE = { completed = true, succeeded = true }

--- Takes a request out, here and above: it has ended.
---@param deployment_id string
---@param request_id string
---@param outcome? string  how: see lifecycle.outcome; the last word counts
function OpenRequests:settle(deployment_id, request_id, outcome)
  local key = key_of(deployment_id, request_id)
  local slot = self.entries[key] or self.ended[key] or {}
  slot.made = MADE[outcome] == true
  self.entries[key], self.ended[key] = nil, slot
  if self.parent then self.parent:settle(deployment_id, request_id, outcome) end
end

--- Whether a request was seen to end.
---@param deployment_id string
---@param request_id string
---@return boolean
function OpenRequests:has_ended(deployment_id, request_id)
  return self.ended[key_of(deployment_id, request_id)] ~= nil
end

local function in_order(slots, counts)
  local list = {}
  for _, slot in pairs(slots) do
    if counts(slot) then list[#list + 1] = slot end
  end
  table.sort(list, function(a, b) return a.at < b.at end)
  for i, slot in ipairs(list) do list[i] = slot.entry end
  return list
end

--- What is open now, the first submitted first.
---@return OpenRequest[]
function OpenRequests:list()
  return in_order(self.entries, function() return true end)
end

--- What was submitted and has ended with a result, as far as was seen, the first submitted first.
---@return OpenRequest[]
function OpenRequests:made()
  return in_order(self.ended, function(slot) return slot.made and slot.entry ~= nil and not slot.entry.adopted end)
end

--- Learns what became of the cancel of a request.
---@param deployment_id string
---@param request_id string
---@param outcome any  see lifecycle.cancel_outcome
function OpenRequests:cancelled(deployment_id, request_id, outcome)
  if outcome == "cancelled" then return self:settle(deployment_id, request_id, outcome) end
  -- What is too late to be cancelled has ended, in a way that is not told; where that was seen before, it is known.
  if outcome == "not_cancellable" and not self:has_ended(deployment_id, request_id) then
    self:settle(deployment_id, request_id, "completed")
  end
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

local function words(entries, place)
  local parts = described(entries)
  if #entries > MOST_NAMED then parts[#parts + 1] = ("%d more, in %s"):format(#entries - MOST_NAMED, place) end
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
    .. "get_request_result fetches what it made, cancel_request ends it."):format(words(entries, "open_requests"))
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

local function made_sentence(entries)
  return ("Ended, and paid for: %s. The results are not lost: get_request_result fetches them, for 7 days. Do not submit the same "
    .. "again for them."):format(words(entries, "ended_requests"))
end

--- What goes on and what has ended with a result, in words; nil for nothing.
---@return string?
function OpenRequests:account()
  local open, made = self:text(), self:made()
  if #made == 0 then return open end
  return open and open .. " " .. made_sentence(made) or made_sentence(made)
end

-- What a message does not name yet: an error that came from a recipe below names what that one left.
local function unnamed(entries, message)
  local list = {}
  for _, entry in ipairs(entries) do
    if not (entry.request_id and receipts.names(message, entry.request_id)) then list[#list + 1] = entry end
  end
  return list
end

local function data_of(err)
  local data = errors.data(err)
  if type(data) == "table" and getmetatable(data) ~= json.array then return data end
  return { ok = false, error = err.message, code = err.code, data = data }
end

local function add_words(err, entries, sentence_of)
  local list = unnamed(entries, err.message)
  if #list > 0 then err.message = err.message .. "\n" .. sentence_of(list) end
end

--- Names in an error what goes on and what has ended with a result: in its message, in `data.open_requests` and in
--- `data.ended_requests`.
---@param err Error
---@return Error err  the same
function OpenRequests:name_in(err)
  local open, made = self:list(), self:made()
  if #open == 0 and #made == 0 then return err end
  local data = data_of(err)
  data.open_requests, data.ended_requests = M.data(open), M.data(made)
  err.data = data
  add_words(err, open, sentence)
  add_words(err, made, made_sentence)
  return err
end

return M
