--- The names that a recipe may use, taken from where they are made.

local host = require "core.host"
local set = require("lib.workbench.lint.names").set

local M = {}

local function nothing() end

local function environment()
  local globals = require("lib.recipes.load.sandbox").new { rc = {}, name = "check", random = nothing }
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

-- What of rc stands on a tool, by the tools' own field `serves`: members of rc, methods of jobs.  What another tool grants to whoever
-- submits may not need it in `uses`.
local needs, methods, maybe = {}, {}, {}
do
  local tools, granted = {}, {}
  for _, module in ipairs(host.modules "tools.") do tools[#tools + 1] = require(module) end
  for _, tool in ipairs(tools) do
    for _, name in ipairs(tool.grants or {}) do granted[name] = true end
  end
  local function note(tool, kind, name)
    if kind == "rc." then
      needs[name] = tool.name
    elseif granted[tool.name] then
      maybe[name] = maybe[name] or {}
      table.insert(maybe[name], tool.name)
    else
      methods[name] = tool.name
    end
  end
  for _, tool in ipairs(tools) do
    for _, served in ipairs(tool.serves or {}) do note(tool, served:match "^(%a+[.:])([%a_]+)$") end
  end
end

local function members_of_rc()
  local members = {}
  for name in pairs(require("lib.recipes.rc").proxy { name = "check" }) do members[name] = needs[name] or true end
  return members
end

--- The members of rc; a text is the tool that the member needs in `uses`.
---@type table<string, true|string>
M.rc = members_of_rc()

--- What other languages have, and what to take here.
M.foreign = {
  null = "write nil; in data for JSON, rc.json.null", NULL = "write nil", nill = "write nil", None = "write nil",
  undefined = "write nil", True = "write true", False = "write false", TRUE = "write true", FALSE = "write false",
  console = "print writes to the log", printf = "print(('…'):format(…))", len = "the length of x is #x",
  this = "the first parameter of a method is self", int = "take math.tointeger or tonumber", float = "take tonumber",
  str = "take tostring", parseInt = "take tonumber", String = "take tostring", Math = "write math",
  JSON = "take rc.json.decode and rc.json.encode", json = "take rc.json", cjson = "local cjson = require \"cjson\"",
  sleep = "take rc.sleep", wait = "a job waits with job:wait()", await = "nothing is awaited: job:wait() waits by itself",
  async = "all code may wait: no function is async", new = "Lua has no new", try = "take pcall", catch = "take pcall",
  throw = "take error or rc.fail", range = "for i = 1, n do", submit = "take rc.submit", tool = "take rc.tool",
  tools = "take rc.tools", http = "take rc.http", fetch = "take rc.http", log = "take rc.log", typeof = "take type",
  isinstance = "take type", import = "take require", include = "take require", random = "take rc.random",
  def = "a function is function name(x) … end", Array = "a list is { … }", Object = "a table is { … }",
}

--- Methods that need a tool in `uses`.
---@type table<string, string>
M.methods = methods

--- Methods that a tool in `uses` may be for, if the job is of an earlier call.
---@type table<string, string[]>
M.maybe = maybe

local function names_after(names, prefix)
  local found = {}
  for _, name in ipairs(names) do
    if name:sub(1, #prefix) == prefix then found[name:sub(#prefix + 1)] = true end
  end
  return found
end

do
  local names = require("lib.recipes.rc").names()
  --- The methods of jobs and of ctx, and what else ctx has.
  ---@type table<string, true>, table<string, true>, table<string, true>
  M.job_methods, M.ctx_methods, M.ctx_fields = names_after(names, "job:"), names_after(names, "ctx:"), names_after(names, "ctx.")
  --- The methods of flows and of responses.
  ---@type table<string, true>, table<string, true>
  M.flow_methods, M.response_methods = names_after(names, "flow:"), names_after(names, "response:")
end

--- Fields that hold lists.
M.lists = set "output_urls deployments"

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
