--- Calls of a recipe in which memory runs out at a given allocation: a session with the recipe behind it, and a simulator that
--- counts what it is sent, in a process of its own, for it allocates, too.

local accounts = require "lib.account"
local catalog = require "lib.recipes.link.catalog"
local child = require "spec.support.child"
local client = require "spec.support.client"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local host = require "core.host"
local hosts = require "lib.recipes.worker.host"
local json = require "core.json"
local log = require "core.log"
local loop = require "core.loop"
local processes = require "lib.recipes.worker.process"
local registry = require "lib.features.registry"
local server = require "lib.mcp.server"
local timer = require "core.timer"
local to_end = require "lib.async.to_end"
local under_way = require "lib.recipes.run.under_way"

local M = {}

M.DEPLOYMENT = "a1b2c3d4-0000-4000-8000-000000000001"

local IN_A_ROW = 2 -- Lua collects and tries again after one
local PATIENCE_MS = 30000
local NEVER = 1000000000 -- allocations

---@class StarvedOutcome
---@field answers integer  that the client got
---@field answer string    the last one, "" without
---@field lines string[]   that were logged
---@field missed integer   failures that were asked for and did not come: the call was over before
---@field writes { method: string, path: string, body: string }[]  that the simulator was sent
---@field waited boolean   it came to its end
---@field endings string[] why workers have ended since the last call
---@field fibers integer   that calls before this one have left in the worker

---@class Starved
---@field private simulator Child
---@field private url string       of the simulator
---@field private account Account
---@field private counts string    of what tells what it was sent
---@field session Session
---@field transport table  what the client got: answers, last, told (of progress)
---@field number integer   of the last call, its id
---@field private workers? WorkerHost
---@field private started integer  workers
---@field private left_there? integer  failures that did not come in the worker
---@field private fibers_there? integer
local Starved = {}
Starved.__index = Starved

local function start_simulator(self)
  self.simulator = child.rcmcp { "lua", "spec/support/counting_simulator.lua" }
  self.url, self.counts = self.simulator:line():match "^(%S+) (%S+)$"
  self.account = assert(accounts.new { key = "key-0123456789", base_url = self.url })
end

-- What its worker tells of a call at its end: see starving_worker.
local function hear(self, message)
  if message.kind ~= "log" or message.name ~= "starving worker" then return false end
  local left, fibers = message.text:match "^(%d+) (%d+)$"
  self.left_there, self.fibers_there = math.tointeger(left), math.tointeger(fibers)
  return true
end

local function start_worker(self, options)
  local on_message = options.on_message
  self.started = self.started + 1
  options.command = { host.program(), "lua", "spec/support/starving_worker.lua", tostring(self.started) }
  function options.on_message(message, size)
    if not hear(self, message) then return on_message(message, size) end
  end
  return processes.start(options)
end

-- The tool that a recipe's text makes.
local function load_recipe(self, text)
  local tools = registry.new()
  for _, module in ipairs(host.modules "tools.") do assert(tools:add(require(module))) end
  self.sources, self.saved = folder.new(), folder.new()
  self.sources:write("sweep.lua", text)
  self.recipes = catalog.new {
    folders = { { path = self.sources.path, label = "specs" } }, registry_tools = tools:snapshot().list,
    settings = { output_folder = self.saved.path }, lenient = true, quiet = true,
    worker = self.workers,
  }
  to_end(self.recipes.scan, self.recipes)
  return assert(self.recipes:find "sweep")
end

local function new_transport()
  local transport = { is_closed = function() return false end, answers = 0, question = nil, last = "", told = false }
  function transport:send(text)
    if text:find('"method":"elicitation/create"', 1, true) then self.question = text:match '"id":("[^"]*")' return end
    if text:find('"method":"notifications/progress"', 1, true) then self.told = true end
    if text:find('"method":', 1, true) then return end
    self.answers, self.last = self.answers + 1, text
  end
  return transport
end

local INITIALIZE = { jsonrpc = "2.0", id = "init", method = "initialize", params = {
  protocolVersion = "2025-06-18", capabilities = { elicitation = json.decode "{}" }, clientInfo = { name = "spec", version = "1" },
} }

--- Starts both; the recipe is called "sweep".
---@param text string  of the recipe's file
---@param speed? number  of the clock, default 1,000
---@param in_worker? boolean  the recipe runs in a worker; default: in this process
---@return Starved
function M.new(text, speed, in_worker)
  local self = setmetatable({ transport = new_transport(), number = 0, started = 0 }, Starved)
  if in_worker then self.workers = hosts.new { start = function(options) return start_worker(self, options) end } end
  start_simulator(self)
  clock.set_speed(speed or 1000)
  self.session = server.new({ snapshot = registry.snapshot_of { load_recipe(self, text) }, version = "1", ask_seconds = 0.5,
    account = function() return self.account end })
    :connect(self.transport)
  self.session:receive(json.encode(INITIALIZE))
  return self
end

function Starved:close()
  clock.set_speed(1)
  self.account:close()
  self.session:close()
  self.recipes:close()
  if self.workers then self.workers:close() end
  self.simulator:close()
  self.sources:remove()
  self.saved:remove()
end

local function answer_question(self)
  local id = self.transport.question
  if not id then return end
  self.transport.question = nil
  self.session:receive('{"jsonrpc":"2.0","id":' .. id .. ',"result":{"action":"accept","content":{"confirm":true}}}')
end

-- As the reader of standard input does where memory runs out for a line: it is told again, without the line.
local function refuse(self, text)
  self.session:refuse("no memory for a line", json.envelope(text))
end

local ROOM = 500 -- lines that need no memory of ours, which is to fail elsewhere

-- Keeps what is logged while `fn` runs.
local function logged(fn)
  local lines, count, write = table.pack(table.unpack({}, 1, ROOM)), 0, log.write
  lines.n = nil
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function(_, text) count = count + 1; lines[count] = text end
  fn()
  return lines
end

local function is_over(self)
  return fiber.count() == 0 and self.session:pending() == 0 and under_way.count() == 0
end

local function ask(self, path)
  return json.decode(client.get(self.counts .. path).body)
end

--- Whether a call waits, for time or for somebody.
---@return boolean
function Starved.waits()
  for _, call in ipairs(under_way.list()) do
    if call.waits > 0 then return true end
  end
  return false
end

--- Kills the workers that run.
function Starved:kill_workers()
  for _, pid in ipairs(self.workers:pids()) do os.execute("kill -KILL " .. pid) end
end

--- The deployment as it is now.
---@return { min_instances: integer, max_instances: integer }
function Starved:deployment()
  return ask(self, "/deployment")
end

---@class StarvedOptions
---@field after? integer      allocations that succeed; default: all
---@field there? boolean|"again"  it is the worker's memory that runs out, not that of this process; or that of the next worker, in which
---  the call is run again
---@field failures? integer   of Lua's allocations that fail then, one after the other, default 1
---@field arguments? table
---@field progress? boolean   the client asks for it; then 50 ms lie between the last of it and the answer
---@field while_it_runs? fun(self: Starved, id: integer)  called in each turn of the loop

local function arguments_of(self, options, asked)
  local arguments = options.arguments or json.decode "{}"
  if not options.there then return arguments end
  if options.there == "again" then to_end(self.workers.ready, self.workers) end -- the next one is that in which it is run again
  local starving = { after = options.after, failures = asked, worker = options.there == "again" and self.started + 1 or nil }
  for name, value in pairs(arguments) do starving[name] = value end
  return starving
end

local function take_endings(self)
  local all, new = self.workers and self.workers:endings() or {}, {}
  for i = (self.ends_seen or 0) + 1, #all do new[#new + 1] = all[i] end
  self.ends_seen = #all
  return new
end

--- Makes a call, and waits until nothing of it is left.
---@param options? StarvedOptions
---@return StarvedOutcome
function Starved:call(options)
  options = options or {}
  self.number = self.number + 1
  local id, transport, expired = self.number, self.transport, false
  transport.answers, transport.question, transport.last, transport.told = 0, nil, "", false
  local guard <close> = timer.after(PATIENCE_MS, function() expired = true end)
  local asked, missed = IN_A_ROW * (options.failures or 1), 0
  local text = json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = {
    name = "sweep", arguments = arguments_of(self, options, asked), _meta = options.progress and { progressToken = 1 } or nil,
  } }
  self.left_there, self.fibers_there = nil, 0
  local lines = logged(function()
    collectgarbage()
    host.fail_allocations(not options.there and options.after or NEVER, asked)
    local told = pcall(self.session.receive, self.session, text)
    while not expired and not (told and is_over(self)) do
      told = told or pcall(refuse, self, text)
      pcall(answer_question, self)
      if options.while_it_runs then pcall(options.while_it_runs, self, id) end
      if not (told and is_over(self)) then loop.step(told) end
    end
    missed = host.fail_allocations(0, 0)
  end)
  if options.there then missed = self.left_there or 0 end
  guard:cancel()
  return {
    answers = transport.answers, answer = transport.last, lines = lines, missed = missed // IN_A_ROW, waited = not expired,
    writes = ask(self, "/writes"), endings = take_endings(self), fibers = self.fibers_there,
  }
end

return M
