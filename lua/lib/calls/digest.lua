--- Digests of plain values: whether two are the same, told without keeping them.  The order of an object's members does not count.

local codec = require "core.codec"
local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

local PIECE = 256 * 1024 -- bytes of a text that are digested at a time
local BYTES_A_STEP = 64

local write

local function write_text(parts, text, work)
  if #text <= PIECE then
    parts[#parts + 1] = ("s%d:"):format(#text)
    parts[#parts + 1] = text
    return
  end
  local pieces = {}
  for from = 1, #text, PIECE do
    pieces[#pieces + 1] = codec.sha256(text:sub(from, from + PIECE - 1))
    if work then work:step(PIECE // BYTES_A_STEP) end
  end
  parts[#parts + 1] = ("l%d:"):format(#text)
  parts[#parts + 1] = table.concat(pieces)
end

-- Numbers before texts, each in their order; keys of other kinds are none of plain data's.
local function in_order(a, b)
  local kind_a, kind_b = type(a), type(b)
  if kind_a ~= kind_b then return kind_a < kind_b end
  return a < b
end

local function write_table(parts, value, work)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, in_order)
  parts[#parts + 1] = getmetatable(value) == json.array and "[" or "{"
  for _, key in ipairs(keys) do
    write(parts, key, work)
    write(parts, value[key], work)
  end
  parts[#parts + 1] = "}"
end

local function write_number(parts, value)
  parts[#parts + 1] = math.type(value) == "integer" and ("i%d;"):format(value) or ("f%a;"):format(value)
end

-- The core's numbers and checked texts tell themselves as JSON.
function write(parts, value, work)
  if work then work:step() end
  local kind = type(value)
  if kind == "string" then return write_text(parts, value, work) end
  if kind == "number" then return write_number(parts, value) end
  if kind == "table" then return write_table(parts, value, work) end
  if kind == "userdata" then
    parts[#parts + 1] = "j"
    return write_text(parts, json.encode(value), work)
  end
  parts[#parts + 1] = tostring(value) .. ";"
end

--- The digest of a plain value.
---@param value any
---@param at_once? boolean  the loop does not turn meanwhile
---@return string
function M.of(value, at_once)
  local parts = {}
  write(parts, value, not at_once and meter.new { shielded = true } or nil)
  return codec.sha256(table.concat(parts))
end

return M
