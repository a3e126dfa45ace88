--- Questions of recipes, answered by the person at the terminal or by the options --yes and --answer.

local coerce = require "lib.coerce"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local parameters = require "lib.parameters"
local plain = require("cli.shared.terminal").plain
local stdio = require "core.stdio"
local terminal_line = require "cli.shared.terminal_line"
local trim = require "lib.trim"

local M = {}

---@class Asking
---@field private line ProgressLine
---@field private yes boolean              agree, and take defaults
---@field private answers table<string, string>  by the names of what is asked for
---@field private asked table<string, true>      names that questions had
---@field private is_terminal boolean      somebody can be asked
---@field private requests? OpenRequests  of the call
---@field private says boolean             what the options answered is told
---@field private busy? boolean            a question is open
---@field private waiting fun()[]          the questions behind it
local Asking = {}
Asking.__index = Asking

---@class AskingOptions
---@field line ProgressLine
---@field yes? boolean
---@field answers? table<string, string>
---@field quiet? boolean

---@param options AskingOptions
---@return Asking
function M.new(options)
  return setmetatable({
    line = options.line, yes = options.yes == true, answers = options.answers or {}, asked = {}, waiting = {},
    is_terminal = stdio.is_terminal(0) and stdio.is_terminal(2), says = not options.quiet,
  }, Asking)
end

--- Declares the options that answer questions.
---@param parser table
function M.define(parser)
  parser:flag("-y --yes", "Say yes where a recipe asks whether to go on, and take the defaults of what else it asks for")
  parser:option("--answer", "The answer to what a recipe asks for by this name; may be repeated"):argname("NAME=VALUE"):count("*")
end

--- Reads the words of --answer.
---@param words? string[]
---@return table<string, string>|nil answers, Error? err
---@return_overload table<string, string>
---@return_overload nil, Error
function M.read_answers(words)
  local answers = {}
  for _, word in ipairs(words or {}) do
    local name, value = word:match "^([^=%s]+)=(.*)$"
    if not name then return nil, errors.new(("--answer %s: it takes NAME=VALUE"):format(word), { code = "usage" }) end
    if answers[name] then return nil, errors.new(("--answer %s is given twice"):format(name), { code = "usage" }) end
    answers[name] = value
  end
  return answers
end

-- One question after the other ----------------------------------------------------------------------------

local Turn = {}

function Turn:__close()
  local asking = self.asking
  asking.line:hold(false)
  local following = table.remove(asking.waiting, 1)
  if following then following() else asking.busy = false end
end

local Place = {}
Place.__index = Place

-- Of one that waits: it is cancelled.  Does nothing once its turn has come.
function Place:cancel()
  for i, callback in ipairs(self.waiting) do
    if callback == self.callback then return table.remove(self.waiting, i) end
  end
end
Place.__close = Place.cancel

local function queue(asking, callback)
  table.insert(asking.waiting, callback)
  return setmetatable({ waiting = asking.waiting, callback = callback }, Place)
end

-- The terminal is one: several calls of rc.map may ask at once.  Progress would write over what is typed.
local function take_turn(self)
  if self.busy then fiber.await(queue, self) end
  self.busy = true
  self.line:hold(true)
  return setmetatable({ asking = self }, Turn)
end

-- Words ---------------------------------------------------------------------------------------------------

local function write(...)
  io.stderr:write(...)
end

local function options_of(entry)
  local options = {}
  for i, option in ipairs(entry.enum) do options[i] = tostring(option) end
  return options
end

-- What may be answered, in a word.
local function kind_of(entry)
  if entry.enum then return table.concat(options_of(entry), "|") end
  return entry[2] == "boolean" and "yes|no" or entry[2]:upper()
end

local function label(entry, required)
  local parts = {}
  if entry.enum then parts[#parts + 1] = table.concat(options_of(entry), "/") end
  if entry[2] == "boolean" and not entry.enum then parts[#parts + 1] = "y/n" end
  if entry.default ~= nil then
    local default = entry.default
    if type(default) == "boolean" then default = default and "yes" or "no" end
    parts[#parts + 1] = "default " .. tostring(default)
  elseif not required then
    parts[#parts + 1] = "may be empty"
  end
  local tail = #parts > 0 and " (" .. table.concat(parts, "; ") .. ")" or ""
  return plain(("  %s%s: "):format(entry[3], tail))
end

-- Values --------------------------------------------------------------------------------------------------

-- The option that was meant: capitals do not count.
local function option_of(entry, text)
  for _, option in ipairs(options_of(entry)) do
    if option:lower() == text:lower() then return option end
  end
  return text
end

-- What an answer is for one parameter; nil for one that leaves it out.  The form's own check makes the value.
local function read_value(entry, required, text)
  if text == "" then return nil, required and "it needs a value" or nil end
  if entry.enum then text = option_of(entry, text) end
  local _, err = parameters.compile({ entry }).check { [entry[1]] = text }
  if err then return nil, err.message end
  return text
end

local function read_yes(text)
  if text == "" then return false end
  local value = coerce.boolean(text)
  if value == nil then return nil, "answer y or n" end
  return value
end

-- The terminal --------------------------------------------------------------------------------------------

local Unanswered = {}

-- What is written next must not stand behind the question.
function Unanswered:__close()
  if not self.answered then write "\n" end
end

local function read_line(prompt)
  write(prompt)
  local unanswered <close> = setmetatable({ answered = false }, Unanswered)
  local line, why = terminal_line.read()
  unanswered.answered = line ~= nil or why == "too_long"
  if line or why == "too_long" then return line, why end
  write "\n"
  unanswered.answered = true
  return nil, "eof"
end

local SIGNAL = 1 -- seconds in which SIGHUP comes when a terminal closes; it ends the call

-- A terminal that has gone has answered nothing, least of all no.
local function refuse_gone()
  if stdio.is_terminal(0) then return end
  fiber.sleep(SIGNAL)
  error(errors.new("The terminal has gone, and the question was not answered.", { code = "cannot_ask" }), 0)
end

-- Asks until `read` takes the answer.
---@return boolean answered  false: the input has ended
---@return any value
local function ask_until(prompt, read)
  while true do
    local line, why = read_line(prompt)
    if why == "eof" then
      refuse_gone()
      write("  the input has ended: taken as a no\n")
      return false
    end
    local value, problem
    if line then value, problem = read(line) else problem = "that is too long" end
    if not problem then return true, value end
    write("  ", plain(problem), "\n")
  end
end

-- Without anybody -----------------------------------------------------------------------------------------

local function fail(code, format, ...)
  error(errors.new(format:format(...), { code = code }), 0)
end

-- Answers whose names nothing was asked by, with what was meant.
local function strangers(self, form)
  local names, list = {}, {}
  for i, entry in ipairs(form.input) do names[i] = entry[1] end
  for name in pairs(self.answers) do
    if not self.asked[name] then
      list[#list + 1] = (" --answer %s is none of what it asks for%s."):format(name, didyoumean.hint(name, names))
    end
  end
  table.sort(list)
  return table.concat(list)
end

-- What the call has paid for when it ends for want of an answer.
local function submitted(self)
  local words = self.requests and self.requests:submitted()
  return words and (" Submitted before: %s."):format(words) or ""
end

local function nobody(self, form, flags)
  fail("cannot_ask", "\"%s\" is asked, and nobody can be asked here: standard input and standard error are no terminal. "
    .. "Answer with %s.%s%s", form.message, flags, strangers(self, form), submitted(self))
end

local function wrong_option(self, entry, text, problem)
  fail("bad_answer", "--answer %s=%s does not fit what is asked: %s%s", entry[1], text, problem, submitted(self))
end

-- Questions -----------------------------------------------------------------------------------------------

local function is_confirmation(form)
  local only = #form.input == 1 and form.input[1]
  return only and only[1] == "confirm" and only[2] == "boolean"
end

-- What an option says for one parameter.  A wrong one is asked for again where somebody is there.
---@return boolean given, any value
local function from_option(self, entry, read)
  local text = self.answers[entry[1]]
  if not text then return false end
  local value, problem = read(trim(text))
  if not problem then
    if self.says then write(plain(("  %s: %s (--answer)\n"):format(entry[3], text))) end
    return true, value
  end
  if not self.is_terminal then wrong_option(self, entry, text, problem) end
  write(plain(("  --answer %s=%s: %s\n"):format(entry[1], text, problem)))
  return false
end

local function accepted(agreed)
  if agreed then return "accept", { confirm = true } end
  return "decline"
end

local function confirm(self, form)
  local given, agreed = from_option(self, form.input[1], read_yes)
  if given then return accepted(agreed) end
  if self.yes then
    if self.says then write(plain(form.message), " yes (--yes)\n") end
    return accepted(true)
  end
  if not self.is_terminal then nobody(self, form, "--yes, which agrees to all such questions, or --answer confirm=yes|no") end
  local answered, value = ask_until(plain(form.message) .. " [y/N] ", read_yes)
  return accepted(answered and value)
end

-- The options that a form needs where nobody can be asked; nil: none is missing.
local function missing_flags(self, form)
  local required, others, any = {}, {}, self.yes
  for _, entry in ipairs(form.input) do
    local name = entry[1]
    any = any or self.answers[name] ~= nil
    if not self.answers[name] then
      local list = form.required[name] and required or others
      list[#list + 1] = ("--answer %s=%s"):format(name, kind_of(entry))
    end
  end
  if #required == 0 and any then return nil end
  local flags = table.concat(required, " ")
  if #others == 0 then return flags end
  local rest = #required == 0 and "--yes for the defaults, or " or flags .. ", and perhaps "
  return rest .. table.concat(others, " ")
end

-- Whether the person is asked for it: not for what has a default where the defaults are taken.
local function is_asked(self, form, entry)
  return self.is_terminal and (form.required[entry[1]] or not self.yes)
end

local function ask_values(self, form)
  if not self.is_terminal then
    local flags = missing_flags(self, form)
    if flags then nobody(self, form, flags) end
  end
  local content = {}
  if self.is_terminal or self.says then write(plain(form.message), "\n") end
  for _, entry in ipairs(form.input) do
    local required = form.required[entry[1]]
    local function read(text) return read_value(entry, required, text) end
    local given, value = from_option(self, entry, read)
    if not given and is_asked(self, form, entry) then
      given, value = ask_until(label(entry, required), read)
      if not given then return "decline" end
    end
    content[entry[1]] = value
  end
  return "accept", content
end

local function ask(self, form)
  local _ <close> = take_turn(self)
  for _, entry in ipairs(form.input) do self.asked[entry[1]] = true end
  if is_confirmation(form) then return confirm(self, form) end
  return ask_values(self, form)
end

--- Hears what the call has submitted, for the error of a question that nobody can answer.
---@param requests OpenRequests
function Asking:follow(requests)
  self.requests = requests
end

-- In the words of the question: why it is asked again, too.
local function form_of(question)
  return setmetatable({ message = question.message }, { __index = question.form })
end

local function answer(self, question)
  local ok, action, content = pcall(ask, self, form_of(question))
  if ok then return question:answer(action, content) end
  if fiber.is_cancelled(action) then error(action, 0) end
  question:fail(errors.wrap(action))
end

--- Puts a question of a call; the answer comes when the person has given it.
---@param question Ask
function Asking:put(question)
  local task = fiber.spawn(answer, self, question)
  task.quiet, question.shown = true, task --[[@as core.Handle]]
end

--- The names of --answer that no question had, sorted.
---@return string[] lines  a sentence each
function Asking:unused()
  local names, lines = {}, {}
  for name in pairs(self.asked) do names[#names + 1] = name end
  table.sort(names)
  for name in pairs(self.answers) do
    if not self.asked[name] then
      lines[#lines + 1] = ("--answer %s was not asked for%s"):format(name, didyoumean.hint(name, names))
    end
  end
  table.sort(lines)
  return lines
end

return M
