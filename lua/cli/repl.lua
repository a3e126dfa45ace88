--- `rcmcp repl`: Lua lines, run at once with `rc` at hand.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "Try the rc API line by line, live or on the simulator",
  epilog = [[
A line is an expression, whose values are shown, or statements; one that is not complete goes on in the next line.  Locals
end with their line, globals stay.  rc is there, and every tool and recipe as rc.tools.NAME.  Ctrl-C ends what runs.

  ?WORD      what WORD may be completed to: ?rc.tools.get
  :tools     tools and recipes
  :reload    read settings and recipes again
  :help      this list
  :quit      end, as does the end of the input

From a pipe nothing but values is printed on standard output; the exit status is 1 where a line failed.]],
}

function M.define(parser)
  options.recipes(parser)
  options.settings(parser)
end

-- linear: a text of our own
local HELP = M.epilog:match "\n\n(.-)\n\n"

---@class Repl
---@field console Console
---@field is_terminal boolean
---@field failed boolean
---@field unread? boolean  the input broke off
---@field ending? boolean  a signal that is no Ctrl-C has come, or a second Ctrl-C
---@field app App

local function complain(repl, text)
  repl.failed = true
  io.stderr:write(terminal.plain(text), "\n")
end

local function show(values)
  if values.n == 1 and values[1] == nil then return end -- a call that gives nothing
  local inspect = require "cli.shared.inspect"
  local parts = {}
  for i = 1, values.n do parts[i] = inspect.text(values[i]) end
  if #parts > 0 then io.stdout:write(terminal.plain(table.concat(parts, "\t")), "\n") end
end

local function interrupted(repl, ctx, notes, how)
  repl.ending = repl.ending or how == "cut"
  complain(repl, table.concat(require("cli.shared.one_call").last_words(repl.app, ctx, notes, how), "; "))
end

local function run_chunk(repl, chunk)
  local line <close> = require("cli.shared.progress_line").new(not repl.is_terminal)
  local ctx, listener = require("cli.shared.terminal_listener").context {
    account = repl.app:account(), command = "repl", line = line, questions = require("cli.shared.asking").new { line = line },
  }
  ctx.simulated = repl.app.simulated
  local how, values, err = require("cli.shared.run").to_end(repl.app, function() return repl.console:run(chunk, ctx) end, function(name)
    ctx.cancelled, repl.ending = true, name ~= "INT"
    line:show "interrupted; cleaning up"
  end)
  line:clear()
  if how == "failed" then error(values, 0) end
  if how ~= "done" then return interrupted(repl, ctx, listener.notes, how) end
  if not values then return complain(repl, err.message) end
  show(values)
end

local commands = {}

function commands.tools(repl)
  io.stdout:write(terminal.plain(table.concat(repl.console:tool_lines(), "\n")), "\n")
end

function commands.reload(repl)
  repl.console:reload()
  io.stderr:write("settings and recipes read again\n")
end

function commands.help()
  io.stdout:write(HELP --[[@as string]], "\n")
end

function commands.quit()
  return true
end

-- A line that begins with ":" or "?"; true where it ends the session, nil where it is none of these.
local function command(repl, text)
  local word = text:match "^%s*%?%s*(%S*)%s*$"
  if word then
    io.stdout:write(terminal.plain(table.concat(repl.console:complete(word), "\n")), "\n")
    return false
  end
  local name = text:match "^%s*:(%a+)%s*$"
  if not name then return nil end
  if commands[name] then return commands[name](repl) or false end
  complain(repl, ("there is no :%s; :help lists what there is"):format(name))
  return false
end

local function read_line(repl, continued)
  if repl.is_terminal then io.stderr:write(continued and ">> " or "> ") end
  local line, message = io.read "l"
  if message and not repl.is_terminal then -- a terminal that has gone is the end
    complain(repl, "rcmcp repl: cannot read standard input: " .. message)
    repl.unread = true
  end
  return line
end

-- A chunk of one or more lines; nil at the end of the input.
local function read_chunk(repl)
  local text = read_line(repl)
  if not text then return nil end
  local done = command(repl, text)
  if done ~= nil then return not done end
  while true do
    local chunk, message, incomplete = repl.console:compile(text)
    if chunk then return chunk end
    local more = incomplete and read_line(repl, true)
    if not more then
      complain(repl, message)
      return true
    end
    text = text .. "\n" .. more
  end
end

local function greet(repl)
  if not repl.is_terminal then return end
  local where = repl.app.simulated and "on the simulator: nothing is real, nothing costs"
    or "LIVE: requests run on real GPUs and cost money; --simulate does not"
  io.stderr:write(("rcmcp %s, %s. :help helps, :quit ends.\n"):format(require("core.host").version, where))
end

local function loop(repl)
  greet(repl)
  while true do
    local chunk = read_chunk(repl)
    if not chunk then break end
    if chunk ~= true then run_chunk(repl, chunk) end
    if repl.ending then return exit_status.interrupted end
    if not io.stdout:flush() then break end -- nobody sees what the next line does, which may cost
  end
  if repl.is_terminal then io.stderr:write("\n") end
  if repl.unread then return exit_status.io end
  return repl.failed and not repl.is_terminal and exit_status.tool_error or exit_status.ok
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("repl", M, argv)
  if not args then return status end
  local refusal = require("cli.shared.standard_input").refusal "repl"
  if refusal then return refusal end
  local app <close>, failed = require("cli.shared.opening").open(args, { cancel_remote = true })
  if not app then return failed end
  return loop {
    app = app, console = require("cli.shared.console").new(app), failed = false,
    is_terminal = require("core.stdio").is_terminal(0),
  }
end

return M
