--- `ctx` as a recipe sees it.

local calls = require "lib.recipes.run.call"
local copies = require "lib.recipes.boundary.copies"
local json = require "core.json"
local known_names = require "lib.recipes.load.known_names"
local lines = require "lib.recipes.rc.lines"
local redaction = require "lib.redaction"
local texts = require "lib.text"
local work = require "lib.recipes.rc.work"

local M = {}

-- A context stands for the call whose code runs: one that is kept beyond its call has no rights of its own.
local contexts = setmetatable({}, { __mode = "k" }) ---@type table<table, true>

local MAX_PROGRESS = 1000  -- bytes of a message
local MAX_QUESTION = 262144 -- bytes of what a person is to read

local methods = {}

local Context = { __name = "rc.Context", __metatable = "rc.Context" }

local function state_of(ctx, method)
  if type(ctx) ~= "table" or not contexts[ctx] then error(("call it as ctx:%s(…)"):format(method), 3) end
  return calls.state("ctx:" .. method, 3)
end

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

function methods:progress(done, total, message)
  local state = state_of(self, "progress")
  if not is_finite(done) then error("ctx:progress takes numbers: done, total, message", 2) end
  if total ~= nil and not is_finite(total) then error("ctx:progress: total must be a number", 2) end
  if message ~= nil and type(message) ~= "string" then error("ctx:progress: the message must be a text", 2) end
  state:progress(done, total, message and redaction.brief(message, MAX_PROGRESS))
end

local LEVELS = { debug = true, info = true, warning = true, error = true }

--- Writes a line of a recipe to the log.
---@param name string
---@param level any
---@param text any
---@param what string   for messages
---@param depth integer  as error's level, from here
function M.write_log(name, level, text, what, depth)
  if not LEVELS[level] then
    local got = type(level) == "string" and level or type(level)
    error(("%s: the level is one of debug, info, warning, error; got %s"):format(what, got), depth + 1)
  end
  local kind = type(text)
  if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then error(what .. " takes a level and a text", depth + 1) end
  local line = redaction.brief(tostring(text), lines.LONGEST):gsub("\r?\n", " | ")
  lines.write(name, level, line)
end

function methods:log(level, text)
  M.write_log(state_of(self, "log").name, level, text, "ctx:log", 2)
end

function methods:confirm(text)
  local state = state_of(self, "confirm")
  if type(text) ~= "string" or text == "" then error("ctx:confirm takes a text", 2) end
  if #text > MAX_QUESTION then error(("ctx:confirm takes a text of at most %d bytes, got %d"):format(MAX_QUESTION, #text), 2) end
  return (work.effect(state, "ask", "confirm", { message = text }))
end

function methods:elicit(question)
  local state = state_of(self, "elicit")
  local plain = type(question) == "table" and work.import(question, "ctx:elicit", 2)
  if not plain or type(plain.message) ~= "string" or type(plain.input) ~= "table" then
    error("ctx:elicit takes { message = …, input = { parameters } }", 2)
  end
  local ok, message = pcall(json.encode, texts.clean_all(plain), MAX_QUESTION) -- a character that was cut ends no call
  if not ok then error("ctx:elicit: " .. message, 2) end
  local values = work.effect(state, "ask", "elicit", plain)
  return values and copies.export(values) or nil
end

local fields = {}

function fields.cancelled(state) return work.effect_at_once(state, "now", "cancelled") end
function fields.simulated(state) return state.ctx.simulated == true end
function fields.dry_run(state) return state.ctx.dry_run ~= nil and state.ctx.dry_run ~= false end
function fields.client(state) return copies.export(state.ctx.client) end

function fields.deadline(state)
  return work.effect_at_once(state, "now", "deadline") or nil
end

local method_of = known_names.reader("ctx", methods, require("lib.tables").sorted_keys(fields))

function Context.__index(ctx, key)
  if fields[key] then return (fields[key](calls.state("ctx." .. key, 2))) end
  return method_of(ctx, key)
end

function Context.__newindex()
  error("ctx cannot be changed", 2)
end

--- The public names of contexts.
---@return string[]
function M.names()
  local names = {}
  for name in pairs(methods) do names[#names + 1] = "ctx:" .. name end
  for name in pairs(fields) do names[#names + 1] = "ctx." .. name end
  return names
end

---@return table ctx
function M.new()
  local ctx = setmetatable({}, Context)
  contexts[ctx] = true
  return ctx
end

return M
