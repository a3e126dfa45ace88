--- From a tool's neutral result to MCP content: both faces of the answer carry the data.

local blocks = require "lib.mcp.blocks"
local errors = require "lib.errors"
local faces = require "lib.mcp.faces"
local grouped = faces.grouped
local json = require "core.json"
local long_json = require "lib.long_json"
local clean = require("lib.text").clean

local M = {}

local encode = json.encode
local MOST_TEXT = 4 * 1024 * 1024 -- bytes of a result that is given twice, so that every client sees the whole
local KEPT_BYTES = 1024       -- of a field that survives a result which is too large

---@class Begun
---@field name_in fun(self: Begun, err: Error): Error  the error, which names what goes on, and what has ended with a result
---@field account fun(self: Begun): string?            the same in words; nil for nothing

---@class CallResult  what a call of a tool gives, in no protocol's words
---@field text? string      a message for a person
---@field data? any           the structured content
---@field content? Block[]   what the answer shows beside, in order
---@field outline? fun(): Outline?  what its text says first where the data are long: see lib.mcp.faces
---@field begun? Begun     what the call has begun: an error that takes the result's place names it
---@field is_error boolean
---@field pending? boolean    there is no result yet: the data say how to come back for it
---@field simulated? boolean    of the simulator: the data get the mark that says so
---@field mark_beside? boolean  the data have no room for that mark: see lib.mcp.mark

--- The result that tells an error.
---@param err Error|string
---@return CallResult
function M.failure(err)
  if not errors.is(err) then err = errors.new(tostring(err)) end
  err.message = clean(err.message)
  return { text = err.message, data = errors.data(err), content = err.content, is_error = true }
end

--- The error that carries a result which cannot be delivered as one: what made it may have been paid.
---@param message string  what is wrong with it
---@param result { text: string?, data: any, content: Block[]?, simulated: boolean?, begun: Begun? }
---@return Error
function M.undelivered(message, result)
  local text = result.text and message .. "\n" .. result.text or message
  local shown = result.content
  local ok, written = pcall(encode, result.data, MOST_TEXT)
  if ok and result.data ~= nil and #written > faces.CHARACTERS then -- the text that every client sees is cut there
    shown = table.move(shown or {}, 1, #(shown or {}), 1, {})
    table.insert(shown, 1, { type = "text", text = written })
  end
  local data = json.ordered({ "ok", "error", "code", "returned", "simulated" }, {
    ok = false, error = message, code = "bad_result", returned = result.data, simulated = result.simulated,
  })
  local err = errors.new(text, { code = "bad_result", data = data, content = shown })
  return result.begun and result.begun:name_in(err) or err
end

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
  return require("lib.mcp.wrapping").text(text, result.mark_beside)
end

local function render(result, written, revision, has_structured, wraps)
  local text = result.text
  local structured = result.data ~= nil and structured_text(result, written, revision, has_structured, wraps) or nil
  local message = text and block(clean(text))
  local second = structured and not is_plain_error(result) and block(faces.text(structured, has_structured, result.outline)) or nil
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
---@param wraps? boolean           the schema of the tool does not say that the data are an object: see lib.mcp.wrapping
---@return string|nil blocks      nil where the result cannot be written as JSON
---@return string? structured     or, with nil, why not
function M.render(result, written, revision, has_structured, wraps)
  local ok, text, structured = pcall(render, result, written, revision, has_structured, wraps)
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
