--- One line on the terminal that says how a wait goes, rewritten in place.

local stdio = require "core.stdio"
local terminal = require "cli.shared.terminal"

local M = {}

---@class ProgressLine
---@field package shown integer  characters on the terminal's current line
---@field package held? boolean
---@field package silent? boolean
local ProgressLine = {}
ProgressLine.__index = ProgressLine

local ERASE = "\r\27[K"

--- Makes a line.  On anything but a terminal, or when quiet, it shows nothing.
---@param quiet? boolean
---@return ProgressLine
function M.new(quiet)
  local silent = quiet or not stdio.is_terminal(2) or os.getenv("TERM") == "dumb"
  return setmetatable({ silent = silent, shown = 0 }, ProgressLine)
end

--- Shows a text in place of the one before.
---@param text string
function ProgressLine:show(text)
  if self.silent or self.held then return end
  text = terminal.plain(text):gsub("[\t\n]", " ")
  local columns = tonumber(os.getenv("COLUMNS") or "") or 80
  local cut = utf8.offset(text, math.max(columns, 20)) -- a line that wraps cannot be rewritten
  if cut then text = text:sub(1, cut - 1) end
  io.stderr:write(ERASE, text)
  self.shown = #text
end

--- Shows nothing while a person types on the terminal.
---@param held boolean
function ProgressLine:hold(held)
  if held then self:clear() end
  self.held = held
end

--- Removes the line, so that something else can be printed.
function ProgressLine:clear()
  if self.shown > 0 then io.stderr:write(ERASE) end
  self.shown = 0
end
ProgressLine.__close = ProgressLine.clear

return M
