--- JSON values as the schema sees them: their kind, their equality, their words.

local json = require "core.json"
local brief = require("lib.text").brief

local M = {}

---@alias Kind "null"|"boolean"|"integer"|"number"|"string"|"array"|"object"

--- The kind of a decoded value; a number without fraction is an integer, however it was written.
---@param value any
---@return Kind
function M.kind(value)
  local t = type(value)
  if t == "table" then
    if getmetatable(value) == json.array or #value > 0 then return "array" end
    return "object"
  end
  if t == "number" then
    return math.type(value) == "integer" and "integer" or (value % 1 == 0 and "integer" or "number")
  end
  if t == "userdata" then
    if value == json.null then return "null" end
    return tostring(value):find("[.eE]") and "number" or "integer" -- a boxed number keeps its digits
  end
  return t --[[@as Kind]]
end

--- Whether a schema is one: a boolean or an object.
---@param schema any
---@return boolean
function M.is_schema(schema)
  return type(schema) == "boolean" or (type(schema) == "table" and M.kind(schema) == "object")
end

local SHOWN = 20       -- parts of a table that a message shows whole
local LONGEST = 100    -- bytes of a text in it

-- A copy of a few parts; nil where there are more.
local function few(item, left)
  left.parts = left.parts - 1
  if left.parts < 0 then return nil end
  if type(item) == "string" then return brief(item, LONGEST) end
  if type(item) ~= "table" then return item end
  local copy = {}
  for key, part in next, item do
    local shown = few(part, left)
    if shown == nil then return nil end
    copy[type(key) == "string" and brief(key, LONGEST) or key] = shown
  end
  return json.like(item, copy)
end

--- A value in a message: its JSON, cut where it is long.
---@param value any
---@return string
function M.show(value)
  local short = few(value, { parts = SHOWN })
  if short == nil then
    return M.kind(value) == "array" and ("a list of %d items"):format(#value) or "an object with many members"
  end
  local ok, text = pcall(json.encode, short)
  if not ok then return tostring(value) end
  return brief(text, #text > 80 and 77 or 80)
end

-- Equality by key -----------------------------------------------------------------------------------

local names_of ---@type fun(object: table, work: Meter): string[]

-- Text that is the same for equal values, and for no others.
local function write(value, parts, work)
  work:step()
  local kind = M.kind(value)
  if kind == "string" then
    parts[#parts + 1] = #value .. '"' .. value
  elseif kind == "array" then
    parts[#parts + 1] = "[" .. #value
    for i = 1, #value do write(value[i], parts, work) end
  elseif kind == "object" then
    local names = names_of(value, work)
    parts[#parts + 1] = "{" .. #names
    for _, name in ipairs(names) do
      write(tostring(name), parts, work)
      write(value[name], parts, work)
    end
  elseif type(value) == "number" then
    parts[#parts + 1] = math.tointeger(value) and ("#%d "):format(value) or ("#%.17g "):format(value)
  else
    parts[#parts + 1] = kind .. tostring(value) .. " "
  end
end

--- What two values have in common if they are equal, and no others: a key for a table.
---@param value any
---@param work Meter
---@return any
function M.key(value, work)
  local kind = type(value)
  if kind == "table" or kind == "userdata" and value ~= json.null then
    local parts = { "t" }
    write(value, parts, work)
    return table.concat(parts)
  end
  if kind == "string" then return "s" .. value end
  if value ~= value then return {} end -- NaN equals nothing
  return value
end

-- The names of an object, sorted ---------------------------------------------------------------------

local AT_ONCE = 2000 -- names that table.sort is given: it cannot stop for a turn of the loop

local function merged(a, b, work)
  local list, i, j = {}, 1, 1
  for k = 1, #a + #b do
    if j > #b or i <= #a and a[i] <= b[j] then
      list[k], i = a[i], i + 1
    else
      list[k], j = b[j], j + 1
    end
    if k % 1000 == 0 then work:step(200) end
  end
  return list
end

--- The names of an object's members, sorted; with turns of the loop where they are many.
---@param object table
---@param work Meter
---@return string[]
function M.names(object, work)
  local runs, run = {}, {}
  for name in next, object do
    run[#run + 1] = name
    if #run == AT_ONCE then
      table.sort(run)
      work:step(AT_ONCE)
      runs[#runs + 1], run = run, {}
    end
  end
  table.sort(run)
  work:step(#run)
  runs[#runs + 1] = run
  while #runs > 1 do
    local fewer = {}
    for i = 1, #runs, 2 do fewer[#fewer + 1] = runs[i + 1] and merged(runs[i], runs[i + 1], work) or runs[i] end
    runs = fewer
  end
  return runs[1]
end
names_of = M.names

return M
