--- What a recipe gives, without what is secret.  URLs, paths and ids stay; see lib.redaction.

local redaction = require "lib.redaction"

local M = {}

local WORDS = { "text", "title", "description" }
local ADDRESSES = { "uri", "name" } -- names of files, too

-- JSON in a text keeps its URLs and ids as data do.
local function text(value)
  if value:find "^%s*[{%[]" then return redaction.json(value) end
  return redaction.prose(value)
end

--- A block of content; pictures and sounds are what they are.
---@param block Block
---@return Block
function M.block(block)
  for _, name in ipairs(WORDS) do
    if type(block[name]) == "string" then block[name] = text(block[name]) end
  end
  for _, name in ipairs(ADDRESSES) do
    if type(block[name]) == "string" then block[name] = redaction.told(block[name]) end
  end
  if block.resource then M.block(block.resource --[[@as any]]) end
  return block
end

--- The result of a tool.
---@param result CallResult
function M.result(result)
  result.data = redaction.value(result.data)
  result.text = result.text and text(result.text)
  for _, block in ipairs(result.content or {}) do M.block(block) end
end

local function message(value)
  if type(value) == "string" then return text(value) end
  if type(value) ~= "table" then return value end
  if value.type ~= nil then return M.block(value) end
  if value.content ~= nil then value.content = message(value.content) end
  return value
end

--- The messages of a prompt: a text, a block, or a list of them.
---@param value any
---@return any
function M.messages(value)
  if type(value) == "table" then
    for index, entry in ipairs(value) do value[index] = message(entry) end
  end
  return message(value)
end

--- What a resource gives: text, bytes, or data.
---@param value any
---@return any
function M.contents(value)
  if type(value) == "string" then return utf8.len(value) and text(value) or value end
  if type(value) == "table" then return redaction.value(value) end
  return value
end

return M
