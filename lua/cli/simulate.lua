--- `rcmcp simulate`: the simulated RunComfy as a server of its own, for any client of the API.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local M = {
  summary = "Serve a simulated RunComfy API on this machine",
  epilog = [[
Prints the base URL on standard output, and runs until SIGINT or SIGTERM. Deployments live in memory; nothing costs anything.
POST /_sim/faults spoils answers, POST /_sim/clock moves or speeds time, GET /_sim/state shows what goes on.]],
}

local DEFAULT_PORT = 8231

-- What is a number on the command line: its name there, its range.
local NUMBERS = {
  { "port", "The port to listen on; 0: any free one", argname = "N", default = DEFAULT_PORT, min = 0, max = 65535, whole = true },
  { "speed", "How many times as fast as real the simulated time runs", argname = "FACTOR", default = 1, min = 0.1, max = 100000 },
  { "seed", "Where all that looks random comes from", argname = "N", default = 1, min = 0, max = math.maxinteger, whole = true },
  { "cold-start", "How long an instance takes to start", argname = "SECONDS", default = 180, min = 0, max = 86400 },
  { "run-time", "How long each run takes; else by graph and hardware", argname = "SECONDS", min = 0, max = 86400 },
}

function M.define(parser)
  parser:option("--host", "The address to listen on"):argname("ADDRESS"):default("127.0.0.1")
  for _, number in ipairs(NUMBERS) do
    local option = parser:option("--" .. number[1], number[2]):argname(number.argname)
    if number.default then option:default(tostring(number.default)) end
  end
  parser:option("--key", "A bearer token to ask for; any made-up text"):argname("TEXT")
  parser:option("--cancel-form", "The body that a cancel is answered with"):choices({ "outcome", "requested" }):default("outcome")
  parser:option("--cancelled-word", "How it is spelt"):choices({ "cancelled", "canceled" }):default("cancelled")
end

-- The value of a number option; nil and a complaint when it is out of range.
local function number_of(number, text)
  if text == nil then return number.default end
  local value = tonumber(text)
  if number.whole then value = value and math.tointeger(value) end
  if value and value >= number.min and value <= number.max then return value end
  return nil, ("--%s must be %s from %s to %s, got '%s'"):format(number[1], number.whole and "a whole number" or "a number",
    number.min, number.max, text)
end

local function numbers_of(args)
  local values = {}
  for _, number in ipairs(NUMBERS) do
    local name = number[1]:gsub("-", "_")
    local value, complaint = number_of(number, args[name])
    if complaint then return nil, complaint end
    values[name] = value
  end
  return values
end

-- False: nobody can learn where it listens.
local function greet(sim, key)
  io.stdout:write(sim.base_url, "\n")
  if not io.stdout:flush() then return false end
  local header = key and (" -H 'Authorization: Bearer " .. key .. "'") or ""
  io.stderr:write(table.concat({
    "Nothing here is real and nothing costs anything. Try:",
    ("  curl%s '%s/prod/v2/deployments'"):format(header, sim.base_url),
    ("  curl%s -H 'Content-Type: application/json' -d '{\"overrides\":{\"6\":{\"inputs\":{\"text\":\"a fox in the snow\"}}}}' "
      .. "'%s/prod/v1/deployments/%s/inference'"):format(header, sim.base_url, sim.model:list()[1].id),
    ("  RUNCOMFY_SERVERLESS_BASE_URL=%s RUNCOMFY_API_KEY=%s rcmcp call list_deployments"):format(sim.base_url, key or "none"),
    "End with Ctrl-C.",
  }, "\n"), "\n")
  return true
end

local function serve(sim, key)
  local loop, signal = require "core.loop", require "core.signal"
  local _ <close> = signal.on("INT", loop.stop)
  local _ <close> = signal.on("TERM", loop.stop)
  if greet(sim, key) then loop.run() end
  return exit_status.ok
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("simulate", M, argv)
  if not args then return status end
  local numbers, complaint = numbers_of(args)
  if not numbers then return options.usage_error("simulate", complaint) end
  require("lib.async.clock").set_speed(numbers.speed)
  local sim <close>, err = require("lib.sim.server").start {
    host = args.host, port = numbers.port, key = args.key, seed = numbers.seed, cold_start = numbers.cold_start,
    run_time = numbers.run_time, cancel_form = args.cancel_form, cancelled_word = args.cancelled_word,
    log_length = 1, -- nobody asks for it here
  }
  if not sim then
    io.stderr:write(require("cli.shared.terminal").plain("rcmcp simulate: " .. tostring(err) .. "\n"))
    return exit_status.unavailable
  end
  return serve(sim, args.key)
end

return M
