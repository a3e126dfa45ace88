--- One line from the terminal, read on the loop: what runs beside the question goes on, and Ctrl-C ends the wait.

local fiber = require "lib.async.fiber"
local stdio = require "core.stdio"
local text = require "lib.text"
local trim = require "lib.trim"

local M = {}

local LONGEST = 64 * 1024 -- bytes of an answer; nobody types more, and what is pasted has an end

local Reading = {}
Reading.__index = Reading

function Reading:cancel()
  if self.reader then self.reader:cancel() end
end
Reading.__close = Reading.cancel

local function start(callback)
  local self = setmetatable({}, Reading)
  local message, code
  self.reader, message, code = stdio.read_lines(LONGEST, function(line, why)
    self:cancel() -- what is typed ahead stays with the terminal, for the next question
    callback(line, why)
  end)
  if not self.reader then return nil, message, code end
  return self
end

--- Waits for a line, in a fiber.
---@return string|nil line, "eof"|"too_long"|string? why  without the blanks around it
function M.read()
  local line, why = fiber.await(start)
  return line and text.clean(trim(line)), why
end

return M
