--- Regular expressions of JSON Schema (the part of ECMA-262 that needs no memory of what was matched).
---
--- A pattern becomes a small program that is run over the text with a set of states, so a match takes time
--- in proportion to pattern and text, whatever the pattern: there is no backtracking to run away.
--- Characters are Unicode code points.  Look-around and back references are refused by name.

local meter = require "lib.meter"
local parser = require "lib.regex.parser"
local programs = require "lib.regex.program"

local M = {}

---@class Regex
---@field package tree? table                until the first match
---@field package automaton? regex.Automaton  from then on
local Regex = {}
Regex.__index = Regex

--- Whether the pattern matches anywhere in a text.
---@param text string  UTF-8
---@param work? Meter  of the check that asks; default: one without limit
---@return boolean
function Regex:matches(text, work)
  if not self.automaton then self.automaton = require("lib.regex.automaton").new(programs.of(self.tree)) end
  return self.automaton:matches(text, work or meter.new())
end

local compiled = setmetatable({}, { __mode = "v" }) ---@type table<string, Regex>  the same pattern is compiled once

--- Compiles a pattern.
---@param pattern string
---@return Regex? regex, string? message
function M.compile(pattern)
  if compiled[pattern] then return compiled[pattern] end
  local ok, tree = pcall(parser.parse, pattern)
  local fits, problem = ok, tree
  if ok then fits, problem = pcall(programs.check_size, tree) end
  if not fits then
    if type(problem) == "table" and problem.regex then return nil, problem.regex end
    error(problem, 0)
  end
  local regex = setmetatable({ tree = tree }, Regex)
  compiled[pattern] = regex
  return regex
end

return M
