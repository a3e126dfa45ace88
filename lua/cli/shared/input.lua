--- The arguments of a tool, from the words of a command line.

local errors = require "lib.errors"
local json = require "core.json"
local text_file = require "lib.text_file"

local M = {}

local function bad_input(format, ...)
  return nil, errors.new(format:format(...), { code = "bad_input" })
end

local function decode(text, source)
  local value, message = json.decode(text, true)
  if value == nil then return bad_input("%s is no JSON: %s", source, message) end
  return value
end

local function decode_object(text, source)
  local value, err = decode(text, source)
  if value == nil then return nil, err end
  if type(value) ~= "table" or getmetatable(value) == json.array then
    return bad_input("%s must be a JSON object, such as {\"deployment_id\": \"…\"}", source)
  end
  return value
end

local LARGEST = 128 * 1024 * 1024 -- bytes of a file with arguments: pictures may be in them

local function read_file(path)
  if path == "-" then return text_file.read_from(io.stdin, "standard input", LARGEST, text_file.decode) end
  return text_file.read(path, LARGEST, text_file.decode)
end

-- JSON values may lie in a file: no JSON text begins with "@".
local function text_of(value, name)
  if value:sub(1, 1) ~= "@" then return value end
  local text, message = read_file(value:sub(2))
  if not text then return bad_input("%s: cannot read %s", name, message) end
  -- An empty word says "none"; an empty file is what a full disk, or a program that failed, has left.
  if not text:find "%S" then return bad_input("%s: %s is empty", name, value == "@-" and "standard input" or value:sub(2)) end
  return text
end

-- overrides=…, ids=…: JSON, or for a list also its items, one a word.
local function structured(entry, values)
  local first, err = text_of(values[1], entry[1])
  if not first then return nil, err end
  if first == "" and #values == 1 then return "" end -- says nothing: the tool's check knows whether that may be
  if entry[2] == "array" and (#values > 1 or not first:find("^%s*%[")) then return json.as_array(values) end
  return decode(first, entry[1])
end

local function scalar(entry, value)
  if entry and entry[2] ~= "string" and value == "null" then return json.null end
  return value -- numbers and booleans are read by the tool's own check
end

-- Words to { name = {value, …} }, and the names in their order.
local function split(words)
  local values, names = {}, {}
  for _, word in ipairs(words) do
    local name, value = word:match("^([%w_%-]+)=(.*)$")
    if not name then return bad_input("'%s' is no key=value", word) end
    name = name:gsub("-", "_")
    if not values[name] then
      values[name] = {}
      names[#names + 1] = name
    end
    table.insert(values[name], value)
  end
  return values, names
end

--- Reads `key=value` words by the types of the tool's parameters: text stays text, an object or a list
--- is JSON or @FILE with JSON in it, a word repeated is a list.  Names that the tool does not have pass
--- through: its check refuses them.
---@param words string[]
---@param parameters Parameter[]
---@return table? arguments, Error? err
---@return_overload table
---@return_overload nil, Error
function M.from_words(words, parameters)
  local entries = {}
  for _, entry in ipairs(parameters) do entries[entry[1]] = entry end
  local values, names = split(words)
  if not values then return nil, names --[[@as Error]] end
  local arguments = {}
  for _, name in ipairs(names) do
    local entry, err = entries[name], nil
    local is_structured = entry and (entry[2] == "object" or entry[2] == "array")
    if #values[name] > 1 and not (entry and entry[2] == "array") then
      return bad_input("%s is given %d times", name, #values[name])
    end
    if is_structured and values[name][1] ~= "null" then
      arguments[name], err = structured(entry, values[name])
    else
      arguments[name] = scalar(entry, values[name][1])
    end
    if err then return nil, err end
  end
  return arguments
end

--- Reads the arguments from JSON text, or from standard input for "-".
---@param text string
---@return table? arguments, Error? err
---@return_overload table
---@return_overload nil, Error
function M.from_json(text)
  if text ~= "-" then return decode_object(text, "--args") end
  local input, message = read_file "-"
  if not input then return bad_input("cannot read %s", message) end
  return decode_object(input, "standard input")
end

return M
