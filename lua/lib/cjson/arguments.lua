--- Arguments of the functions of `cjson`, checked in the words of Lua's C library, as lua-cjson's are.

local M = {}

local MOST = 2147483647

--- Raises as luaL_argerror() does: without a place, which a C function has not.
---@param name string   of the function: "cjson.encode"
---@param index integer
---@param message string
function M.refuse(name, index, message)
  error(("bad argument #%d to '%s' (%s)"):format(index, name, message), 0)
end

---@param name string
---@param count integer  of the arguments given
---@param most integer
function M.check_count(name, count, most)
  if count > most then M.refuse(name, most + 1, "found too many arguments") end
end

---@param name string
---@param count integer
function M.check_one(name, count)
  if count ~= 1 then M.refuse(name, 1, "expected 1 argument") end
end

--- A text; a number is taken as its text.
---@param name string
---@param index integer
---@param value any
---@return string
function M.text(name, index, value)
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "string" then M.refuse(name, index, "string expected, got " .. (value == nil and "no value" or type(value))) end
  return value
end

--- A whole number between two bounds, or its text.
---@param name string
---@param index integer
---@param value any
---@param low integer
---@param high? integer
---@return integer
function M.integer(name, index, value, low, high)
  high = high or MOST
  local number = type(value) == "string" and tonumber(value) or value
  if type(number) ~= "number" then M.refuse(name, index, "number expected, got " .. type(value)) end
  local whole = math.tointeger(number)
  if not whole then M.refuse(name, index, "number has no integer representation") end
  if whole < low or whole > high then M.refuse(name, 1, ("expected integer between %d and %d"):format(low, high)) end
  return whole --[[@as integer]] -- refuse() raises
end

--- true or false, or one of the options as a text.
---@param name string
---@param index integer
---@param value any
---@param options table<string, any>  what each text stands for
---@return any
function M.option(name, index, value, options)
  if type(value) == "boolean" then return value end
  local chosen = options[M.text(name, index, value)]
  if chosen == nil then M.refuse(name, index, ("invalid option '%s'"):format(value)) end
  return chosen
end

return M
