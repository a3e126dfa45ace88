--- Results of requests as a recipe can hold them: one that is too large is shortened, with a note; its `output_urls` are whole.

local abridge = require "lib.abridge"
local json = require "core.json"
local long_json = require "lib.async.long_json"

local M = {}

local LONGEST, SHORTENED = 4 * 1024 * 1024, 1024 * 1024 -- bytes of a result: that a recipe gets whole; and of a longer one
local MOST_PARTS = 200000 -- of a result: each takes memory of the recipe's

local function is_large(raw)
  local bytes = raw:size()
  return bytes > LONGEST or bytes > 2 * MOST_PARTS and select(2, raw:text():gsub(",", "")) > MOST_PARTS
end

--- The result, whole or shortened, and the note of what was done.
---@param result any  as a tool gave it
---@param note? any   that there is already
---@return core.json.Raw result, any note
function M.bounded(result, note)
  local raw = json.raw(long_json.encode(result == nil and json.null or result)) --[[@as core.json.Raw]]
  if not is_large(raw) then return raw, note end
  local own = ("The result has %d bytes and was shortened; output_urls are whole."):format(raw:size())
  local shortened = json.raw(abridge.text(raw, SHORTENED, { plain = true })) --[[@as core.json.Raw]]
  return shortened, type(note) == "string" and note .. " " .. own or own
end

local RESULTS = { get_request_result = true, submit_request = true }

--- The structured content of a tool that a recipe called, its result bounded.
---@param name string  of the tool
---@param data any
---@return any
function M.of_tool(name, data)
  if not RESULTS[name] or type(data) ~= "table" or data.result == nil then return data end
  local result, note = M.bounded(data.result, data.note)
  if note == data.note then return data end
  local copy = {}
  for key, value in pairs(data) do copy[key] = value end
  copy.result, copy.note = result, note
  return json.like(data, copy)
end

return M
