--- The environment of a recipe's code: an allow-list, with copies of the libraries' tables, so that nothing
--- in it leads to another recipe or to the host.

local bounded = require "lib.recipes.load.bounded"
local brief = require("lib.text").brief
local budgets = require "core.budget"
local calls = require "lib.recipes.run.call"
local chance = require "lib.recipes.load.chance"
local copies = require "lib.recipes.boundary.copies"
local core = require "core.sandbox"
local coroutines = require "lib.recipes.load.coroutines"
local lines = require "lib.recipes.rc.lines"
local metatables = require "lib.recipes.load.metatables"
local modules = require "lib.recipes.files.modules"
local moments = require "lib.recipes.load.moments"
local names = require "lib.recipes.load.names"

local M = {}

---@class SandboxOptions
---@field rc table                  what `require "rc"` gives
---@field name string               of the recipe
---@field folder? string            where `require` looks for Lua files first
---@field root? string              the recipe folder, whose lib/ comes next
---@field modules? Modules           default: those of the two, whoever may write to them
---@field print? fun(line: string)  gets what `print` writes; default: nowhere
---@field loaded_at? integer        os.time while files are loaded; default: now
---@field random? fun(low: integer, high: integer, level: integer): integer  seeds math.random; level as error's, where it cannot

local base = {
  "_VERSION", "assert", "error", "ipairs", "pcall", "rawequal", "rawget", "rawlen", "select",
  "tonumber", "tostring", "type",
}

local libraries = {
  math = { "random", "randomseed" }, -- what is left out
  string = { "dump" },
  utf8 = {},
}

local function copy_without(library, left_out)
  local copy = {}
  for name, value in pairs(library) do copy[name] = value end
  for _, name in ipairs(left_out) do copy[name] = nil end
  return copy
end

-- Lua's own would run the handler where the budget's hook raises an error, without hooks.
local function handled(handler, ok, ...)
  if ok then return true, ... end
  return false, select(2, pcall(handler, ...))
end

local function xpcall_after(fn, handler, ...)
  return handled(handler, pcall(fn, ...))
end

-- What Lua says of a text that is none, with what was meant.
local function explained(text, message)
  return require("lib.recipes.source.dialects").explained(text, message)
end

-- require --------------------------------------------------------------------------------------------

local BUILTINS = { cjson = true, ["cjson.safe"] = true }

local function load_module(own, env, name)
  if not modules.is_name(name) then
    error(("module '%s': a name is letters, digits, '_', '-', and '.' between folders"):format(brief(name, 80)), 3)
  end
  local file = own:find(name)
  if not file then
    local make = env.builtin(name)
    if make then return make end
    error(("module '%s' not found: a recipe can require \"rc\", \"cjson\" and Lua files of its own folder and of lib/"):format(name), 3)
  end
  if file.problem then error(("module '%s' is refused: %s"):format(name, file.problem), 3) end
  env.sources[file.shown] = true
  local chunk, message = load(file.text, "@" .. file.shown, "t", env.globals)
  if not chunk then error(explained(file.text, message), 0) end
  return chunk, file.shown
end

-- What comes with the program, unless the recipe has a file of that name; each recipe has its own.
local function add_builtins(env)
  local made
  function env.builtin(name)
    if not BUILTINS[name] then return nil end
    made = made or require("lib.cjson").modules { setmetatable = env.globals.setmetatable, on_kind = copies.note_arrays }
    return made[name]
  end
end

local function add_require(env, options)
  local loaded, loading = { rc = options.rc }, {}
  local own = options.modules or modules.new(options)
  env.globals.require = function(name)
    if type(name) ~= "string" then error("require: a name expected, got " .. type(name), 2) end
    local value = loaded[name]
    if value ~= nil then return value end
    if loading[name] then error(("module '%s' requires itself, by way of others or not"):format(name), 2) end
    local chunk, shown = load_module(own, env, name)
    if loaded[name] ~= nil then return loaded[name] end -- by another call, while this one waited for the file
    loading[name] = true
    local _ <close> = setmetatable({}, { __close = function() loading[name] = nil end })
    value = chunk(name, shown)
    if value == nil then value = loaded[name] == nil or loaded[name] end
    loaded[name] = value
    return value
  end
end

-- Environments ---------------------------------------------------------------------------------------

local function printer(print_line)
  return function(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    print_line(brief(table.concat(parts, "\t", 1, parts.n), lines.LONGEST))
  end
end

-- A branch of a call has a generator of its own; what runs outside of calls, that of the environment.
local function new_chance(draw)
  local outside = { path = "" }
  local function of_code()
    local call = calls.current()
    if call then return call, require("lib.recipes.rc.numbers").branch() end
    return outside, outside
  end
  return chance.functions(of_code, function(level) return (draw(math.mininteger, math.maxinteger, level + 1)) end)
end

local sources_of = setmetatable({}, { __mode = "k" }) ---@type table<table, table<string, true>>

--- A new environment.
---@param options SandboxOptions
---@return table globals
function M.new(options)
  local globals = {}
  local env = { globals = globals, sources = {} }
  for _, name in ipairs(base) do globals[name] = _G[name] end
  for name, left_out in pairs(libraries) do globals[name] = copy_without(_G[name], left_out) end
  globals.table = bounded.table()
  globals.coroutine = coroutines.library()
  globals.pairs, globals.next = core.pairs, core.new_next()
  globals.os = moments.library(options.loaded_at)
  globals.math.random, globals.math.randomseed = new_chance(options.random)
  globals.print = printer(options.print or function() end)
  globals.xpcall = xpcall_after
  globals._G = globals
  metatables.add(globals)
  add_builtins(env)
  add_require(env, options)
  sources_of[globals] = env.sources
  return globals
end

--- The names of the files whose code an environment has, as tracebacks show them.
---@param globals table
---@return table<string, true>
function M.sources(globals)
  return sources_of[globals] or {}
end

--- Compiles a recipe's text, text mode only.
---@param text string
---@param chunkname string  "@poster.lua"
---@param globals table
---@return function|nil chunk, string? message
function M.load(text, chunkname, globals)
  local chunk, message = load(text, chunkname, "t", globals)
  if not chunk then return nil, explained(text, message) end
  M.sources(globals)[chunkname:gsub("^@", "")] = true
  return chunk
end

-- Loading --------------------------------------------------------------------------------------------

local LOAD_LIMITS = { cpu_ms = 500, memory_bytes = 64 * 1024 * 1024 }
M.KEPT_BYTES = 512 * 1024 * 1024 -- of all calls of a recipe, and of what it keeps between them

local MAX_MESSAGE = 4096

local function describe(err)
  local message = type(err) == "table" and rawget(err, "message") or err
  if type(message) ~= "string" then return "the file raised an error of type " .. type(err) end
  return brief(message, MAX_MESSAGE)
end

local reasons = {
  cpu = ("loading it takes more than %d ms of processor time"):format(LOAD_LIMITS.cpu_ms),
  memory = ("loading it takes more than %d MiB of memory"):format(LOAD_LIMITS.memory_bytes >> 20),
}

local function loaded(chunkname, outcome, ...)
  if outcome == "done" then return (...), nil end
  local first, traceback = ...
  if outcome == "failed" then return nil, describe(first) end
  if outcome == "waiting" then return nil, chunkname:sub(2) .. ": a file cannot wait while it is loaded" end
  -- linear: a literal, and one repeat behind it
  local line = traceback and traceback:match("(" .. chunkname:sub(2):gsub("%W", "%%%0") .. ":%d+):")
  return nil, (line or chunkname:sub(2)) .. ": " .. reasons[first]
end

--- Runs a chunk that can declare but not act, within half a second of processor time.
---@param chunk function
---@param chunkname string
---@param within? core.budget.Budget
---@return any value       what it returned first
---@return string? problem  why not; names file and line
function M.run_declarations(chunk, chunkname, within)
  local budget = budgets.new { cpu_ms = LOAD_LIMITS.cpu_ms, memory_bytes = LOAD_LIMITS.memory_bytes, within = within }
  return loaded(chunkname, budget:resume(budget:create(chunk)))
end

local function new_environment(recipe)
  local rc = recipe.rc or require("lib.recipes.rc").proxy(recipe --[[@as Recipe]])
  recipe.environment = M.new {
    rc = rc, name = recipe.name, folder = recipe.folder, root = recipe.root, modules = recipe.modules,
    loaded_at = recipe.loaded_at, print = function(line) rc.log("info", line) end,
    random = function(low, high, level)
      calls.state("math.random", level)
      return rc.random(low, high)
    end,
  }
  return recipe.environment
end

--- Compiles a script, a file that declares nothing, in a new environment, which becomes `recipe.environment`.
---@param recipe Recipe|table
---@param text string
---@param words string[]  its `arg`
---@return function|nil chunk, string? message
function M.script(recipe, text, words)
  local environment = new_environment(recipe)
  environment.arg = table.move(words, 1, #words, 1, { [0] = recipe.shown })
  return M.load(text, "@" .. recipe.shown, environment)
end

--- Compiles a recipe's text in a new environment, which becomes `recipe.environment`, and runs it there.
--- `recipe.memory` becomes the budget in which the memory of all its calls counts.
---@param recipe Recipe|table  `rc`: default, lib.recipes.rc's proxy
---@param text string
---@param chunkname string  "@poster.lua"
---@return any value, string? problem
function M.declare(recipe, text, chunkname)
  local chunk, message = M.load(text, chunkname, new_environment(recipe))
  if not chunk then return nil, message end
  recipe.memory = budgets.new { memory_bytes = M.KEPT_BYTES }
  names.load_into(recipe.environment)
  return M.run_declarations(chunk, chunkname, recipe.memory)
end

return M
