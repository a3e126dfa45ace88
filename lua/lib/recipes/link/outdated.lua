--- Which calls run something else than what is saved: an earlier version of a file that is broken now, or the recipe of a weaker
--- folder in its place.  Whoever calls is told so with the result: he may just have changed that file.

local errors = require "lib.errors"
local json = require "core.json"

local M = {}

---@class Outdated
---@field package versions table<Recipe, string>   the problem of the file that each comes from
---@field package hidden table<string, { problem: string, file: string }>  files without a version, by the name of the recipe
local Outdated = {}
Outdated.__index = Outdated

--- What the records of a catalog say, once it is linked.
---@param records RecipeRecord[]
---@return Outdated
function M.of(records)
  local self = setmetatable({ versions = {}, hidden = {} }, Outdated)
  for _, record in ipairs(records) do
    if record.problem and record.chosen then
      self.versions[record.chosen] = record.problem
    elseif record.problem then
      self.hidden[record.at.name] = { problem = record.problem, file = record.at.file }
    end
  end
  return self
end

--- What a call of a recipe's tool has to tell; nil where it runs what is saved.
---@param recipe Recipe
---@param tool string  its name
---@return string? note
function Outdated:note(recipe, tool)
  local problem = self.versions[recipe]
  if problem then return "This ran the version before: what is saved now is broken: " .. problem end
  local hidden = self.hidden[tool]
  if hidden and hidden.file ~= recipe.file then
    return ("This ran %s: %s is broken: %s"):format(recipe.file, hidden.file, hidden.problem)
  end
end

local function with_line(text, line)
  return text and text .. "\n" .. line or line
end

local function is_object(data)
  return type(data) == "table" and getmetatable(data) ~= json.array and (#data == 0 or json.has_order(data))
end

-- Of a recipe that another one calls the data are that one's to read: the outermost call tells.
local function report_to_outermost(call, note)
  while call.parent do call = call.parent end
  call.notes = call.notes or {}
  for _, known in ipairs(call.notes) do
    if known == note then return end
  end
  table.insert(call.notes, note)
end

--- The result, or the error, of a call with its note.
---@param note? string
---@param ctx Context
---@param open boolean  no schema says what the data are
---@param result? CallResult
---@param err? Error
---@return CallResult? result, Error? err
---@return_overload CallResult
---@return_overload nil, Error
function M.report(note, ctx, open, result, err)
  if not note then return result, err end
  if ctx.call then
    report_to_outermost(ctx.call, note)
    return result, err
  end
  if not result then
    local told = {}
    for key, value in pairs(errors.wrap(err)) do told[key] = value end
    return nil, errors.new(with_line(told.message, note), told)
  end
  result.text = with_line(result.text, note)
  if open and is_object(result.data) and result.data.outdated == nil then result.data.outdated = note end
  return result
end

return M
