--- The gate before the calls of a connection: they begin in the order in which they came, so many at once, and none while
--- the client leaves unread what it was sent.
---
--- A call that waits, for time, a job or a person, lets the next one in: such waits last for minutes, and cost nothing.

local timer = require "core.timer"

local M = {}

local MOST_RUNNING = 256              -- as many transfers go on at once
local MOST_WAITING = 64 * 1024 * 1024 -- bytes of messages whose calls have not begun
local A_TURN = 256                    -- calls let in in one turn of the loop

---@class Gate
---@field private begin fun(request: Request)
---@field package running integer     calls that have begun, and neither have ended nor wait
---@field package queue (Pass|false)[]  from `first` to `last`; false: withdrawn
---@field package sizes integer[]     bytes of their messages
---@field package first integer
---@field package last integer
---@field package bytes integer       of the messages in the queue
---@field private held boolean        the client leaves unread what it was sent
---@field private ending boolean      the client asks nothing more: what was asked is answered
---@field private shut boolean
---@field private letting boolean     some are let in in the next turn
local Gate = {}
Gate.__index = Gate

---@class Pass  of one call
---@field package gate Gate
---@field package request Request
---@field package state "outside"|"runs"|"waits"|"over"
---@field package place? integer  of the queue
local Pass = {}
Pass.__index = Pass

---@param begin fun(request: Request)  begins a call that was let in; must not raise
---@return Gate
function M.new(begin)
  return setmetatable({
    begin = begin, running = 0, queue = {}, sizes = {}, first = 1, last = 0, bytes = 0,
    held = false, ending = false, shut = false, letting = false,
  }, Gate)
end

local function is_closed(self)
  return self.running >= MOST_RUNNING or self.held or self.shut
end

local function take_out(self, place)
  self.queue[place].place = nil
  self.queue[place] = false
  self.bytes = self.bytes - self.sizes[place]
end

-- It counts from before it begins: it may end meanwhile.
local function let_in(self, pass)
  pass.state = "runs"
  self.running = self.running + 1
  self.begin(pass.request)
end

local function first_in_queue(self)
  while self.first <= self.last do
    local pass = self.queue[self.first]
    if pass then return pass end
    self.queue[self.first], self.sizes[self.first] = nil, nil
    self.first = self.first + 1
  end
end

local go_on ---@type fun(self: Gate)

local function let_some_in(self)
  self.letting = false
  for _ = 1, A_TURN do
    local pass = not is_closed(self) and first_in_queue(self)
    if not pass then return end
    take_out(self, pass.place)
    let_in(self, pass)
  end
  go_on(self)
end

-- In the next turn: whoever makes room is in the middle of something.
function go_on(self)
  if self.letting or is_closed(self) or not first_in_queue(self) then return end
  self.letting = true
  if not pcall(timer.next_turn, function() let_some_in(self) end) then let_some_in(self) end -- no memory for the wait
end

--- Whether a message of so many bytes may wait here.
---@param bytes integer
---@return boolean
function Gate:has_room(bytes)
  return not first_in_queue(self) or self.bytes + bytes <= MOST_WAITING
end

--- Lets nobody in until `release`.
function Gate:hold()
  self.held = not self.ending
end

---@return boolean
function Gate:is_held()
  return self.held
end

function Gate:release()
  self.held = false
  go_on(self)
end

--- Nobody comes any more; those who are here are let in whether the client reads or not.
function Gate:let_out()
  self.ending = true
  self:release()
end

--- Lets nobody in any more.
function Gate:close()
  self.shut = true
end

local function make_room(self)
  self.running = self.running - 1
  go_on(self)
end

local function new_pass(gate, request, state)
  local pass = setmetatable({ gate = gate, request = request, state = state, place = nil }, Pass)
  request.pass = pass
  return pass
end

--- Gives a request its pass, and begins its call, now or when it is its turn.
---@param request Request
---@param bytes integer  of its message
function Gate:enter(request, bytes)
  local pass = new_pass(self, request, "outside")
  if not is_closed(self) and not first_in_queue(self) then return let_in(self, pass) end
  local place = self.last + 1
  self.sizes[place], self.queue[place] = bytes, pass
  self.last, self.bytes, pass.place = place, self.bytes + bytes, place
end

--- Gives one its pass whose call runs already, and waits for no turn.
---@param request Request
function Gate:go_on(request)
  new_pass(self, request, "runs")
  self.running = self.running + 1
end

--- Whether the call was let in.
---@return boolean
function Pass:has_begun()
  return self.place == nil
end

--- Whether the call waits, for what may take long.
---@param waits boolean
function Pass:set_waiting(waits)
  local gate = self.gate
  if waits and self.state == "runs" then
    self.state = "waits"
    make_room(gate)
  elseif not waits and self.state == "waits" then
    self.state = "runs"
    gate.running = gate.running + 1
  end
end

--- The call is over, or is not to begin any more.  Does nothing the second time.
function Pass:close()
  local before = self.state
  self.state = "over"
  if self.place then take_out(self.gate, self.place) end
  if before == "runs" then make_room(self.gate) end
end
Pass.__close = Pass.close

return M
