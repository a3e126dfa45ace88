--- Questions to the person who uses the client: forms of a few plain fields.
---
--- A client that declared it is asked: one of 2025-06-18 or 2025-11-25 with a request of the server's own, one
--- of 2026-07-28 with the answer to its request (see lib.mcp.parking).

local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local parameters = require "lib.parameters"
local redaction = require "lib.redaction"
local clean_all = require("lib.text").clean_all

local M = {}

---@class Question
---@field message string        what is asked
---@field input? Parameter[]    strings, numbers, integers, booleans; default: none, to be agreed to or not
---@field branches? boolean     other parts of the call run on meanwhile

---@class Form  a question, checked; what is shown of it is without secrets
---@field message string
---@field input Parameter[]
---@field required table<string, true>
---@field check fun(content: table): table|nil, Error?
---@field branches? boolean

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
    branches = question.branches,
  }
end

local function texts(list)
  local result = {}
  for i, value in ipairs(list) do result[i] = tostring(value) end
  return json.as_array(result)
end

-- Choices are strings in a form, whatever they are in Lua; the check makes them what they were.
local function property(entry, revision)
  local default = entry.default
  if default ~= nil and entry.enum then default = tostring(default) end
  if not revision.rich_questions and entry[2] ~= "boolean" then default = nil end
  return json.ordered({ "type", "description", "enum", "minLength", "maxLength", "minimum", "maximum", "default" }, {
    type = entry.enum and "string" or entry[2],
    description = entry[3],
    enum = entry.enum and texts(entry.enum),
    minLength = entry.min_length,
    maxLength = entry.max_length,
    minimum = entry.minimum,
    maximum = entry.maximum,
    default = default,
  })
end

-- The parameters of elicitation/create, in the revision's words.
local function params_of(form, message, revision)
  local names, required, properties = {}, {}, {}
  for i, entry in ipairs(form.input) do
    names[i], properties[entry[1]] = entry[1], property(entry, revision)
    if form.required[entry[1]] then required[#required + 1] = entry[1] end
  end
  return json.encode(json.ordered({ "mode", "message", "requestedSchema" }, {
    mode = revision.rich_questions and "form" or nil,
    message = message,
    requestedSchema = json.ordered({ "type", "properties", "required" }, {
      type = "object",
      properties = json.ordered(names, properties),
      required = #required > 0 and json.as_array(required) or nil,
    }),
  }))
end

-- The client ---------------------------------------------------------------------------------------

local function called(ctx)
  local name = ctx.client and ctx.client.name
  return name and ("The client '%s'"):format(jsonrpc.shown(name)) or "The client"
end

local CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"

-- What the client declared for questions, and where.
local function declared_by(request)
  if not request.revision.parks then return request.session:capability "elicitation", "its initialize" end
  local declared = request.meta[CAPABILITIES].elicitation
  return jsonrpc.is_object(declared) and declared or nil, "this request"
end

--- Why the person cannot be asked; nil if they can.
---@param ctx Context
---@return string?
function M.obstacle(ctx)
  if ctx.ask then return nil end
  local request = ctx.request
  if not request then return "Nobody can be asked here: no client is connected." end
  if not request.revision.asks and not request.revision.parks then
    return ("%s speaks MCP %s, in which nobody can be asked (from 2025-06-18 on they can).")
      :format(called(ctx), request.revision.version)
  end
  local declared, where = declared_by(request)
  if not declared then
    return ("%s cannot ask the person: it did not declare the capability 'elicitation' in %s."):format(called(ctx), where)
  end
  local function has(kind) return declared[kind] ~= nil and declared[kind] ~= json.null end
  if has "url" and not has "form" then
    return called(ctx) .. " cannot ask the person in a form: it declared the capability 'elicitation' for URLs only."
  end
end

local function refused(ctx, err)
  local is_object = jsonrpc.is_object(err)
  local code, message = is_object and err.code, is_object and err.message
  local text = ("%s answered the question with error %s: %s"):format(called(ctx), tostring(code), jsonrpc.shown(tostring(message)))
  fail(code == jsonrpc.METHOD_NOT_FOUND and "cannot_ask" or "ask_failed", text)
end

local function read_result(ctx, result)
  local action = jsonrpc.is_object(result) and result.action
  if action ~= "accept" and action ~= "decline" and action ~= "cancel" then
    fail("ask_failed", called(ctx) .. " answered the question with none of the actions accept, decline and cancel.")
  end
  return action, result.content
end

local function ask_once(form, message, ctx)
  local request = ctx.request
  ctx.receipts.branches = form.branches
  local session, params = request.session, params_of(form, message, request.revision)
  local _ <close> = ctx:wait()
  local kind, value, code = fiber.await(function(callback)
    if request.revision.parks then return session:park(ctx, params, callback) end
    return session:ask(request.transport, "elicitation/create", params, callback)
  end)
  if kind == "result" then return read_result(ctx, value) end
  if kind == "error" then return refused(ctx, value) end
  if kind == "timeout" then fail("timeout", "Nobody answered the question in time.") end
  if kind == "closed" or code == "closed" then
    fail("cannot_ask", called(ctx) .. " has closed the connection: nobody can answer the question.")
  end
  fail("ask_failed", "The question could not be sent: " .. tostring(value))
end

-- Clients may send more than they were asked for; that is left out.
local function known_only(form, content)
  local known = {}
  if not jsonrpc.is_object(content) then return known end
  for _, entry in ipairs(form.input) do known[entry[1]] = content[entry[1]] end
  return known
end

local TRIES = 3 -- of an answer that does not fit: giving up costs what the call has paid for by now

-- A recipe that another one called asks for the call that the client made.
local function through_client(form, ctx)
  ctx = ctx.outermost or ctx
  local message = form.message
  for try = 1, TRIES do
    local action, content = ask_once(form, message, ctx)
    if action ~= "accept" or try == TRIES then return action, content end
    local values, err = form.check(known_only(form, content))
    if values then return action, content end
    message = ("That does not fit: %s\n%s"):format(redaction.text(err.message), form.message)
  end
end

--- Asks for another context, through the client of this one; raises an Error where that cannot be.
---@param form Form
---@param ctx Context
---@return "accept"|"decline"|"cancel" action, any content
function M.through(form, ctx)
  local obstacle = M.obstacle(ctx)
  if obstacle then fail("cannot_ask", obstacle) end
  return through_client(form, ctx)
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
  local obstacle = M.obstacle(ctx)
  if obstacle then fail("cannot_ask", obstacle) end
  local action, content = (ctx.ask or through_client)(form, ctx) ---@type any, table?
  if action ~= "accept" then return nil, action end
  local values, err = form.check(known_only(form, content))
  if not values then fail("bad_answer", "The answer does not fit what was asked: " .. redaction.text((err --[[@as Error]]).message)) end
  return values, action
end

--- Asks for a yes.
---@param ctx Context
---@param text string
---@param branches? boolean  other parts of the call run on meanwhile
---@return boolean agreed  only where the person said so
function M.confirm(ctx, text, branches)
  local values = M.elicit(ctx, { message = text, branches = branches, input = { { "confirm", "boolean", "Yes, go on", default = false } } })
  return values ~= nil and values.confirm == true
end

return M
