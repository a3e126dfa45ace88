--- The error value that a recipe catches, and that rc.fail raises.

local copies = require "lib.recipes.boundary.copies"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"

local M = {}

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
function M.new(message, fields, deliberate)
  local err = {}
  for _, name in ipairs(error_fields) do
    local value = fields and rawget(fields, name)
    if value ~= nil then err[name] = copies.export(value) end
  end
  err.message = message
  setmetatable(err, RcError)
  own_errors[err] = { deliberate = deliberate or false }
  return err
end

--- Whether a value is an error value that a recipe may have got from here.
---@param value any
---@return boolean
function M.is(value)
  return value ~= nil and own_errors[value] ~= nil
end

--- Whether the error was raised by rc.fail.
---@param value any
---@return boolean
function M.is_deliberate(value)
  return value ~= nil and own_errors[value] ~= nil and own_errors[value].deliberate
end

--- The recipe's side of an error that host code returned or raised.
---@param err any
---@return rc.Error
function M.present(err)
  if M.is(err) then return err end
  if fiber.is_cancelled(err) then return M.new("cancelled", { code = "cancelled" }) end
  if errors.is(err) then return M.new(err.message, err) end
  return M.new(type(err) == "string" and err or "an error of type " .. type(err), { code = "internal" })
end

return M
