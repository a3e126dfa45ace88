--- Questions to the person: forms of a few plain fields.
---
--- A call asks whoever listens to it (Call.ask); a context may have another way (`ask`), as the test kit has.

local errors = require "lib.errors"
local json = require "core.json"
local parameters = require "lib.parameters"
local redaction = require "lib.redaction"
local clean_all = require("lib.text").clean_all

local M = {}

---@class Question
---@field message string        what is asked
---@field input? Parameter[]    strings, numbers, integers, booleans; default: none, to be agreed to or not

---@class Form  a question, checked; what is shown of it is without secrets
---@field message string
---@field input Parameter[]
---@field required table<string, true>
---@field check fun(content: table): table|nil, Error?

local PLAIN = { string = true, integer = true, number = true, boolean = true }

local function fail(code, message)
  error(errors.new(message, { code = code }), 0)
end

-- Questions ----------------------------------------------------------------------------------------

-- A value that holds a secret is not offered: changed, it would be another answer.
local function is_public(value)
  return redaction.text(tostring(value)) == tostring(value)
end

local function public_choices(entry)
  local choices = {}
  for _, value in ipairs(entry.enum) do
    if is_public(value) then choices[#choices + 1] = value end
  end
  if #choices == 0 then fail("bad_question", ("each choice of '%s' holds what is secret"):format(entry[1])) end
  return choices
end

-- What is shown of an entry.  The check knows the whole: a default that is not shown is filled in all the same.
local function shown_entry(entry)
  local copy = {}
  for key, value in pairs(entry) do copy[key] = value end
  copy[3] = redaction.text(entry[3])
  copy.enum = entry.enum and public_choices(entry)
  if entry.default ~= nil and not is_public(entry.default) then copy.default = nil end
  return copy
end

local function form_of(question)
  if type(question) ~= "table" or type(question.message) ~= "string" or question.message == "" then
    fail("bad_question", "a question needs 'message', a text")
  end
  local input = question.input or {}
  local compiled = parameters.compile(input)
  for _, entry in ipairs(input) do
    if not PLAIN[entry[2]] then
      fail("bad_question", ("'%s' cannot be asked for: a person is asked for strings, integers, numbers and booleans, not for %s")
        :format(entry[1], entry[2]))
    end
  end
  local required, shown = {}, {}
  for _, name in ipairs(compiled.schema.required or {}) do required[name] = true end
  for i, entry in ipairs(input) do shown[i] = shown_entry(entry) end
  return {
    message = redaction.text(question.message), input = shown, required = required, check = compiled.check,
  }
end

-- Asking -------------------------------------------------------------------------------------------

local function is_object(value)
  return type(value) == "table" and getmetatable(value) ~= json.array
end

-- Clients may send more than they were asked for; that is left out.
local function known_only(form, content)
  local known = {}
  if not is_object(content) then return known end
  for _, entry in ipairs(form.input) do known[entry[1]] = content[entry[1]] end
  return known
end

local TRIES = 3 -- of an answer that does not fit: giving up costs what the call has paid for by now

local function through_call(form, call)
  local message = form.message
  for try = 1, TRIES do
    local action, content = call:ask(form, message)
    if action ~= "accept" or try == TRIES then return action, content end
    local values, err = form.check(known_only(form, content))
    if values then return action, content end
    message = ("That does not fit: %s\n%s"):format(redaction.text(err.message), form.message)
  end
end

-- A recipe that another one called asks for the call that the client made.
local function owner_of(ctx)
  return (ctx.outermost or ctx).owner
end

local NO_CLIENT = "Nobody can be asked here: no client is connected."

local function ask(form, ctx)
  if ctx.ask then return ctx.ask(form, ctx) end
  local owner = owner_of(ctx)
  if not owner then fail("cannot_ask", NO_CLIENT) end
  return through_call(form, owner)
end

-- Answers ------------------------------------------------------------------------------------------

--- Asks for values; waits for the person, in a fiber.  Raises an Error: code "cannot_ask" where the client
--- cannot, "timeout", "bad_answer" where the answer does not fit, "ask_failed", "bad_question".
---@param ctx Context
---@param question Question
---@return table|nil values  nil: they did not agree
---@return "accept"|"decline"|"cancel" action
function M.elicit(ctx, question)
  local form = form_of(clean_all(question))
  local action, content = ask(form, ctx)
  if action ~= "accept" then return nil, action end
  local values, err = form.check(known_only(form, content))
  if not values then fail("bad_answer", "The answer does not fit what was asked: " .. redaction.text((err --[[@as Error]]).message)) end
  return values, action
end

--- Asks for a yes.
---@param ctx Context
---@param text string
---@return boolean agreed  only where the person said so
function M.confirm(ctx, text)
  local values = M.elicit(ctx, { message = text, input = { { "confirm", "boolean", "Yes, go on", default = false } } })
  return values ~= nil and values.confirm == true
end

return M
