--- From a tool's neutral result to MCP content: both faces of the answer carry the data.

local blocks = require "lib.features.blocks"
local faces = require "lib.mcp.faces"
local grouped = faces.grouped
local json = require "core.json"
local long_json = require "lib.async.long_json"
local clean = require("lib.text").clean

local M = {}

local encode = json.encode
local KEPT_BYTES = 1024       -- of a field that survives a result which is too large

-- Whether the structure says no more to a person than the text does.
local function is_plain_error(result)
  local data = result.data
  if not result.is_error or type(data) ~= "table" or data.error ~= result.text then return false end
  for key in pairs(data) do
    if key ~= "ok" and key ~= "error" and not (key == "code" and type(data.code) == "string") then return false end
  end
  return true
end

local function block(text)
  return '{"type":"text","text":' .. encode(text) .. "}"
end

-- The message, blocks of other kinds, and the data, unless one of them says it already.
local function render_all(result, revision, message, second, structured)
  local parts, said = { message }, false
  for _, item in ipairs(result.content) do
    parts[#parts + 1] = blocks.write(item, revision, #parts + 1)
    said = said or item.text == structured
  end
  if second and not said then parts[#parts + 1] = second end
  return "[" .. table.concat(parts, ",") .. "]", structured
end

-- The data as JSON text, in an object where the revision knows no other structured content.
local function structured_text(result, written, revision, has_structured, wraps)
  local text = written or long_json.encode(result.data)
  if not has_structured or revision.any_structure or not wraps and text:byte() == 0x7B then return text end
  return require("lib.features.wrapping").text(text, result.label_beside)
end

local function render(result, written, revision, has_structured, wraps)
  local text = result.text
  local structured = result.data ~= nil and structured_text(result, written, revision, has_structured, wraps) or nil
  local message = text and block(clean(text))
  local second = structured and not is_plain_error(result) and block(faces.text(structured, has_structured, result)) or nil
  if result.content then return render_all(result, revision, message, second, structured) end
  if not second then return message and "[" .. message .. "]" or "[]", structured end
  return message and "[" .. message .. "," .. second .. "]" or "[" .. second .. "]", structured
end

local function problem_of(err)
  return (tostring(err):gsub("^%S+:%d+: ", ""))
end

--- The data of a result as JSON text, which whoever writes or shortens the result needs not write again.
---@param result CallResult
---@return string|nil written   nil where there are none
---@return string? problem     or where they cannot be written, and why
function M.written(result)
  if result.data == nil then return nil end
  local ok, text = pcall(long_json.encode, result.data)
  if ok then return text end
  return nil, problem_of(text)
end

--- Writes a result as JSON: the array of content blocks and the structured content.
--- The data is encoded once; the text block is made of the same bytes.
---@param result CallResult
---@param written string?         its data as JSON text, where that is known
---@param revision Revision       what the client knows
---@param has_structured boolean  whether the answer will carry structured content
---@param wraps? boolean           the schema of the tool does not say that the data are an object: see lib.features.wrapping
---@return string|nil blocks      nil where the result cannot be written as JSON
---@return string? structured     or, with nil, why not
function M.render(result, written, revision, has_structured, wraps)
  local ok, text, structured ---@type boolean, any, any
  ok, text, structured = pcall(render, result, written, revision, has_structured, wraps)
  if ok then return text, structured end
  return nil, problem_of(text)
end

-- The top-level fields that are small enough to keep: ids and states, rather than payloads.
local function small_fields(data)
  local kept = {}
  if type(data) ~= "table" then return kept end
  for key, value in pairs(data) do
    if type(key) == "string" and #encode(value) <= KEPT_BYTES then kept[key] = value end
  end
  return kept
end

--- The result that takes the place of one which is longer than a message may be and cannot be shortened (lib.mcp.fitting); ids
--- stay in it.
---@param result CallResult
---@param bytes integer  what it would have taken
---@param limit integer
---@return CallResult
function M.too_large(result, bytes, limit)
  local message = ("The result has %s bytes, more than the %s that one message may have. "
    .. "Ask for less of it: leave out payloads, or narrow the request."):format(grouped(bytes), grouped(limit))
  local data = small_fields(result.data)
  data.ok, data.error = false, message
  return { text = message, data = data, is_error = true }
end

return M
