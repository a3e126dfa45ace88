--- Files that are loaded in a worker: several at once, each with the modules that it asks for.
---
--- Where the worker ends meanwhile nobody knows which file it was, if any: each of them is loaded again, alone then, and one that ends its
--- worker each time has ended it.

local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local modules = require "lib.recipes.files.modules"
local rooms = require "lib.recipes.worker.room"

local M = {}

local MOST_ROUNDS = 100 -- in which a file that is loaded may ask for modules by names that were not in its text
local LOADS = 3         -- times that a file is loaded whose worker ends meanwhile: a call that runs there may have ended it

---@class WorkerLoading
---@field package seat fun(): WorkerSeat|nil, Error?  that of the worker where files are loaded
---@field package under_way integer
---@field package alone boolean    one is loaded alone
---@field package changed ChannelRoom[]  who waits for its turn: the others, one to be alone
local Loading = {}
Loading.__index = Loading

---@param seat fun(): WorkerSeat|nil, Error?
---@return WorkerLoading
function M.new(seat)
  local self = setmetatable({ seat = seat, under_way = 0, alone = false }, Loading)
  self.changed = {
    rooms.new(function() return self.alone end),
    rooms.new(function() return self.alone or self.under_way > 0 end),
  }
  return self
end

-- Turns ------------------------------------------------------------------------------------------------

local Turn = {}
Turn.__index = Turn

function Turn:__close()
  local loading = self.loading
  if self.alone then loading.alone = false else loading.under_way = loading.under_way - 1 end
  for _, room in ipairs(loading.changed) do room:notify() end
end

local function turn(self, alone)
  self.changed[alone and 2 or 1]:await()
  if alone then self.alone = true else self.under_way = self.under_way + 1 end
  return setmetatable({ loading = self, alone = alone }, Turn)
end

-- One file ---------------------------------------------------------------------------------------------

---@class WorkerLoad  that a worker was asked for
---@field callback fun(answer: WorkerMessage?, err: Error?)
---@field answer? WorkerMessage
---@field err? Error
local Load = {}
Load.__index = Load
function Load.__close() end

-- The answer may have got lost on its way for want of memory.
function Load:recheck(callback)
  if self.answer or self.err then callback(self.answer, self.err) end
end

local function ask_to_load(seat, message, callback)
  local load = setmetatable({ callback = callback, answer = nil, err = nil }, Load)
  seat.loads[message.recipe] = load
  local ok, err = pcall(seat.load, seat, message)
  if ok then return load end
  seat.loads[message.recipe] = nil
  error(err, 0)
end

local function ask(self, message, alone)
  local _ <close> = turn(self, alone)
  local seat, err = self.seat()
  if not seat then return nil, err end
  return fiber.await(ask_to_load, seat, message)
end

-- The answer of a worker; its end while it loads is the file's, if it comes to pass each time.
local function answer_to(self, message)
  local loaded, err
  for try = 1, LOADS do
    loaded, err = ask(self, message, try > 1)
    if loaded then break end
    ---@cast err table
    if not err.ended or err.stopped then break end
  end
  return loaded, err
end

local function modules_of(recipe, text)
  recipe.modules:complete(text)
  local given = {}
  for name, file in pairs(recipe.modules:found()) do
    given[name] = modules.told(file)
  end
  return given
end

-- Whether any of what it asked for was not said.
local function add_missing(recipe, given, missing)
  local added = false
  for _, name in ipairs(missing) do
    if given[name] == nil then
      -- linear: no pattern, the name of a module
      local file = recipe.modules:find(name)
      given[name] = modules.told(file)
      added = added or file ~= nil
    end
  end
  return added
end

--- Sends a text, and again with further modules, as long as it asks for any that there are; in a fiber.
---@param recipe Recipe
---@param text string
---@param words? string[]  of a script
---@return WorkerMessage|nil loaded, Error? err
---@return WorkerMessage? message  that was sent at last
function Loading:load(recipe, text, words)
  local given = modules_of(recipe, text)
  for _ = 1, MOST_ROUNDS do
    local message = {
      kind = "load", recipe = recipe.id, name = recipe.name, shown = recipe.shown, folder = recipe.folder, root = recipe.root,
      text = text, modules = given, words = words, loaded_at = os.time(),
    }
    local loaded, err = answer_to(self, message)
    if not loaded then return nil, err end
    if not add_missing(recipe, given, loaded.missing) then return loaded, nil, message end
  end
  return nil, errors.new(("%s: it looks for too many modules"):format(recipe.shown))
end

return M
