--- What an hour of each GPU costs, pay as you go.  Billed by the second, from wake-up to shut-down: cold start, work and
--- keep-warm.  RunComfy changes its prices: check them at https://www.runcomfy.com/pricing, and change this file.

local M = {
  as_of = "2026-11-21",
  usd_per_hour = {
    TURING_16 = 0.99, AMPERE_24 = 1.75, AMPERE_48 = 2.50, ADA_48_PLUS = 2.99, AMPERE_80 = 4.99, ADA_80_PLUS = 7.49, HOPPER_141 = 8.75,
  },
}

--- The price of an hour on a deployment's GPU.
---@param deployment table  as list_deployments and get_deployment show it
---@return number|nil usd, string hardware  nil: a GPU that the table does not know
function M.of(deployment)
  local hardware = type(deployment.hardware) == "table" and deployment.hardware[1] or tostring(deployment.hardware)
  return M.usd_per_hour[hardware], hardware
end

return M
