--- Lines that recipes write to the log: as many as a person may read, in a server; all of them elsewhere.

local core_clock = require "core.clock"
local log = require "core.log"

local M = {}

M.LONGEST = 8192 -- bytes of a line

local BURST = 200     -- lines of one recipe at once
local PER_SECOND = 20 -- and from then on
local RANK = { error = 1, warning = 2, info = 3, debug = 4 }

local limited = false
local buckets = {} ---@type table<string, { room: number, at: number, left_out: integer }>

local function to_log(level, name, text)
  log.write(level, name == "" and text or name .. ": " .. text)
end

local put = to_log

--- Where lines go from now on; nil: to the log.
---@param fn? fun(level: string, name: string, text: string)
function M.redirect(fn)
  put = fn or to_log
end

--- Whether lines are limited from now on; at first they are not: what a script prints is its output.
---@param on boolean
function M.limit(on)
  limited, buckets = on, {}
end

local function bucket_of(name)
  local now, bucket = core_clock.monotonic(), buckets[name]
  if not bucket then
    bucket = { room = BURST, at = now, left_out = 0 }
    buckets[name] = bucket
  end
  bucket.room = math.min(BURST, bucket.room + (now - bucket.at) * PER_SECOND)
  bucket.at = now
  return bucket
end

---@return boolean
function M.is_limited()
  return limited
end

-- Lines below the level of the log, which may change, have a limit of their own, and nobody is told of those that are left out.
local function write_hidden(name, level, text)
  local bucket = bucket_of("\0" .. name)
  if bucket.room < 1 then return end
  bucket.room = bucket.room - 1
  put(level, name, text)
end

--- Writes a line, unless the recipe has written too many: those are counted, and the count is told with the next one.
---@param name string   the recipe's; "": the line tells itself whose it is
---@param level LogLevel
---@param text string
function M.write(name, level, text)
  if not limited then return put(level, name, text) end
  if RANK[level] > RANK[log.get_level()] then return write_hidden(name, level, text) end
  local bucket = bucket_of(name)
  if bucket.room < 1 then
    if bucket.left_out == 0 then put("warning", name, "writes too many lines; the next ones are left out of the log") end
    bucket.left_out = bucket.left_out + 1
    return
  end
  bucket.room = bucket.room - 1
  if bucket.left_out > 0 then put("warning", name, ("%d lines were left out of the log"):format(bucket.left_out)) end
  bucket.left_out = 0
  put(level, name, text)
end

return M
