--- Runs a recipe against the simulator, with time that jumps over waits, and keeps what it did.

local accounts = require "lib.account"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local effects = require "lib.calls.effects"
local endings = require "lib.workbench.testkit.endings"
local expectations = require "lib.workbench.testkit.expectations"
local failing = require "lib.workbench.testkit.failing"
local fiber = require "lib.async.fiber"
local fs = require "core.fs"
local hex = require "lib.hex"
local host = require "core.host"
local json = require "core.json"
local plain = require "lib.plain"
local redaction = require "lib.redaction"
local registry = require "lib.features.registry"
local simulator = require "lib.sim.server"
local standalone = require "lib.workbench.standalone"
local states = require "lib.workbench.testkit.states"
local tape = require "lib.workbench.tape"
local told = require "lib.workbench.testkit.told"

local M = {}

M.null, M.json = json.null, json

--- Whether recipes run in this process unless a run says otherwise: for a debugger (`rcmcp test --in-process`).
M.in_process = false

--- A deployment that the simulator has from the start.
M.DEPLOYMENT = "a1b2c3d4-0000-4000-8000-000000000001"

---@class testkit.Options
---@field states? testkit.State[]    what the service goes through, in the order in which it strikes
---@field simulator? sim.Options     further options of its start: seed, run_time, …
---@field prepare? fun(sim: sim.Server)  is called before the recipe runs
---@field tool? string               of a file that declares several
---@field words? string[]            of a script
---@field recipes? string[]          folders with further recipes that it may call
---@field answers? any[]             what a person says to ctx:confirm and ctx:elicit, in order: true, false, or values
---@field cancel_after? testkit.When    the caller gives up
---@field leave_after? testkit.When     the client ends its connection
---@field shutdown_after? testkit.When  the host is told to end, as by SIGTERM
---@field failing_cleanup? true|testkit.FailingCleanup  writes of clean-ups fail
---@field dry_run? boolean
---@field replay? string             path of a tape: no simulator then, every call is answered from it
---@field record? string             path where a tape is written
---@field settings? table            of rcmcp, by name
---@field in_process? boolean        the recipe runs in this process, not in a worker; default: kit.in_process

---@class testkit.Result
---@field ok boolean
---@field data? any                  structured content, plain
---@field text? string
---@field content table              content blocks
---@field error? string              the message of an error result
---@field cancelled boolean
---@field left? boolean               the client had left: nobody got the answer
---@field shut_down? boolean          the host was told to end
---@field ended_at? number            seconds until one of these
---@field unfinished string[]         what the host named as not done in the time that an end has
---@field calls testkit.Call[]       tools that it called
---@field progress { done: number, total: number?, message: string? }[]
---@field logs string[]              the lines of the log, its own and those of what it called
---@field questions { message: string }[]  what it asked a person
---@field seconds number             that went by on the virtual clock
---@field requests sim.Received[]    what arrived at the simulator
---@field plan? table                of a dry run

-- Paths ----------------------------------------------------------------------------------------------

-- The file of the spec that called the kit.
local function caller_folder()
  for level = 3, 12 do
    local info = debug.getinfo(level, "S")
    if not info then break end
    local path = info.source:match "^@(.*_spec%.lua)$"
    if path then return path:match "^(.*)/" or "." end
  end
  return "."
end

local function resolve(path)
  if path:sub(1, 1) == "/" then return path end
  local beside = caller_folder() .. "/" .. path
  if fs.stat(beside) then return beside end
  return path
end

-- Where recipes under test save outputs unless a spec says otherwise: gone when the specs are.
local scratch

local function scratch_folder()
  if not scratch then
    local path = (os.getenv "TMPDIR" or "/tmp") .. "/rcmcp-testkit-" .. hex(host.random(8))
    scratch = setmetatable({ path = path }, { __gc = function() os.execute(("rm -rf '%s'"):format(path)) end })
  end
  return scratch --[[@as table]].path
end

local function settings_of(path, given)
  local settings = { output_folder = scratch_folder(), file_folders = { path:match "^(.*)/" or ".", scratch_folder() } }
  for name, value in pairs(given or {}) do settings[name] = value end
  return settings
end

-- The call -------------------------------------------------------------------------------------------

-- Takes the place of a client: see lib.calls.elicitation.
local function ask(run, form)
  local at = #run.result.questions + 1
  run.result.questions[at] = { message = form.message }
  local answer = (run.options.answers or {})[at]
  if answer == nil then
    error(errors.new(redaction.text(("the recipe asks \"%s\", and the spec gives no answer %d"):format(form.message, at)),
      { code = "cannot_ask" }), 0)
  end
  if type(answer) == "table" then return "accept", answer end
  if answer then return "accept", { confirm = true } end
  return "decline"
end

-- Takes down which tools the recipe calls.
local function notes(run)
  return function(effect, proceed, scope)
    if effect.kind ~= "tool" or not scope.caller then return proceed() end
    local entry = { name = effect.name, input = plain(effect.input) }
    table.insert(run.result.calls, entry)
    run.endings:begins(effect.name)
    local result, err = proceed()
    if result then entry.result = plain(result.data) else entry.error = err end
    run.endings:ended(effect.name)
    return result, err
  end
end

-- Notes, tape, dry run, failing clean-ups, one behind the other.
local function chain(run)
  local links = { notes(run) }
  if run.recorded then table.insert(links, run.recorded:recorder()) end
  if run.played then table.insert(links, run.played:player()) end
  if run.dry_run then table.insert(links, run.dry_run:link()) end
  if run.failing then table.insert(links, run.failing:link()) end
  return effects.chain(links)
end

local function context(run)
  local result = run.result
  local ctx = run.account:equip {
    cancelled = false, draining = false, client = { name = "rcmcp.testkit", version = host.version }, simulated = true,
    dry_run = run.dry_run ~= nil, effects = chain(run),
  }
  function ctx:progress(done, total, message)
    if not self.cancelled then table.insert(result.progress, { done = done, total = total, message = message }) end
  end
  function ctx.log(_, _, text) table.insert(result.logs, redaction.text(text)) end
  function ctx:on_draining(fn)
    self.on_drain = fn
    if fn and self.draining then fn() end
  end
  function ctx:drain()
    self.draining = true
    if self.on_drain then self.on_drain() end
  end
  function ctx.ask(form) return ask(run, form) end
  return ctx
end

-- The world ------------------------------------------------------------------------------------------

local function builtin_tools()
  local tools = {}
  for _, module in ipairs(host.modules "tools.") do
    tools[#tools + 1] = assert(registry.compile(require(module)))
  end
  return tools
end

-- The account at the simulator; of a tape one that reaches nobody.
local function open_account(sim, settings)
  return assert(accounts.new {
    key = "no-key-for-the-simulator", base_url = sim and sim.base_url or "http://127.0.0.1:9", user_agent = "rcmcp.testkit",
    settings = settings, cancel_remote_on_client_cancel = settings.cancel_remote_on_client_cancel ~= false,
  })
end

local function start_simulator(options)
  if options.replay then return nil end
  local start = { seed = 1 }
  for key, value in pairs(options.simulator or {}) do start[key] = value end
  local faults = states.read(options.states, start)
  local sim = assert(simulator.start(start))
  for _, fault in ipairs(faults) do assert(sim:fault(fault)) end
  if options.prepare then options.prepare(sim) end
  return sim
end

local function pick(opened, wanted)
  if opened.is_script then return nil end
  local names = {}
  for _, entry in ipairs(opened.tools) do
    if entry.key == wanted or not wanted and #opened.tools == 1 then return entry.key end
    names[#names + 1] = entry.key
  end
  error(("%s declares %s; say which with tool = …"):format(opened.file, #names > 0 and table.concat(names, ", ") or "no tool"), 0)
end

-- The recipes of further folders.
local function catalog_of(options, tools, settings, worker)
  local folders = {}
  for i, folder in ipairs(options.recipes or {}) do folders[i] = { path = resolve(folder), label = "spec", expected = true } end
  local catalog = require("lib.recipes.link.catalog").new {
    folders = folders, registry_tools = tools, settings = settings, meta_tools = false, worker = worker,
  }
  catalog:scan()
  return catalog
end

-- In a fiber: recipes are loaded in a worker.
local function open(path, options, settings, worker)
  local tools = builtin_tools()
  local catalog = options.recipes and catalog_of(options, tools, settings, worker)
  local opened, err = standalone.open(path, {
    tools = tools, settings = settings --[[@as Settings]], worker = worker,
    find = catalog and function(name) return catalog:find(name) end or nil,
    all = catalog and function() return catalog:recipe_tools() end or nil,
  })
  if not opened then error(redaction.text(err.message), 0) end
  local name = pick(opened, options.tool)
  if name then return opened, opened.snapshot.find(name) end
  local script, problem = opened:script(options.words or {})
  if not script then error(redaction.text(problem.message), 0) end
  return opened, script
end

-- The run --------------------------------------------------------------------------------------------

local function set_up(run, opened)
  local options = run.options
  if options.replay then
    local played, err = tape.open(resolve(options.replay))
    if not played then error(err.message, 0) end
    run.played = played
  end
  if options.record then run.recorded = tape.new() end
  if options.dry_run then
    local builtin = {}
    for _, tool in ipairs(builtin_tools()) do builtin[tool.name] = true end
    run.dry_run = require("lib.workbench.dry_run").new {
      account = run.account, find = opened.snapshot.find,
      is_recipe = function(name) return not builtin[name] end, judge = require("lib.sim.judge").problems,
    }
  end
end

local function call(run, tool, input)
  run.ctx = context(run)
  run.task = fiber.spawn(registry.call, tool, input, run.ctx)
  run.task.quiet = true
  local ok, outcome = run.task:join()
  if ok then return outcome end
  if not fiber.is_cancelled(outcome) then error(outcome, 0) end
  run.result.cancelled = true
  return { text = "cancelled", is_error = true }
end

local function conclude(run, outcome, sim)
  local result = run.result
  result.ok = not outcome.is_error
  result.data, result.text, result.content = plain(outcome.data), outcome.text, outcome.content or {}
  result.error = outcome.is_error and outcome.text or nil
  result.requests = sim and sim:requests() or {}
  if run.dry_run then result.plan = plain(run.dry_run:plan(outcome)) end
  return result
end

-- Of each run its own: it ends with what the recipe keeps.  nil: the recipe runs here.
local function new_worker(options, settings)
  local in_process = options.in_process
  if in_process == nil then in_process = M.in_process end
  if in_process then return nil end
  return require("lib.recipes.worker.host").new { memory = settings.worker_memory_bytes }
end

local function new_run(options)
  return {
    options = options,
    result = {
      ok = false, content = {}, cancelled = false, calls = {}, progress = {}, logs = {}, questions = {}, unfinished = {},
    },
  }
end

--- Runs a recipe, or a script, to its end.
---@param path string     relative to the spec's file
---@param input? table
---@param options? testkit.Options
---@return testkit.Result
function M.run(path, input, options)
  local run = new_run(options or {})
  path = resolve(path)
  local time <close> = clock.virtual()
  local sim <close> = start_simulator(run.options)
  local settings = settings_of(path, run.options.settings)
  local account <close> = open_account(sim, settings)
  run.account = account
  local worker <close> = new_worker(run.options, settings)
  local opened, tool = time:run(open, path, run.options, settings, worker)
  set_up(run, opened)
  if run.options.failing_cleanup then run.failing = failing.new(run.options.failing_cleanup, sim) end
  local _ <close> = told.keep_log(run.result.logs)
  run.started = clock.now()
  local ends <close> = endings.new(run)
  run.endings = ends
  local outcome = time:run(call, run, tool, input or {})
  run.result.seconds = clock.now() - run.started
  if run.recorded then assert(run.recorded:save(run.options.record)) end
  return conclude(run, outcome, sim)
end

--- Raises where the tools that the recipe called are others, or called with other inputs.  Polls of
--- get_request_status in a row count as one call.
---@param result testkit.Result
---@param expected testkit.Expected[]
function M.expect_calls(result, expected)
  expectations.check(result.calls, expected, 2)
end

--- Raises where a text was told to nobody: neither to the caller, in words, content or progress, nor to the operator, by the log.
---@param result testkit.Result
---@param text string  plain
function M.expect_told(result, text)
  told.expect(result, text, 2)
end

--- How often a tool was called.
---@param result testkit.Result
---@param name string
---@return integer
function M.count_calls(result, name)
  local count = 0
  for _, entry in ipairs(result.calls) do
    if entry.name == name then count = count + 1 end
  end
  return count
end

return M
