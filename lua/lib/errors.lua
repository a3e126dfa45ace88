--- Error values: what went wrong, in fields that survive `pcall`.

---@class Error
---@field message string        what happened and what to do about it, in sentences for a person
---@field code? string          a word for programs: "timeout", "http_status", "no_key", …
---@field status_code? integer  HTTP status
---@field error_code? integer|string  RunComfy's error_code
---@field summary? string      the message without advice, for a place that has its own
---@field unreadable? string  the answer, which is not what it should be
---@field settled? boolean    asking further does not help
---@field detail? any           what the API said beside the message
---@field [string] any

local M = {}

local Error = {} -- no __index: an error value must not lead to what all of them share
Error.__name = "Error"

function Error:__tostring()
  return self.message
end

--- Makes an error value.
---@param message string
---@param fields? table  further fields; not copied deeply
---@return Error
function M.new(message, fields)
  local err = setmetatable({}, Error)
  for key, value in pairs(fields or {}) do err[key] = value end
  err.message = message
  return err
end

--- What tells an error to a program: its own data, else its message and its code.
---@param err Error
---@return any data
function M.data(err)
  if err.data ~= nil then return err.data end
  return { ok = false, error = err.message, code = type(err.code) == "string" and err.code or nil }
end

--- What of an error goes with it where it crosses to somebody else: to a recipe and back, on a tape, into a record.  The rest is
--- for this side.
M.CROSSING = { "code", "status_code", "error_code", "hint", "delivery", "detail", "retry_after", "data" }

--- These fields of an error.
---@param err Error
---@param fields? table<string, any>  others, or other values
---@return table
function M.crossing(err, fields)
  local copy = {}
  for _, name in ipairs(M.CROSSING) do copy[name] = err[name] end
  for name, value in pairs(fields or {}) do copy[name] = value end
  return copy
end

--- Whether `value` is an error value of this module.
---@param value any
---@return boolean
function M.is(value)
  return rawequal(debug.getmetatable(value), Error) -- whatever __metatable says, and without its __eq
end

local NO_MEMORY = "not enough memory" -- Lua's own words; what hands them on may put others around them

--- Whether an error says that memory ran out.
---@param value any  whatever was raised
---@return boolean
function M.is_out_of_memory(value)
  if type(value) == "table" then
    if rawget(value, "status_code") then return false end -- another's words, about another machine
    value = rawget(value, "message")
  end
  return type(value) == "string" and value:find(NO_MEMORY, 1, true) ~= nil
end

--- Turns whatever `error` raised into an error value.
---@param value any
---@return Error
function M.wrap(value)
  if M.is(value) then return value end
  return M.new(tostring(value))
end

return M
