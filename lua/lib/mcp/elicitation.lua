--- Questions in the words of the protocol: `elicitation/create`, and what its clients answer.
---
--- A client that declared it is asked: one of 2025-06-18 or 2025-11-25 with a request of the server's own, one
--- of 2026-07-28 with the answer to its request (see lib.mcp.input_required).

local era = require "lib.mcp.era"
local errors = require "lib.errors"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"

local M = {}

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

--- The parameters of elicitation/create, in the revision's words.
---@param ask Ask
---@param revision Revision
---@return string text  JSON
function M.params(ask, revision)
  local form = ask.form
  local names, required, properties = {}, {}, {}
  for i, entry in ipairs(form.input) do
    names[i], properties[entry[1]] = entry[1], property(entry, revision)
    if form.required[entry[1]] then required[#required + 1] = entry[1] end
  end
  return json.encode(json.ordered({ "mode", "message", "requestedSchema" }, {
    mode = revision.rich_questions and "form" or nil,
    message = ask.message,
    requestedSchema = json.ordered({ "type", "properties", "required" }, {
      type = "object",
      properties = json.ordered(names, properties),
      required = #required > 0 and json.as_array(required) or nil,
    }),
  }))
end

-- Clients ------------------------------------------------------------------------------------------

local function called(request)
  local name = request.client and request.client.name
  return name and ("The client '%s'"):format(jsonrpc.shown(name)) or "The client"
end

-- What the client declared for questions, and where.
local function declared_by(request)
  if not request.revision.input_required then return request.session:capability "elicitation", "its initialize" end
  local declared = era.capabilities_in(request.meta).elicitation
  return jsonrpc.is_object(declared) and declared or nil, "this request"
end

--- Why the person cannot be asked; nil if they can.
---@param request Request
---@return string?
function M.obstacle(request)
  local revision = request.revision
  if not revision.asks and not revision.input_required then
    return ("%s speaks MCP %s, in which nobody can be asked (from 2025-06-18 on they can)."):format(called(request), revision.version)
  end
  local declared, where = declared_by(request)
  if not declared then
    return ("%s cannot ask the person: it did not declare the capability 'elicitation' in %s."):format(called(request), where)
  end
  local function has(kind) return declared[kind] ~= nil and declared[kind] ~= json.null end
  if has "url" and not has "form" then
    return called(request) .. " cannot ask the person in a form: it declared the capability 'elicitation' for URLs only."
  end
end

--- Nobody answers any more.
---@param request Request
---@return Error
function M.closed(request)
  return errors.new(called(request) .. " has closed the connection: nobody can answer the question.", { code = "cannot_ask" })
end

-- Answers ------------------------------------------------------------------------------------------

local function refused(request, err)
  local is_object = jsonrpc.is_object(err)
  local code, message = is_object and err.code, is_object and err.message
  local text = ("%s answered the question with error %s: %s"):format(called(request), tostring(code), jsonrpc.shown(tostring(message)))
  return errors.new(text, { code = code == jsonrpc.METHOD_NOT_FOUND and "cannot_ask" or "ask_failed" })
end

local ACTIONS = { accept = true, decline = true, cancel = true }

--- The action of a result of elicitation/create; nil where it is none.
---@param result any
---@return "accept"|"decline"|"cancel"|nil
function M.action(result)
  local action = jsonrpc.is_object(result) and result.action
  return ACTIONS[action] and action or nil
end

local function read_result(request, ask, result)
  local action = M.action(result)
  if action then return ask:answer(action, result.content) end
  ask:fail(errors.new(called(request) .. " answered the question with none of the actions accept, decline and cancel.",
    { code = "ask_failed" }))
end

-- Takes what has come of a request of the server's own.
local function take(request, ask, kind, value)
  if kind == "result" then return read_result(request, ask, value) end
  if kind == "error" then return ask:fail(refused(request, value)) end
  if kind == "closed" and ask.call.lasting and ask.call.listener ~= request then return ask:put_back() end
  if kind == "closed" then return ask:fail(M.closed(request)) end
  ask:time_out()
end

--- Asks with a request of the server's own.
---@param request Request
---@param ask Ask
---@return Error? err
function M.ask(request, ask)
  local handle = request.session:ask(request.transport, "elicitation/create", M.params(ask, request.revision), function(kind, value)
    take(request, ask, kind, value)
  end)
  if not handle then return M.closed(request) end
  ask.shown = handle
end

return M
