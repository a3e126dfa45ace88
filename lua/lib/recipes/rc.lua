--- The API of recipes, assembled: `require "rc"` inside a recipe, and what stands behind it in a call.
---
--- A recipe's file gets one proxy when it is loaded; what it calls there goes to the state of the call whose
--- code runs.  The manual of the API is lua/meta/rc.lua.

local calls = require "lib.recipes.run.call"
local cleanup = require "lib.recipes.run.cleanup"
local context = require "lib.recipes.rc.context"
local json = require "core.json"
local known_names = require "lib.recipes.load.known_names"
local rc_json = require "lib.recipes.rc.json"

local M = {}

-- What acts, by the file that holds it: loaded when it is called first.  Each takes the state before the
-- recipe's arguments, and gives one value.
local actions = {
  submit = "jobs", job = "jobs",
  all = "parallel", map = "parallel",
  sleep = "time", now = "time", random = "time", uuid = "time",
  text = "results", image = "results", audio = "results", link = "results", embed = "results", fail = "results",
  workflow = "workflow", file = "files", read = "files", read_text = "files", download = "download", http = "http",
}

local function state_of(name)
  return (calls.state("rc." .. name, 3)) -- no tail call: the level counts this frame
end

local function action(name, module)
  local fn
  return function(...)
    local state = state_of(name)
    fn = fn or require("lib.recipes.rc." .. module)[name]
    return ((fn --[[@as function]])(state, ...)) -- no tail call: the levels of errors count this frame
  end
end

local function tool_caller(name)
  return function(input, ...)
    local state = state_of("tools." .. name)
    return (require("lib.recipes.rc.tools").call(state, name, input, select("#", ...)))
  end
end

local Tools = { __metatable = "rc.tools" }

function Tools:__index(name)
  if type(name) ~= "string" then error("rc.tools is indexed by the names of tools", 2) end
  local caller = tool_caller(name)
  rawset(self, name, caller)
  return caller
end

-- Lines of a recipe that is being loaded are lines of the log, too.
local function logger(recipe_name)
  return function(level, text)
    local call = calls.current()
    local name = call and call.rc and call.rc.name or recipe_name
    context.write_log(name, level, text, "rc.log", 2)
  end
end

local function finally(fn)
  state_of("finally")
  return (cleanup.register(fn))
end

--- What `require "rc"` gives in one recipe's code.
---@param recipe { name: string }
---@return table rc
function M.proxy(recipe)
  local rc = { null = json.null, json = rc_json.new(), tools = setmetatable({}, Tools), log = logger(recipe.name), finally = finally }
  for kind, declare in pairs(require("lib.recipes.load.declaration").functions) do rc[kind] = declare end
  for name, module in pairs(actions) do rc[name] = action(name, module) end
  return setmetatable(rc, { __index = known_names.reader("rc", rc), __metatable = "rc" })
end

--- Every public name: "rc.submit", "job:wait", "ctx:progress", "ctx.cancelled", "response:json".
---@return string[]
function M.names()
  local names = {}
  for name in pairs(M.proxy { name = "names" }) do names[#names + 1] = "rc." .. name end
  for _, module in ipairs { "jobs", "workflow", "context", "http" } do
    for _, name in ipairs(require("lib.recipes.rc." .. module).names()) do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

return M
