--- The text of structured content, for clients that show a model nothing else: all of it where it is short, and else the
--- names first, the payloads last and in part.

local abridge = require "lib.abridge"
local codec = require "core.codec"
local in_steps = require "lib.async.in_steps"
local json = require "core.json"
local outcome = require "lib.features.outcome"
local clean = require("lib.text").clean

local M = {}

local OUTLINE_BYTES = 15000

---@class Outline  what a tool says first of data that are too long to be shown whole
---@field count integer             lines, one thing each; a cut falls between lines
---@field line fun(i: integer): string  the text of one: a long outline is not made as far as it is not shown
---@field instead_of string[]        the members of the data that they stand for

---@param number integer
---@return string "1,234,567"
function M.grouped(number)
  local text = tostring(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function characters(text)
  return utf8.len(text) or #text
end

-- The lines that fit.
---@param outline Outline
local function first_lines(outline)
  local parts, bytes = {}, 0
  for i = 1, outline.count do
    local line = outline.line(i)
    bytes = bytes + #line + 1
    if bytes > OUTLINE_BYTES then
      parts[i] = ("… and %s more"):format(M.grouped(outline.count - i + 1))
      break
    end
    parts[i] = line
  end
  return clean(table.concat(parts, "\n"))
end

local function is_one_of(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

---@class Members  an object that was not written: what abridge asks of checked JSON is asked of its members
---@field private value table
---@field private keys string[]
---@field private parts core.json.Raw[]
local Members = {}
Members.__index = Members

function Members.kind()
  return "object"
end

function Members:size()
  local size = 1
  for i, part in ipairs(self.parts) do size = size + #json.encode(self.keys[i]) + 2 + part:size() end
  return size
end

function Members:text()
  return json.encode(self.value)
end

function Members:pairs()
  local i = 0
  return function()
    i = i + 1
    return self.keys[i], self.parts[i]
  end
end

local function as_raw(value)
  if type(value) == "userdata" and value ~= json.null and value.kind then return value end
  return json.raw(json.encode(value))
end

-- The members of an object in their order; nil where not all of them have one.
---@return core.json.Raw?
local function members_of(object)
  local keys, parts, left = {}, {}, 0
  for _, key in ipairs(json.order(object) or {}) do
    if object[key] ~= nil then keys[#keys + 1], parts[#parts + 1] = key, as_raw(object[key]) end
  end
  for _ in pairs(object) do left = left + 1 end
  if left ~= #keys then return nil end
  return setmetatable({ value = object, keys = keys, parts = parts }, Members) --[[@as core.json.Raw]]
end

-- The data without the members that the outline stands for: what the API sent was checked, and is not written for it again.
local function rest(structured, data, outline)
  if not outline or type(data) ~= "table" then return assert(json.raw(structured)) end
  local members = json.like(data, {})
  for key, value in pairs(data) do
    if not is_one_of(outline.instead_of, key) then members[key] = value end
  end
  return members_of(members) or assert(json.raw(json.encode(members)))
end

local SAMPLE = 16 * 1024 -- bytes of a long text that tell how many bytes its characters have

-- Bytes that hold about so many characters of the text.
local function bytes_for(count, structured)
  local sample = #structured <= SAMPLE and structured or codec.utf8_cut(structured, SAMPLE)
  return math.max(1000, count * #sample // characters(sample))
end

local MOST_BYTES = 4 -- of a character

local function is_short(text)
  local bytes = #text
  return bytes <= outcome.SHOWN or bytes <= outcome.SHOWN * MOST_BYTES and characters(text) <= outcome.SHOWN
end

local function abridged(raw, count, structured)
  local text = abridge.text(raw, bytes_for(count, structured))
  if characters(text) <= count * 5 // 4 then return text end
  return (abridge.text(raw, count)) -- what is shown has other characters than what is not
end

local function note(structured, has_structured)
  return ("… shortened; the whole JSON has %s bytes%s"):format(M.grouped(#structured), has_structured and " and is in structuredContent"
    or ": ask for less of it, or use rcmcp call on a command line, which prints it unshortened")
end

--- The text of structured content.
---@param structured string        JSON
---@param has_structured boolean   whether the answer carries it, too; where not, the text is all that there is
---@param result CallResult        whose data it is: in brief where that fits, by their outline where they do not
---@return string
function M.text(structured, has_structured, result)
  if is_short(structured) then
    return result.brief and has_structured and json.encode(result.brief(result.data)) or structured
  end
  local first = result.outline and result.outline()
  local head = first and first.count > 0 and first_lines(first) or nil
  in_steps.turn_behind(#structured)
  local raw = rest(structured, result.data, first)
  in_steps.turn_behind(#structured)
  local text = abridged(raw, outcome.SHOWN - (head and characters(head) or 0), structured)
  return (head and head .. "\n" or "") .. text .. "\n" .. note(structured, has_structured)
end

return M
