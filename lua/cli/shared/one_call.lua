--- One call of one tool from the command line: its arguments, its progress, what it prints, its exit status.

local exit_status = require "cli.shared.exit_status"
local terminal = require "cli.shared.terminal"

local M = {}

---@class CallOutcome
---@field status integer
---@field text? string          for standard error
---@field data? any             for standard output, as JSON
---@field submitted? string     what it has begun, for who was not told yet and cannot be told by the data
---@field unlabelled? boolean    the data are simulated and have no room to say so

--- Declares the options that say how a call talks.
---@param parser table
function M.define(parser)
  parser:option("--args", "All arguments as one JSON object; - reads it from standard input"):argname("JSON")
  parser:flag("-q --quiet", "Say nothing on standard error, unless the call fails")
  parser:flag("--json", "Whatever happens, print one line of JSON")
  require("cli.shared.asking").define(parser)
end

--- Writes the outcome: the data on standard output, the words on standard error.
---@param args table
---@param outcome CallOutcome
---@return integer status
function M.report(args, outcome)
  local json, redaction = require "core.json", require "lib.redaction"
  if outcome.data ~= nil then io.stdout:write(terminal.json(redaction.json(json.encode(outcome.data))), "\n") end
  if outcome.submitted and not io.stdout:flush() then -- a full disk, a reader that has gone
    io.stderr:write(terminal.plain("rcmcp: submitted " .. outcome.submitted), "\n")
  end
  local silent = args.json or (args.quiet and outcome.status == exit_status.ok)
  if not silent and outcome.text then
    io.stderr:write(terminal.plain(redaction.told(outcome.text)), outcome.text:sub(-1) == "\n" and "" or "\n")
  elseif outcome.unlabelled then -- a list is printed as it would be in earnest, so that what reads it works; but nobody takes it for real
    io.stderr:write(require("lib.app.simulated").SENTENCE, "\n")
  end
  return outcome.status
end

--- An error met before the tool ran: data only for who asked for JSON in any case.
---@param command string
---@param args table
---@param err Error
---@param status integer
---@return CallOutcome
function M.refused(command, args, err, status)
  local data = args.json and { ok = false, error = err.message, code = err.code } or nil
  return { status = status, text = ("rcmcp %s: %s"):format(command, err.message), data = data }
end

--- The same for settings that are wrong, which the log has said already; nothing is known where the command line is wrong.
---@param command string
---@param args table
---@param err? Error
---@param status integer
---@return CallOutcome
function M.not_opened(command, args, err, status)
  local outcome = err and M.refused(command, args, err, status) or { status = status }
  outcome.text = nil
  return outcome
end

--- The exit status of an error met before the tool ran.
---@param err Error
---@return integer
function M.refused_status(err)
  return err.code == "usage" and exit_status.usage or exit_status.bad_input
end

--- The arguments that the words or --args give.
---@param args table
---@param parameters Parameter[]
---@return table|nil arguments, Error? err
---@return_overload table
---@return_overload nil, Error
function M.read_arguments(args, parameters)
  local input = require "cli.shared.input"
  if args.args and #args.words > 0 then
    return nil, require("lib.errors").new("give either key=value words or --args, not both", { code = "usage" })
  end
  if args.args then return input.from_json(args.args) end
  return input.from_words(args.words, parameters)
end

local function status_of(result)
  local data = type(result.data) == "table" and result.data or {}
  if data.pending == true then return exit_status.pending end -- also a recipe's wait whose time is over: the job goes on
  return result.is_error and exit_status.of_error(data) or exit_status.ok
end

-- What a result says beside its data: texts, and that there is something which a terminal cannot show.
local function words_of(result)
  local lines = { result.text }
  for _, block in ipairs(result.content or {}) do
    if block.type == "text" then
      lines[#lines + 1] = block.text
    elseif block.type == "resource_link" then
      lines[#lines + 1] = block.uri
    else
      lines[#lines + 1] = ("[%s %s]"):format(block.type, block.mimeType or "")
    end
  end
  return #lines > 0 and table.concat(lines, "\n") or nil
end

local function says(lines, words)
  for _, line in ipairs(lines) do
    if line:find(words, 1, true) then return true end
  end
  return false
end

-- What goes on at RunComfy and is not named yet.
local function going_on(ctx, lines)
  local more = {}
  for _, entry in ipairs(ctx.requests:list()) do
    local words = require("lib.recipes.run.open_requests").describe(entry)
    if not says(lines, words) then more[#more + 1] = words .. " goes on" end
  end
  return more
end

local function append(lines, more)
  table.move(more, 1, #more, #lines + 1, lines)
end

--- What is said of a call that a signal has ended: what became of its jobs, what has not ended, the ids of what goes on.
---@param app App
---@param ctx Context
---@param notes string[]  what it has logged
---@param how "interrupted"|"cut"  see cli.shared.run
---@return string[] lines
function M.last_words(app, ctx, notes, how)
  local lines = { "interrupted" }
  append(lines, notes)
  if how == "cut" then append(lines, app:unfinished()) end
  append(lines, going_on(ctx, lines))
  return lines
end

local function interrupted(app, command, args, ctx, notes, how)
  local text = table.concat(M.last_words(app, ctx, notes, how), "; ")
  local outcome = M.refused(command, args, { message = text, code = "interrupted" }, exit_status.interrupted)
  if outcome.data then
    local data_of = require("lib.recipes.run.open_requests").data
    outcome.data.open_requests, outcome.data.ended_requests = data_of(ctx.requests:list()), data_of(ctx.requests:made())
  end
  return outcome
end

-- A call may answer although it was told to end: its answer is there, and so is what became of its jobs.
local function answered(app, result, ctx, notes)
  local outcome = { status = status_of(result), text = words_of(result), data = result.data, unlabelled = result.label_beside }
  if not ctx.cancelled then return outcome end
  local lines = M.last_words(app, ctx, notes, "interrupted")
  outcome.status, outcome.text = exit_status.interrupted, (outcome.text and outcome.text .. "\n" or "") .. table.concat(lines, "; ")
  return outcome
end

---@class OneCall
---@field command string                 of the command line
---@field interrupt string               what Ctrl-C begins, for the terminal
---@field prepare? fun(ctx: table, line: ProgressLine)  makes the context the command's own
---@field perform fun(ctx: table): CallResult  makes the call, in a fiber

--- Makes the call and waits for it; Ctrl-C and the terminal's end cancel it, and its clean-ups run (cli.shared.run).
---@param app App
---@param args table
---@param call OneCall
---@return CallOutcome outcome, CallResult? result
function M.run(app, args, call)
  local asking = require "cli.shared.asking"
  local answers, err = asking.read_answers(args.answer)
  if not answers then return M.refused(call.command, args, err, exit_status.usage) end
  local line <close> = require("cli.shared.progress_line").new(args.quiet or args.json)
  local questions = asking.new { line = line, yes = args.yes, answers = answers, quiet = args.quiet or args.json }
  local ctx, listener = require("cli.shared.terminal_listener").context {
    account = app:account(), command = call.command, line = line, questions = questions, quiet = args.quiet,
  }
  if call.prepare then call.prepare(ctx, line) end
  local how, result = require("cli.shared.run").to_end(app, function() return call.perform(ctx) end, function()
    ctx.cancelled = true
    line:show("interrupted; " .. call.interrupt)
  end)
  line:clear()
  for _, text in ipairs(questions:unused()) do require("core.log").write("warning", text) end
  if how == "done" then
    local outcome = answered(app, result, ctx, listener.notes)
    outcome.submitted = args.quiet and (ctx.requests --[[@as OpenRequests]]):submitted() or nil
    return outcome, result
  end
  if how == "failed" then error(result, 0) end
  return interrupted(app, call.command, args, ctx, listener.notes, how)
end

return M
