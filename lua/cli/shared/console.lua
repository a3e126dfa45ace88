--- What stands behind `rcmcp repl`: the environment of its chunks, their calls, and what a word may be completed to.

local runner = require "lib.recipes.run.runner"
local sandbox = require "lib.recipes.load.sandbox"

local brief = require("lib.text").brief
local plain = require("cli.shared.terminal").plain

local M = {}

local CHUNK = "@repl"

---@class Console
---@field package app App
---@field package snapshot Snapshot
---@field package rc table
---@field package recipe table
---@field package environment table
local Console = {}
Console.__index = Console

local function new_environment(recipe)
  local rc = require("lib.recipes.rc").proxy(recipe)
  local environment = sandbox.new {
    rc = rc, name = recipe.name, folder = recipe.folder, root = recipe.root,
    print = function(line) io.stdout:write(plain(line), "\n") end,
    random = function(...) return rc.random(...) end,
  }
  environment.rc = rc
  return environment, rc
end

local function make_names(snapshot)
  local names = {}
  for i, tool in ipairs(snapshot.list) do names[i] = tool.name end
  return names
end

---@param app App
---@return Console
function M.new(app)
  local recipe = { name = "repl", file = "repl", shown = "repl", folder = ".", root = "." }
  local self = setmetatable({ app = app, recipe = recipe }, Console)
  self.environment, self.rc = new_environment(recipe)
  recipe.environment = self.environment
  self.snapshot = app:catalog():snapshot()
  return self
end

--- Reads settings and recipes again; names that chunks have set stay.
function Console:reload()
  require("cli.shared.opening").reload(self.app)
  local catalog = self.app:catalog()
  require "lib.async.to_end"(catalog.scan, catalog)
  self.snapshot = self.app:catalog():snapshot()
  local old = self.environment
  self.environment, self.rc = new_environment(self.recipe)
  for name, value in next, old do
    if self.environment[name] == nil then self.environment[name] = value end
  end
  self.recipe.environment = self.environment
end

--- Compiles a chunk: an expression, or statements.
---@param text string
---@return function|nil chunk, string? message
---@return boolean? incomplete  it goes on in the next line
function Console:compile(text)
  local chunk = sandbox.load("return " .. text, CHUNK, self.environment)
  if chunk then return chunk end
  local message
  chunk, message = sandbox.load(text, CHUNK, self.environment)
  if chunk then return chunk end
  ---@cast message string
  return nil, message, message:find "near <eof>$" ~= nil
end

-- Not through lib.recipes.run.invoke: what a chunk gives is shown as it is, also where it would be no result of a tool.
local function options_for(self, ctx)
  local settings = self.app.settings
  return function(call)
    call.rc = require("lib.recipes.rc.state").new {
      name = "repl", uses = make_names(self.snapshot), hosts = settings.http_hosts,
      find = self.snapshot.find, settings = settings, ctx = ctx, call = call,
    }
  end
end

--- Runs a chunk, in a fiber; its values are the recipe's own.
---@param chunk function
---@param ctx table
---@return table|nil values, Error? err
---@return_overload table
---@return_overload nil, Error
function Console:run(chunk, ctx)
  local values
  local outcome, err = runner.run(self.recipe, function() values = table.pack(chunk()) end, { n = 0 }, ctx, {
    prepare = options_for(self, ctx),
  })
  if not outcome then return nil, err end
  return values
end

-- Completion -----------------------------------------------------------------------------------------

local function matching(names, start, prefix)
  local list = {}
  for _, name in ipairs(names) do
    if name:sub(1, #start) == start then list[#list + 1] = prefix .. name end
  end
  table.sort(list)
  return list
end

local function keys_of(value)
  local keys = {}
  if type(value) == "table" then
    for key in next, value do
      if type(key) == "string" then keys[#keys + 1] = key end
    end
  end
  return keys
end

--- What a word may become: globals, members, names of tools.
---@param word string  "rc.tools.get_", "math.f", "upsc"
---@return string[]
function Console:complete(word)
  if word:find "^rc%.tools%." then return matching(make_names(self.snapshot), word:sub(10), "rc.tools.") end
  local path, last = word:match "^(.*)%.([^.]*)$"
  if not path then
    local list = matching(keys_of(self.environment), word, "")
    return table.move(matching(make_names(self.snapshot), word, "rc.tools."), 1, #self.snapshot.list, #list + 1, list)
  end
  local value = self.environment ---@type any
  for name in path:gmatch "[^.]+" do value = type(value) == "table" and rawget(value, name) or nil end
  return matching(keys_of(value), last, path .. ".")
end

--- The tools and recipes, a line each.
---@return string[]
function Console:tool_lines()
  local lines = {}
  for i, tool in ipairs(self.snapshot.list) do
    lines[i] = ("%-26s %s"):format(tool.name, tool.title or brief(tool.description, 50))
  end
  return lines
end

return M
