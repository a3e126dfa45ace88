--- From the options of a command to a program that can serve: settings, API client, tools, simulator.

local config = require "lib.config"
local exit_status = require "cli.shared.exit_status"
local host = require "core.host"
local log = require "core.log"

local M = {}

---@class Program
---@field settings Settings
---@field declarations table<string, ToolDeclaration>  as the tools' files have them, after `snapshot`
---@field simulated boolean
---@field writes? Writes  that are under way, of all accounts; there with the first account
---@field recipe_calls? table  lib.recipes.run.under_way; there with the first recipe
---@field package args table
---@field package current? Account
---@field package cancel_remote boolean  whatever the settings say
---@field package simulator? sim.Server
---@field package marking? table
---@field package tools? Snapshot
---@field package folders? RecipeFolder[]
---@field package recipes? Catalog
---@field package live? LiveRecipes
local Program = {}
Program.__index = Program

local DEFAULT_SPEED = 60

-- The simulator asks for none, the API client does.
local NO_KEY = "no-key-for-the-simulator"

local function flags(args)
  local result = {}
  for _, setting in ipairs(require("lib.config.settings").list) do result[setting.name] = args[setting.name] end
  return result
end

--- Loads the settings that the options ask for, and says on standard error what is wrong with them.
---@param args table  of options.parse
---@param lenient_key? boolean  a key that cannot be had is a field of the settings, no error
---@return Settings? settings, integer? status, Error? err
function M.load_settings(args, lenient_key)
  local settings, err = config.load { flags = flags(args), file = args.config, lenient_key = lenient_key }
  if not settings then
    log.write("error", err.message)
    local is_flag = err.origin and err.origin:find("^flag") ~= nil
    return nil, is_flag and exit_status.usage or exit_status.config, err
  end
  log.set_level(settings.log_level)
  host.set_memory_ceiling(settings.memory_bytes)
  for _, warning in ipairs(settings.warnings) do log.write("warning", warning) end
  return settings
end

--- The settings without those that are wrong: `problems` has them.
---@param args table
---@return Settings
function M.forgiving_settings(args)
  return (assert(config.load { flags = flags(args), file = args.config, lenient_key = true, forgiving = true }))
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
    settings = settings, writes = self.writes, before = self.current,
  })
end

local function check_speed(text)
  local speed = text == nil and DEFAULT_SPEED or tonumber(text)
  if speed and speed >= 0.1 and speed <= 100000 then return speed end
end

local function start_simulator(args)
  local speed = check_speed(args.speed)
  if not speed then
    io.stderr:write(require("cli.shared.terminal").plain(
      ("rcmcp: --speed must be a number from 0.1 to 100000, got '%s'\n"):format(args.speed)))
    return nil, exit_status.usage
  end
  require("lib.async.clock").set_speed(speed)
  local simulator, err = require("lib.sim.server").start {}
  if not simulator then
    log.write("error", "cannot start the simulator: " .. tostring(err))
    return nil, exit_status.unavailable
  end
  return simulator
end

--- Opens the program; complains on standard error itself.
---@param args table  of options.parse
---@param how? { cancel_remote: boolean?, lenient_key: boolean?, settings: Settings? }  cancel_remote: a cancelled wait cancels
---  the remote request, too; settings: instead of those that the options ask for
---@return Program? program, integer? status, Error? err
---@return_overload Program
---@return_overload nil, integer, Error?
function M.open(args, how)
  if args.speed and not args.simulate then
    io.stderr:write("rcmcp: --speed is the simulator's: it needs --simulate\n")
    return nil, exit_status.usage
  end
  local settings, status, err = how and how.settings, nil, nil
  if not settings then settings, status, err = M.load_settings(args, how and how.lenient_key) end
  if not settings then return nil, status, err end
  local self = setmetatable({
    args = args, settings = settings, declarations = {},
    simulated = args.simulate == true, cancel_remote = how ~= nil and how.cancel_remote == true,
  }, Program)
  if self.simulated then
    self.simulator, status = start_simulator(args)
    if not self.simulator then return nil, status end
  end
  return self
end

--- What marks the tools and the results of a simulation; nothing otherwise.
---@return { tool: (fun(tool: table): table)?, result: (fun(result: table?, err: Error?): table?, Error?)? }
function Program:marks()
  if not self.simulated then return {} end
  if not self.marking then
    local simulated = require "cli.shared.simulated"
    local kept = require("cli.shared.kept_pictures").new(self.simulator --[[@as sim.Server]], self.settings)
    self.marking = {
      tool = function(tool) return simulated.tool(tool, kept) end,
      result = function(result, err) return simulated.result(result, err, kept) end,
    }
  end
  return self.marking
end

--- Whether a job is cancelled when the call that waits for it is.
---@return boolean
function Program:cancels_remote()
  return self.settings.cancel_remote_on_client_cancel == true or self.cancel_remote
end

--- The account of calls that begin now.
---@return Account
function Program:account()
  self.current = self.current or open_account(self)
  return self.current
end

--- The tools, compiled at the first call of this.
---@return Snapshot
function Program:snapshot()
  if self.tools then return self.tools end
  self:account() -- from here on its key is secret
  local mark = self:marks().tool
  local registry = require("lib.features.registry").new()
  for _, module in ipairs(host.modules("tools.")) do
    local tool = require(module)
    assert(registry:add(mark and mark(tool) or tool, { known = true }))
    self.declarations[tool.name] = tool
  end
  self.tools = registry:snapshot()
  return self.tools
end

--- The same for who begins with the list of them: the tools are loaded when one is looked for.
---@return Snapshot
function Program:listed()
  if self.tools or self.simulated or os.getenv "RCMCP_LUA_DIR" then return self:snapshot() end
  return {
    list = require("lib.features.built_in").tools(),
    find = function(name) return self:snapshot().find(name) end,
  }
end

--- Where recipes lie.
---@return RecipeFolder[]
function Program:recipe_folders()
  if not self.folders then
    self.folders = require("lib.recipes.files.folders").list {
      examples = self.args.examples, flags = self.args.recipes,
    }
  end
  return self.folders
end

--- Whether there may be recipes, now or later.
---@return boolean
function Program:may_have_recipes()
  return #self:recipe_folders() > 0
end

--- Recipes are about to run: the end of the program sees to them.
function Program:expect_recipes()
  self.recipe_calls = self.recipe_calls or require "lib.recipes.run.under_way"
end

--- What has not ended yet, a sentence each: recipes that run or clean up, and writes that have no answer.
---@return string[]
function Program:unfinished()
  local lines = self.recipe_calls and self.recipe_calls.unfinished() or {}
  for _, line in ipairs(self.writes and self.writes:lost() or {}) do lines[#lines + 1] = line end
  return lines
end

--- The recipes, read at the first call of this.
---@param quiet? boolean  the caller shows the problems: they are not logged
---@return Catalog
function Program:catalog(quiet)
  if not self.recipes then
    self:expect_recipes()
    self.recipes = require("lib.recipes.link.catalog").new {
      folders = self:recipe_folders(),
      registry_tools = self:snapshot().list,
      settings = self.settings,
      lenient = self.settings.allow_writable_recipes,
      meta_tools = self.settings.meta_tools,
      quiet = quiet,
      mark = self:marks().result,
    }
    self.recipes:scan()
  end
  return self.recipes
end

--- Opens one file outside of the recipe folders: see lib.workbench.standalone.
---@param path string
---@return Standalone|nil standalone, Error? err
---@return_overload Standalone
---@return_overload nil, Error
function Program:open_file(path)
  self:expect_recipes()
  return require("lib.workbench.standalone").open(path, {
    tools = self:snapshot().list,
    find = function(name) return self:catalog():find(name) end,
    all = function() return self:catalog():recipe_tools() end,
    settings = self.settings,
    hosts = self.settings.http_hosts,
    mark = self:marks().result,
  })
end

--- Tools and recipes, compiled when somebody looks into it: the answer to `initialize` does not wait for
--- that.
---@param on_change fun(snapshot: Snapshot)  called with each later set
---@return Snapshot
function Program:snapshot_on_demand(on_change)
  self.live = require("cli.shared.live_recipes").new(self, on_change)
  return setmetatable({}, {
    __index = function(proxy, key)
      for name, value in pairs(self.live:open()) do rawset(proxy, name, value) end
      setmetatable(proxy, nil)
      return proxy[key]
    end,
  })
end

--- Reads the settings again, and the recipes; keeps the old settings when the new are wrong.
function Program:reload()
  local settings = M.load_settings(self.args)
  if not settings then
    log.write("error", "the configuration was not reloaded; the settings stay as they were")
  else
    self.settings = settings
    local before = self.current
    if before then
      self.current = open_account(self)
      before:close()
    end
    if self.recipes then self.recipes:configure(settings) end
    log.write("info", "configuration reloaded")
  end
  if self.live then self.live:rescan() end
end

--- Stops what runs beside the program.
function Program:close()
  if self.live then self.live:close() end
  if self.current then self.current:close() end
  if self.simulator then
    self.simulator:stop()
    self.simulator = nil
  end
end
Program.__close = Program.close

return M
