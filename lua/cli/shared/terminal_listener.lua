--- A terminal listens to a call: progress is a line that comes and goes, ids of what costs money stay, a question is put to the
--- person at the keyboard.

local terminal = require "cli.shared.terminal"

local M = {}

---@class TerminalListener: Listener
---@field notes string[]      what the call logged, told at its end
---@field private command string
---@field private line ProgressLine
---@field private quiet? boolean  nothing is said of what is submitted
---@field private questions Asking
local TerminalListener = {}
TerminalListener.__index = TerminalListener

---@param entry ProgressEntry
function TerminalListener:progress(entry)
  if entry.message then self.line:show(entry.message) end
end

--- The ids of what costs money are told at once, terminal or not: whatever becomes of the program, the request can be found.
---@param receipt Receipt
function TerminalListener:begun(receipt)
  if self.quiet or not receipt.request_id then return end
  self.line:clear()
  io.stderr:write(terminal.plain(("rcmcp %s: submitted %s\n"):format(self.command, require("lib.calls.receipts").describe(receipt))))
end

---@param text string
function TerminalListener:log(_, text)
  table.insert(self.notes, text)
end

---@param ask Ask
function TerminalListener:question(ask)
  self.questions:put(ask)
end

--- Whoever typed the command waits for its end, and sees it.
function TerminalListener.waits() end

--- A call that a terminal listens to, and its context.
---@param options { account: Account?, command: string, line: ProgressLine, questions: Asking, quiet: boolean? }
---@return Context ctx, TerminalListener listener
function M.context(options)
  local listener = setmetatable({
    command = options.command, line = options.line, quiet = options.quiet, questions = options.questions, notes = {},
  }, TerminalListener)
  local call = require("lib.calls.call").new {
    account = options.account, feature = { name = options.command }, listener = listener, work = function() end,
    client = { name = "rcmcp " .. options.command, version = require("core.host").version },
  }
  local ctx = call.ctx
  options.questions:follow(require("lib.recipes.run.open_requests").of(ctx) --[[@as OpenRequests]])
  return ctx, listener
end

return M
