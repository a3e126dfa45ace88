--- The state of one call of a recipe: what it may use, what it holds, what must be undone at its end.

local budgets = require "core.budget"
local clock = require "lib.async.clock"
local open_requests = require "lib.recipes.run.open_requests"
local places = require "lib.recipes.run.places"

local M = {}

---@class CallLimits
---@field cpu_ms integer        processor time between two waits
---@field memory_bytes integer
---@field seconds number        wall clock, of lib.async.clock
---@field calls integer         calls of tools, requests and downloads at once; more wait for their turn

---@type CallLimits
M.defaults = { cpu_ms = 2000, memory_bytes = 64 * 1024 * 1024, seconds = 3600, calls = 32 }

M.CLEANUP_SECONDS = 5 -- of lib.async.clock, that the clean-ups of a call have together

local HEAVY = 4 -- calls at once whose texts are long; more wait for their turn

---@class CallState
---@field recipe table            what runs: see Recipe
---@field ctx? table              the host's context
---@field limits CallLimits
---@field budget core.budget.Budget
---@field cleanups Cleanup[]      what rc.finally registered, in order
---@field undoes? boolean         it runs in a worker, and has registered something there
---@field fibers Fiber[]          of its code, that may still run
---@field main? Fiber             the first of them, which runs the function
---@field cancelled? Cancelled    what its caller raised
---@field timed_out? boolean
---@field waited_at? string       where it stood then, or when its client left, as a traceback
---@field stood_at? string[]      the same of a call in a worker, as frames
---@field package sweep_at? integer  number of fibers at which to drop those that have ended
---@field places Places           for calls at once
---@field heavy Places            for those of them that hand over long texts
---@field requests OpenRequests   what it submitted, itself or through recipes that it calls, and has not seen end
---@field ending Fiber[]         host calls that were cancelled and may still undo something, such as a job at RunComfy
---@field phase "run"|"cleanup"|"over"
---@field reason? string          why it was told to end: "timeout", "cancelled", "client_left"
---@field draining? boolean       its caller asks nothing more: it waits for nothing any longer
---@field parent? CallState       of the recipe that called this one
---@field package waits integer   of it and of calls below, that wait for time, a job or a person
---@field package told? table      the mark of its context, while there are some
---@field package writes integer  to the API, that have no answer yet
---@field written integer         what it has sent that changes something, itself or through recipes that it calls
---@field package inner integer   calls of recipes that it has called, that have not ended
---@field package on_none table<string, fun()>  told when there are none of these
---@field branches integer        functions that run beside each other: of rc.all, rc.map
---@field cleaning integer        clean-ups that run at the ends of their blocks
---@field cleanup_deadline? number  moment of lib.async.clock
---@field share? table            processor time that is left for clean-ups, once they run
---@field deadline number         moment of lib.async.clock
---@field notes? string[]         what went wrong in clean-ups
---@field further_notes? integer  what else went wrong there, counted
---@field rc? table               the rc of this call: kept here by whoever makes it
---@field schema? table|core.json.Raw  of what it is called with
---@field elsewhere? ElsewhereResult  it ran in a worker
---@field ended_there? ElsewhereResult  it had ended in a worker by itself when it was told to end
---@field seed? integer[]         what its math.randomseed was given
local Call = {}
Call.__index = Call

local calls = {} ---@type table<lightuserdata, CallState>  by the budgets in which their code runs

---@param recipe table
---@param limits? table  fields left out have their defaults
---@param ctx? table
---@return CallState
function M.new(recipe, limits, ctx)
  limits = setmetatable(limits or {}, { __index = M.defaults })
  return setmetatable({
    recipe = recipe, ctx = ctx, limits = limits, cleanups = {}, fibers = {}, ending = {}, phase = "run",
    waits = 0, writes = 0, written = 0, inner = 0, on_none = {}, cleaning = 0, branches = 0,
    parent = ctx and ctx.call or nil,
    places = places.new(limits.calls), heavy = places.new(HEAVY), requests = open_requests.new(open_requests.of(ctx)),
    -- room: setting them must not fail at the end
    main = nil, budget = nil, fn = nil, rc = nil, deadline = nil, cleanup_deadline = nil, reason = nil, draining = nil, told = nil,
    cancelled = nil, timed_out = nil, waited_at = nil, stood_at = nil, undoes = nil, ended_there = nil, notes = nil,
    further_notes = nil, share = nil,
  }, Call)
end

--- The call whose code runs now, also in coroutines that it made; nil in the host's own code.
---@return CallState?
function M.current()
  local id = budgets.current()
  return id and calls[id] or nil
end

--- What `rc` may do now: the state of the call whose code runs, whichever call made the object that is used.  Raises
--- where there is none, or where it is over.
---@param what string    for the message: "rc.submit"
---@param level integer  as error's, from here
---@return rc.State
function M.state(what, level)
  local call = M.current()
  local state = call and call.rc
  if not call or not state then
    error(("%s works only inside run: while a file is loaded it can declare, not act"):format(what), level + 1)
  end
  if call.phase == "over" then error(("%s: the call is over"):format(what), level + 1) end
  return state
end

local FEW = 64 -- fibers that are kept without a look at which have ended

--- Makes room for one more fiber: once its code runs, keeping it must not fail.
function Call:make_room()
  if #self.fibers >= (self.sweep_at or FEW) then
    local left = {}
    for _, other in ipairs(self.fibers) do
      if other.status ~= "done" or other.stopped then left[#left + 1] = other end
    end
    self.fibers = left
    self.sweep_at = math.max(FEW, 2 * #left)
  end
  local next_one = #self.fibers + 1
  self.fibers[next_one] = false ---@diagnostic disable-line: assign-type-mismatch -- there is room once it was there
  self.fibers[next_one] = nil
end

--- Keeps a fiber of this call's code, for which there is room, until it has ended, to end it with the call; one that was
--- stopped, to close what it left.
---@param task Fiber
function Call:keep(task)
  self.fibers[#self.fibers + 1] = task
end

--- Whether what runs now is a clean-up, of this call or of one that it was made for.
---@return boolean
function Call:is_cleaning()
  local call = self
  while call do
    if call.phase == "cleanup" or call.cleaning > 0 then return true end
    call = call.parent
  end
  return false
end

--- Whether something is registered that is to be undone at its end.
---@return boolean
function Call:has_to_undo()
  return #self.cleanups > 0 or self.undoes == true
end

-- The end ----------------------------------------------------------------------------------------

-- Without the memory for it, it is told without.
local function note_place(call)
  local ok, traceback = pcall(call.main and call.main.where or tostring, call.main)
  if ok and call.main then call.waited_at = traceback end
end

--- Tells all of its code to end.
---@param reason string
function Call:stop(reason)
  self.reason = self.reason or reason
  if reason == "client_left" and not self.waited_at then note_place(self) end
  for _, task in ipairs(self.fibers) do task:cancel(reason) end
end

local function outermost(call)
  while call.parent do call = call.parent end
  return call
end

local Wait = {}
Wait.__index = Wait

-- Whoever asked for the outermost call hears whether it waits.
local function report_waits(top)
  if top.waits > 0 then
    local ctx = top.ctx
    top.told = top.told or ctx and ctx.wait and ctx:wait()
  elseif top.told then
    top.told:__close()
    top.told = nil
  end
end

function Wait:__close()
  if self.over then return end
  self.over = true
  local call = self.call
  while call do
    call.waits = call.waits - 1
    call = call.parent
  end
  report_waits(outermost(self.call))
end

local function begin_wait(top)
  report_waits(top)
  -- Not now: the fiber that asked for this wait is not yet in it.
  if top.draining and top.phase == "run" then clock.after(0, function() top:stop "client_left" end) end
end

--- Marks that a fiber of the host waits for this call: for time, a job, a person; not for one answer of the API.
---@return table wait  to be closed at its end
function Call:wait()
  local wait, call = setmetatable({ call = self, over = false }, Wait), self
  while call do
    call.waits = call.waits + 1
    call = call.parent
  end
  local ok, err = pcall(begin_wait, outermost(self))
  if ok then return wait end
  wait:__close()
  error(err, 0)
end

-- What is under way and what a clean-up waits for, by the name of its count.
local Work = {}
Work.__index = Work

function Work:__close()
  local call, name = self.call, self.name
  call[name] = call[name] - 1
  if self.was_sent and not self.was_sent() then call:note_write(-1) end
  if call[name] == 0 and call.on_none[name] then call.on_none[name]() end
end

local function count(call, name, was_sent)
  local work = setmetatable({ call = call, name = name, was_sent = was_sent }, Work)
  call[name] = call[name] + 1
  return work
end

--- Notes that something is about to be changed outside: what does that does not run a second time for want of memory.
---@param times? integer  default 1; -1: it was not
function Call:note_write(times)
  local call = self
  while call do
    call.written = call.written + (times or 1)
    call = call.parent
  end
end

--- Marks a write to the API.
---@param was_sent fun(): boolean  whether anything was sent for it; asked at its end
---@return table write  to be closed once it has its answer
function Call:write(was_sent)
  local write = count(self, "writes", was_sent)
  self:note_write()
  return write
end

--- Marks a call of a recipe that this one has called.
---@return table call  to be closed once it has ended, its clean-ups included
function Call:begin_inner()
  return count(self, "inner")
end

local Waiting = {}

function Waiting:__close()
  self.call.on_none[self.name] = nil
  self.timer:cancel()
end

--- For `fiber.await`: calls back when no write, or no inner call, is under way, or after `seconds`.  What undoes a write must
--- not overtake it, and what an inner call undoes was done later.
---@param name "writes"|"inner"
---@param seconds number  of lib.async.clock
---@param callback fun()
---@return table handle
function Call:none(name, seconds, callback)
  self.on_none[name] = callback
  return setmetatable({ call = self, name = name, timer = clock.after(self[name] > 0 and seconds or 0, callback) }, Waiting)
end

--- Its caller asks nothing more.  Where it waits, or as soon as it does, it ends, and its clean-ups run; what needs no wait
--- goes on to its answer.
function Call:drain()
  self.draining = true
  if self.waits > 0 and self.phase == "run" then self:stop "client_left" end
end

--- A new budget in which code of this call runs until `forget`.
---@param cpu_ms? integer  default: the call's limit
---@return core.budget.Budget
function Call:new_budget(cpu_ms)
  local budget = budgets.new {
    cpu_ms = cpu_ms or self.limits.cpu_ms, memory_bytes = self.limits.memory_bytes, within = self.recipe.memory,
  }
  calls[budget:id()] = self
  return budget
end

---@param budget? core.budget.Budget
function Call.forget(_, budget)
  if budget then calls[budget:id()] = nil end
end

return M
