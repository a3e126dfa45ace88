--- os.time, os.date and os.clock of recipes: what a clock says is an effect, so that a call that is repeated hears the same.
--- While a file is loaded it can do nothing: its clocks stand, in another worker where they stood in the first one.

local calls = require "lib.recipes.run.call"
local told = require("lib.recipes.load.refusals").told

local M = {}

--- The library `os` of a recipe.
---@param loaded_at? integer  os.time while its file is loaded; default: now
---@return table
function M.library(loaded_at)
  local standing = { system = loaded_at or os.time(), cpu = 0.0 }

  local function read(name)
    local call = calls.current()
    local state = call and call.phase ~= "over" and call.rc
    if not state then return standing[name] end
    return require("lib.recipes.rc.time").read(state, name)
  end

  local library = { difftime = os.difftime }

  function library.time(fields)
    if fields == nil then return read "system" end
    return (told(2, "os.time", pcall(os.time, fields)))
  end

  function library.date(format, moment)
    return (told(2, "os.date", pcall(os.date, format == nil and "%c" or format, moment == nil and read "system" or moment)))
  end

  function library.clock()
    return read "cpu"
  end

  return library
end

return M
