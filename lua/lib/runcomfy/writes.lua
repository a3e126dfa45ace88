--- The writes that are under way, and what is said of them: each one that leaves is a line in the log with its outcome,
--- whoever asked for it and whether he still waits.
---
--- A write takes the wire at one moment (core.http, Transfer:is_sent).  Before it a cancellation of the caller ends the write
--- with nothing sent; after it the write is carried to its answer, for what it started may cost money.
---
--- Each account has its own list, and the program one above them all, by which its end sees to what is under way.

local advice = require "lib.runcomfy.advice"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local http = require "lib.async.http"
local json = require "core.json"
local late = require "lib.async.late"
local log = require "core.log"
local brief = require("lib.text").brief

local M = {}

---@class Operation  what a write is called, and what to do when nobody knows whether it happened
---@field name string
---@field unknown string
---@field proof fun(value: core.json.Raw|string): boolean  whether an answer that succeeded shows that it was taken
---@field wanted string  what such an answer is: "a deployment"
---@field unproven? string  the error's code where it is not; default "unexpected_answer"
---@field tells_id? boolean  its answer holds the id of what was made
---@field hints? table<integer, string>  what to do, by HTTP status

---@class Write
---@field operation Operation
---@field request HttpRequest
---@field what string       "submit (POST https://…/inference)"
---@field began number      on lib.async.clock
---@field transfer? core.http.Transfer  the current try
---@field package list Writes  that it stands in, and in those above that one
---@field package task Fiber
---@field package lost string    what to say of it where there is no memory for more
---@field package told boolean   the log has its outcome
local Write = {}
Write.__index = Write

local OUTCOMES = { unknown = "outcome unknown", not_sent = "not sent" }

---@class Writes
---@field package parent? Writes
---@field package under_way table<Write, true>
---@field package tries table<Fiber, integer>  how many of theirs were begun
---@field package waiting_for_none table<table, fun()>
local Writes = {}
Writes.__index = Writes

local OF_FIBERS = { __mode = "k" }

---@param parent? Writes  that has all of this one's, too
---@return Writes
function M.new(parent)
  return setmetatable({ parent = parent, under_way = {}, tries = setmetatable({}, OF_FIBERS), waiting_for_none = {} }, Writes)
end

local function enter(list, write)
  while list do
    list.under_way[write] = true
    list = list.parent
  end
end

local function leave(list, write)
  while list do
    list.under_way[write] = nil
    list = list.parent
  end
end

-- Whoever waits until none is left is told so.
local function wake(list)
  while list do
    local waiters = list.waiting_for_none
    if next(list.under_way) == nil and next(waiters) ~= nil then
      list.waiting_for_none = {}
      for _, fn in pairs(waiters) do fn() end
    end
    list = list.parent
  end
end

function Write:__close()
  leave(self.list, self)
  if self.transfer and not self.told then log.write("warning", self.lost) end
  wake(self.list)
end

--- Notes that a write begins; a to-be-closed value, closed when its outcome is known.  In a fiber.
---@param request HttpRequest
---@param operation Operation
---@return Write
function Writes:begin(request, operation)
  local write = setmetatable({
    list = self,
    operation = operation, request = request, began = clock.now(), task = fiber.current(),
    what = ("%s (%s %s)"):format(operation.name, request.method, http.place(request.url)),
    lost = nil, transfer = nil, told = false, -- room: setting them must not fail, for it goes out then
  }, Write)
  write.lost = write.what .. ": outcome unknown: not enough memory"
  self.tries[write.task] = self.tries[write.task] or 0 -- room, too
  local ok, err = pcall(enter, self, write)
  if ok then return write end
  leave(self, write)
  error(err, 0)
end

--- Sends the request once; see lib.async.http.write.
---@return HttpResponse? response, Error? err
---@return_overload HttpResponse
---@return_overload nil, Error
function Write:send()
  return http.write(self.request, function(transfer)
    local tries = self.list.tries
    self.transfer = transfer
    tries[self.task] = tries[self.task] + 1
  end)
end

--- How many tries of writes the fiber that runs now has begun so far.
---@return integer
function Writes:started()
  return self.tries[fiber.current()] or 0
end

-- Whether bytes of it may have left, of one that is under way.
local function is_sent(self)
  return self.transfer ~= nil and self.transfer:is_sent()
end

-- Of an answer that has begun what has come counts: the caller waits for the rest no longer.
local function hurry(self)
  if self.transfer then self.transfer:hurry() end
end

--- Does so at a moment of lib.async.clock, unless it is closed before.
---@param moment number
---@return core.Handle
function Write:hurry_at(moment)
  return clock.after(math.max(0, moment - clock.now()), function() hurry(self) end)
end

--- For the end of the program: whatever has come of the answers to writes that are under way counts now.
function Writes:hurry()
  for write in pairs(self.under_way) do hurry(write) end
end

--- Whether a try of it was ever begun.
---@return boolean
function Write:has_started()
  return self.transfer ~= nil
end

local function one_line(text)
  return (text:gsub("[\r\n]+", " "))
end

local LONGEST_ID = 256   -- bytes, as a path takes them
local LONGEST_TEXT = 4096 -- of what may be an id; a longer one is none

-- An id as it was written: a number may be one, too, of any size.
local function id_of(part)
  local kind = part:size() <= LONGEST_TEXT and part:kind()
  if kind == "number" then return part:text() end
  return kind == "string" and part:value() or ""
end

-- The ids in an answer: what must not be lost whatever becomes of the caller.
local function ids(value)
  if type(value) ~= "userdata" or value == json.null or value:kind() ~= "object" then return "" end
  local found = {}
  for _, key in ipairs { "request_id", "id", "status", "outcome" } do
    local part = value:get(key)
    local id = part and id_of(part) or ""
    if id ~= "" then found[#found + 1] = (", %s %s"):format(key, brief(id, LONGEST_ID)) end
  end
  return table.concat(found)
end

local function report(self, level, outcome)
  local gone = self.task.cancel_reason ~= nil
  log.write(gone and "warning" or level, one_line(("%s: %s, %.0f ms%s"):format(self.what, outcome, (clock.now() - self.began) * 1000,
    gone and "; its caller no longer waits for it" or "")))
  self.told = true
end

--- Logs that the API took it.
---@param status integer
---@param value core.json.Raw|string
function Write:succeeded(status, value)
  report(self, "info", ("HTTP %d%s"):format(status, ids(value)))
end

--- Logs that it failed, or that nobody knows.
---@param err Error
function Write:failed(err)
  local status = err.status_code and ("HTTP %d, "):format(err.status_code) or ""
  report(self, "warning", ("%s%s%s: %s"):format(status, OUTCOMES[err.delivery] or "refused", ids(err.data and err.data.payload),
    err.api_message or err.message))
end

--- Calls `fn`; where the caller is cancelled meanwhile, nothing of the write has left: the log says so, and the
--- cancellation, which goes on, has `delivery = "not_sent"`.
---@param fn fun(...): any, any
---@param ... any
---@return any value, any err
function Write:attempt(fn, ...)
  local ok, value, err = pcall(fn, ...) ---@type boolean, any, any
  if ok then return value, err end
  if fiber.is_cancelled(value) then
    value.delivery, self.told = "not_sent", true
    log.write("warning", ("%s: cancelled before a byte of it left: nothing was sent"):format(self.what))
  end
  error(value, 0)
end

--- Whether it has no outcome yet.
---@return boolean
function Write:is_open()
  return self.list.under_way[self] ~= nil
end

--- The writes that have begun and have no outcome yet, in no order.
---@return Write[]
function Writes:all()
  local list = {}
  for write in pairs(self.under_way) do list[#list + 1] = write end
  return list
end

--- How many these are.
---@return integer
function Writes:count()
  return #self:all()
end

--- How many of them may have left already.
---@return integer
function Writes:sent()
  local count = 0
  for write in pairs(self.under_way) do
    if is_sent(write) then count = count + 1 end
  end
  return count
end

--- What to say of the writes that have no answer yet when the program ends: they may cost money, and nobody else will tell.
---@return string[] messages
function Writes:lost()
  local messages = {}
  for write in pairs(self.under_way) do
    local fate = is_sent(write) and advice.unknown(write.operation) or ("Nothing of it was sent: the %s did not happen.")
      :format(write.operation.name)
    local article = write.what:find "^[aeiou]" and "an" or "a"
    messages[#messages + 1] = ("the end came while %s %s was under way. %s"):format(article, write.what, fate)
  end
  table.sort(messages)
  return messages
end

local HURRY = 0.3 -- seconds before the end of the wait at which what has come of answers that have begun counts

local Linger = {}
Linger.__index = Linger

function Linger:cancel()
  self.writes.waiting_for_none[self] = nil
  for _, name in ipairs { "deadline", "hurry" } do
    if self[name] then self[name]:cancel() end
    self[name] = nil
  end
end
Linger.__close = Linger.cancel

--- For the end of the program: calls `fn(lost)` once, from the loop, when every write that has begun has its outcome, or
--- `seconds` are over; `lost` is what to log then (see `lost`), usually {}.  Those that have begun and have not taken the wire
--- count, too: cancel their callers first, which withdraws them; what is shielded (a clean-up, the cancel of a job whose
--- client has gone) still connects and is waited for.  A write that begins meanwhile is waited for as well.
--- Also a wait for fibers: `fiber.await(writes.linger, writes, 2)`.  Nothing to wait for: `fn` runs in the next turn.
---@param seconds number
---@param fn fun(lost: string[])
---@return core.Handle handle  cancel() ends the wait; `fn` then never runs
function Writes:linger(seconds, fn)
  local wait = setmetatable({ writes = self }, Linger)
  local function finish()
    wait:cancel()
    fn(self:lost())
  end
  if next(self.under_way) == nil then seconds = 0 else self.waiting_for_none[wait] = finish end
  wait.deadline = seconds > 0 and late.after(seconds, finish, clock) or clock.after(0, finish)
  if seconds > 0 then
    wait.hurry = clock.after(seconds - math.min(seconds / 2, HURRY * clock.speed()), function() self:hurry() end)
  end
  return wait
end

return M
