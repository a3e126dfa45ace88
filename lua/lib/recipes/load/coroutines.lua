--- The coroutines of recipes, in which waits work as they do outside of them.
---
--- A fiber with a budget waits by yielding to the host.  A coroutine that the recipe made yields to whoever resumed it: its wait
--- is handed up, from one coroutine to the next, to the fiber, and the answer back down.  Below a C function that calls back,
--- such as table.sort, Lua cannot yield ("attempt to yield across a C-call boundary", see lua_yieldk in the manual of Lua 5.4):
--- there the recipe is told what to do instead.

local budgets = require "core.budget"
local calls = require "lib.recipes.run.call"
local fiber = require "lib.async.fiber"
local sandbox = require "core.sandbox"

local M = {}

local resume_nested, close_nested = budgets.resume_nested, budgets.close_nested

local WAIT = {} -- what a coroutine yields first when it waits; recipes never see it
local waiting = setmetatable({}, { __mode = "k" }) ---@type table<thread, true>  whose wait was handed up
local resumers = setmetatable({}, { __mode = "k" }) ---@type table<thread, thread>  who resumed a coroutine last

-- Where Lua cannot yield ---------------------------------------------------------------------------------

-- What calls back in C, by the function that the recipe has or that ours stands on.
local callers = {
  [sandbox.sort] = { "table.sort", "work out what to sort by first, then sort" },
  [string.gsub] = { "string.gsub", "go through string.gmatch in a loop instead, or give string.gsub a table made before" },
  [tostring] = { "tostring (by __tostring)", "make the text before" },
  [string.format] = { "string.format (by __tostring)", "make the text before" },
  [(ipairs {})] = { "ipairs (by __index)", "count in a loop of your own" },
}
for _, name in ipairs { "concat", "insert", "remove", "move", "unpack" } do
  callers[table[name]] = { "table." .. name .. " (by a metamethod)", "make a plain table first" }
end

local passing = { [pcall] = true, [sandbox.pairs] = true } -- through these Lua can yield

local SOMEWHERE = { "a function of Lua's own that calls back, or a coroutine that is being closed,", "do it before" }
local MOST_FRAMES = 200

local function sources()
  local call = calls.current()
  local environment = call and call.recipe.environment
  return environment and require("lib.recipes.load.sandbox").sources(environment) or {}
end

-- The place in the recipe, and the C function that calls back.
local function find_place()
  local own, place, caller = sources(), nil, nil
  for level = 3, MOST_FRAMES do
    local frame = debug.getinfo(level, "Slf")
    if not frame or place and caller then break end
    local name = frame.source:sub(1, 1) == "@" and frame.source:sub(2)
    if not place and name and own[name] then place = ("%s:%d: "):format(name, frame.currentline) end
    if not caller and frame.what == "C" and not passing[frame.func] then caller = callers[frame.func] end
  end
  return place or "", caller or SOMEWHERE
end

local function refuse(what)
  local place, caller = find_place()
  error(("%s%s cannot be done in a function that %s calls; %s"):format(place, what, caller[1], caller[2]), 0)
end

-- Waiting --------------------------------------------------------------------------------------------

local function answered(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

--- As `fiber.await`, for the code of recipes: also in coroutines that they made.
---@param start fun(...): any, ...
---@param ... any
---@return any ...
function M.await(start, ...)
  if not coroutine.isyieldable() then refuse "waiting" end
  if fiber.current() then return fiber.await(start, ...) end
  return answered(coroutine.yield(WAIT, start, ...))
end

local function waited(co, ...)
  waiting[co] = nil
  return ...
end

-- Waits in the place of a coroutine that asks for it, until it does something else.
local function resumed(co, ok, first, ...)
  if not (ok and rawequal(first, WAIT)) then return ok, first, ... end
  waiting[co] = true
  return resumed(co, resume_nested(co, waited(co, pcall(M.await, ...))))
end

local function resume(co, ...)
  resumers[co] = coroutine.running()
  return resumed(co, resume_nested(co, ...))
end

--- The fiber's own coroutine, of the fiber in which the code runs, below the coroutines that it made.
---@return thread
function M.thread()
  local thread = coroutine.running()
  while resumers[thread] and not fiber.is_fiber(thread) do thread = resumers[thread] end
  return thread
end

-- What recipes have ----------------------------------------------------------------------------------

local function check_type(name, value, type_name, expected)
  if type(value) == type_name then return end
  error(("bad argument #1 to '%s' (%s expected, got %s)"):format(name, expected, type(value)), 3)
end

local function check_own(name, co)
  if type(co) == "thread" and fiber.is_fiber(co) then
    error(("coroutine.%s: not a coroutine of this recipe"):format(name), 3)
  end
end

local function wrapped(co, ok, ...)
  if ok then return ... end
  local err = ...
  if coroutine.status(co) == "dead" then close_nested(co) end
  error(err, 0)
end

local WAITS = "cannot resume a coroutine that waits"

local own = { create = coroutine.create, isyieldable = coroutine.isyieldable }

function own.status(co)
  check_type("status", co, "thread", "coroutine")
  return waiting[co] and "normal" or coroutine.status(co)
end

function own.resume(co, ...)
  check_type("resume", co, "thread", "coroutine")
  check_own("resume", co)
  if waiting[co] then return false, WAITS end
  return resume(co, ...)
end

function own.wrap(fn)
  check_type("wrap", fn, "function", "function")
  local co = coroutine.create(fn)
  return function(...)
    if waiting[co] then error(WAITS, 2) end
    return wrapped(co, resume(co, ...))
  end
end

function own.close(co)
  check_type("close", co, "thread", "coroutine")
  check_own("close", co)
  if waiting[co] then error("cannot close a coroutine that waits", 2) end
  return close_nested(co)
end

-- The coroutine of the call itself is the host's: nil stands for it.
function own.running()
  local co, main = coroutine.running()
  if main or fiber.is_fiber(co) then return nil, true end
  return co, false
end

function own.yield(...)
  if fiber.current() then
    error("coroutine.yield: outside of a coroutine of your own; to wait, use rc.sleep", 2)
  end
  if not coroutine.isyieldable() then refuse "coroutine.yield" end
  return coroutine.yield(...)
end

--- The library `coroutine` of a recipe.
---@return table
function M.library()
  local copy = {}
  for name, fn in pairs(own) do copy[name] = fn end
  return copy
end

return M
