--- Prompts: declarations compiled once, and the one way to get one.

local blocks = require "lib.features.blocks"
local codec = require "core.codec"
local errors = require "lib.errors"
local guard = require "lib.features.guard"
local json = require "core.json"
local meter = require "lib.async.meter"
local parameters = require "lib.parameters"

local M = {}

---@class PromptMessage
---@field role? "user"|"assistant"  default "user"
---@field content string|Block

---@class PromptDeclaration
---@field name string
---@field title? string
---@field description string
---@field arguments? Parameter[]  strings: clients send nothing else
---@field run fun(arguments: table<string, string>, ctx: Context): string|Block|PromptMessage[]|nil, Error?

---@class Prompt  a declaration, compiled
---@field name string
---@field title? string
---@field description string
---@field arguments { name: string, description: string, required: boolean }[]
---@field schema table           of the arguments
---@field package read fun(arguments: table): table|nil, Error?
---@field package run function

---@class PromptSet  the prompts of one moment
---@field list Prompt[]                    sorted by name
---@field find fun(name: string): Prompt?

local function check_arguments(list)
  if type(list) ~= "table" then return "field 'arguments' must be a list of parameters, got " .. type(list) end
  for i, argument in ipairs(list) do
    if type(argument) == "table" and argument[2] ~= "string" then
      return ("field 'arguments': entry %d has type %s; clients send nothing but strings for a prompt")
        :format(i, tostring(argument[2]))
    end
  end
end

local function check(declaration)
  local name = declaration.name
  if type(name) ~= "string" or not name:find("^[%w_.-]+$") or #name > 64 then
    return "field 'name' must be letters, digits, '_', '-' and '.', at most 64 of them"
  end
  if type(declaration.description) ~= "string" or declaration.description == "" then return "field 'description' is missing" end
  for _, field in ipairs { "title", "description" } do
    local text = declaration[field]
    if text ~= nil and (type(text) ~= "string" or not codec.is_utf8(text)) then
      return ("field '%s' must be a text in UTF-8"):format(field)
    end
  end
  if type(declaration.run) ~= "function" then return "field 'run' must be a function" end
  return check_arguments(declaration.arguments or {})
end

-- What clients see of the arguments, from the schema that the check was compiled with.
local function published(list, schema)
  local required, result = {}, {}
  for _, name in ipairs(schema.required or {}) do required[name] = true end
  for i, argument in ipairs(list) do
    result[i] = { name = argument[1], description = argument[3], required = required[argument[1]] == true }
  end
  return result
end

local function refuse(declaration, problem)
  return nil, errors.new(("prompt '%s': %s"):format(tostring(declaration.name), problem),
    { code = "bad_declaration", problem = problem })
end

--- Checks and compiles a declaration.
---@param declaration PromptDeclaration
---@return Prompt|nil prompt, Error? err  its `problem` is the message without the prompt's name
---@return_overload Prompt
---@return_overload nil, Error
function M.compile(declaration)
  local list, problem = declaration.arguments or {}, check(declaration)
  if problem then return refuse(declaration, problem) end
  local ok, input = pcall(parameters.compile, list, "arguments")
  if not ok then return refuse(declaration, tostring(input)) end
  return {
    name = declaration.name,
    title = declaration.title,
    description = declaration.description,
    arguments = published(list, input.schema),
    schema = input.schema,
    read = input.check,
    run = declaration.run,
  }
end

--- The set of these prompts, whose names differ.
---@param prompts Prompt[]
---@return PromptSet
function M.set(prompts)
  local list, by_name = {}, {}
  for i, prompt in ipairs(prompts) do
    list[i] = prompt
    by_name[prompt.name] = prompt
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return { list = list, find = function(name) return by_name[name] end }
end

local SECONDS = 2 -- of processor time for the check of its arguments

--- Gets a prompt, in a fiber; only the fiber's cancellation is raised.
---@param prompt Prompt
---@param arguments table
---@param ctx Context
---@return string|Block|PromptMessage[]|nil messages
---@return Error|string? err  code "invalid_input": the arguments are wrong
function M.get(prompt, arguments, ctx)
  local input, err = meter.within(SECONDS, prompt.read, arguments)
  if not input then return nil, errors.is(err) and err or errors.new(("The arguments %s."):format(err), { code = "invalid_input" }) end
  local messages, problem = guard.call("prompt '%s'", prompt.name, prompt.run, input, ctx)
  if messages == nil then return nil, problem or "the prompt gave neither messages nor an error" end
  return messages
end

-- Messages -----------------------------------------------------------------------------------------

local ROLES = { user = true, assistant = true }

local function message(entry, revision, index)
  if type(entry) ~= "table" then error(("message %d must be a table { role, content }, got %s"):format(index, type(entry)), 0) end
  local role, content = entry.role or "user", entry.content
  if not ROLES[role] then
    error(("message %d has role '%s'; the roles are user and assistant"):format(index, tostring(role)), 0)
  end
  local block = type(content) == "string" and blocks.text(content) or blocks.write(content, revision, index)
  return '{"role":"' .. role .. '","content":' .. block .. "}"
end

--- Writes what a prompt gave as the JSON array of its messages.  Raises a sentence where it cannot.
---@param messages string|Block|PromptMessage[]  a text or a block is one message of the user
---@param revision Revision
---@return string json
function M.write(messages, revision)
  ---@diagnostic disable-next-line: missing-fields -- messages are checked by whoever gave them
  if type(messages) == "string" or type(messages) == "table" and messages.type then messages = { { content = messages --[[@as any]] } } end
  if type(messages) ~= "table" then error("it must give a text or a list of messages, got " .. type(messages), 0) end
  if #messages == 0 and next(messages) ~= nil and getmetatable(messages) ~= json.array then
    error("it must give a text or a list of messages, got a table without any", 0)
  end
  local parts = {}
  for i, entry in ipairs(messages) do parts[i] = message(entry, revision, i) end
  return "[" .. table.concat(parts, ",") .. "]"
end

return M
