--- Regular expressions of JSON Schema (the part of ECMA-262 that needs no memory of what was matched).
---
--- A pattern becomes a small program that is run over the text with a set of states, so a match takes time
--- in proportion to pattern and text, whatever the pattern: there is no backtracking to run away.
--- Characters are Unicode code points.  Look-around and back references are refused by name.

local meter = require "lib.async.meter"
local parser = require "lib.regex.parser"
local programs = require "lib.regex.program"
local brief = require("lib.text").brief

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
  if not self.automaton then self.automaton = require("lib.regex.automaton").new(programs.of(self.tree --[[@as table]])) end
  return self.automaton:matches(text, work or meter.new())
end

---@class regex.Scope
---@field most integer
---@field left integer                     characters that may still be compiled
---@field compiled table<string, Regex>    what was, which is kept until the end

local scope ---@type regex.Scope?

local function too_long(within, pattern)
  return ("all patterns up to '%s' have more than %d characters"):format(brief(pattern, 40), within.most)
end

local compiled = setmetatable({}, { __mode = "v" }) ---@type table<string, Regex>  the same pattern is compiled once

local function compile(pattern)
  local ok, tree = pcall(parser.parse, pattern)
  local fits, problem = ok, tree ---@type boolean, any
  if ok then fits, problem = pcall(programs.check_size, tree) end
  if not fits then
    if type(problem) == "table" and problem.regex then return nil, problem.regex end
    error(problem, 0)
  end
  local regex = setmetatable({ tree = tree }, Regex)
  compiled[pattern] = regex
  return regex
end

local function compile_in(within, pattern)
  local regex = within.compiled[pattern]
  if regex then return regex end
  within.left = within.left - (utf8.len(pattern) or #pattern)
  if within.left < 0 then return nil, too_long(within, pattern) end
  local message
  regex, message = compiled[pattern], nil
  if not regex then regex, message = compile(pattern) end
  within.compiled[pattern] = regex
  return regex, message
end

--- Compiles a pattern.
---@param pattern string
---@return Regex? regex, string? message
function M.compile(pattern)
  if scope then return compile_in(scope, pattern) end
  if compiled[pattern] then return compiled[pattern] end
  return compile(pattern)
end

local function leave(before, ok, ...)
  scope = before
  if not ok then error((...), 0) end
  return ...
end

--- Runs `fn(...)`, which must not wait, with different patterns of so many characters at most: each takes time to be compiled.
---@param characters integer
---@param fn fun(...): any
---@param ... any
---@return any ...
function M.within(characters, fn, ...)
  local before = scope
  scope = { most = characters, left = characters, compiled = {} }
  return leave(before, pcall(fn, ...))
end

return M
