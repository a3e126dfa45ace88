--- What is known of the values of expressions, and what their uses tell: methods of the walker.

local walker = require "lib.recipes.lint.walker"

local M = {}

local Walker, note = walker.Walker, walker.note

-- { is = "rc" | "tools" | "member" (of rc) | "global" | "variable" | "string" | "function" | "table" }, or nil.

-- An expression's value goes somewhere whole.
function Walker:escape(value)
  if not value then return end
  if value.is == "variable" then
    value.variable.whole = true
    return self:escape(value.variable.value)
  end
  if value.is == "rc" or value.is == "tools" then self.scanned.opaque = true end
end

--- What a value stands for: a local that holds rc is rc.
---@param value? table
---@return table?
function M.meaning(value)
  if value and value.is == "variable" and value.variable.value then return value.variable.value end
  return value
end

local meaning = M.meaning

--- What a value was made of where it stands, or where its local was declared: for its place, not for what it is by now.
---@param value? table
---@return table?
function M.made(value)
  for _ = 1, 10 do
    if not (value and value.is == "variable") then return value end
    value = value.variable.made or value.variable.value
  end
end

-- value.name
function Walker:member(value, name, line)
  local scanned, meant = self.scanned, meaning(value)
  if value and value.is == "variable" then value.variable.fields[name] = true end
  if not meant then return nil end
  if meant.is == "rc" then
    note(scanned.rc, name, line)
    return { is = name == "tools" and "tools" or "member", name = name }
  elseif meant.is == "tools" then
    note(scanned.tools, name, line)
  elseif meant.is == "global" then
    note(scanned.members, meant.name .. "." .. name, line)
  end
end

-- value[expression]
function Walker:index(value, key, line)
  if key and key.is == "string" and key.text then return self:member(value, key.text, line) end
  self:escape(key)
  self:escape(value)
end

local NOTHING = { fields = {} }
local KEYS = { tool = "name", prompt = "name", resource = "uri", template = "uri_template" }
local DECLARES = { tool = true, prompt = true, resource = true, template = true }

-- The text of a field.
local function text_of(node, field)
  local value = M.made(node.fields[field])
  return value and value.is == "string" and value.text or nil
end

function Walker:declared(kind, argument, line)
  local node = M.made(argument)
  if not (node and node.is == "table") then node = nil end
  local here = argument and argument.is == "table" and argument or NOTHING
  local run = meaning(here.fields.run)
  local in_sight = run ~= nil and run.is == "function"
  table.insert(self.scanned.declarations, {
    kind = kind, line = line, name = text_of(here, "name"), key = node and text_of(node, KEYS[kind]), in_sight = in_sight,
    input = in_sight and run.parameters[1] or nil, context = in_sight and run.parameters[2] or nil, node = node,
  })
end

-- value(arguments)
function Walker:called(value, arguments, line)
  local meant = meaning(value)
  if meant and meant.is == "global" and meant.name == "require" then
    local name = arguments[1] and arguments[1].is == "string" and arguments[1].text
    if name == "rc" then return { is = "rc" } end
    if name then note(self.scanned.requires, name, line) else self.scanned.opaque = true end
  elseif meant and meant.is == "member" and DECLARES[meant.name] then
    self:declared(meant.name, arguments[1], line)
  end
end

return M
