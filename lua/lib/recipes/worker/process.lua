--- One worker, from its start to its end, as its host sees it.
---
--- It is killed where it sends what no worker sends, and where it takes no turn for too long; its end is told once, with the
--- reason in words.  Nothing that it does can raise here.

local channel = require "core.channel"
local clock = require "lib.async.clock"
local core_clock = require "core.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local fs = require "core.fs"
local host = require "core.host"
local lines = require "lib.recipes.rc.lines"
local log = require "core.log"
local process = require "core.process"
local protocol = require "lib.recipes.worker.protocol"
local reason = require "lib.recipes.worker.reason"
local rooms = require "lib.recipes.worker.room"
local timer = require "core.timer"
local texts = require "lib.text"
local turns = require "lib.recipes.worker.turn"

local M = {}

---@class WorkerOptions
---@field memory? integer        bytes of its address space; default 1 GiB
---@field turn_seconds? number   that it may take for one turn; default 5
---@field computes? fun(): number  seconds of processor time that its code may take for one beside these
---@field start_seconds? number  that its start may take; default 10
---@field command? string[]      of another program that is the worker, for specs; default: this one
---@field is_busy fun(): boolean     whether it has anything to do: only then its turns are watched
---@field on_message fun(message: WorkerMessage, size: integer): string?  gets each, checked, and how many bytes it had; says what is
---  wrong with it in that moment
---@field on_watch? fun(): string?   every `turn_seconds` while it is busy; says why it is to be ended
---@field on_ready? fun(walls: core.walls.Wall[])
---@field on_end fun(why: string)                 once; nothing comes behind it

---@class WorkerProcess
---@field walls? core.walls.Wall[]  once it is ready
---@field room ChannelRoom
---@field package readiness ChannelRoom  for those who wait until it is ready
---@field package options WorkerOptions
---@field package channel core.channel.Channel
---@field package child core.process.Process
---@field package ended boolean
---@field package told boolean         its end
---@field package telling boolean      … is told now
---@field package why? string         it was killed here, and why
---@field package status? { [1]: integer, [2]: integer }
---@field package closed boolean       nothing comes any more
---@field package last? string         the last line that it wrote
---@field package unended string       of its last line
---@field package turns integer        asked for
---@field package taken integer        … and taken
---@field package turn? WorkerTurn      the last one that was asked for
---@field package heard integer        messages that have come, or are being read
---@field package watch? core.Handle
---@field package settling table<integer, fun()>  who waits until it has done what it can
local Worker = {}
Worker.__index = Worker

local TURN_SECONDS, START_SECONDS = 5, 10
local GIB = 1024 * 1024 * 1024
local MOST_LINE = 2000   -- bytes of a line of its that is shown
local MOST_LINES = 200   -- of one worker

-- What it gets of our environment: the time zone; its own code, in development; what sanitizers are told.
local PASSED = { "TZ", "RCMCP_LUA_DIR", "ASAN_OPTIONS", "UBSAN_OPTIONS" }

local function environment()
  local env = {}
  for _, name in ipairs(PASSED) do
    local value = os.getenv(name)
    if value then env[#env + 1] = name .. "=" .. value end
  end
  return env
end

-- The end ----------------------------------------------------------------------------------------------

local function let_clock_go(self)
  if self.hold then self.hold:close() end
  self.hold = nil
end

-- Both must be over: what it sent last may come behind the news of its end; of one that was killed here nothing is wanted.  Where
-- memory runs out it is called again.
local function end_if_over(self)
  if self.told or not self.status or not (self.closed or self.why) then return end
  self.ended = true
  if self.watch then self.watch:cancel() end
  self.channel:cancel()
  self.room:notify()
  let_clock_go(self)
  if self.telling then return end
  self.telling = true
  local ok, err = pcall(self.options.on_end, self.why or reason.of(self.status[1], self.status[2], self.last))
  self.telling = false
  if not ok then error(err, 0) end
  self.told = true
  self.readiness:notify()
end

--- Kills it; its end is told with this reason.
---@param why string
function Worker:kill(why)
  if self.told then return end
  if not self.ended and not self.why then self.child:kill "KILL" end
  self.why = self.why or why
  end_if_over(self)
end

--- Lets it end: nobody is told.
function Worker:stop()
  self.ended, self.told = true, true
  if self.watch then self.watch:cancel() end
  let_clock_go(self)
  self.channel:cancel()
  self.child:cancel()
  self.readiness:notify()
end
Worker.__close = Worker.stop

---@return integer
function Worker:pid()
  return self.child:pid()
end

-- Its lines: of the log, of sanitizers, of a panic -----------------------------------------------------------

local function take_line(self, line)
  if line == "" then return end
  self.last = texts.brief(line, MOST_LINE)
  self.lines = self.lines + 1
  if self.lines <= MOST_LINES then log.write("info", "worker: " .. self.last) end
end

local function take_stderr(self, bytes)
  if not bytes then return take_line(self, self.unended) end
  local text = self.unended .. bytes
  local from, to = 1, text:find("\n", 1, true)
  while to do
    take_line(self, text:sub(from, to - 1))
    from = to + 1
    to = text:find("\n", from, true)
  end
  self.unended = text:sub(from):sub(1, MOST_LINE)
end

-- Turns ------------------------------------------------------------------------------------------------

-- Until it is ready no recipe runs there, and a machine under load takes its time.
local function allowed_seconds(self)
  if self.walls then return self.options.turn_seconds, "it took no turn for %g s" end
  return self.options.start_seconds, "it was not ready after %g s"
end

local function reading(self)
  return { now = core_clock.monotonic(), cpu = self.child:cpu(), heard = self.heard }
end

local watch_turns ---@type fun(self: WorkerProcess)

local function look_at_turn(self, seconds, why)
  seconds = seconds + (self.options.computes and self.options.computes() or 0)
  if self.turn:is_overdue(reading(self), seconds) then return self:kill(why:format(seconds)) end
  watch_turns(self)
end

local function on_watch(self, seconds, why)
  if self.taken < self.turns then return look_at_turn(self, seconds, why) end
  local problem = self.options.on_watch and self.options.on_watch()
  if problem then return self:kill(problem) end
  self.watch = nil
  if self.walls and not self.options.is_busy() then return end -- until the next message to it
  self.turns, self.turn = self.turns + 1, turns.new(reading(self))
  self:send { kind = "turn", number = self.turns }
end

function watch_turns(self)
  local seconds, why = allowed_seconds(self)
  self.watch = timer.after(math.floor(seconds * 1000), function() on_watch(self, seconds, why) end)
end

-- What it was given to start in is nothing to it now.
local function watch_from_now(self)
  if self.watch then self.watch:cancel() end
  watch_turns(self)
end

-- Messages ---------------------------------------------------------------------------------------------

local STIRS = { load = true, call = true, answer = true, cancel = true, rested = true } -- kinds upon which it has something to do

-- A clock that is driven by hand stands still until the worker has done what it can without us.
local function hold_clock(self)
  self.holds = self.holds + 1
  self.hold = self.hold or clock.hold()
  self:send { kind = "settle", number = self.holds }
end

--- Calls back once it has done what it can without us; never, if it ends before.
---@param callback fun()  may be called again where it finds no memory
function Worker:settle(callback)
  self.settling[self.holds + 1] = callback
  self.holds = self.holds + 1
  self:send { kind = "settle", number = self.holds }
end

--- Waits, in a fiber, until it is ready, or has ended.
function Worker:await_ready()
  self.readiness:await()
end

--- Sends a message; to one that has ended it goes nowhere.
---@param message WorkerMessage
function Worker:send(message)
  local bytes = protocol.write(protocol.TO_WORKER, message)
  if self.ended then return end
  if not self.watch then watch_turns(self) end -- before it: what was sent must not raise, or it is sent again
  local _, problem, code = self.channel:send(bytes)
  if code == "ENOMEM" then error(problem, 0) end
  if STIRS[message.kind] and clock.is_virtual() then hold_clock(self) end
end

local function breach(self, problem)
  log.write("error", "a worker is ended, for it sent what no worker sends: " .. problem)
  self:kill("it sent what no worker sends: " .. problem)
end

local function take(self, size, message, problem)
  if self.why or self.ended then return end
  if not message then return breach(self, problem) end
  if message.kind == "ready" then
    if self.walls then return breach(self, "it was ready twice") end
    self.walls = message.walls
    if self.options.on_ready then self.options.on_ready(message.walls) end
    self.readiness:notify()
    watch_from_now(self)
  elseif message.kind == "turn" then
    if message.number ~= self.taken + 1 or message.number > self.turns then return breach(self, "a turn that nobody asked for") end
    self.taken = message.number
  elseif message.kind == "settled" then
    if message.number > self.holds then return breach(self, "it settled what nobody asked for") end
    if message.number == self.holds then let_clock_go(self) end
    local callback = self.settling[message.number]
    if callback then callback() end
    self.settling[message.number] = nil
  else
    problem = self.options.on_message(message, size)
    if problem then breach(self, problem) end
  end
end

local LONG = 256 * 1024 -- bytes of a message from which it is read in steps, between which the loop turns

-- A message whose taking was broken off by a mistake of ours, or want of memory, does not come again: whoever waits for what it says
-- would wait for ever.
local Taking = {}

function Taking:__close(err)
  if err == nil or self.comes_again and errors.is_out_of_memory(err) then return end
  self.worker:kill("its message could not be taken: " .. (tostring(err):match "^[^\n]*"))
end

local function taking(self, comes_again)
  return setmetatable({ worker = self, comes_again = comes_again }, Taking)
end

-- Nothing that comes behind it is heard before it is read.
local function receive_long(self, bytes)
  fiber.spawn(function()
    self.channel:pause()
    local _ <close> = taking(self, false)
    take(self, #bytes, protocol.read_in_steps(protocol.FROM_WORKER, bytes))
    self.heard = self.heard + 1
    self.channel:resume()
  end)
end

local function receive(self, bytes)
  if self.why then return end
  self.heard = self.heard + 1
  local _ <close> = taking(self, true)
  if #bytes >= LONG then return receive_long(self, bytes) end
  take(self, #bytes, protocol.read(protocol.FROM_WORKER, bytes))
end

local GRACE = 1000 -- milliseconds in which one that has closed its channel has ended

-- That comes with its end, and says nothing of why; one that lives on is of no use.
local function on_channel_end(self, why)
  self.closed = true
  if why and why:find("announced", 1, true) then return breach(self, why) end
  end_if_over(self)
  if self.ended then return end
  if self.watch then self.watch:cancel() end
  self.watch = timer.after(GRACE, function() self:kill(why and "its channel broke: " .. why or "it closed its channel") end)
end

-- Starting ---------------------------------------------------------------------------------------------

local DELETED = " (deleted)" -- so Linux names a program whose file is gone, as behind an upgrade
local SELF = "/proc/self/exe" -- … which it still runs under this name: the same version as its host

local function command_of(options)
  if options.command then return options.command end
  local program, message, code = host.program()
  if not program then return nil, message, code end
  if program:sub(-#DELETED) == DELETED and not fs.stat(program) then program = SELF end
  return { program, "worker" }
end

local function spawn(self)
  local command, message, code = command_of(self.options)
  if not command then return nil, message, code end
  local ours, theirs
  ours, theirs, code = channel.pair()
  if not ours then return nil, theirs --[[@as string]], code end
  ---@cast theirs core.Descriptor
  local _ <close> = theirs
  self.child, message, code = process.spawn {
    file = command[1], args = { table.unpack(command, 2) }, env = environment(), inherited = theirs,
    on_stderr = function(bytes) take_stderr(self, bytes) end,
    on_exit = function(status, signal)
      self.status = { status, signal }
      end_if_over(self)
    end,
  }
  if self.child then return ours end
  do local _ <close> = ours end
  return nil, message, code
end

--- Starts a worker.
---@param options WorkerOptions
---@return WorkerProcess|nil worker, string? message, string? code
function M.start(options)
  local self = setmetatable({
    options = setmetatable({
      turn_seconds = options.turn_seconds or TURN_SECONDS, start_seconds = options.start_seconds or START_SECONDS,
    }, { __index = options }), ended = false, told = false, telling = false, closed = false,
    unended = "", lines = 0, turns = 0, taken = 0, heard = 0, holds = 0, settling = {},
  }, Worker)
  self.room = rooms.new(function() return not self.ended and not self.why and select(2, self.channel:queued()) end)
  self.readiness = rooms.new(function() return not self.walls and not self.ended end)
  local ours, message, code = spawn(self)
  if not ours then return nil, message, code end
  self.channel, message, code = channel.open(ours, {
    most = protocol.MOST,
    on_message = function(bytes) receive(self, bytes) end,
    on_drained = function() self.room:notify() end,
    on_end = function(why) on_channel_end(self, why) end,
  })
  if not self.channel then
    self.child:cancel()
    return nil, message, code
  end
  self:send { kind = "hello", memory = options.memory or GIB, level = log.get_level(), limits_lines = lines.is_limited() }
  return self
end

return M
