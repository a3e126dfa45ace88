--- What a recipe's function returned, made the neutral result of a tool.
---
--- It was perhaps paid, so nothing of it is lost: what is no result, or has no JSON form, is named in an error that
--- carries all the rest.

local copies = require "lib.recipes.boundary.copies"
local failure = require "lib.recipes.run.failure"
local json = require "core.json"
local log = require "core.log"
local long_json = require "lib.async.long_json"
local members = require "lib.recipes.rc.members"
local meter = require "lib.async.meter"
local opaque = require "lib.recipes.boundary.opaque"
local outcome = require "lib.features.outcome"
local redacted = require "lib.recipes.run.redacted"
local texts = require "lib.text"

local M = {}

local MAX_JSON = 32 * 1024 * 1024 -- bytes of the data, and of the text, as JSON: escapes make one byte six

---@class Returned
---@field package name string                  of the recipe
---@field package fn? function                 that returned it
---@field package faults string[]
---@field package salvage fun(value: any): any  a copy that JSON can say
---@field package blocks Block[]
---@field package texts string[]
---@field package data any[]
local Returned = {}
Returned.__index = Returned

---@param name string   of the recipe
---@param fn? function  that returns it
---@return Returned
function M.new(name, fn)
  local self = setmetatable({ name = name, fn = fn, faults = {}, blocks = {}, texts = {}, data = {} }, Returned)
  self.salvage = copies.salvager(self.faults, function(token)
    local kind, payload = opaque.open(token)
    if kind == "content" then
      self.blocks[#self.blocks + 1] = payload
    else
      self.faults[#self.faults + 1] = "it holds a value of rc that is no content"
    end
  end)
  return self
end

--- Takes one of the values.
---@param value any
function Returned:take(value)
  if value == nil then return end
  local text = type(value) == "string"
  local copy = self.salvage(text and texts.clean(value) or value)
  if opaque.open(value) then return end
  if type(copy) == "string" and text then
    self.texts[#self.texts + 1] = copy
  else
    self.data[#self.data + 1] = members.settle(copy, { faults = self.faults, meter = meter.new() })
  end
end

-- Why it cannot be written as JSON.
local function unwritable(value)
  local ok, message = pcall(long_json.encode, value, MAX_JSON)
  return not ok and tostring(message) or nil
end

-- What JSON would blow up is left out of what is delivered.
local function drop_unwritable(self, result)
  for field, value in pairs { data = result.data, text = result.text and #result.text > MAX_JSON // 6 and result.text or nil } do
    local message = unwritable(value)
    if message then
      table.insert(self.faults, message)
      result[field] = nil
    end
  end
end

local function problem(self)
  local faults, count = self.faults, #self.data
  if count > 1 then
    table.insert(faults, 1, ("it gave %d values that are data; the structured content is one"):format(count))
  end
  if #faults == 0 then return nil end
  local more = faults.more and ("; and %d more"):format(faults.more) or ""
  return ("recipe '%s' returned what is no result: %s%s%s"):format(self.name, table.concat(faults, "; "), more, failure.beginning(self.fn))
end

--- The neutral result; an error that carries it where something is wrong with it.
---@param notes? string[]  what clean-ups have to say
---@return CallResult|nil result, Error? err
---@return_overload CallResult
---@return_overload nil, Error
function Returned:result(notes)
  local data, lines = self.data, self.texts
  local result = { content = #self.blocks > 0 and self.blocks or nil } ---@type any
  if #data > 1 then result.data = json.as_array(data) else result.data = data[1] end
  if #data == 0 and #lines == 0 and not result.content then result.data = { ok = true } end
  for _, note in ipairs(notes or {}) do lines[#lines + 1] = texts.clean(note) end
  result.text = #lines > 0 and table.concat(lines, "\n") or nil
  local work = meter.new() -- each of these goes through all of it
  drop_unwritable(self, result)
  work:pause()
  redacted.result(result)
  work:pause()
  local message = problem(self)
  if not message then return result end
  log.write("error", (message:gsub("\n +", " ")))
  return nil, outcome.undelivered(message, result)
end

return M
