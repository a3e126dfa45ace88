--- A result that is longer than a message may be, made to fit.  It stays what it is, for what made it may have been paid:
--- the small members of its data whole, the large ones in part, and blocks of content as far as there is room.

local abridge = require "lib.abridge"
local grouped = require("lib.mcp.faces").grouped
local in_steps = require "lib.async.in_steps"
local json = require "core.json"

local M = {}

local MOST = 1024 * 1024 -- bytes of a member that is shown in part

local function block_size(block)
  local resource = block.resource or {}
  return #(block.text or block.data or resource.text or resource.blob or "")
end

-- The blocks that fit into so many bytes, texts in the place of the others; the bytes.
local function fitting_blocks(blocks, room)
  local kept, bytes = {}, 0
  for i, block in ipairs(blocks) do
    local size = block_size(block)
    if bytes + size <= room then
      kept[i], bytes = block, bytes + size
    else
      kept[i] = { type = "text", text = ("… a block of type %s with %s bytes is left out"):format(tostring(block.type), grouped(size)) }
    end
  end
  return kept, bytes
end

local function is_object(data)
  return type(data) == "table" and getmetatable(data) ~= json.array
end

-- Plain values, so that they can be checked.
local function fitting_data(data, written, room, statement)
  if #written <= room then return data end
  local raw = assert(json.raw(written))
  in_steps.turn_behind(#written)
  local text = abridge.text(raw, room, { plain = true, most = MOST })
  in_steps.turn_behind(#written)
  local value = json.decode(text)
  if is_object(value) and value.shortened == nil then value.shortened = statement end
  return value
end

--- The same result in fewer bytes, which says so: in its text, and as `shortened` in its data where they are an object.
---@param result CallResult
---@param written string?  its data as JSON text; nil: it has none
---@param bytes integer  what it would have taken
---@param limit integer  what a message may have
---@return CallResult
function M.result(result, written, bytes, limit)
  local statement = ("This result was shortened: it has %s bytes, and one message may have %s. Ids, URLs and other small members are "
    .. "whole, large ones are not. rcmcp call on a command line prints it unshortened."):format(grouped(bytes), grouped(limit))
  local copy = {}
  for key, value in pairs(result) do copy[key] = value end
  local used = 0
  if result.content then copy.content, used = fitting_blocks(result.content, limit // 2) end
  if written then copy.data = fitting_data(result.data, written, limit * 3 // 4 - used, statement) end
  copy.text = result.text and result.text .. "\n" .. statement or statement
  return copy --[[@as CallResult]]
end

--- Runs a check of such data as if nothing had been said in them of the shortening.
---@param data any
---@param check fun(data: any): true|nil, string?
---@return true|nil ok, string? problem
function M.check_without(data, check)
  if not is_object(data) or type(data.shortened) ~= "string" then return check(data) end
  local statement = data.shortened
  data.shortened = nil
  local ok, problem = check(data)
  data.shortened = statement
  return ok, problem
end

return M
