--- The line of what a message about a declaration speaks of.  Declarations are read as values, which know no lines: where one is
--- wrong, its source is read for the place.

local made = require("lib.recipes.source.values").made
local scan = require "lib.recipes.source.scan"

local M = {}

local KINDS = { tool = true, prompt = true, resource = true, template = true }
local MOST_WORDS = 8 -- quoted in a message

-- "tool 'poster': rest" and "rc.tool: rest": kind, key, rest.
local function head_of(message)
  local kind, rest = message:match "^rc%.(%a+):? (.*)$"
  if kind and KINDS[kind] then return kind, nil, rest end
  local key, at
  kind, key, at = message:match "^(%a+) '([^']*)'()"
  if not KINDS[kind] then return nil, nil, message end
  return kind, key, message:sub(at)
end

local function declaration_of(scanned, kind, key)
  local found
  for _, declaration in ipairs(scanned.declarations) do
    if (not kind or declaration.kind == kind) and (not key or declaration.key == key) then
      if found and not key then return nil end -- which one is not known
      found = declaration -- of two of one name the second is the one too many
    end
  end
  return found
end

-- What a step leads to: the value and the line of a field, or of an entry of a list.
local function step(node, name)
  node = made(node)
  if not (node and node.is == "table") then return nil end
  local index = math.tointeger(name)
  local item = index and node.items[index]
  if item then return item.value, item.line end
  if index or not node.fields[name] then return nil end
  return node.fields[name], node.lines[name]
end

-- The line of a text in a list of texts.
local function text_in(node, text)
  node = made(node)
  for _, item in ipairs(node and node.is == "table" and node.items or {}) do
    local value = made(item.value)
    if value and value.is == "string" and value.text == text then return item.line end
  end
end

-- "input[2].items[1]: …": the value, the line, and what comes after.
local function follow_path(node, message)
  local path, rest = message:match "^([%w_]+%[[%w_%.%[%]]*%])(.*)$"
  if not path then return nil, nil, message end
  local line
  for name in path:gmatch "[%w_]+" do
    local value, at = step(node, name)
    if not at then break end
    node, line = value, at
  end
  return node, line, rest
end

-- The way to a keyword of a schema: "is no JSON Schema: properties/s/type must …", "as JSON: at .properties.s.minimum: …".
local function keyword_path(message)
  for _, before in ipairs { "is no JSON Schema: ", "as JSON: at ." } do
    local _, last = message:find(before, 1, true)
    if last then return message:match("^[%w_/.$]+", last + 1) or "" end
  end
  return ""
end

local function words_of(message)
  local words = {}
  for word in message:gmatch "'([^']*)'" do
    if #words >= MOST_WORDS then break end
    words[#words + 1] = word
  end
  for word in keyword_path(message):gmatch "[%w_$]+" do words[#words + 1] = word end
  return words
end

-- Goes on from a value as far as the words of the message name what is in it.
local function follow_words(node, line, message)
  for _, word in ipairs(words_of(message)) do
    local value, at = step(node, word)
    if at then node, line = value, at else line = text_in(node, word) or line end
  end
  local entry = message:match "entry (%d+)"
  local _, at = step(node, entry or "")
  return at or line
end

local function find(text, message)
  local ok, scanned = pcall(scan.scan, (text:gsub("^#[^\n]*", "")))
  if not ok then return nil end
  local kind, key, rest = head_of(message)
  local declaration = declaration_of(scanned, kind, key)
  if not declaration then return nil end
  local node, line, tail = follow_path(declaration.node, rest)
  return follow_words(node or declaration.node, line or declaration.line, tail)
end

--- A message about a declaration with its place before it: "poster.lua:3: field 'input' …".
---@param shown string    what messages call the file
---@param text? string    its source; nil: it is not known
---@param message string
---@return string placed, integer? line
function M.placed(shown, text, message)
  local line = text and find(text, message)
  if not line then return ("%s: %s"):format(shown, message) end
  return ("%s:%d: %s"):format(shown, line, message), line
end

return M
