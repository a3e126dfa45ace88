--- The parameters that stand in a declaration, and their types.

local made = require("lib.recipes.source.values").made

local M = {}

--- The types of parameters that stand in a declaration, by name.
---@param declaration lint.Declaration
---@param field "input"|"output"|"arguments"
---@return table<string, string> types, { name: string, optional: boolean }[] list, boolean known  all of them are known
function M.of(declaration, field)
  local types, list, known = {}, {}, false
  local node = declaration.node and made(declaration.node.fields[field])
  if not (node and node.is == "table") then return types, list, known end
  known = next(node.fields) == nil and not node.open and #node.items > 0
  for _, item in ipairs(node.items) do
    local entry = made(item.value) ---@type any
    local parts = entry and entry.is == "table" and entry.items or {}
    local name, kind = parts[1] and made(parts[1].value), parts[2] and made(parts[2].value)
    if name and name.is == "string" and name.text and kind and kind.is == "string" and kind.text then
      types[name.text] = kind.text
      list[#list + 1] = { name = name.text, optional = entry.fields.optional ~= nil or entry.fields.default ~= nil or entry.open }
    else
      known = false
    end
  end
  return types, list, known
end

--- The declaration whose function gets a variable as its input; nil where it gets another value, or where several share it.
---@param scanned lint.Scan
---@param variable? lint.Variable
---@return lint.Declaration?
function M.declaration_of(scanned, variable)
  local found
  for _, declaration in ipairs(variable and not variable.assigned and not variable.extended and scanned.declarations or {}) do
    if declaration.input == variable then
      if found then return nil end
      found = declaration
    end
  end
  return found
end

-- The declaration whose function gets what the node reads a field of.
local function declaration_of(scanned, node)
  return M.declaration_of(scanned, node and node.is == "field" and node.of and node.of.is == "variable" and node.of.variable or nil)
end

-- What declares the parameter that the node reads.
local function entry_of(scanned, node)
  local declaration = declaration_of(scanned, node)
  local list = declaration and made(declaration.node and declaration.node.fields.input)
  for _, item in ipairs(list and list.is == "table" and list.items or {}) do
    local entry = made(item.value)
    local name = entry and entry.is == "table" and entry.items[1] and made(entry.items[1].value)
    if name and name.text == node.name then return entry end
  end
end

--- The declared type of what `input.NAME` gives, where that is certain.
---@param scanned lint.Scan
---@param node? table
---@return string?
function M.type_of(scanned, node)
  local declaration = declaration_of(scanned, node)
  return declaration and node and M.of(declaration, "input")[node.name]
end

--- The declared type of the items of `input.NAME`.
---@param scanned lint.Scan
---@param node? table
---@return string?
function M.entry_type_of(scanned, node)
  local entry = entry_of(scanned, node)
  local items = entry and made(entry.fields.items)
  return items and (items.is == "string" and items.text or "object") or nil
end

--- The texts that `input.NAME` may be, where they are declared.
---@param scanned lint.Scan
---@param node? table
---@return table<string, true>?
function M.enum_of(scanned, node)
  local entry = entry_of(scanned, node)
  local list = entry and not entry.open and made(entry.fields.enum)
  if not list or list.is ~= "table" or list.open then return nil end
  local allowed = {}
  for _, item in ipairs(list.items) do
    if item.value.is ~= "string" or not item.value.text then return nil end
    allowed[item.value.text] = true
  end
  return next(allowed) and allowed
end

--- The names that a prompt or a template gives to its function; nil where they are not certain.
---@param declaration lint.Declaration
---@return table<string, true>?
function M.names_of(declaration)
  local names = {}
  if declaration.kind == "template" then
    for name in (declaration.key or ""):gmatch "{[+#]?([%w_.-]+)}" do names[name] = true end
    return declaration.key and names or nil
  end
  local types, _, known = M.of(declaration, "arguments")
  for name in pairs(types) do names[name] = true end
  return known and names or nil
end

return M
