--- A dry run's plan as data and in words: what would have been called, and what of its price is known.

local codec = require "core.codec"
local json = require "core.json"
local pricing = require "lib.runcomfy.pricing"

local M = {}

-- Shortening ---------------------------------------------------------------------------------------------

local LONGEST, KEPT, KEPT_OF_DATA = 1000, 200, 40

local function shortened_text(text)
  local is_data = text:sub(1, 5) == "data:"
  if #text <= (is_data and 100 or LONGEST) then return text end
  return ("%s… (%d bytes)"):format(codec.utf8_head(text, is_data and KEPT_OF_DATA or KEPT), #text)
end

local shortened ---@type fun(value: any): any

local function shortened_table(value)
  local copy = {}
  for key, item in pairs(value) do copy[key] = shortened(item) end
  return json.like(value, copy)
end

-- Pictures and long texts make a plan that nobody can read.
shortened = function(value)
  if type(value) == "string" then return shortened_text(value) end
  return type(value) == "table" and shortened_table(value) or value
end

-- Price --------------------------------------------------------------------------------------------------

local ESTIMATE_KEYS = { "deployment_id", "requests", "hardware", "keep_warm_seconds", "max_seconds_beside_runs", "dollars_per_hour",
  "max_dollars_beside_runs", "dollars_per_run_second", "no_price" }

local function round(value, digits)
  local factor = 10 ^ digits
  return value and math.floor(value * factor + 0.5) / factor
end

local function hardware_of(data)
  local hardware = data.hardware
  if type(hardware) == "table" then hardware = hardware[1] end
  return type(hardware) == "string" and hardware or nil
end

-- Why there is no price.
local function unpriced(entry, hardware)
  if not entry.data then
    return entry.problem and "the deployment could not be looked at: " .. codec.utf8_head(entry.problem, 300)
      or "the deployment could not be looked at"
  end
  if not hardware then return "the deployment does not tell its hardware" end
  if not pricing.DOLLARS_PER_HOUR[hardware] then return ("no price is published for %s"):format(codec.utf8_head(hardware, 60)) end
end

---@class PlannedDeployment
---@field id string
---@field requests integer
---@field data? table      the deployment
---@field problem? string  why it could not be looked at

--- What is known of the price of one deployment's requests.
---@param entry PlannedDeployment
---@return Estimate
function M.estimate(entry)
  local result = { deployment_id = entry.id, requests = entry.requests }
  local hardware = entry.data and hardware_of(entry.data)
  if hardware and entry.data then
    local keep_warm = math.tointeger(entry.data.keep_warm_duration_in_seconds)
    local seconds = pricing.COLD_START_SECONDS + (keep_warm or 0)
    result.hardware, result.keep_warm_seconds, result.max_seconds_beside_runs = hardware, keep_warm, seconds
    result.dollars_per_hour = pricing.DOLLARS_PER_HOUR[hardware]
    result.max_dollars_beside_runs = round(pricing.dollars(hardware, seconds), 2)
    result.dollars_per_run_second = round(pricing.dollars(hardware, 1), 5)
  end
  result.no_price = unpriced(entry, hardware)
  return json.ordered(ESTIMATE_KEYS, result)
end

-- Data ---------------------------------------------------------------------------------------------------

local PLAN_KEYS = { "ok", "dry_run", "calls", "reads", "estimates", "not_checked", "result", "error" }

local NOT_CHECKED = "whether the values of inputs are within the ranges and among the choices of their nodes: that shows when it runs"

--- The plan as data.
---@param calls PlannedCall[]
---@param reads integer
---@param estimates Estimate[]
---@param result CallResult  what the recipe made of the answers
---@param unjudged boolean   what inputs are set to was not looked at in full
---@return table
function M.data(calls, reads, estimates, result, unjudged)
  local list = {}
  for i, call in ipairs(calls) do
    local copy = { tool = call.tool, risk = call.risk, answer = call.answer, error = call.error, input = shortened(call.input) }
    list[i] = json.ordered({ "tool", "risk", "answer", "error", "input" }, copy)
  end
  return json.ordered(PLAN_KEYS, {
    ok = not result.is_error, dry_run = true, calls = json.as_array(list), reads = reads, estimates = json.as_array(estimates),
    not_checked = unjudged and NOT_CHECKED or nil,
    result = not result.is_error and shortened(result.data) or nil, error = result.is_error and result.text or nil,
  })
end

-- Words --------------------------------------------------------------------------------------------------

local function estimate_line(entry)
  local head = ("  %s: %d request%s"):format(entry.deployment_id, entry.requests, entry.requests == 1 and "" or "s")
  if entry.hardware then
    head = ("%s on %s; cold start and keep-warm up to %d s"):format(head, entry.hardware, entry.max_seconds_beside_runs)
  end
  if entry.no_price then return ("%s; no price, because %s"):format(head, entry.no_price) end
  return ("%s (up to $%.2f), each second of a run $%.5f"):format(head, entry.max_dollars_beside_runs, entry.dollars_per_run_second)
end

local function call_line(index, call)
  local shown = json.encode(shortened(call.input))
  if #shown > 200 then shown = codec.utf8_head(shown, 200) .. "…" end
  local refused = call.error and ("\n     refused: %s"):format(codec.utf8_head(call.error, 1000)) or ""
  return ("  %d. %s (%s) %s%s"):format(index, call.tool, call.risk, shown, refused)
end

--- The plan in words.
---@param calls PlannedCall[]
---@param reads integer
---@param estimates Estimate[]
---@param unjudged boolean
---@return string
function M.text(calls, reads, estimates, unjudged)
  local lines = { ("Dry run: %d call%s would have been made, %d read%s asked."):format(#calls, #calls == 1 and "" or "s",
    reads, reads == 1 and " was" or "s were") }
  for i, call in ipairs(calls) do lines[#lines + 1] = call_line(i, call) end
  if #estimates > 0 then lines[#lines + 1] = "GPU time, at the published prices:" end
  for _, entry in ipairs(estimates) do lines[#lines + 1] = estimate_line(entry) end
  if unjudged then lines[#lines + 1] = "Not checked: " .. NOT_CHECKED .. "." end
  return table.concat(lines, "\n")
end

return M
