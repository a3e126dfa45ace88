--- Unicode's general categories, as \p{…} of regular expressions names them.

local M = {}

-- The long names, and the two aliases that the standard has.
local LONG = {
  Other = "C", Control = "Cc", cntrl = "Cc", Format = "Cf", Unassigned = "Cn", Private_Use = "Co", Surrogate = "Cs",
  Letter = "L", Cased_Letter = "LC", Lowercase_Letter = "Ll", Modifier_Letter = "Lm", Other_Letter = "Lo", Titlecase_Letter = "Lt",
  Uppercase_Letter = "Lu", Mark = "M", Combining_Mark = "M", Spacing_Mark = "Mc", Enclosing_Mark = "Me", Nonspacing_Mark = "Mn",
  Number = "N", Decimal_Number = "Nd", digit = "Nd", Letter_Number = "Nl", Other_Number = "No",
  Punctuation = "P", punct = "P", Connector_Punctuation = "Pc", Dash_Punctuation = "Pd", Close_Punctuation = "Pe",
  Final_Punctuation = "Pf", Initial_Punctuation = "Pi", Other_Punctuation = "Po", Open_Punctuation = "Ps",
  Symbol = "S", Currency_Symbol = "Sc", Modifier_Symbol = "Sk", Math_Symbol = "Sm", Other_Symbol = "So",
  Separator = "Z", Line_Separator = "Zl", Paragraph_Separator = "Zp", Space_Separator = "Zs",
}

local categories ---@type table<string, string>
local flat = {}  ---@type table<string, integer[]>  first, last, first, last, … in order

local function decode(name)
  if flat[name] then return flat[name] end
  local bounds, at = {}, 0
  -- linear: a table of our own
  for gap, length in categories[name]:gmatch "(%w+)%+?(%w*)" do
    local first = at + tonumber(gap, 36) --[[@as integer]]
    local last = first + (length ~= "" and tonumber(length, 36) or 0)
    bounds[#bounds + 1], bounds[#bounds + 2] = first, last
    at = last + 1
  end
  flat[name] = bounds
  return bounds
end

local function contains(bounds, code)
  local low, high = 1, #bounds // 2
  while low <= high do
    local middle = (low + high) // 2
    if code < bounds[2 * middle - 1] then
      high = middle - 1
    elseif code > bounds[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

-- The categories that a name stands for; nil where it is none.
local function members(name)
  if name == "LC" then return { "Ll", "Lt", "Lu" } end
  if categories[name] then return { name } end
  if not name:find "^[LMNPSZC]$" then return nil end
  local list = {}
  for category in pairs(categories) do
    if category:sub(1, 1) == name then list[#list + 1] = category end
  end
  return list
end

local function surrogate(code) return code >= 0xD800 and code <= 0xDFFF end

local function in_any(list)
  return function(code)
    for i = 1, #list do
      if contains(list[i], code) then return true end
    end
    return false
  end
end

local function all_names()
  local names = {}
  for name in pairs(categories) do names[#names + 1] = name end
  return names
end

local function set_of(names)
  local list = {}
  for i, name in ipairs(names) do list[i] = decode(name) end
  return in_any(list)
end

local SPECIAL = {
  Any = function() return function() return true end end,
  ASCII = function() return function(code) return code < 0x80 end end,
  Cs = function() return surrogate end,
}

function SPECIAL.Cn()
  local assigned = set_of(all_names())
  return function(code) return not assigned(code) and not surrogate(code) end
end

function SPECIAL.Assigned()
  local unassigned = SPECIAL.Cn()
  return function(code) return not unassigned(code) end
end

function SPECIAL.C()
  local others, unassigned = set_of(members "C"), SPECIAL.Cn()
  return function(code) return others(code) or surrogate(code) or unassigned(code) end
end

--- The set that a property names: "L", "Letter", "Lu", "gc=Nd", "General_Category=Letter", "Any", "ASCII", …
---@param property string
---@return (fun(code: integer): boolean)|nil set  nil: no such property here
function M.set(property)
  categories = categories or require "lib.unicode.categories"
  local name = property:match "^General_Category=(.*)$" or property:match "^gc=(.*)$" or property
  name = LONG[name] or name
  if SPECIAL[name] then return SPECIAL[name]() end
  local names = members(name)
  return names and set_of(names)
end

return M
