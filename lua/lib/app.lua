--- The composition root: from settings to a program that can serve, its account, tools, recipes, simulator.
---
--- What goes wrong is returned, and said by whoever asked: nothing here talks to a terminal.

local config = require "lib.config"
local errors = require "lib.errors"
local host = require "core.host"
local log = require "core.log"
local to_end = require "lib.async.to_end"

local M = {}

---@class AppOptions
---@field flags? table<string, any>  settings of the command line, by name
---@field file? string          the configuration file; default: where it lies
---@field lenient_key? boolean  a key that cannot be had is a field of the settings, no error
---@field forgiving? boolean    nor is any setting that is wrong: the settings have `problems`
---@field simulate? boolean
---@field speed? string         of the simulated time, as it was typed
---@field recipes? string[]     further folders
---@field examples? boolean
---@field in_process? boolean  recipes are loaded and run in this process, for a debugger
---@field cancel_remote? boolean  a cancelled wait cancels the remote request, whatever the settings say

---@class App
---@field settings Settings
---@field declarations table<string, ToolDeclaration>  as the tools' files have them, after `snapshot`
---@field simulated boolean
---@field writes? Writes  that are under way, of all accounts; there with the first account
---@field recipe_calls? table  lib.recipes.run.under_way; there with the first recipe
---@field package options AppOptions
---@field package current? Account
---@field package simulator? sim.Server
---@field package chain? EffectChain
---@field package tools? Snapshot
---@field package folders? RecipeFolder[]
---@field package recipes? Catalog
---@field package live? LiveRecipes
---@field package workers? WorkerHost
local App = {}
App.__index = App

local DEFAULT_SPEED = 60

-- The simulator asks for none, the API client does.
local NO_KEY = "no-key-for-the-simulator"

local function load_settings(options)
  local settings, err = config.load {
    flags = options.flags or {}, file = options.file, lenient_key = options.lenient_key or options.forgiving,
    forgiving = options.forgiving,
  }
  if not settings then return nil, err end
  if options.forgiving then return settings end
  log.set_level(settings.log_level)
  host.set_memory_ceiling(settings.memory_bytes)
  return settings
end

-- What the effects of all calls pass, built once.
local function chain_of(self)
  if not self.simulated then return nil end
  if not self.chain then
    local kept = require("lib.app.kept_pictures").new(self.simulator --[[@as sim.Server]], self.settings)
    self.chain = require("lib.calls.effects").chain { require("lib.app.simulated").link(kept) }
  end
  return self.chain
end

-- The account of the settings; the simulator stands in for RunComfy when it runs.
local function open_account(self)
  local settings, simulator = self.settings, self.simulator
  self.writes = self.writes or require("lib.runcomfy.writes").new()
  return assert(require("lib.account").new {
    key = simulator and NO_KEY or settings.api_key,
    base_url = simulator and simulator.base_url or settings.base_url,
    queue_prefix = settings.queue_prefix,
    user_agent = "rcmcp/" .. host.version,
    cancel_remote_on_client_cancel = self:cancels_remote(),
    settings = settings, writes = self.writes, before = self.current, effects = chain_of(self),
  })
end

local function check_speed(options)
  if options.speed and not options.simulate then
    return nil, errors.new("--speed is the simulator's: it needs --simulate", { code = "usage" })
  end
  local speed = options.speed == nil and DEFAULT_SPEED or tonumber(options.speed)
  if speed and speed >= 0.1 and speed <= 100000 then return speed end
  return nil, errors.new(("--speed must be a number from 0.1 to 100000, got '%s'"):format(options.speed), { code = "usage" })
end

local function start_simulator(speed)
  require("lib.async.clock").set_speed(speed)
  local simulator, err = require("lib.sim.server").start {}
  if simulator then return simulator end
  return nil, errors.new("cannot start the simulator: " .. tostring(err), { code = "no_simulator" })
end

--- Opens a program.  What settings warn of stands in `settings.warnings`.
---@param options AppOptions
---@return App|nil app, Error? err  its code: "usage", "no_simulator", or that of a setting, with its `origin`
---@return_overload App
---@return_overload nil, Error
function M.open(options)
  local speed, err = check_speed(options)
  if not speed then return nil, err end
  local settings
  settings, err = load_settings(options)
  if not settings then return nil, err end
  local self = setmetatable({
    options = options, settings = settings, declarations = {}, simulated = options.simulate == true,
  }, App)
  if self.simulated then
    self.simulator, err = start_simulator(speed)
    if not self.simulator then return nil, err end
  end
  return self
end

--- Whether a job is cancelled when the call that waits for it is.
---@return boolean
function App:cancels_remote()
  return self.settings.cancel_remote_on_client_cancel == true or self.options.cancel_remote == true
end

--- The account of calls that begin now.
---@return Account
function App:account()
  self.current = self.current or open_account(self)
  return self.current
end

--- The tools, compiled at the first call of this.
---@return Snapshot
function App:snapshot()
  if self.tools then return self.tools end
  self:account() -- from here on its key is secret
  local simulated = self.simulated and require "lib.app.simulated"
  local registry = require("lib.features.registry").new()
  for _, module in ipairs(host.modules("tools.")) do
    local tool = require(module)
    assert(registry:add(simulated and simulated.tool(tool) or tool, { known = true }))
    self.declarations[tool.name] = tool
  end
  self.tools = registry:snapshot()
  return self.tools
end

--- The same for who begins with the list of them: the tools are loaded when one is looked for.
---@return Snapshot
function App:listed()
  if self.tools or self.simulated or os.getenv "RCMCP_LUA_DIR" then return self:snapshot() end
  return {
    list = require("lib.features.built_in").tools(),
    find = function(name) return self:snapshot().find(name) end,
  }
end

--- Where recipes lie.
---@return RecipeFolder[]
function App:recipe_folders()
  if not self.folders then
    self.folders = require("lib.recipes.files.folders").list {
      examples = self.options.examples, flags = self.options.recipes,
    }
  end
  return self.folders
end

--- Whether there may be recipes, now or later.
---@return boolean
function App:may_have_recipes()
  return #self:recipe_folders() > 0
end

--- Recipes are about to run: the end of the program sees to them.
function App:expect_recipes()
  self.recipe_calls = self.recipe_calls or require "lib.recipes.run.under_way"
end

--- What has not ended yet, a sentence each: recipes that run or clean up, and writes that have no answer.
---@return string[]
function App:unfinished()
  local lines = self.recipe_calls and self.recipe_calls.unfinished() or {}
  for _, line in ipairs(self.writes and self.writes:lost() or {}) do lines[#lines + 1] = line end
  return lines
end

--- Where recipes are loaded and run: processes of their own, started with the first; nil where all is to stay in this one.
---@return WorkerHost?
function App:worker()
  if self.options.in_process then return nil end
  self.workers = self.workers or require("lib.recipes.worker.host").new {
    memory = self.settings.worker_memory_bytes, reports = self.live ~= nil, -- of a server
  }
  return self.workers
end

--- The recipes, read at the first call of this; in a fiber this waits for that, elsewhere the loop turns meanwhile.
---@param quiet? boolean  the caller shows the problems: they are not logged
---@return Catalog
function App:catalog(quiet)
  if not self.recipes then
    self:expect_recipes()
    local recipes = require("lib.recipes.link.catalog").new {
      folders = self:recipe_folders(),
      registry_tools = self:snapshot().list,
      settings = self.settings,
      lenient = self.settings.allow_writable_recipes,
      meta_tools = self.settings.meta_tools,
      quiet = quiet,
      worker = self:worker(),
    }
    to_end(recipes.scan, recipes)
    self.recipes = recipes
  end
  return self.recipes
end

--- Opens one file outside of the recipe folders: see lib.workbench.standalone.
---@param path string
---@param options? { root: string?, quiet: boolean? }  the recipe folder that it lies in; do not log problems of the recipe folders
---@return Standalone|nil standalone, Error? err
---@return_overload Standalone
---@return_overload nil, Error
function App:open_file(path, options)
  options = options or {}
  self:expect_recipes()
  return to_end(require("lib.workbench.standalone").open, path, {
    worker = self:worker(),
    tools = self:snapshot().list,
    root = options.root,
    find = function(name) return self:catalog(options.quiet):find(name) end,
    all = function() return self:catalog(options.quiet):recipe_tools() end,
    settings = self.settings,
    hosts = self.settings.http_hosts,
  })
end

--- Tools and recipes, compiled when somebody looks into it: the answer to `initialize` does not wait for
--- that.
---@param on_change fun(snapshot: Snapshot)  called with each later set
---@return fun(ready: fun(snapshot: Snapshot?, err: any)) open  see ServerOptions
function App:opener(on_change)
  self.live = require("lib.app.live_recipes").new(self, on_change)
  return function(ready) self.live:open(ready) end
end

--- Reads the settings again, for what begins from now on; keeps the old ones where the new are wrong.
---@return true|nil ok, Error? err
---@return_overload true
---@return_overload nil, Error
function App:reload()
  local settings, err = load_settings(self.options)
  if not settings then return nil, err end
  self.settings = settings
  local before = self.current
  if before then
    self.current = open_account(self)
    before:close()
  end
  if self.recipes then self.recipes:configure(settings) end
  if self.workers then self.workers:configure(settings.worker_memory_bytes) end
  return true
end

--- Reads the recipes of a server again.
function App:rescan()
  if self.live then self.live:rescan() end
end

--- The MCP server of this program.
---@return Server
function App:server()
  return require("lib.app.serving").new(self)
end

--- Stops what runs beside the program.
function App:close()
  if self.live then self.live:close() end
  if self.recipes then self.recipes:close() end
  if self.workers then self.workers:drop() end
  if self.current then self.current:close() end
  if self.simulator then
    self.simulator:stop()
    self.simulator = nil
  end
end
App.__close = App.close

return M
