--- What the code of a running call knows, and whom it tells: whoever listens to the call.

local log = require "core.log"
local receipts = require "lib.calls.receipts"

local M = {}

---@class Context
---@field cancelled boolean               the caller gave the call up
---@field account? Account                whose call it is
---@field runcomfy? Client                its way to RunComfy
---@field client? { name: string?, version: string? }  who asked for it
---@field deadline? number                moment of lib.async.clock at which the caller stops waiting; nil: none known
---@field answer_by? number               moment of lib.async.clock at which a wait had better end and answer, the job or not
---@field draining boolean                the client asks nothing more, and a wait had better end and answer now
---@field has_result boolean              what it makes is there, though it is not over
---@field tool string                     name of the tool
---@field ask? fun(form: Form, ctx: Context): "accept"|"decline"|"cancel", table?  asks the person, in place of the call's listener
---@field owner? Call                     the call; none: nobody listens
---@field receipts Receipts               what the call has begun that costs money
---@field requests? OpenRequests           the same of jobs, with what has become of them
---@field simulated? boolean              the simulator stands in for RunComfy
---@field dry_run? boolean                nothing is sent that changes or costs something
---@field effects? EffectChain            through which its effects go
---@field call_id? string                 by which its effects name it
---@field call? CallState                 of a recipe that calls another
---@field chain? string[]                 of recipes that have called each other to this one
---@field outermost? Context              of the call that began it all, where recipes call each other
---@field package arguments? any          what the call was begun with, until it is taken
---@field package on_drain? fun()
---@field package waits integer           how many waits are under way
---@field package wait_of_drain? table    of what wants to be told when the call is drained
local Context = {}
Context.__index = Context

---@class ContextOptions
---@field tool string
---@field owner? Call
---@field account? Account
---@field arguments? any        what the call is begun with
---@field client? table
---@field receipts? Receipts
---@field answer_by? number
---@field ask? fun(form: Form, ctx: Context): "accept"|"decline"|"cancel", table?

--- Makes a context.  The table given becomes the context.
---@param options ContextOptions|Context
---@return Context
function M.new(options)
  options.cancelled, options.draining, options.has_result, options.waits = false, false, false, 0
  local account = options.account
  if account then options.runcomfy, options.effects = account.runcomfy, options.effects or account.effects end
  options.receipts = options.receipts or receipts.new()
  return setmetatable(options --[[@as Context]], Context)
end

--- What the call was begun with; the context lets go of it, for a call may wait for minutes and its
--- arguments may have megabytes.
---@return any
function Context:take_arguments()
  local arguments = self.arguments
  self.arguments = nil
  return arguments
end

local function listener_of(self)
  local owner = self.owner
  return owner and owner.listener
end

-- Reports ------------------------------------------------------------------------------------------

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

--- Reports progress to whoever listens.
---@param progress number
---@param total? number
---@param message? string
function Context:progress(progress, total, message)
  local owner = self.owner
  if not owner or self.cancelled then return end
  if not is_finite(progress) then error("progress must be a finite number", 2) end
  if total ~= nil and not is_finite(total) then error("total must be a finite number", 2) end
  local entry = { progress = progress, total = total, message = message }
  if owner.lasting then owner.lasting.latest = entry end
  if owner.listener then owner.listener:progress(entry) end
end

--- Keeps what the call has begun.  Whoever listens is told: what happens to the call, its caller has the ids.
---@param receipt Receipt
---@param quiet? boolean  the answer is about to tell it
function Context:receipt(receipt, quiet)
  table.insert(self.receipts.list, receipt)
  local listener = listener_of(self)
  if listener then listener:begun(receipt, quiet) end
end

local levels = {
  debug = "debug", info = "info", notice = "info", warning = "warning",
  error = "error", critical = "error", alert = "error", emergency = "error",
}

--- Writes a line to the log.
---@param level string  debug, info, notice, warning, error, critical, alert, emergency
---@param text string
function Context:log(level, text)
  local known = levels[level] or error("unknown log level '" .. tostring(level) .. "'", 2)
  local listener = listener_of(self)
  if listener and listener.log then return listener:log(known, tostring(text)) end
  log.write(known, self.tool .. ": " .. tostring(text))
end

-- Questions ----------------------------------------------------------------------------------------

--- Asks the person for values, and waits; see lib.calls.elicitation for the errors it raises.
---@param question Question
---@return table|nil values  nil: they did not agree
---@return "accept"|"decline"|"cancel" action
function Context:elicit(question)
  return require("lib.calls.elicitation").elicit(self, question)
end

--- Asks the person to agree, and waits; raises where they cannot be asked.
---@param text string
---@return boolean agreed  only where they said so
function Context:confirm(text)
  return require("lib.calls.elicitation").confirm(self, text)
end

-- Waiting ------------------------------------------------------------------------------------------

local Wait = {}
Wait.__index = Wait

local function report_waits(self, waits)
  local listener = listener_of(self)
  if listener then listener:waits(waits) end
end

function Wait:__close()
  local ctx = self.ctx
  self.ctx = nil
  if not ctx then return end
  ctx.waits = ctx.waits - 1
  if ctx.waits == 0 then report_waits(ctx, false) end
end

--- Notes that the call waits: for time, a job or a person; not for one answer of the API.  Meanwhile another may run in its
--- place.
---@return table wait  to be closed at its end
function Context:wait()
  local wait = setmetatable({ ctx = self }, Wait)
  self.waits = self.waits + 1
  if self.waits == 1 then report_waits(self, true) end
  return wait
end

---@return boolean
function Context:is_waiting()
  return self.waits > 0
end

-- Draining -----------------------------------------------------------------------------------------

--- Calls `fn` once when the client asks nothing more (its end of the connection is closed, its answers
--- still count).  One at a time; nil takes it back.  Until then the call waits, unless it `works`.
---@param fn? fun()
---@param works? boolean  it says itself when it waits
function Context:on_draining(fn, works)
  if self.wait_of_drain then self.wait_of_drain:__close() end
  self.wait_of_drain = fn and not works and self:wait() or nil
  self.on_drain = fn
  if fn and self.draining then fn() end
end

--- Whether something in the call wants to be told of that: it waits, or may come to wait.
---@return boolean
function Context:may_wait()
  return self.on_drain ~= nil
end

--- Tells the call that the client asks nothing more.
function Context:drain()
  if self.draining then return end
  self.draining = true
  if self.on_drain then self.on_drain() end
end

return M
