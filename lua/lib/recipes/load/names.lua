--- The numbers that tables, functions and the like are called by in a recipe's texts: "table: 0x00000003".
---
--- Each call counts for itself, on from what the recipe's file has named while it was loaded, and each of its branches in a range
--- of its own, so that a call that is repeated in another process gives the same names, whatever runs beside it there.

local calls = require "lib.recipes.run.call"
local chance = require "lib.recipes.load.chance"
local sandbox = require "core.sandbox"

local M = {}

---@class recipes.Names
---@field count integer                  the last number given while the file was loaded
---@field by_object table<any, integer>

local WEAK = { __mode = "k" }

local function new_names()
  return { count = 0, by_object = setmetatable({}, WEAK) }
end

local of_environments = setmetatable({}, WEAK) ---@type table<table, recipes.Names>
local of_calls = setmetatable({}, WEAK) ---@type table<CallState, table<any, integer>>
local others = new_names()              -- of code in no environment
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

local function number_in_file(names, object)
  local known = names.by_object[object]
  if known then return known end
  names.count = names.count + 1
  names.by_object[object] = names.count
  return names.count
end

local BRANCH = 24 -- bits that a branch has for itself

local function number_in_call(call, file, object)
  local names = of_calls[call] or setmetatable({}, WEAK)
  of_calls[call] = names
  local known = names[object]
  if known then return known end
  local branch = require("lib.recipes.rc.numbers").branch()
  branch.named = (branch.named or 0) + 1
  local number = branch.path == "" and file.count + branch.named or chance.hash(branch.path) >> 32 << BRANCH | branch.named
  names[object] = number
  return number
end

local function number_of(object)
  library = library or number_library()
  local known = library[object]
  if known then return known end
  local call = calls.current()
  if not call then return number_in_file(loading, object) end
  local environment = call.recipe and call.recipe.environment
  local file = environment and of_environments[environment] or others
  return file.by_object[object] or number_in_call(call, file, object)
end

--- What is named outside of calls from now on is named in this environment.
---@param environment table
function M.load_into(environment)
  loading = of_environments[environment] or new_names()
  of_environments[environment] = loading
end

sandbox.set_numbering(number_of)

return M
