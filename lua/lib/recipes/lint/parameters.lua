--- The parameters that stand in a declaration, and their types.

local made = require("lib.recipes.lint.values").made

local M = {}

--- The types of parameters that stand in a declaration, by name.
---@param declaration lint.Declaration
---@param field "input"|"output"
---@return table<string, string> types, { name: string, optional: boolean }[] list, boolean known  all of them are known
function M.of(declaration, field)
  local types, list, known = {}, {}, false
  local node = declaration.node and made(declaration.node.fields[field])
  if not (node and node.is == "table") then return types, list, known end
  known = next(node.fields) == nil and not node.open and #node.items > 0
  for _, item in ipairs(node.items) do
    local entry = made(item.value)
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

--- The declared type of what `input.NAME` gives, where that is certain.
---@param scanned lint.Scan
---@param node? table
---@return string?
function M.type_of(scanned, node)
  local variable = node and node.is == "field" and node.of and node.of.is == "variable" and node.of.variable
  for _, declaration in ipairs(variable and scanned.declarations or {}) do
    if declaration.input == variable and not variable.assigned and not variable.extended then
      return M.of(declaration, "input")[node.name]
    end
  end
end

return M
