--- What the API answered: its JSON as checked bytes, its text, or the error that either one means.
---
--- RunComfy says no in several ways: a status of 400 to 599 with JSON of its own, FastAPI's `detail`, a
--- proxy's HTML page or nothing at all; and HTTP 200 with an `error_code`.  All become one Error.

local advice = require "lib.runcomfy.advice"
local body = require "lib.runcomfy.body"
local description = require "lib.runcomfy.description"
local json = require "core.json"
local texts = require "lib.text"
local told = require "lib.runcomfy.told"

local clean, shortened = texts.clean, texts.head

local M = {}

local MESSAGE_LIMIT = 1000   -- characters of a message made from text that was not meant as one
local TEXT_LIMIT = 20000     -- characters of a text answer kept in an error

local REASONS = {
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden", [404] = "Not Found",
  [405] = "Method Not Allowed", [408] = "Request Timeout", [409] = "Conflict", [410] = "Gone", [413] = "Content Too Large",
  [415] = "Unsupported Media Type", [422] = "Unprocessable Entity", [429] = "Too Many Requests",
  [500] = "Internal Server Error", [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
}

-- Text ---------------------------------------------------------------------------------------------

local function squeezed(text)
  text = text:gsub("%s+", " ")
  local from = text:sub(1, 1) == " " and 2 or 1
  local to = text:sub(-1) == " " and -2 or -1
  return text:sub(from, to)
end

-- The page without its tags and without what is no text of it.  Plain finds alone: a page may be made to be slow to match.
local function without_tags(html, lower)
  local parts, at = {}, 1
  while true do
    local open = html:find("<", at, true)
    parts[#parts + 1] = html:sub(at, (open or 0) - 1)
    if not open then return table.concat(parts, " ") end
    local hidden = lower:sub(open + 1, open + 5) == "style" and "</style" or lower:sub(open + 1, open + 6) == "script" and "</script"
    if hidden then open = lower:find(hidden, open, true) or #html end
    at = (html:find(">", open, true) or #html) + 1
  end
end

local function title_of(html, lower)
  local open = lower:find("<title", 1, true)
  local from = open and html:find(">", open, true)
  local to = from and html:find("</", from, true)
  return to and squeezed(html:sub(from + 1, to - 1)) or ""
end

-- The sentence in an HTML page: its title, else its words.
local function words_of_html(html)
  local lower = html:lower()
  local title = title_of(html, lower)
  return title ~= "" and title or without_tags(html, lower)
end

local READ_LIMIT = 32 * 1024 -- bytes of a text in which its message is looked for

-- What is left of a character that the limit cut in two is no text.
local function head_of(text)
  if #text <= READ_LIMIT then return text end
  return text:sub(1, utf8.offset(text, 0, READ_LIMIT + 1) - 1)
end

local function readable(text)
  text = head_of(text)
  if text:find("^%s*<[%a!]") then text = words_of_html(text) end
  return shortened(squeezed(text), MESSAGE_LIMIT)
end

-- Errors -------------------------------------------------------------------------------------------

--- Any JSON that stands for an error, in words; "" for null.
---@type fun(raw: core.json.Raw): string
M.describe = description.of

local MESSAGE_KEYS = { "error_message", "message", "error", "detail" }
local MEMBERS = { error_message = true, message = true, error = true, detail = true, error_code = true }

local function message_of(members)
  for _, key in ipairs(MESSAGE_KEYS) do
    local text = members[key] and M.describe(members[key]) or ""
    if text:find("%S") then return text, key end
  end
  return ""
end

-- Beside a message, a list in `detail` says which field is meant.
local function with_detail(message, detail, from)
  if from == "detail" or not detail or detail:kind() == "string" then return message end
  local text = M.describe(detail)
  if text == "" or message:find(text, 1, true) then return message end
  return message .. "\n" .. text
end

local LONGEST_CODE = 200 -- bytes; what is longer, or no scalar, is no code

local function code_of(part)
  local kind = part and part:kind()
  if kind == "object" or kind == "array" or kind == "null" or not part or part:size() > LONGEST_CODE then return nil end
  return part:value()
end

-- `text`: the body where it is no JSON.
local function answer_error(status, value, text, fallback, operation)
  local members = value and value:kind() == "object" and value:members(MEMBERS)
  local message, from ---@type string, string?
  if members then message, from = message_of(members) else message = readable(text) end
  if message == "" then message = fallback end
  local error_code, detail = members and code_of(members.error_code), members and members.detail or nil
  message = with_detail(message, detail, from)
  local hint = advice.for_answer(status, error_code, operation)
  local delivery = operation and advice.is_open(status, error_code) and "unknown" or nil
  return told.error({
    message = message, hint = hint, code = "http_status", status_code = status, error_code = error_code, detail = detail,
    delivery = delivery, api_message = message,
  }, { error_code = json.null, detail = json.null, payload = value or shortened(text, TEXT_LIMIT) })
end

-- 0 and "" say that there is none.
local function says_error(value)
  if value:kind() ~= "object" then return false end
  local part = value:get "error_code"
  if not part or part:kind() == "null" then return false end
  local text = part:text()
  return text ~= "0" and text ~= '""'
end

local LOCATION_LIMIT = 300 -- characters

-- Where an answer points to, for it may hold the id of what was made.
local function target_of(response)
  local target = response.location
  return target and target ~= "" and shortened(clean(target), LOCATION_LIMIT) or nil
end

local function redirect(response)
  local target = target_of(response)
  return ("The API answered with a redirect%s, which is not followed. Check RUNCOMFY_SERVERLESS_BASE_URL."):format(
    target and " to " .. target or "")
end

--- What to say of an answer that had to be repaired, or of which something is missing; nil of all others.
---@type fun(value: any): string?
M.note = body.note

--- Whether something of an answer is missing.
---@type fun(value: core.json.Raw): boolean
M.is_part = body.is_part

--- A text with those notes under it.
---@param text string
---@param ... any  the answers that it tells of
---@return string
function M.with_note(text, ...)
  for i = 1, select("#", ...) do
    local note = M.note((select(i, ...)))
    if note then text = text .. "\n" .. note end
  end
  return text
end

-- What came with it may name what was begun.
local function redirected(response, value, operation)
  local err = answer_error(response.status, nil, "", redirect(response), operation)
  if value then err.data.payload = value end
  return nil, err
end

-- What an answer is not, and what it is.
local function mismatch(value, what)
  local is_text = type(value) == "string"
  local text = is_text and value or value:text()
  local problem = is_text and body.problem(text)
  return ("RunComfy's answer is not %s: %s%s"):format(what, problem and ("not valid JSON: %s: "):format(problem) or "",
    text == "" and "an empty body" or readable(text))
end

local function payload_of(value)
  return type(value) == "string" and shortened(value, TEXT_LIMIT) or value
end

-- The answer to a write that does not show that it was taken: it may come from somebody else than the API.
local function unproven(response, value, operation)
  local status = response.status
  local message, target = mismatch(value, operation.wanted), target_of(response)
  if target then message = ("%s; it points to %s"):format(message, target) end
  local hint, code = advice.unknown(operation), operation.unproven or "unexpected_answer"
  return told.error({
    message = message, hint = hint, code = code, status_code = status, api_message = message, delivery = "unknown", location = target,
    answer = payload_of(value),
  }, { code = code, payload = payload_of(value) })
end

--- Reads an answer.
---@param response { status: integer, body: string, cut: boolean|string|nil, left_out: integer?, location: string? }
---@param operation? Operation  the write that it answers; nil: a read
---@return core.json.Raw|string|nil value  JSON, or text where the body is none
---@return Error?
function M.read(response, operation)
  local status, text = response.status, response.body
  local value = body.json(text, response.cut, response.left_out) ---@type core.json.Raw|string|nil
  if status < 300 then
    -- A write cannot be sent again to get a better answer: its ids are worth more than nothing.
    value = value or operation and body.beginning(text)
    if value and says_error(value) then return nil, answer_error(status, value, text, "RunComfy API error", operation) end
    value = value or clean(text)
    if operation and not operation.proof(value) then return nil, unproven(response, value, operation) end
    return value
  end
  if status < 400 then return redirected(response, value, operation) end
  return nil, answer_error(status, value, clean(text), REASONS[status] or ("status %d"):format(status), operation)
end

--- The error of an answer to a read that succeeded and is not what it should be.
---@param value core.json.Raw|string
---@param what string  "a status"
---@return Error
function M.unexpected(value, what)
  local message = mismatch(value, what)
  return told.error({
    message = message, code = "unexpected_answer", unreadable = type(value) == "string" and value or value:text(),
  }, { code = "unexpected_answer", payload = payload_of(value) })
end

--- An answer that must be a JSON object.
---@param value core.json.Raw|string
---@param what string  "a status"
---@return core.json.Raw|nil object, Error?
---@return_overload core.json.Raw
---@return_overload nil, Error
function M.object(value, what)
  if type(value) ~= "string" and value:kind() == "object" then return value end
  return nil, M.unexpected(value, what)
end

--- A scalar of an answer as text; "unknown" where there is none.
---@param object core.json.Raw
---@param key string
---@return string
function M.word(object, key)
  local value = object:value(key)
  if type(value) == "string" then return shortened(value, MESSAGE_LIMIT) end
  if value == nil or value == json.null or type(value) == "table" then return "unknown" end
  return tostring(value)
end

return M
