--- The border between recipes and the host.  Nothing that a recipe made crosses it as it is; and the host's own work for a recipe
--- runs in a plain fiber, where neither the recipe's limits nor its end can leave anything half done.

local calls = require "lib.recipes.run.call"
local copies = require "lib.recipes.boundary.copies"
local coroutines = require "lib.recipes.load.coroutines"
local fiber = require "lib.async.fiber"
local long_texts = require "lib.recipes.boundary.long_texts"
local rc_error = require "lib.recipes.boundary.rc_error"

local M = {}

local getmetatable_of = debug.getmetatable -- whatever __metatable says

local made_here = setmetatable({}, { __mode = "k" }) ---@type table<table, true>

--- Notes a metatable that a recipe gave to one of its values.
---@param meta table
function M.note_metatable(meta)
  made_here[meta] = true
end

local HostCall = {}
HostCall.__index = HostCall

-- What has an outcome is at its end.  Where memory runs out it is called again, and cancels what was not cancelled yet.
function HostCall:__close()
  if self.ended or self.outcome then return end
  self.task:cancel()
  if self.task.status ~= "done" then table.insert(self.call.ending, self.task) end
  self.ended = true
end

function HostCall:recheck(callback)
  if self.task.status == "done" then callback(nil, self.outcome or self.spare) end
end

-- The bytes of long text in what is handed over.
local function weigh(args)
  local bytes = 0
  for i = 1, args.n do bytes = bytes + copies.weight(args[i]) end
  return bytes
end

-- The host copies and writes what it works on, several times over: few calls do that with long texts at once.
local function perform(call, fn, args)
  local _ <close> = weigh(args) >= copies.HEAVY and call.phase == "run" and call.heavy:take() or nil
  return fn(table.unpack(args, 1, args.n))
end

local function packed(call, fn, args)
  return table.pack(pcall(perform, call, fn, args))
end

-- A `start` for coroutines.await, on the host's side; the answer is one packed table, ok first.  It comes also where memory
-- runs out on the way: whoever waits must not wait for ever.
local function begin(call, fn, args, callback)
  local self = setmetatable({
    call = call, ended = false, task = nil, outcome = nil, spare = { n = 2, false, "not enough memory" },
  }, HostCall)
  self.task = fiber.spawn(function()
    local ok, result = pcall(packed, call, fn, args)
    self.outcome = ok and result or self.spare
    callback(nil, self.outcome)
  end)
  if self.task.status ~= "done" then return self end
  self:__close()
  return nil, self.outcome or self.spare
end

-- What is handed over to a recipe: a table of the host's own stays one, with its texts.
local function adopt_all(outcome)
  for i = 2, outcome.n do
    local value = outcome[i]
    outcome[i] = long_texts.adopt(value)
    for key, item in next, type(value) == "table" and getmetatable_of(value) == nil and value or {} do
      if type(item) == "string" then value[key] = long_texts.adopt(item) end
    end
  end
  return outcome
end

-- What a recipe made has metatables of its own, whose functions would run without limits here.
local function check_plain(args)
  for i = 1, args.n do
    local meta = getmetatable_of(args[i])
    if type(args[i]) == "table" and meta and made_here[meta] then
      error("internal error: a value of the recipe would reach the host as it is", 0)
    end
  end
end

--- Runs `fn(…)` in a plain fiber of the host and waits for it, from a recipe's code.  Arguments and results
--- are handed over as they are: `fn` must not touch what the recipe made.  What `fn` raises is raised as
--- rc.Error.
---@param fn function
---@param ... any
---@return any ...
function M.run_raw(fn, ...)
  local call = calls.current()
  if not call then error("this works only in a recipe's call", 2) end
  local args = table.pack(...)
  check_plain(args)
  local _, outcome = coroutines.await(begin, call, fn, args)
  if not outcome[1] then error(rc_error.present(outcome[2]), 0) end
  return table.unpack(adopt_all(outcome), 2, outcome.n)
end

local function export_all(...)
  local values = table.pack(...)
  for i = 1, values.n do values[i] = copies.export(values[i]) end
  return table.unpack(values, 1, values.n)
end

--- As `run_raw`, with copies of the arguments and of the results.
---@param fn function
---@param ... any
---@return any ...
function M.run(fn, ...)
  local args = table.pack(...)
  for i = 1, args.n do args[i] = copies.import(args[i]) end
  return export_all(M.run_raw(fn, table.unpack(args, 1, args.n)))
end

return M
