--- The way to the RunComfy API for one account: the one way to send a request, and what its failure means.
---
--- A read is retried.  A write is sent once: where its answer is lost the error says `delivery =
--- "unknown"` and what to look at, and nothing is sent again.  A write that took the wire is carried to its answer
--- also when its caller is cancelled meanwhile (lib.runcomfy.writes), for what it started may cost money.

local advice = require "lib.runcomfy.advice"
local answers = require "lib.runcomfy.answers"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local http = require "lib.async.http"
local insist = require "lib.async.insist"
local json = require "core.json"
local redaction = require "lib.redaction"
local retry = require "lib.async.retry"
local told = require "lib.runcomfy.told"
local writes = require "lib.runcomfy.writes"

local M = {}

local DEFAULT_BASE_URL = "https://api.runcomfy.net"

---@class ApiOptions
---@field key? string            bearer token; without one every call is refused here
---@field base_url? string       default https://api.runcomfy.net
---@field queue_prefix? "v1"|"v2"  default "v1"
---@field user_agent? string
---@field writes? Writes         what is on its way for the whole program: this account's is there, too

---@class Api
---@field base_url string
---@field deployments_url string
---@field queue_url string
---@field writes Writes  that are under way
---@field private key? string
---@field private secret? table  its place among what is cut out of all that is printed
---@field private headers_of_read string[]
---@field private headers_of_write string[]
local Api = {}
Api.__index = Api

local function bad_setting(message, ...)
  return nil, errors.new(message:format(...), { code = "bad_setting" })
end

-- The key; nil, nil where there is none.
local function checked_key(key)
  if key == "" then return nil end
  if key and not key:find("^[\x21-\x7E]+$") then
    return bad_setting("The API key has characters that no key has (spaces, line ends, non-ASCII). %s", advice.GET_A_KEY)
  end
  return key
end

--- Where the API is: what is given, without slashes at its end, or the default.
---@param url? string
---@return string
function M.base_url(url)
  -- linear: a word of the command line or of the settings
  return ((url or DEFAULT_BASE_URL):gsub("/+$", ""))
end

--- How the API is reached by one account.  From now on its key is cut out of whatever is printed.
---@param options ApiOptions
---@return Api|nil api, Error?
---@return_overload Api
---@return_overload nil, Error
function M.new(options)
  local base_url = M.base_url(options.base_url)
  if not base_url:find("^https?://[^/?#%s]") or base_url:find("[?#%s]") then
    return bad_setting("RUNCOMFY_SERVERLESS_BASE_URL must be a URL such as %s, got '%s'", DEFAULT_BASE_URL, http.place(base_url))
  end
  local prefix = options.queue_prefix or "v1"
  if prefix ~= "v1" and prefix ~= "v2" then return bad_setting("queue_prefix must be 'v1' or 'v2', got '%s'", prefix) end
  local key, err = checked_key(options.key)
  if err then return nil, err end
  local agent = "User-Agent: " .. (options.user_agent or "rcmcp")
  return setmetatable({
    base_url = base_url, key = key, secret = key and redaction.add_key(key), writes = writes.new(options.writes),
    headers_of_read = { "Accept: application/json", agent },
    headers_of_write = { "Accept: application/json", agent, "Content-Type: application/json" },
    deployments_url = base_url .. "/prod/v2/deployments",
    queue_url = base_url .. "/prod/" .. prefix .. "/deployments/",
  }, Api)
end

--- Ends the use of the key: see lib.redaction.add_key.
function Api:close()
  if self.secret then self.secret:close() end
end
Api.__close = Api.close

local function no_key()
  local message = "No RunComfy API key is set, so nothing was sent. " .. advice.GET_A_KEY
    .. " To try everything without a key, start rcmcp with --simulate."
  return told.error({ message = message, code = "no_key" }, { code = "no_key" })
end

local NOTHING_CHANGED = "Nothing was changed by this read: reading later costs nothing."
local MORE_THAN_MAY_BE = "It needs more memory than rcmcp may hold (setting memory_bytes): ask for less at once. " .. NOTHING_CHANGED

-- The error of a request that got no answer.
local function failure(err, operation)
  local delivery, hint
  if operation then
    delivery = err.sent == false and "not_sent" or "unknown"
    hint = delivery == "unknown" and advice.unknown(operation)
      or ("The %s did not reach RunComfy: nothing was started. Try again."):format(operation.name)
  else
    hint = err.code == "memory" and MORE_THAN_MAY_BE or NOTHING_CHANGED
  end
  local message = redaction.text(err.message)
  return told.error({
    message = message, hint = hint, code = err.code, sent = err.sent, delivery = delivery, api_message = message,
  }, { code = err.code or json.null, status_code = json.null, error_code = json.null, detail = json.null, payload = json.null })
end

-- Seconds that the answer asks to wait, up to a minute; nil: it does not.
local function retry_after(response, err)
  local status = advice.meaning(response.status, err.error_code) --[[@as integer]]
  local seconds = retry.is_transient_status(status) and retry.retry_after(response)
  return seconds and math.min(seconds, 60) or nil
end

-- What an answer means, without what is secret: whatever it says, it is others' text.
local function read(response, operation, secrets)
  if operation or response.status >= 300 then -- that of a read that succeeded says nothing
    local location = response:header "Location"
    response.location = location and redaction.foreign(location, secrets)
  end
  response.body = redaction.foreign(response.body, secrets)
  local value, err = answers.read(response, operation)
  if err then err.retry_after = retry_after(response, err) end
  return value, err
end

local DEFAULTS = {}

---@class ReadOptions
---@field once? boolean       one try: the caller repeats it itself
---@field total_ms? integer   a time limit, of each try
---@field idle_ms? integer    a try is given up when no byte came for so long
---@field passes? fun(response: HttpResponse, options: ReadOptions): boolean  without `once`: see lib.async.retry
---@field secrets? Secrets[]  what is secret in the answer, beside the key

local LONGEST_URL = 64 * 1024 -- servers take less; libcurl gives up at 1 MiB, and says that memory is out

local function too_long(url)
  local message = ("The address of this read would have %d bytes, more than the %d that a server takes. Ask for fewer ids at once.")
    :format(#url, LONGEST_URL)
  return errors.new(message, { code = "invalid_input" })
end

local function fetch(request, options)
  if options.once then return http.request(request) end
  return retry.call("GET", options, http.request, request)
end

-- An answer whose header says that it is compressed, and that is not so, may be good as it is.
local function fetch_readable(request, options)
  local response, err = fetch(request, options)
  if response or not err or err.code ~= "encoding" then return response, err end
  request.identity = true
  return fetch(request, options)
end

--- Reads from a URL of the API.
---@param url string
---@param options? ReadOptions
---@return core.json.Raw|string|nil value, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Api:get(url, options)
  local key = self.key
  if not key then return nil, no_key() end
  if #url > LONGEST_URL then return nil, too_long(url) end
  options = options or DEFAULTS
  local request = { method = "GET", url = url, headers = self.headers_of_read, bearer = key,
    keep_head = true, total_ms = options.total_ms, idle_ms = options.idle_ms }
  local response, err = fetch_readable(request, options)
  if response then return read(response, nil, options.secrets) end
  local failed = failure(err)
  local partial = err.partial
  if partial and partial:is_success() and partial.body ~= "" then
    failed.unreadable, failed.early = redaction.foreign(partial.body, options.secrets), failed.summary
  end
  return nil, failed
end

-- The same request goes out again only where no connection was made (lib.async.retry).
local function exchange(write, once)
  if once then return write:send() end
  return retry.call(write.request.method, DEFAULTS, write.send, write)
end

-- What had come of an answer whose end is lost: a refusal counts, and so does an answer that holds the id of what was made, for
-- nobody can ask for that again.
local function salvaged(partial, why, operation, secrets)
  partial.cut = partial.cut or why
  local value, err = read(partial, operation, secrets)
  if err then return nil, err.code == "http_status" and err or nil end
  return operation.tells_id and value or nil
end

local function broken_answer(err, operation, secrets)
  local partial = err.partial
  local ok, value, api_err
  if partial then ok, value, api_err = pcall(salvaged, partial, err.message, operation, secrets) end
  if ok and (value or api_err) then return value, api_err, partial.status end
  return nil, failure(err, operation)
end

local function outcome(write, operation, options)
  local response, err = write:attempt(exchange, write, options.once)
  if not response then return broken_answer(err, operation, options.secrets) end
  local value, api_err = fiber.shield(insist, "reading the answer to a write", read, response, operation, options.secrets)
  if not value and not api_err then error("its answer could not be read", 0) end
  if api_err then return nil, api_err end
  return value, nil, response.status
end

local function unknown(operation, err)
  return failure(errors.new(tostring(err), { code = "internal" }), operation)
end

-- Something of our own failed, memory most likely.  What was under way may have been done all the same.
local function broken_off(write, operation, err, lost)
  if fiber.is_cancelled(err) or not write:has_started() then error(err, 0) end
  return nil, errors.is_out_of_memory(err) and lost or unknown(operation, err)
end

local function report(write, value, err, status)
  if value then write:succeeded(status, value) else write:failed(err) end
end

local function send(list, request, operation, options)
  local write <close> = list:begin(request, operation)
  local _ <close> = options.answer_by and write:hurry_at(options.answer_by)
  local lost = unknown(operation, "not enough memory") -- once it is under way there may be none to say so
  local ok, value, err, status = pcall(outcome, write, operation, options)
  if not ok then value, err = broken_off(write, operation, value, lost) end
  pcall(fiber.shield, insist, "telling of a write", report, write, value, err, status) -- else the end of the write tells it
  return value, err
end

---@class WriteOptions
---@field secrets? Secrets[]  what is secret in its answer, beside the key
---@field once? boolean       one try, also where no connection was made
---@field total_ms? integer   a time limit
---@field answer_by? number   moment of lib.async.clock at which what has come of an answer that has begun counts

--- Sends a write, once.  Where no connection was made it is tried again: nothing has left.  A cancellation of the caller
--- ends it until it takes the wire, with nothing sent; then it is carried to its answer.  Its outcome is logged.
---@param method "POST"|"PATCH"|"DELETE"
---@param url string
---@param operation Operation
---@param body? string  JSON text
---@param options? WriteOptions
---@return core.json.Raw|string|nil value, Error?
---@return_overload core.json.Raw|string
---@return_overload nil, Error
function Api:send(method, url, operation, body, options)
  if not self.key then return nil, no_key() end
  options = options or DEFAULTS
  local request = {
    method = method, url = url, bearer = self.key, body = body,
    headers = body and self.headers_of_write or self.headers_of_read,
    keep_head = true, total_ms = options.total_ms,
  }
  return send(self.writes, request, operation, options)
end

return M
