--- JSON of values that may be long: in a fiber of the host the loop turns while it is written, and a cancellation waits until it
--- is.  The value must not change meanwhile: the text would have some of it as it was and some as it is, or an error be raised.

local budgets = require "core.budget"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local meter = require "lib.async.meter"

local M = {}

local SHORT = 64 * 1024 -- bytes that are written at once: nearly all that ever is
local STEPS = 2000      -- values and keys between two looks at the clock

local function in_steps(value, most)
  local work = meter.new { shielded = true }
  local co = budgets.create_plain(json.encode_in_steps)
  local ok, text = budgets.resume_plain(co, value, STEPS, most)
  while coroutine.status(co) == "suspended" do
    work:step(STEPS)
    ok, text = budgets.resume_plain(co)
  end
  if not ok then error(text, 0) end
  return text
end

--- As `core.json.encode`.
---@param value any
---@param most? integer  bytes that the text may have
---@return string text
function M.encode(value, most)
  local short = most and most <= SHORT
  if short or not fiber.current() or budgets.current() or not coroutine.isyieldable() then return json.encode(value, most) end
  local ok, text = pcall(json.encode, value, SHORT)
  return ok and text or in_steps(value, most)
end

return M
