--- setmetatable, getmetatable and rawset of recipes: they get at the metatables that they made, no other, and none of these makes a table
--- weak or has a finalizer.
---
--- What a collector does to weak tables, and when, is another thing in each process.  Lua looks for `__mode` each time that it collects
--- (lgc.c, traversetable), so it must not come later either: what is set in a metatable passes `set`, by the metatable that it has itself.

local host_work = require "lib.recipes.boundary.host_work"
local json = require "core.json"
local told = require("lib.recipes.load.refusals").told

local M = {}

local getmetatable_of = debug.getmetatable -- whatever __metatable says

---@class recipes.Metatables
---@field own table<table, true>  that this environment's code has given to a table
---@field guard table              the metatable of those that have no other
---@field set fun(meta: table, key: any, value: any)  for __newindex
local Metatables = {}
Metatables.__index = Metatables

-- What has no metatable of its own may have the guard, which recipes do not see.
function Metatables:of(object)
  local meta = getmetatable_of(object)
  if meta ~= self.guard then return meta end
end

local function is_protected(self, object)
  local meta = type(object) == "table" and self:of(object)
  return meta and rawget(meta, "__metatable") ~= nil
end

local function new()
  local self = setmetatable({ own = setmetatable({}, { __mode = "k" }), guard = nil, set = nil }, Metatables)
  -- For __newindex, where a recipe may come upon it.
  local function set(meta, key, value)
    if is_protected(self, meta) and not self.own[getmetatable_of(meta)] then error("rawset: the table is protected", 2) end
    if key ~= "__mode" then rawset(meta, key, value) end
  end
  self.set, self.guard = set, { __newindex = set }
  return self
end

-- Has what is set in a metatable from now on pass `set`, unless a __newindex of the recipe's does, which can do no more.
function Metatables:keep(meta)
  local its = getmetatable_of(meta)
  if its == nil then
    setmetatable(meta, self.guard)
  elseif self.own[its] and rawget(its, "__newindex") == nil then
    rawset(its, "__newindex", self.set)
  end
end

local function check(self, object, meta)
  if type(object) ~= "table" then
    error(("bad argument #1 to 'setmetatable' (table expected, got %s)"):format(type(object)), 3)
  elseif meta ~= nil and type(meta) ~= "table" then
    error(("bad argument #2 to 'setmetatable' (nil or table expected, got %s)"):format(type(meta)), 3)
  elseif is_protected(self, object) then
    error("cannot change a protected metatable", 3)
  elseif meta and rawget(meta, "__gc") ~= nil then
    error("setmetatable: a recipe's tables cannot have __gc; use a to-be-closed variable or rc.finally", 3)
  end
end

function Metatables:adopt(meta)
  rawset(meta, "__mode", nil)
  self.own[meta] = true
  host_work.note_metatable(meta)
  self:keep(meta)
end

--- Adds them to an environment.
---@param env table
function M.add(env)
  local self = new()

  function env.setmetatable(object, meta)
    check(self, object, meta)
    if meta ~= nil then self:adopt(meta) end
    setmetatable(object, meta)
    if self.own[object] then self:keep(object) end
    return object
  end

  function env.getmetatable(object)
    local meta = self:of(object)
    if meta == nil then return nil end
    if not self.own[meta] then
      if type(object) == "table" and json.has_order(object) then return nil end -- only the codec knows of it
      return false
    end
    return getmetatable(object)
  end

  function env.rawset(object, key, value)
    if is_protected(self, object) then error("rawset: the table is protected", 2) end
    if key == "__mode" and self.own[object] then return object end
    return (told(2, "rawset", pcall(rawset, object, key, value)))
  end
end

return M
