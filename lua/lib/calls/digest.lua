--- Digests of plain values: whether two are the same, told without keeping them.

local codec = require "core.codec"
local in_steps = require "lib.async.in_steps"
local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

local PIECE = 256 * 1024 -- bytes that are digested at a time
local BYTES_A_STEP = 64

--- The digest of bytes.
---@param bytes string
---@param at_once? boolean  the loop does not turn meanwhile
---@return string
function M.of_bytes(bytes, at_once)
  if #bytes <= PIECE then return codec.sha256(bytes) end
  if not at_once then in_steps.turn_behind(#bytes) end -- to pack them was one piece
  local work = not at_once and meter.new { shielded = true }
  local parts = {}
  for from = 1, #bytes, PIECE do
    parts[#parts + 1] = codec.sha256(bytes:sub(from, from + PIECE - 1))
    if work then work:step(PIECE // BYTES_A_STEP) end
  end
  return codec.sha256(table.concat(parts))
end

--- The digest of a plain value (see core.json.pack).
---@param value any
---@param at_once? boolean  the loop does not turn meanwhile
---@return string
function M.of(value, at_once)
  return M.of_bytes(json.pack(value), at_once)
end

return M
