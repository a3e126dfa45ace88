--- Runs the program of a regular expression over a text.
---
--- The places in the program at which a match may stand are a state; where a character leads from a state is found out
--- once and kept, so that a text costs a look into a table for each of its characters.  What is kept has bounds, and is
--- dropped when they are reached.

local is_word = require("lib.regex.sets").is_word

local byte = string.byte

local M = {}

local MAX_PLACES, MAX_TRANSITIONS = 50000, 50000 -- kept at once
local STRIDE = 1000                               -- characters between two reports to the meter

-- What lies before a place, as far as the program asks.
local START, WORD, OTHER = 0, 1, 2

---@class regex.State
---@field package places integer[]           of the program
---@field package before integer             START, WORD or OTHER
---@field package at_end? boolean            whether the text may end here
---@field package [integer] regex.State|boolean  by the next character: the state behind it; true: matched; false: never will

---@class regex.Automaton
---@field package program table[]
---@field package anchored boolean           every match begins at the text's start
---@field package boundaries boolean         it asks about words
---@field package states table<string, regex.State>
---@field package room integer               for places
---@field package transitions integer
---@field package first regex.State
local Automaton = {}
Automaton.__index = Automaton

-- Whether the assertion `step` holds between what lies before and the code point `after` (nil: the text's end).
local function holds(step, before, after)
  if step.op == "start" then return before == START end
  if step.op == "finish" then return after == nil end
  local word_after = after ~= nil and is_word(after)
  return ((before == WORD) ~= word_after) == step.wanted
end

-- The instructions that take a character, of those reached from the places of a state without one; nil where the match
-- is reached.
local function reach(self, state, after, work)
  local program, before = self.program, state.before
  local stack, seen, found = { 1 }, {}, {}
  for i, place in ipairs(state.places) do stack[i + 1] = place end
  local visited = 0
  while #stack > 0 do
    local at = table.remove(stack)
    if not seen[at] then
      seen[at] = true
      visited = visited + 1
      local step = program[at]
      if not step then return nil end
      if step.op == "set" then
        found[#found + 1] = at
      elseif step.op == "jump" then
        stack[#stack + 1] = step[1]
      elseif step.op == "split" then
        stack[#stack + 1] = step[2]
        stack[#stack + 1] = step[1]
      elseif holds(step, before, after) then
        stack[#stack + 1] = at + 1
      end
    end
  end
  work:step(2 * visited)
  return found
end

local function reset(self)
  self.states, self.room, self.transitions = {}, MAX_PLACES, 0
end

local function state_of(self, places, before, work)
  if not self.boundaries and before == WORD then before = OTHER end
  table.sort(places)
  work:step(4 * #places)
  local key = table.concat(places, ",") .. "/" .. before
  local state = self.states[key]
  if state then return state end
  self.room = self.room - #places - 1
  if self.room < 0 then reset(self) end
  state = { places = places, before = before }
  self.states[key] = state
  return state
end

-- Finds out where a character leads, and keeps it.
local function follow(self, state, code, work)
  local found, program = reach(self, state, code, work), self.program
  local following
  if not found then
    following = true
  else
    local places = {}
    for _, at in ipairs(found) do
      if program[at].set(code) then places[#places + 1] = at + 1 end
    end
    following = (#places > 0 or not self.anchored) and state_of(self, places, is_word(code) and WORD or OTHER, work)
  end
  self.transitions = self.transitions + 1
  if self.transitions > MAX_TRANSITIONS then reset(self) end
  state[code] = following
  return following
end

local function ends(self, state, work)
  if state.at_end == nil then state.at_end = reach(self, state, nil, work) == nil end
  return state.at_end
end

-- The code point that begins at a byte from 0x80 on, and where the next one begins.  A byte that is no UTF-8 is U+FFFD.
---@return integer code, integer next
local function decode(text, at)
  local ok, code = pcall(utf8.codepoint, text, at, at, true)
  if not ok then return 0xFFFD, at + 1 end
  return code, utf8.offset(text, 2, at) --[[@as integer]]
end

-- Whether it matches, and how many characters the meter has not been told of.
local function search(self, text, work)
  local state, at, size = self.first, 1, #text
  local told = 0
  while at <= size do
    local code = byte(text, at)
    if code < 0x80 then at = at + 1 else code, at = decode(text, at) end
    local following = state[code]
    if following == nil then following = follow(self, state, code, work) end
    if following == true or following == false then return following, at - told end
    state = following
    if at - told >= STRIDE then
      work:step((at - told) // 2)
      told = at
    end
  end
  return ends(self, state, work), at - told
end

--- Whether the program matches anywhere in a text.
---@param text string  UTF-8
---@param work Meter
---@return boolean
function Automaton:matches(text, work)
  local found, untold = search(self, text, work)
  work:step(2 + untold // 2)
  return found
end

-- Whether all that can be reached first is the text's start.
local function is_anchored(program)
  local stack, seen = { 1 }, {}
  while #stack > 0 do
    local at = table.remove(stack)
    local step = program[at]
    if not seen[at] then
      seen[at] = true
      if not step then return false end
      if step.op == "jump" then
        stack[#stack + 1] = step[1]
      elseif step.op == "split" then
        stack[#stack + 1], stack[#stack + 2] = step[1], step[2]
      elseif step.op ~= "start" then
        return false
      end
    end
  end
  return true
end

---@param program table[]
---@return regex.Automaton
function M.new(program)
  local boundaries = false
  for _, step in ipairs(program) do boundaries = boundaries or step.op == "boundary" end
  local self = setmetatable({ program = program, boundaries = boundaries, anchored = is_anchored(program) }, Automaton)
  reset(self)
  self.first = { places = {}, before = START }
  return self
end

return M
