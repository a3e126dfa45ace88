--- What a function of Lua's library refuses, told at the recipe's line, and under the name by which the recipe called it: of one that is
--- called through pcall Lua says the name of whatever module holds it (lauxlib.c, pushglobalfuncname).

local M = {}

local BEGINNINGS = { -- of Lua's own words
  "bad argument", "invalid value", "wrong number of arguments", "too many results", "table index is", "field '", "time result",
  "date result",
}

local function is_refusal(message)
  for _, beginning in ipairs(type(message) == "string" and BEGINNINGS or {}) do
    if message:sub(1, #beginning) == beginning then return true end
  end
  return false
end

local function named(message, name)
  local _, from = message:find(" to '", 1, true)
  local to = from and message:find("'", from + 1, true)
  if not to then return message end
  return message:sub(1, from) .. name .. message:sub(to)
end

--- Gives what pcall gave behind its `true`.  A refusal is raised with a place, what else came out of the function as it is.
---@param level integer  as error's, where 1 is who calls this
---@param name string    "table.insert"
---@param ok boolean
---@param ... any
---@return any ...
function M.told(level, name, ok, ...)
  if ok then return ... end
  local message = ...
  if is_refusal(message) then error(named(message, name), level + 1) end
  error(message, 0)
end

return M
