--- A long session of one server under mixed load: every request answered once, memory and descriptors level, a clean end.
---
---   rcmcp lua scripts/soak.lua [SECONDS]    default 60
---
--- The mix: reads, paid waits, recipes, cancelled calls, wrong arguments, a recipe that computes without end and one
--- that hoards, and a recipe file that is saved anew every second.

local clock = require "core.clock"
local fs = require "core.fs"
local host = require "core.host"
local json = require "core.json"
local loop = require "core.loop"
local process = require "core.process"
local timer = require "core.timer"

local SECONDS = tonumber(arg[1] or 60)
local IN_FLIGHT = 24
local SAMPLES = 40
local DEPLOYMENT = "a1b2c3d4-0000-4000-8000-000000000001"

local function hexadecimal(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local folder = (os.getenv "TMPDIR" or "/tmp") .. "/rcmcp-soak-" .. hexadecimal(host.random(6))

local RECIPES = {
  saved = [[
local rc = require "rc"
return rc.tool { name = "saved", description = "Number %d.", run = function() return { number = %d } end }
]],
  busy = 'local rc = require "rc"\nreturn rc.tool { name = "busy", description = "Never ends.", run = function() while true do end end }\n',
  hoard = [[
local rc = require "rc"
return rc.tool { name = "hoard", description = "Hoards.", run = function()
  local list = {}
  for i = 1, math.huge do list[i] = ("x"):rep(10000) .. i end
end }
]],
}

local function write(name, text)
  local path = folder .. "/" .. name .. ".lua"
  local file = assert(io.open(path .. "~", "wb"))
  assert(file:write(text))
  file:close()
  assert(os.rename(path .. "~", path))
end

local saves = 0
local function save_again()
  saves = saves + 1
  write("saved", RECIPES.saved:format(saves, saves))
end

-- The server --------------------------------------------------------------------------------------

---@type core.process.Process
local server
local waiting, answered, wrong = {}, {}, {}
local said, ended, rest = {}, nil, ""

local function send(message)
  message.jsonrpc = "2.0"
  assert(server:write(json.encode(message) .. "\n"))
end

local function take_line(line)
  local message = json.decode(line)
  if not message then
    wrong[#wrong + 1] = "no JSON: " .. line:sub(1, 200)
  elseif message.id ~= nil and not message.method then
    local done = waiting[message.id]
    if not done then
      wrong[#wrong + 1] = "an answer that nobody waits for: " .. line:sub(1, 200)
      return
    end
    waiting[message.id] = nil
    done(message)
  end
end

local function take(bytes)
  if not bytes then return end
  rest = rest .. bytes
  local from = 1
  while true do
    local stop = rest:find("\n", from, true)
    if not stop then break end
    take_line(rest:sub(from, stop - 1))
    from = stop + 1
  end
  rest = rest:sub(from)
end

local function start()
  server = assert(process.spawn {
    file = assert(host.program()),
    args = { "serve", "--simulate", "--speed", "4000", "--recipe-seconds", "86400", "--examples", "--recipes", folder,
      "--recipe-cpu-ms", "100", "--recipe-memory-bytes", "33554432", "--log-level", "error" },
    on_stdout = take,
    on_stderr = function(bytes) if bytes and #said < 100 then said[#said + 1] = bytes end end,
    on_exit = function(status, signal) ended = { status = status, signal = signal } end,
  })
end

-- The load ----------------------------------------------------------------------------------------

local function call(name, arguments) return { method = "tools/call", params = { name = name, arguments = arguments } } end

local function succeeds(message) return message.result ~= nil and not message.result.isError end
local function fails(message) return message.error ~= nil or message.result.isError == true end

-- name: { what is sent, what the answer must be, cancel after ms }
local MIX = {
  { "ping", function() return { method = "ping" } end, succeeds },
  { "list", function() return call("list_deployments", json.decode "{}") end, succeeds },
  { "payload", function() return call("get_deployment", { deployment_id = DEPLOYMENT, include_payload = true }) end, succeeds },
  { "submit", function()
    return call("submit_request", {
      deployment_id = DEPLOYMENT, wait_for_completion = true, overrides = { ["6"] = { inputs = { text = "a fox" } } },
    })
  end, succeeds },
  { "recipe", function() return call("generate_image", { deployment_id = "text-to-image", prompt = "a fox" }) end, succeeds },
  { "saved", function() return call("saved", json.decode "{}") end, succeeds },
  { "cancelled", function() return call("submit_request", { deployment_id = DEPLOYMENT, wait_for_completion = true }) end, nil, 5 },
  { "wrong", function() return call("submit_request", { deployment_id = 7, overrides = "{" }) end, fails },
  { "unknown", function() return call("no_such_tool", json.decode "{}") end, fails },
  { "busy", function() return call("busy", json.decode "{}") end, fails },
  { "hoard", function() return call("hoard", json.decode "{}") end, fails },
}

local next_id, in_flight, stopping = 0, 0, false

local function send_one(kind)
  local name, make, expected, cancel_after = table.unpack(kind, 1, 4)
  next_id = next_id + 1
  local id, over = next_id, false
  local message = make()
  message.id = id
  in_flight = in_flight + 1
  local function finish(answer)
    if over then return end
    over, in_flight = true, in_flight - 1
    answered[name] = (answered[name] or 0) + 1
    if answer and expected and not expected(answer) then wrong[#wrong + 1] = name .. ": " .. json.encode(answer):sub(1, 300) end
  end
  waiting[id] = finish
  send(message)
  if cancel_after then
    timer.after(cancel_after, function()
      if over then return end
      send { method = "notifications/cancelled", params = { requestId = id } }
      waiting[id] = function() end -- an answer that was on its way may still come, once
      finish(nil)
    end)
  end
end

local turn = 0
local function fill()
  while not stopping and in_flight < IN_FLIGHT do
    turn = turn + 1
    -- The two that use up their limits are rare, as they are in life: they hold the others up.
    local kind = MIX[turn % 40 == 0 and 10 or turn % 40 == 20 and 11 or turn % 9 + 1]
    send_one(kind)
  end
end

-- What is measured ------------------------------------------------------------------------------------

local samples = {}

local function sample()
  local file = io.open(("/proc/%d/status"):format(server:pid()), "rb")
  local text = file and file:read "a" or ""
  if file then file:close() end
  local descriptors = fs.list(("/proc/%d/fd"):format(server:pid()))
  samples[#samples + 1] = { kib = tonumber(text:match "VmRSS:%s*(%d+)"), descriptors = descriptors and #descriptors }
end

local function median(field, from, to)
  local list = {}
  for i = from, to do list[#list + 1] = samples[i][field] end
  table.sort(list)
  return list[(#list + 1) // 2]
end

local function check_level(field, early, late, allowed)
  if late > early + allowed then wrong[#wrong + 1] = ("%s grew from %d to %d"):format(field, early, late) end
end

-- The first quarter is warming up: caches, allocator, the simulator's week.
local function judge()
  local count = #samples
  local half = { count // 4 + 1, count // 2 }
  local last = { count - count // 4, count }
  local kib, kib_end = median("kib", half[1], half[2]), median("kib", last[1], last[2])
  local fds, fds_end = median("descriptors", half[1], half[2]), median("descriptors", last[1], last[2])
  check_level("memory (KiB)", kib, kib_end, kib // 5)
  check_level("descriptors", fds, fds_end, 8)
  print(("memory %d -> %d KiB, descriptors %d -> %d, %d saves"):format(kib, kib_end, fds, fds_end, saves))
end

-- How it goes -----------------------------------------------------------------------------------------

local function run_until(done, seconds, what)
  local expired = false
  local _ <close> = timer.after(math.floor(seconds * 1000), function() expired = true end)
  while not done() do
    if expired then wrong[#wrong + 1] = what return end
    if ended then wrong[#wrong + 1] = ("the server ended: status %d, signal %d"):format(ended.status, ended.signal) return end
    fill()
    loop.step(true)
  end
end

local function every(ms, fn)
  local function again()
    if stopping then return end
    fn()
    timer.after(ms, again)
  end
  timer.after(ms, again)
end

local function session()
  local opened = false
  waiting[0] = function() opened = true end
  server:write(json.encode { jsonrpc = "2.0", id = 0, method = "initialize", params = {
    protocolVersion = "2025-11-25", capabilities = json.decode "{}", clientInfo = { name = "soak", version = "1" } } } .. "\n")
  stopping = true
  run_until(function() return opened end, 30, "no answer to initialize")
  stopping = false
  send { method = "notifications/initialized" }
  every(1000, save_again)
  every(math.max(100, SECONDS * 1000 // SAMPLES), sample)
  local stop_at = clock.monotonic() + SECONDS
  run_until(function() return clock.monotonic() >= stop_at end, SECONDS + 60, "the load did not end")
  stopping = true
  run_until(function() return in_flight == 0 end, 120, "calls without an answer")
  server:close_stdin()
  local _ <close> = timer.after(30000, function() ended = ended or { status = -1, signal = 0 } end)
  while not ended do loop.step(true) end
  if ended.status == 0 and ended.signal == 0 then return end
  wrong[#wrong + 1] = ("the server's end: status %d, signal %d"):format(ended.status, ended.signal)
end

local function report()
  local names, total = {}, 0
  for _, kind in ipairs(MIX) do
    names[#names + 1] = ("%s %d"):format(kind[1], answered[kind[1]] or 0)
    total = total + (answered[kind[1]] or 0)
  end
  print(("%d s, %d calls: %s"):format(SECONDS, total, table.concat(names, ", ")))
  judge()
  for i, text in ipairs(wrong) do
    if i <= 20 then print("WRONG: " .. text) end
  end
  if #wrong > 0 and #said > 0 then print("the server said: " .. table.concat(said):sub(-2000)) end
end

assert(fs.mkdir(folder, 448))
save_again()
write("busy", RECIPES.busy)
write("hoard", RECIPES.hoard)
start()
session()
report()
server:cancel()
os.execute(("rm -rf '%s'"):format(folder))
os.exit(#wrong == 0 and 0 or 1)
