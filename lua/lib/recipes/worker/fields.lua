--- What the fields of a message may hold: checks, and forms that are made of them.

-- Lua's own: in a worker the globals of these names keep an order, which no check needs.
local next, pairs = next, pairs

local M = {}

---@alias FieldCheck fun(value: any): boolean

function M.any() return true end

function M.is_boolean(value) return type(value) == "boolean" end

function M.is_table(value) return type(value) == "table" end

--- A number that is one, and no infinity.
function M.is_number(value) return type(value) == "number" and value - value == 0 end

--- A string of so many bytes at most.
---@param most integer
---@return FieldCheck
function M.text(most)
  return function(value) return type(value) == "string" and #value <= most end
end

--- An integer from `low` to `high`.
---@param low integer
---@param high integer
---@return FieldCheck
function M.whole(low, high)
  return function(value) return math.type(value) == "integer" and low <= value and value <= high end
end

--- One of these words.
---@param ... string
---@return FieldCheck
function M.one_of(...)
  local words = {}
  for _, word in ipairs { ... } do words[word] = true end
  return function(value) return type(value) == "string" and words[value] == true end
end

--- A list without holes of so many entries at most.
---@param check FieldCheck
---@param most integer
---@return FieldCheck
function M.list_of(check, most)
  return function(value)
    if type(value) ~= "table" or #value > most then return false end
    local count = 0
    for _ in next, value do count = count + 1 end
    if count ~= #value then return false end
    for _, item in ipairs(value) do
      if not check(item) then return false end
    end
    return true
  end
end

--- A table whose keys are texts of so many bytes at most.
---@param most integer
---@param check FieldCheck
---@return FieldCheck
function M.map_of(most, check)
  return function(value)
    if type(value) ~= "table" then return false end
    for name, item in next, value do
      if type(name) ~= "string" or #name > most or not check(item) then return false end
    end
    return true
  end
end

--- False, or what another check lets through.
---@param check FieldCheck
---@return FieldCheck
function M.or_false(check)
  return function(value) return value == false or check(value) end
end

---@class MessageForm
---@field fields table<string, FieldCheck>
---@field optional table<string, true>

--- "name?" stands for a field that may be absent.
---@param fields table<string, FieldCheck>
---@return MessageForm
function M.form(fields)
  local made = { fields = {}, optional = {} }
  for name, check in pairs(fields) do
    local bare = name:gsub("%?$", "")
    made.fields[bare] = check
    made.optional[bare] = bare ~= name or nil
  end
  return made
end

--- What is wrong with a value that is to be of a form; nil: nothing.
---@param made MessageForm
---@param value any
---@param beside? string  a field that it may have, too
---@return string? problem
function M.fault(made, value, beside)
  if type(value) ~= "table" then return "it is a " .. type(value) end
  for name in next, value do
    if name ~= beside and not made.fields[name] then return "it has a field that it may not have" end
  end
  for name, check in pairs(made.fields) do
    local item = rawget(value, name)
    if item == nil then
      if not made.optional[name] then return ("its field '%s' is missing"):format(name) end
    elseif not check(item) then
      return ("its field '%s' is not what it must be"):format(name)
    end
  end
end

--- A table of this form.
---@param fields table<string, FieldCheck>
---@return FieldCheck
function M.like(fields)
  local made = M.form(fields)
  return function(value) return M.fault(made, value) == nil end
end

return M
