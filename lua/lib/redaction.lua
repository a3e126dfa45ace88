--- The one redaction: what is secret here, and how it is cut out of whatever came from the API and whatever is printed,
--- recorded or logged.
---
--- Two things are secret: the API key, and the `extra_data` of a submit, which holds the keys of partner nodes.  The key is cut
--- wherever it stands.  The values of an `extra_data` are cut out of the answers about its job, for as long as this process
--- knows the job; those of eight and more characters wherever they stand, shorter ones only as a whole string under the name that
--- they had.  What an answer calls `extra_data` is cut as a whole, whoever submitted it.  Ids, output URLs and file names are
--- touched by the key alone, and a status by no short value: a value "png" must not destroy a result that was paid for.
---
--- Nothing of this is ever on disk.

local json = require "core.json"
local in_steps = require "lib.async.in_steps"
local long_json = require "lib.async.long_json"
local meter = require "lib.async.meter"
local redact = require "core.redact"
local secrets_in = require "lib.redaction.secrets"
local brief = require("lib.text").brief

local M = {}

local NAMES = {
  extra_data = "cut", inputs = "inputs", outputs = "outputs", output_urls = "outputs",
  url = "output", filename = "output", subfolder = "output", type = "output", format = "output", fullpath = "output",
  node_id = "output", channel = "output", path = "output", about_path = "output", file = "output", uri = "output",
  status = "word", outcome = "word", error_code = "word", status_url = "word", result_url = "word", cancel_url = "word",
  request_id = "kept", deployment_id = "kept", instance_id = "kept", id = "kept",
}
local KEY_NAMES = { extra_data = NAMES.extra_data, inputs = NAMES.inputs } -- nothing else is spared from the key

---@class Secrets  of one extra_data
---@field package rules core.redact.Rules
---@field package weight integer  bytes that it takes, about
---@field package name? string    the extra_data as JSON, by which it is found again
---@field package jobs integer    how many remember it

-- The key ---------------------------------------------------------------------------------------------

local KEY_MEMBERS = { "authorization", "Authorization", "api_key", "apiKey", "key", "token" }
local EARLIER_KEYS = 4 -- no longer in use, and secret all the same

local in_use = {} ---@type table<string, integer>  keys, and how many use them
-- By keys: those who may still work with one, as calls go on with the account that they began with.
local holders = {} ---@type table<string, table<SecretKey, true>>
local WEAK = { __mode = "k" }
local earlier = {} ---@type string[]  the newest first
local key_rules ---@type core.redact.Rules
local shown_rules ---@type core.redact.Rules[]

-- A key so short, or such a word, that ordinary text may hold it is looked for only where keys stand.
local function is_distinct(key)
  return #key >= 12 or #key >= 8 and key:find "%A" ~= nil
end

local function add_key(options, key)
  local texts, wholes = options.texts, options.wholes
  texts[#texts + 1] = "Bearer " .. key
  if is_distinct(key) then
    texts[#texts + 1] = key
    secrets_in.add_encoded(texts, key)
  end
  for _, name in ipairs(KEY_MEMBERS) do
    wholes[#wholes + 1] = name
    wholes[#wholes + 1] = key
  end
end

local function make_key_rules()
  local options = { texts = {}, wholes = {}, names = KEY_NAMES }
  for key in pairs(in_use) do add_key(options, key) end
  for _, key in ipairs(earlier) do add_key(options, key) end
  key_rules = redact.new(options)
end

-- Jobs --------------------------------------------------------------------------------------------------

local MOST_JOBS = 10000
local MOST_WEIGHT = 32 * 1024 * 1024
-- Sets of secrets that are looked for in what is printed and logged: the newest.
local MOST_SHOWN, MOST_SHOWN_WEIGHT = 63, 16 * 1024 * 1024

local by_name = {} ---@type table<string, Secrets>
local by_job = {} ---@type table<string, Secrets>       by request id
local by_deployment = {} ---@type table<string, Secrets[]>
local order = {} ---@type table<integer, { request_id: string, deployment_id: string, secrets: Secrets }>
local first, last = 1, 0 -- of `order`
local weight = 0
local newest = {} ---@type Secrets[]

local function apply_to_log()
  shown_rules = { key_rules }
  for i, secrets in ipairs(newest) do shown_rules[i + 1] = secrets.rules end
  redact.log(shown_rules)
end

local function refresh()
  make_key_rules()
  apply_to_log()
end

-- Takes out the first that is this one.
local function drop(list, value)
  for i, item in ipairs(list) do
    if item == value then return table.remove(list, i) end
  end
end

---@class SecretKey  a key in use
---@field private key? string
local SecretKey = {}
SecretKey.__index = SecretKey

-- The oldest go first, but none that somebody still has.
local function forget_earlier()
  for i = #earlier, EARLIER_KEYS + 1, -1 do
    local key = earlier[i]
    if next(holders[key]) == nil then
      table.remove(earlier, i)
      holders[key] = nil
    end
  end
end

--- The key is no longer in use.  The last few of these stay secret, and each one as long as anybody has what `add_key` gave.
function SecretKey:close()
  local key = self.key
  self.key = nil
  if not key then return end
  in_use[key] = in_use[key] > 1 and in_use[key] - 1 or nil
  if in_use[key] then return end
  table.insert(earlier, 1, key)
  forget_earlier()
  refresh()
end
SecretKey.__close = SecretKey.close

--- Makes an API key secret, as one of those of all accounts: whatever is printed must hold none of them.
---@param key string
---@return SecretKey use  to be closed when the key is no longer in use
function M.add_key(key)
  if not in_use[key] then
    in_use[key] = 0
    drop(earlier, key)
    refresh()
  end
  in_use[key] = in_use[key] + 1
  local use = setmetatable({ key = key }, SecretKey)
  holders[key] = holders[key] or setmetatable({}, WEAK)
  holders[key][use] = true
  return use
end

local function show(secrets)
  drop(newest, secrets)
  table.insert(newest, 1, secrets)
  local sum = 0
  for i, other in ipairs(newest) do
    sum = sum + other.weight
    if i > 1 and (i > MOST_SHOWN or sum > MOST_SHOWN_WEIGHT) then newest[i] = nil end
  end
  apply_to_log()
end

local LONGEST_NAME = 16 * 1024

--- What is secret in an `extra_data`: from now on it is cut out of what is printed and logged.
---@param extra_data? table
---@return Secrets?  nil where there is none
function M.secrets(extra_data)
  if type(extra_data) ~= "table" or next(extra_data) == nil then return nil end
  local text = json.encode(extra_data)
  local name = #text <= LONGEST_NAME and text or nil
  local secrets = name and by_name[name]
  if not secrets then
    local options, bytes = secrets_in.collect(extra_data)
    options.names = NAMES
    secrets = { rules = redact.new(options), weight = 64 * bytes + 4096, name = name, jobs = 0 }
  end
  if newest[1] ~= secrets then show(secrets) end
  return secrets
end

local function forget_oldest()
  local entry = order[first]
  order[first] = nil
  first = first + 1
  local secrets = entry.secrets
  if by_job[entry.request_id] == secrets then by_job[entry.request_id] = nil end
  secrets.jobs = secrets.jobs - 1
  if secrets.jobs > 0 then return end
  weight = weight - secrets.weight
  if secrets.name and by_name[secrets.name] == secrets then by_name[secrets.name] = nil end
  for deployment_id, list in pairs(by_deployment) do
    for i = #list, 1, -1 do
      if list[i] == secrets then table.remove(list, i) end
    end
    if #list == 0 then by_deployment[deployment_id] = nil end
  end
end

local MOST_OF_DEPLOYMENT = 16

local function note_deployment(deployment_id, secrets)
  local list = by_deployment[deployment_id] or {}
  by_deployment[deployment_id] = list
  drop(list, secrets)
  table.insert(list, 1, secrets)
  list[MOST_OF_DEPLOYMENT + 1] = nil
end

--- Remembers what is secret in the answers about a job; the oldest jobs are forgotten where there are too many.
---@param deployment_id string
---@param request_id? string  nil: of a submit whose answer is lost
---@param secrets Secrets
function M.remember(deployment_id, request_id, secrets)
  if secrets.jobs == 0 then
    weight = weight + secrets.weight
    if secrets.name then by_name[secrets.name] = secrets end
  end
  secrets.jobs = secrets.jobs + 1
  last = last + 1
  order[last] = { request_id = request_id or "", deployment_id = deployment_id, secrets = secrets }
  if request_id then by_job[request_id] = secrets end
  note_deployment(deployment_id, secrets)
  while first < last and (last - first + 1 > MOST_JOBS or weight > MOST_WEIGHT) do forget_oldest() end
end

local NONE = {}

--- What is secret in answers about a job, or about anything else of a deployment; nobody changes the list.
---@param deployment_id string
---@param request_id? string
---@return Secrets[]
function M.of(deployment_id, request_id)
  local secrets = request_id and by_job[request_id]
  return secrets and { secrets } or by_deployment[deployment_id] or NONE
end

-- Cutting -----------------------------------------------------------------------------------------------

local LONG = 64 * 1024      -- bytes from which a text is gone through in pieces, between which the loop turns
local PIECE = 128 * 1024    -- bytes of a piece
local STEPS = PIECE // 128  -- of the meter's that it takes

local function is_long(text)
  return #text > LONG and in_steps.possible()
end

local function cut_in_steps(rules, text, as)
  return in_steps.run(STEPS, rules.cut_in_steps, rules, text, as, PIECE)
end

local function cut(rules, text, outputs)
  if is_long(text) then return cut_in_steps(rules, text, outputs and "outputs" or "json") end
  if rules:passes(text) then return text end
  return rules:json(text, outputs) or rules:text(text)
end

local function cut_text(rules, text)
  if is_long(text) then return cut_in_steps(rules, text, "text") end
  return rules:text(text)
end

--- What came from the API, without what is secret.
---@param body string
---@param list? Secrets[]
---@return string
function M.foreign(body, list)
  body = cut(key_rules, body)
  for _, secrets in ipairs(list or NONE) do body = cut(secrets.rules, body) end
  return body
end

--- A text that tells of a failure or of progress, without all that is known to be secret.
---@param text string
---@return string
function M.text(text)
  for _, rules in ipairs(shown_rules) do text = cut_text(rules, text) end
  return text
end

--- The beginning of such a text, up to a number of bytes; what is cut off was looked at, too.
---@param text string
---@param bytes integer
---@return string
function M.brief(text, bytes)
  return brief(M.text(brief(text, 2 * bytes)), bytes)
end

--- A text of which nothing else may be cut, without the key, and without what looks like an `extra_data`.
---@param text string
---@return string
function M.told(text)
  return cut_text(key_rules, text)
end

-- The end of the URL that begins at `at`.
local function url_end(text, at)
  return (text:find("[%s%c\"'<>`]", at) or #text + 1) - 1
end

-- Where a URL begins, from `at` on.
---@param text string
---@param at integer
---@return integer?
local function next_url(text, at)
  while true do
    local found = text:find("http", at, true)
    if not found then return nil end
    if text:find("^s?://", found + 4) then return found end
    at = found + 4
  end
end

--- A text that a person or a model is to read: without all that is known to be secret; from the URLs in it the key alone is cut,
--- for they must still lead where they led.
---@param text string
---@return string
function M.prose(text)
  if M.text(text) == text then return text end
  local parts, at = {}, 1
  while true do
    local url = next_url(text, at)
    parts[#parts + 1] = M.text(text:sub(at, url and url - 1))
    if not url then return table.concat(parts) end
    local stop = url_end(text, url)
    parts[#parts + 1] = M.told(text:sub(url, stop))
    at = stop + 1
  end
end

--- The JSON of a result of our own, or of a record: without all that is known to be secret; in URLs, paths and ids the key alone.
---@param text string
---@return string
function M.json(text)
  for _, rules in ipairs(shown_rules) do text = cut(rules, text, rules ~= key_rules) end
  return text
end

--- The same for a value, which is returned as it is where nothing in it is secret.
---@generic T
---@param value T  what JSON can say
---@return T
function M.value(value)
  if value == nil or type(value) == "boolean" then return value end
  local work = meter.new { shielded = true }
  local before = long_json.encode(value)
  if #before > LONG then work:pause() end
  local after = M.json(before)
  if after == before then return value end
  if #after > LONG then work:pause() end
  return (json.decode(after))
end

refresh()

return M
