--- Errors and results as plain data, on their way between a host and its worker.

local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local redacted = require "lib.recipes.run.redacted"
local redaction = require "lib.redaction"

local M = {}

local FIELDS = table.move(errors.CROSSING, 1, #errors.CROSSING, 4, { "content", "notes", "frames" })

-- What may be the id of a paid request is not left out for want of memory: that is raised, and whoever tells the error does so again.
local function can_cross(value)
  local ok, problem = pcall(json.pack, value)
  if not ok and errors.is_out_of_memory(problem) then error("not enough memory", 0) end
  return ok
end

--- Whatever was raised, or returned as an error, as plain data.  Raises where there is no memory for that.
---@param err any
---@return table problem
function M.problem(err)
  if fiber.is_cancelled(err) then return { message = "cancelled", code = "cancelled" } end
  if not errors.is(err) then return { message = tostring(err), code = "internal" } end
  local problem = { message = tostring(err.message) } ---@type table<string, any>
  for _, name in ipairs(FIELDS) do
    local value = rawget(err, name)
    if value ~= nil and can_cross(value) then problem[name] = value end
  end
  return problem
end

--- The error that it stands for.
---@param problem table
---@return Error
function M.error(problem)
  return errors.new(problem.message, problem)
end

-- Where memory runs out the message that is cut comes again.
local function cut_by(cut, value)
  local ok, result = pcall(cut, value)
  if not ok and errors.is_out_of_memory(result) then error(result, 0) end
  return ok, result
end

-- What JSON cannot say, such as NaN, no answer could say either: it is left out.
local function without_secrets(value)
  local ok, cut = cut_by(redaction.value, value)
  if ok then return cut end
end

--- The error that a worker tells, which knows no secret that it could cut.
---@param problem table
---@return Error
function M.told(problem)
  local fields = {}
  for name, value in next, problem do fields[name] = without_secrets(value) end
  local is_content = cut_by(redacted.result, { content = problem.content, is_error = true })
  fields.content = is_content and problem.content or nil
  return errors.new(redaction.text(problem.message), fields)
end

--- A tool's result without what belongs to one side alone.
---@param result CallResult
---@return table
function M.result(result)
  return { text = result.text, data = result.data, content = result.content }
end

local TYPES = { text = "string", content = "table" }

--- Cuts secrets out of a tool's result that has crossed, in place.
---@param result any
---@return string? problem  it is no result
function M.cut(result)
  if type(result) ~= "table" then return "a result is a " .. type(result) end
  for name, value in next, result do
    if name ~= "data" and type(value) ~= TYPES[name] then return "a result has a field that it may not have" end
  end
  return not cut_by(redacted.result, result) and "a result holds what is no content" or nil
end

return M
