--- The JSON of an answer's body, as far as it can be had: repaired where it is clear what was meant, and what stands before
--- the place where it ends or is spoilt.  What was done is noted beside it.

local json = require "core.json"

local M = {}

-- Levels of arrays and objects that are passed on.  Parsers of clients give up not far above: pydantic's at 200, Python's own
-- at about 1,000.
local DEEPEST = 128

local notes = setmetatable({}, { __mode = "k" }) ---@type table<core.json.Raw, string>
local parts = setmetatable({}, { __mode = "k" }) ---@type table<core.json.Raw, true>  of which something is missing

local NEARLY = { NaN = " became null", Infinity = " became null", ["-Infinity"] = " became null" }

local function noted(value, note, is_part)
  if note ~= "" then notes[value] = note end
  parts[value] = is_part
  return value
end

-- The text with what was meant, and the note of it; "" where it was as it should be.
local function repaired(text)
  local better, count, first, place = json.repair(text)
  if not better then return text, "" end
  return better, ("RunComfy's answer was not valid JSON and was repaired: %s at %s%s%s."):format(first, place, NEARLY[first] or "",
    count and count > 1 and (", and %d more"):format(count - 1) or "")
end

-- What was left out of a body on its way, because it is larger than what is kept.
local function brief_note(left_out)
  if (left_out or 0) == 0 then return "" end
  return ("RunComfy's answer was larger than the 64 MiB that are kept: %d bytes of its longest texts were left out."):format(left_out)
end

-- Why something is missing; nil where nothing is.
local function reason(cut, problem, deep)
  if type(cut) == "string" then return ("RunComfy's answer ended early (%s): what had come of it is shown."):format(cut) end
  if cut then return "RunComfy's answer is larger than the 64 MiB that are read: what these hold is shown." end
  if problem then
    return ("RunComfy's answer was not valid JSON (%s): what stands before that place was kept."):format(problem)
  end
  if deep and deep > 0 then
    return ("RunComfy's answer is nested deeper than %d levels: %d values below them became null."):format(DEEPEST, deep)
  end
end

local function joined(first, second)
  if not second or second == "" then return first end
  return first == "" and second or first .. " " .. second
end

local function salvaged(text, note, cut)
  local whole, problem, deep = json.salvage(text, DEEPEST)
  local value = whole and json.raw(whole)
  if not value then return nil end
  local why = reason(cut, problem, deep)
  return noted(value, joined(note, why), why and true or nil), problem
end

--- The JSON of a body; nil where it is none, or none to its end.  A body that was cut at the limit of the transfer, and one
--- that is nested too deep, are JSON as far as they go.
---@param body string
---@param cut? boolean|string  the body is the beginning of a larger one; a text: why no more of it came
---@param left_out? integer  bytes of long texts that it has lost on its way
---@return core.json.Raw?
function M.json(body, cut, left_out)
  local value, note = json.raw(body), brief_note(left_out)
  if not value then
    local repair
    body, repair = repaired(body)
    value = repair ~= "" and json.raw(body) or nil
    note = joined(note, repair)
  end
  if value and value:depth() <= DEEPEST then return noted(value, note) end
  local part, problem = salvaged(body, note, cut)
  return (cut or not problem) and part or nil
end

--- What stands before the place where a body is no JSON any more; nil where nothing does.
---@param body string
---@param early? string  why no more of it came
---@return core.json.Raw?
function M.beginning(body, early)
  local text, note = repaired(body)
  return (salvaged(text, note, early))
end

--- What is wrong with a body that is meant as JSON, and where; nil where it is not meant so, or nothing is wrong.
---@param body string
---@return string? problem
function M.problem(body)
  if not body:find("^%s*[%[{]") then return nil end
  local better, _, first, place = json.repair(body)
  local value, problem = json.raw(better or body)
  if value then return nil end
  return first and ("%s at %s; %s"):format(first, place, problem) or problem
end

--- What to say of an answer that had to be repaired, or of which something is missing; nil of all others.
---@param value any
---@return string?
function M.note(value)
  return value ~= nil and notes[value] or nil
end

--- Whether something of an answer is missing.
---@param value core.json.Raw
---@return boolean
function M.is_part(value)
  return parts[value] == true
end

return M
