--- The shipped recipes, or those of another folder, on the simulator and a clock that jumps.

local json = require "core.json"
local catalog = require "lib.recipes.link.catalog"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local host = require "core.host"
local hosts = require "lib.recipes.worker.host"
local log = require "core.log"
local registry = require "lib.features.registry"
local runcomfy = require "spec.support.runcomfy"
local simulator = require "lib.sim.server"

local M = {}

---@class Bench
---@field sim sim.Server
---@field time VirtualClock
---@field catalog Catalog
---@field files Folder      what recipes may read
---@field saved Folder      where downloads go
local Bench = {}
Bench.__index = Bench

local function builtin_tools()
  local tools = registry.new()
  for _, module in ipairs(host.modules("tools.")) do assert(tools:add(require(module))) end
  return tools:snapshot().list
end

--- Runs `fn(bench)` in a fiber with a fresh simulator, and the recipes of `folder` (default: the shipped ones) loaded, in a worker.
---@param options? { sim: table?, folder: string?, settings: table?, base_url: string?, in_process: boolean? }  base_url: of another
---  simulator; in_process: for specs that stand between a recipe and what it asks for
---@param fn fun(bench: Bench)
function M.with(options, fn)
  options = options or {}
  local time <close> = clock.virtual()
  local sim <close> = assert(simulator.start(options.sim))
  local files <close> = folder.new()
  local saved <close> = folder.new()
  local settings = { file_folders = { files.path }, output_folder = saved.path }
  for name, value in pairs(options.settings or {}) do settings[name] = value end
  local _ <close> = runcomfy.use { base_url = options.base_url or sim.base_url, settings = settings }
  local worker <close> = hosts.new()
  local recipes <close> = catalog.new {
    folders = { { path = options.folder or "recipes", label = "examples" } }, registry_tools = builtin_tools(), settings = settings,
    worker = not options.in_process and worker or nil, lenient = true, quiet = true,
  }
  time:run(recipes.scan, recipes)
  time:run(fn, setmetatable({ sim = sim, time = time, catalog = recipes, files = files, saved = saved }, Bench))
end

---@class RecipeAnswer
---@field ok boolean
---@field text string      what a person reads of it
---@field data table       decoded from its JSON
---@field content table[]

local function text_of(result)
  local parts = { result.text }
  for _, block in ipairs(result.content or {}) do parts[#parts + 1] = block.type == "text" and block.text or nil end
  return table.concat(parts, "\n")
end

--- Calls a recipe as a client does.
---@param name string
---@param arguments? table
---@param ctx? table
---@return RecipeAnswer
function Bench:call(name, arguments, ctx)
  local tool = assert(self.catalog:find(name), name .. " is not loaded")
  ctx = ctx or runcomfy.context()
  ctx.simulated = true
  local result = registry.call(tool, arguments or {}, ctx)
  return {
    ok = not result.is_error, text = text_of(result), content = result.content or {},
    data = result.data and json.decode(json.encode(result.data)),
  }
end

--- Starts a call that may be cancelled: `task:cancel()`, then `task:join()`.
---@param name string
---@param arguments? table
---@return Fiber
function Bench:start(name, arguments)
  local task = fiber.spawn(function() return self:call(name, arguments) end)
  task.quiet = true
  return task
end

--- How many requests of a method reached paths that contain a text.
---@param method string
---@param path string
---@return integer
function Bench:count(method, path)
  return #self.sim:requests { method = method, path = path }
end

--- The bodies of those requests, decoded.
---@param method string
---@param path string
---@return table[]
function Bench:bodies(method, path)
  local list = {}
  for i, request in ipairs(self.sim:requests { method = method, path = path }) do
    list[i] = request.body ~= "" and json.decode(request.body) or {}
  end
  return list
end

local Lines = {}
Lines.__index = Lines

function Lines:__close()
  log.write = self.write
end

--- How many lines contain a text.
---@param text string
---@return integer
function Lines:count(text)
  local count = 0
  for _, line in ipairs(self) do
    if line:find(text, 1, true) then count = count + 1 end
  end
  return count
end

--- Takes the lines of the log from now on, until it is closed.
---@return table lines
function M.log()
  local lines = setmetatable({ write = log.write }, Lines)
  log.write = function(_, text) table.insert(lines, text) end
  return lines
end

M.TEXT_TO_IMAGE = "a1b2c3d4-0000-4000-8000-000000000001"
M.IMAGE_TO_IMAGE = "a1b2c3d4-0000-4000-8000-000000000002"
M.UPSCALE = "a1b2c3d4-0000-4000-8000-000000000003"
M.VIDEO_WORKFLOW = "00000000-0000-0000-0000-000000004444"

return M
