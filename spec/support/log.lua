--- What is logged while a function runs, kept instead of written.

local log = require "core.log"

local M = {}

--- Runs `fn` and returns the lines that it logged: "level: text".
---@param fn fun()
---@return string[] lines
function M.lines_of(fn)
  local lines, write = {}, log.write
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function(level, text) lines[#lines + 1] = level .. ": " .. text end
  fn()
  return lines
end

return M
