--- The numbers that tables, functions and the like are called by in a recipe's texts: "table: 0x00000003".
---
--- Each call counts for itself, on from what the recipe's file has named while it was loaded, so that a call that is
--- repeated in another process gives the same names, whatever other calls have done there.

local calls = require "lib.recipes.run.call"
local sandbox = require "core.sandbox"

local M = {}

---@class recipes.Names
---@field count integer                  the last number given
---@field by_object table<any, integer>

local WEAK = { __mode = "k" }

local function new_names(count)
  return { count = count, by_object = setmetatable({}, WEAK) }
end

local of_environments = setmetatable({}, WEAK) ---@type table<table, recipes.Names>
local of_calls = setmetatable({}, WEAK) ---@type table<CallState, recipes.Names>
local others = new_names(0)             -- of code in no environment
local loading = others

-- Functions of Lua's library are the same in all calls, and as keys of tables they come in this order.
local LIBRARY = 0x10000000
local library ---@type table<function, integer>

local function number_library()
  local list, numbers = { sandbox.pairs, sandbox.sort }, {}
  for _, name in ipairs { "_G", "coroutine", "math", "os", "string", "table", "utf8" } do
    for _, fn in sandbox.pairs(_G[name]) do list[#list + 1] = type(fn) == "function" and fn or nil end
  end
  for i, fn in ipairs(list) do numbers[fn] = numbers[fn] or LIBRARY + i end
  return numbers
end

local function of_call(call, file)
  local names = of_calls[call] or new_names(file.count)
  of_calls[call] = names
  return names
end

local function number(names, object)
  local known = names.by_object[object]
  if known then return known end
  names.count = names.count + 1
  names.by_object[object] = names.count
  return names.count
end

local function number_of(object)
  library = library or number_library()
  local known = library[object]
  if known then return known end
  local call = calls.current()
  if not call then return number(loading, object) end
  local environment = call.recipe and call.recipe.environment
  local file = environment and of_environments[environment] or others
  return file.by_object[object] or number(of_call(call, file), object)
end

--- What is named outside of calls from now on is named in this environment.
---@param environment table
function M.load_into(environment)
  loading = of_environments[environment] or new_names(0)
  of_environments[environment] = loading
end

sandbox.set_numbering(number_of)

return M
