--- JSON of values that may be long: in a fiber of the host the loop turns while it is written, and a cancellation waits until it
--- is.  The value must not change meanwhile: the text would have some of it as it was and some as it is, or an error be raised.

local in_steps = require "lib.async.in_steps"
local json = require "core.json"

local M = {}

local SHORT = 64 * 1024 -- bytes that are written at once: nearly all that ever is
local STEPS = 2000      -- values and keys between two looks at the clock

--- As `core.json.encode`.
---@param value any
---@param most? integer  bytes that the text may have
---@return string text
function M.encode(value, most)
  local short = most and most <= SHORT
  if short or not in_steps.possible() then return json.encode(value, most) end
  local ok, text = pcall(json.encode, value, SHORT)
  return ok and text or in_steps.run(STEPS, json.encode_in_steps, value, STEPS, most)
end

return M
