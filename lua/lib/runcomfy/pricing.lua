--- What an instance costs: RunComfy's published prices, and what is billed.

local M = {}

--- US dollars an hour, pay as you go, as published in 2026; they may change, and a plan may lower them.
---@type table<string, number>
M.DOLLARS_PER_HOUR = {
  TURING_16 = 0.99, AMPERE_24 = 1.75, AMPERE_48 = 2.50, ADA_48_PLUS = 2.99, AMPERE_80 = 4.99, ADA_80_PLUS = 7.49,
  HOPPER_141 = 8.75,
}

--- A cold start takes that long at most, as a rule; it is billed.
M.COLD_START_SECONDS = 300

--- What seconds of an instance cost.
---@param hardware string
---@param seconds number
---@return number|nil dollars  nil for hardware that is not known
function M.dollars(hardware, seconds)
  local rate = M.DOLLARS_PER_HOUR[hardware]
  return rate and rate / 3600 * seconds
end

return M
