--- The names that a recipe may use, taken from where they are made.

local M = {}

local function nothing() end

local function environment()
  local globals = require("lib.recipes.sandbox").new { rc = {}, name = "check", random = nothing }
  globals._ENV = globals -- a name that Lua itself gives
  return globals
end

--- The globals of a recipe; of a library, its members.
---@type table<string, any>
M.globals = environment()

--- What Lua has and recipes have not, and what to take instead.
M.withheld = {
  io = "rc.file reads a local file, rc.download saves an output",
  debug = "errors carry their place by themselves",
  package = "require reaches \"rc\", the recipe's own folder and lib/",
  load = "a recipe is source text alone",
  loadstring = "a recipe is source text alone",
  loadfile = "take require",
  dofile = "take require",
  collectgarbage = "memory is looked after",
  unpack = "take table.unpack",
  setfenv = "Lua 5.4 has no such function",
}

-- The tool that a member of rc needs in `uses`.
local needs = { submit = "submit_request" }

local function members_of_rc()
  local members = {}
  for name in pairs(require("lib.recipes.rc").proxy { name = "check" }) do members[name] = needs[name] or true end
  return members
end

--- The members of rc; a text is the tool that the member needs in `uses`.
---@type table<string, true|string>
M.rc = members_of_rc()

--- Methods that need a tool in `uses`.
M.methods = { proxy = "call_instance_proxy" }

--- Methods that a tool in `uses` may be for, if the job is of an earlier call.
M.maybe = {
  status = { "get_request_status" }, wait = { "get_request_status", "get_request_result" }, result = { "get_request_result" },
  cancel = { "cancel_request" },
}

--- The keys of a table, sorted.
---@param map table<string, any>
---@return string[]
function M.names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return M
