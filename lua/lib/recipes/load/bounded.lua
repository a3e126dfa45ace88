--- Functions of `table` for recipes, bounded: a C loop over a range that somebody made up would run where
--- no limit reaches it.

local sandbox = require "core.sandbox"
local told = require("lib.recipes.load.refusals").told

local M = {}

local MOST = 4 * 1024 * 1024 -- more elements than the memory of a call holds
local PIECE = 10000           -- elements that are moved at once: the limits are looked at between two

local function check_span(name, first, last)
  if type(first) == "number" and type(last) == "number" and last + 0.0 - first >= MOST then
    error(("table.%s: more than %d elements"):format(name, MOST), 3)
  end
end

-- A length that is made up may be any number, and another one each time.
local function check_length(name, list)
  local meta = debug.getmetatable(list)
  if type(list) == "table" and meta and rawget(meta, "__len") ~= nil then
    error(("table.%s: a table with __len does not work here"):format(name), 3)
  end
end

local bounded = {}

function bounded.concat(list, separator, first, last)
  check_length("concat", list)
  first = first or 1
  last = last or type(list) == "table" and rawlen(list) or 0
  check_span("concat", first, last)
  return (told(2, "table.concat", pcall(table.concat, list, separator, first, last)))
end

function bounded.insert(list, ...)
  check_length("insert", list)
  if select("#", ...) == 1 and type(list) == "table" then return table.insert(list, (...)) end
  told(2, "table.insert", pcall(table.insert, list, ...))
end

function bounded.remove(list, ...)
  check_length("remove", list)
  return (told(2, "table.remove", pcall(table.remove, list, ...)))
end

function bounded.sort(list, before)
  check_length("sort", list)
  if type(list) ~= "table" then error(("bad argument #1 to 'sort' (table expected, got %s)"):format(type(list)), 2) end
  if before ~= nil and type(before) ~= "function" then
    error(("bad argument #2 to 'sort' (function expected, got %s)"):format(type(before)), 2)
  end
  return sandbox.sort(list, before)
end

-- From the end that is read before it is written, in pieces.
---@param from table
---@param first integer
---@param last integer
---@param at integer
---@param to? table
local function move_pieces(from, first, last, at, to)
  local shift = at - first
  if to ~= nil and not rawequal(from, to) or shift <= 0 or at > last then
    for piece = first, last, PIECE do
      local stop = math.min(piece + PIECE - 1, last)
      table.move(from, piece, stop, piece + shift, to --[[@as table]])
    end
  else
    for piece = last, first, -PIECE do
      local start = math.max(piece - PIECE + 1, first)
      table.move(from, start, piece, start + shift, to --[[@as table]])
    end
  end
  return to == nil and from or to
end

local function whole(value)
  local number = tonumber(value)
  return number and math.tointeger(number)
end

function bounded.move(from, first, last, at, to)
  check_span("move", tonumber(first), tonumber(last))
  local low, high, target = whole(first), whole(last), whole(at)
  local is_long = low and high and target and low < high and high - low >= PIECE
  if is_long and target < math.maxinteger - MOST then return move_pieces(from, low, high, target, to) end
  return (told(2, "table.move", pcall(table.move, from, first, last, at, to)))
end

function bounded.unpack(list, first, last)
  check_length("unpack", list)
  return told(1, "table.unpack", pcall(table.unpack, list, first, last)) -- a tail call: one frame less
end

--- A fresh copy of `table` with them in it.
---@return table
function M.table()
  local copy = {}
  for name, fn in pairs(table) do copy[name] = bounded[name] or fn end
  return copy
end

return M
