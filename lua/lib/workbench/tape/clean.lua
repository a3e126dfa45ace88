--- What is recorded on a tape: copies of plain values, without what is secret.

local json = require "core.json"
local long_json = require "lib.async.long_json"
local meter = require "lib.async.meter"
local redaction = require "lib.redaction"

local M = {}

local REMOVED = "[redacted]"

local SECRET_NAMES = { "api_?key", "token$", "secret", "passw", "authorization", "credential" }

--- Whether what has such a name is secret, whatever it is; not "max_tokens".
---@param name any
---@return boolean
function M.is_secret_name(name)
  local lower = type(name) == "string" and name:lower() or ""
  for _, pattern in ipairs(SECRET_NAMES) do
    if lower:find(pattern) then return true end
  end
  return false
end

-- The query of a URL may be a signature, and a name before its host a password.
local function clean_word(word)
  local _, scheme = word:find("://", 1, true)
  if not scheme or not word:sub(1, scheme - 3):lower():find "https?$" then return word end
  word = word:sub(1, (word:find("?", scheme + 1, true) or #word + 1) - 1)
  local stop = word:find("[/#]", scheme + 1) or #word + 1
  local at = word:find("@", scheme + 1, true)
  return at and at < stop and word:sub(1, scheme) .. word:sub(at + 1) or word
end

local PIECE = 65536    -- bytes of a text that are cleaned at a time
local BYTES_A_STEP = 8

-- Piece by piece, cut between words.
local function clean_text(text, work)
  if not text:find("://", 1, true) then return text end
  local parts, from = {}, 1
  while from <= #text do
    local to = text:find("[%s\"']", from + PIECE) or #text
    parts[#parts + 1] = text:sub(from, to):gsub("[^%s\"']+", clean_word)
    work:step((to - from) // BYTES_A_STEP)
    from = to + 1
  end
  return table.concat(parts)
end

-- Takes what is secret out of a copy of our own.
local function clean(value, work)
  work:step()
  if type(value) == "string" then return clean_text(value, work) end
  if type(value) ~= "table" then return value end
  for key, item in next, value do
    value[key] = M.is_secret_name(key) and type(item) == "string" and REMOVED or clean(item, work)
  end
  return value
end

--- A value as it is recorded: a copy, without what is secret.
---@param value any
---@return any
function M.copy(value)
  if value == nil then return nil end
  local work = meter.new()
  local text = long_json.encode(value)
  work:step(#text // BYTES_A_STEP)
  text = redaction.json(text)
  work:step(#text // BYTES_A_STEP)
  value = json.decode(text)
  work:step(#text // BYTES_A_STEP)
  return clean(value, work)
end

return M
