--- When a request may be sent again, and after how long.
---
--- GET and HEAD change nothing, so they are repeated on lost connections, cut answers, 429 and 5xx.  Every
--- other method may have been obeyed already: it is repeated only where no byte of it can have left.
--- Time-outs are final: the time limit is what the caller can bear.

local clock = require "lib.async.clock"

local M = {}

---@class RetryNotice
---@field attempt integer       the one that failed, from 1
---@field attempts integer      the most there will be
---@field pause number          seconds until the next
---@field err? Error            why: an error …
---@field response? HttpResponse  … or an answer

---@class RetryOptions
---@field attempts? integer     default 4
---@field base? number          seconds before the second attempt, doubled for each further one; default 0.5
---@field longest? number       most seconds between two attempts, Retry-After aside; default 8
---@field retry_after? number   a Retry-After of more seconds ends the attempts; default 60
---@field passes? fun(response: HttpResponse, options: RetryOptions): boolean  whether another refusal may pass, too: then it is
---  asked for again
---@field on_retry? fun(notice: RetryNotice)  before each pause, for logging

local REPEATABLE = { GET = true, HEAD = true }
local TRANSIENT = { connect = true, truncated = true, network = true }

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
  Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

-- Days from 1970-01-01 to a date of the Gregorian calendar; os.time knows local time only.
---@param year integer
---@param month integer
---@param day integer
---@return integer
local function days(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leap_days = year // 4 - year // 100 + year // 400
  return 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 1 - 719468
end

local function integer(digits)
  return math.tointeger(digits) --[[@as integer]]
end

--- Seconds since 1970 of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT".
---@param text string
---@return integer?  nil where it is none
function M.http_date(text)
  if #text > 40 then return nil end
  local day, month, year, hour, minute, second = text:match("^%a+, (%d%d) (%a+) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local number = MONTHS[month]
  if not number then return nil end
  return days(integer(year), number, integer(day)) * 86400 + integer(hour) * 3600 + integer(minute) * 60 + integer(second)
end

--- Seconds that an answer asks to wait by Retry-After: seconds, or a date.
---@param response HttpResponse
---@return number?  nil where it does not ask
function M.retry_after(response)
  local text = response:header("Retry-After")
  if not text then return nil end
  if text ~= "" and not text:find("%D") then return tonumber(text) end
  local moment = M.http_date(text)
  return moment and math.max(0, moment - clock.wall())
end

--- Whether an answer's status means "try again later".
---@param status integer
---@return boolean
function M.is_transient_status(status)
  return status == 429 or (status >= 500 and status <= 599)
end

--- Whether a request that ended so may be sent again.
---@param method string
---@param response HttpResponse?
---@param err Error?  where there is no response
---@return boolean
function M.may_repeat(method, response, err)
  if response then return REPEATABLE[method] == true and M.is_transient_status(response.status) end
  ---@cast err -?
  if not TRANSIENT[err.code] then return false end
  return REPEATABLE[method] == true or err.sent == false
end

-- Doubling, and spread over the upper half, lest all who failed together come back together.
local function pause_after(attempt, options)
  local pause = math.min(options.longest or 8, (options.base or 0.5) * 2 ^ (attempt - 1))
  return pause * (0.5 + 0.5 * math.random())
end

--- Calls `send`, which sends one request of this method and returns a response or nil and an error, until
--- the outcome is final; returns the last outcome.  In a fiber; pauses run on lib.async.clock.
---@param method string
---@param options RetryOptions?
---@param send fun(...): HttpResponse?, Error?
---@param ... any  arguments of `send`
---@return HttpResponse? response, Error? err
---@return_overload HttpResponse
---@return_overload nil, Error
function M.call(method, options, send, ...)
  options = options or {}
  local attempts = options.attempts or 4
  for attempt = 1, attempts do
    local response, err = send(...)
    if response and response.status < 300 then return response end
    local passes = M.may_repeat(method, response, err) or response and options.passes and options.passes(response, options)
    if attempt == attempts or not passes then return response, err end
    local pause = pause_after(attempt, options)
    local asked = response and M.retry_after(response)
    if asked and asked > (options.retry_after or 60) then return response end
    pause = math.max(pause, asked or 0)
    if options.on_retry then
      options.on_retry { attempt = attempt, attempts = attempts, pause = pause, err = err, response = response }
    end
    clock.sleep(pause)
  end
end

return M
