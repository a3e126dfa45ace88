--- The border between recipes and the host.  Nothing that a recipe made crosses it as it is: values are
--- copied by raw access, without a metamethod; and the host's own work for a recipe runs in a plain fiber,
--- where neither the recipe's limits nor its end can leave anything half done.

local calls = require "lib.recipes.call"
local coroutines = require "lib.recipes.coroutines"
local errors = require "lib.errors"
local fiber = require "lib.fiber"
local json = require "core.json"
local brief = require("lib.text").brief

local M = {}

local getmetatable_of = debug.getmetatable -- whatever __metatable says
local MAX_DEPTH, MAX_VALUES, MAX_BYTES = 100, 1000000, 64 * 1024 * 1024

-- Marked values ------------------------------------------------------------------------------------

-- What the host hands out and recognises again by identity; the payload stays out of reach.
local payloads = setmetatable({}, { __mode = "k" }) ---@type table<table, { kind: string, value: any }>

local Opaque = { __name = "value of rc", __metatable = false }

function Opaque.__newindex()
  error("this value cannot be changed", 2)
end

--- A value that a recipe can only hand back.
---@param kind string  for `open`: "content", …
---@param value any
---@return table
function M.opaque(kind, value)
  local mark = setmetatable({}, Opaque)
  payloads[mark] = { kind = kind, value = value }
  return mark
end

--- What an opaque value stands for.
---@param mark any
---@return string? kind, any value
function M.open(mark)
  local payload = mark ~= nil and payloads[mark]
  if payload then return payload.kind, payload.value end
end

-- Errors -------------------------------------------------------------------------------------------

local RcError = { __name = "rc.Error", __metatable = false }

function RcError:__tostring()
  local message = rawget(self, "message")
  return type(message) == "string" and message or "rc.Error"
end

local error_fields = { "message", "code", "status_code", "error_code", "hint", "delivery", "detail", "data" }
local own_errors = setmetatable({}, { __mode = "k" }) ---@type table<table, { deliberate: boolean }>

--- Makes the error value that a recipe catches.
---@param message string
---@param fields? table           code, status_code, error_code, hint, data, …; copied
---@param deliberate? boolean     the recipe ends by its own will: no frames are shown
---@return rc.Error
function M.new_error(message, fields, deliberate)
  local err = {}
  for _, name in ipairs(error_fields) do
    local value = fields and rawget(fields, name)
    if value ~= nil then err[name] = M.export(value) end
  end
  err.message = message
  setmetatable(err, RcError)
  own_errors[err] = { deliberate = deliberate or false }
  return err
end

--- Whether a value is an error value that a recipe may have got from here.
---@param value any
---@return boolean
function M.is_error(value)
  return value ~= nil and own_errors[value] ~= nil
end

--- Whether the error was raised by rc.fail.
---@param value any
---@return boolean
function M.is_deliberate(value)
  return value ~= nil and own_errors[value] ~= nil and own_errors[value].deliberate
end

-- The recipe's side of an error that host code returned or raised.
local function present(err)
  if M.is_error(err) then return err end
  if fiber.is_cancelled(err) then return M.new_error("cancelled", { code = "cancelled" }) end
  if errors.is(err) then return M.new_error(err.message, err) end
  return M.new_error(type(err) == "string" and err or "an error of type " .. type(err), { code = "internal" })
end

-- Copies -------------------------------------------------------------------------------------------

-- The keys that lead to the value being copied.
local function place(state, depth)
  local parts = {}
  for i = 1, depth - 1 do
    local key = state.path[i]
    parts[i] = type(key) == "string" and "." .. brief(key, 60) or ("[%d]"):format(key)
  end
  return #parts == 0 and "the value" or "the value at " .. table.concat(parts)
end

local function refuse(state, depth, message, ...)
  error(place(state, depth) .. " " .. message:format(...), 0)
end

local copy

local function take_bytes(state, depth, count)
  state.bytes = state.bytes - count
  if state.bytes < 0 then refuse(state, depth, "has more than %d bytes of text", MAX_BYTES) end
end

local function check_key(key, state, depth)
  if type(key) == "string" then return take_bytes(state, depth, #key) end
  if math.type(key) ~= "integer" then
    refuse(state, depth, "has a key of type %s", math.type(key) or type(key))
  end
end

local function copy_table(value, state, depth)
  if depth > MAX_DEPTH then refuse(state, depth, "is nested more than %d levels deep", MAX_DEPTH) end
  if payloads[value] then
    if state.take then return state.take(value) end
    refuse(state, depth, "is a value of rc, which belongs beside the result, not into it")
  end
  if state.open[value] then refuse(state, depth, "contains itself") end
  state.open[value] = true
  local result = {}
  for key, item in next, value do
    check_key(key, state, depth)
    state.path[depth] = key
    result[key] = copy(item, state, depth + 1)
  end
  state.open[value] = nil
  return json.like(value, result)
end

local userdata_kinds = { ["core.json.Integer"] = true, ["core.json.Raw"] = true }

-- The core's numbers and checked text never change: they may pass as they are.
local function check_userdata(value, state, depth)
  if rawequal(value, json.null) then return end
  local meta = getmetatable_of(value)
  if meta and userdata_kinds[rawget(meta, "__name")] then return end
  refuse(state, depth, "is a userdata, which has no JSON form")
end

function copy(value, state, depth)
  state.values = state.values - 1
  if state.values < 0 then refuse(state, depth, "has more than %d parts", MAX_VALUES) end
  local kind = type(value)
  if kind == "table" then return copy_table(value, state, depth) end
  if kind == "string" then
    take_bytes(state, depth, #value)
  elseif kind == "userdata" then
    check_userdata(value, state, depth)
  elseif kind == "function" or kind == "thread" then
    refuse(state, depth, "is a %s, which has no JSON form", kind)
  end
  return value
end

local function deep_copy(value, take)
  local kind = type(value)
  if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then return value end
  return copy(value, { values = MAX_VALUES, bytes = MAX_BYTES, open = {}, path = {}, take = take }, 1)
end

--- A plain deep copy of what a recipe made: tables without metatables but those of JSON arrays and ordered
--- objects, strings, numbers, booleans, JSON null.  Raises a message where it is anything else, or too large.
---@param value any
---@param take? fun(mark: table): any  what stands in the copy for an opaque value; default: they are refused
---@return any
function M.import(value, take)
  return deep_copy(value, take)
end

local function is_raw(value)
  local meta = type(value) == "userdata" and getmetatable_of(value)
  return meta and rawget(meta, "__name") == "core.json.Raw"
end

--- A copy of the host's value for a recipe, which may change it as it likes; checked JSON text is decoded.
---@param value any
---@return any
function M.export(value)
  if is_raw(value) then return value:value() end
  if type(value) ~= "table" then return value end
  local result = {}
  for key, item in next, value do result[key] = M.export(item) end
  return json.like(value, result)
end

-- Host work ----------------------------------------------------------------------------------------

local HostCall = {}
HostCall.__index = HostCall

function HostCall:__close()
  if self.ended then return end
  self.ended = true
  self.task:cancel()
  if self.task.status ~= "done" then table.insert(self.call.leaving, self.task) end
end

-- A `start` for coroutines.await, on the host's side; the answer is one packed table, ok first.
local function begin(call, fn, args, callback)
  local self = setmetatable({ call = call, ended = false }, HostCall)
  local outcome
  self.task = fiber.spawn(function()
    outcome = table.pack(pcall(fn, table.unpack(args, 1, args.n)))
    callback(nil, outcome)
  end)
  if not outcome then return self end
  self:__close()
  return nil, outcome
end

--- Runs `fn(…)` in a plain fiber of the host and waits for it, from a recipe's code.  Arguments and results
--- are handed over as they are: `fn` must not touch what the recipe made.  What `fn` raises is raised as
--- rc.Error.
---@param fn function
---@param ... any
---@return any ...
function M.host_raw(fn, ...)
  local call = calls.current()
  if not call then error("this works only in a recipe's call", 2) end
  local _, outcome = coroutines.await(begin, call, fn, table.pack(...))
  if not outcome[1] then error(present(outcome[2]), 0) end
  return table.unpack(outcome, 2, outcome.n)
end

local function export_all(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = M.export(values[i]) end
  return table.unpack(values, 1, values.n)
end

--- As `host_raw`, with copies of the arguments and of the results.
---@param fn function
---@param ... any
---@return any ...
function M.host(fn, ...)
  local args = table.pack(...)
  for i = 1, args.n do args[i] = M.import(args[i]) end
  return export_all(M.host_raw(fn, table.unpack(args, 1, args.n)))
end

return M
