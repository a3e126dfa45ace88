--- What is secret in an `extra_data`, and the spellings in which it may come back.

local codec = require "core.codec"
local hex = require "lib.hex"
local json = require "core.json"
local trim = require "lib.trim"

local M = {}

local LONG_ENOUGH = 8      -- characters from which a value is cut wherever it stands
local MOST_TEXTS = 4096    -- values of one extra_data that are looked for
local MOST_BYTES = 131072  -- of them; of a longer one the first 256 bytes count
local HEAD = 256
local MOST_ENCODED = 256   -- values that are looked for in base 16 and base64, too
local LONGEST_JSON = 65536 -- bytes of a value that is read as JSON
local TOKEN = 20           -- characters from which a name may be a secret itself

-- Words of the API: what they hold is no secret, and without them an answer says nothing.
local PUBLIC = {
  "completed", "succeeded", "cancelled", "canceled", "in_progress", "in_queue", "not_cancellable", "processing", "request_id",
  "deployment_id", "instance_id", "queue_position", "output_urls", "error_code", "error_message", "exception_message",
  "cancellation_requested", "status_code", "status_url", "result_url", "cancel_url", "workflow_api_json", "overrides",
  "extra_data", "filename", "subfolder", "https://", "class_type", "node_errors",
}

local function is_public(text)
  local lower = text:lower()
  for _, word in ipairs(PUBLIC) do
    if word:find(lower, 1, true) then return true end
  end
  return false
end

local function characters(text)
  return utf8.len(text) or #text
end

--- Adds what a text is in base 16 and in base64, wherever in a longer text it stands: of the latter the part that does not depend
--- on what is around it.
---@param texts string[]
---@param text string
function M.add_encoded(texts, text)
  local digits = hex(text)
  texts[#texts + 1] = digits
  texts[#texts + 1] = digits:upper()
  for shift = 0, 2 do
    local encoded = codec.base64_encode(("\0"):rep(shift) .. text)
    local core = encoded:sub(math.ceil(shift * 8 / 6) + 1, (shift + #text) * 8 // 6)
    texts[#texts + 1] = core
    if core:find "[+/]" then texts[#texts + 1] = core:gsub("%+", "-"):gsub("/", "_") end
  end
end

---@class Collected
---@field options { texts: string[], numbers: string[], wholes: string[] }
---@field found string[]  that are cut wherever they stand
---@field encoded string[]  … also in those encodings
local Collected = {}
Collected.__index = Collected

function Collected:add(text)
  self.found[#self.found + 1] = text
end

local function by_length(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

-- The short ones first, for secrets are; as many as the bounds let.
local function take(texts, list, bytes)
  table.sort(list, by_length)
  for _, text in ipairs(list) do
    if #texts >= MOST_TEXTS or bytes >= MOST_BYTES then break end
    texts[#texts + 1] = text
    bytes = bytes + math.min(#text, HEAD)
  end
  return bytes
end

local function spellings(list)
  local texts = {}
  table.sort(list, by_length)
  for i = 1, math.min(#list, MOST_ENCODED) do M.add_encoded(texts, list[i]) end
  return texts
end

function Collected:finish()
  local texts = self.options.texts
  local bytes = take(texts, self.found, 0)
  return take(texts, spellings(self.encoded), bytes)
end

local SCHEMES = { "Bearer ", "Basic ", "Token " }

-- A text that is cut wherever it stands, and its spellings that no escape makes.
function Collected:add_everywhere(text)
  self:add(text)
  if #text > HEAD then return end
  local core = trim(text)
  if core ~= text and characters(core) >= LONG_ENOUGH then self:add(core) end
  if core:find(" ", 1, true) then self:add((core:gsub(" ", "+"))) end -- of a form
  for _, scheme in ipairs(SCHEMES) do
    if core:sub(1, #scheme):lower() == scheme:lower() and #core >= #scheme + LONG_ENOUGH then self:add(core:sub(#scheme + 1)) end
  end
  self.encoded[#self.encoded + 1] = core
end

function Collected:add_text(text, name)
  if text == "" then return end
  if characters(text) >= LONG_ENOUGH and not is_public(text) then
    self:add_everywhere(text)
  elseif name and #self.options.wholes < 2 * MOST_TEXTS then
    local wholes = self.options.wholes
    wholes[#wholes + 1] = name
    wholes[#wholes + 1] = text
  end
  if #text <= LONGEST_JSON and text:find "^%s*[%[{]" then
    local value = json.decode(text)
    if type(value) == "table" then self:collect(value, name) end
  end
end

function Collected:add_number(number, name)
  local text = type(number) == "number" and number ~= math.floor(number) and json.encode(number) or tostring(number)
  local numbers = self.options.numbers
  if #text >= LONG_ENOUGH and #numbers < MOST_TEXTS then numbers[#numbers + 1] = text end
  self:add_text(text, name)
end

-- A name such as a token is: long, and of letters and digits.
local function is_token(name)
  return #name >= TOKEN and name:find "%d" ~= nil and name:find "%a" ~= nil and not name:find "%s"
end

function Collected:collect(value, name)
  local kind = type(value)
  if kind == "string" then
    self:add_text(value, name)
  elseif kind == "number" or kind == "userdata" and value ~= json.null then
    self:add_number(value, name)
  elseif kind == "table" then
    for key, item in next, value do
      local is_name = type(key) == "string"
      if is_name and is_token(key) then self:add_everywhere(key) end
      self:collect(item, is_name and key or name)
    end
  end
end

--- What is looked for.
---@param extra_data table
---@return core.redact.Options options, integer bytes
function M.collect(extra_data)
  local self = setmetatable({ options = { texts = {}, numbers = {}, wholes = {} }, found = {}, encoded = {} }, Collected)
  self:collect(extra_data)
  return self.options, self:finish()
end

return M
