--- The course of the code: what is never reached, loops that never end, values that nobody takes, jobs that nobody follows.

local gives = require("lib.recipes.source.values").gives
local made = require("lib.recipes.source.values").made
local set = require("lib.workbench.lint.names").set

local M = {}

-- What is called for its value alone.
local PURE = set [[rc.text rc.image rc.audio rc.link rc.embed rc.uuid rc.now rc.random rc.job rc.json.encode rc.json.array rc.json.ordered
  rc.json.integer string.format table.concat tostring]]

local CONTENT = set "rc.text rc.image rc.audio rc.link rc.embed"

local function check_dropped(check, dropped)
  local what = dropped.value.what
  if not PURE[what or ""] then return end
  check:add("warning", "value-unused", dropped.line, "what %s gives is thrown away%s", what, CONTENT[what] and ": return it" or "")
end

-- Jobs -------------------------------------------------------------------------------------------------

-- A webhook hears of the end.
local function may_have_webhook(value)
  local argument = value.arguments[1]
  local node = made(argument)
  if not node or node.is ~= "table" or node.open or node.fields.webhook_url then return true end
  return argument.is == "variable" and (argument.variable.extended or argument.variable.assigned) or false
end

local LOST = "nobody waits for this job, and nobody knows its ids: local job = rc.submit { … }, then job:wait(), or return its request_id"

local function check_job(check, value, line)
  if value.is == "job" and value.what == "rc.submit" and not may_have_webhook(value) then
    check:add("warning", "job-lost", line, "%s", LOST)
  end
end

local function check_jobs(check, scanned)
  for _, dropped in ipairs(scanned.dropped) do check_job(check, dropped.value, dropped.line) end
  for _, kept in ipairs(scanned.kept) do
    local variable = kept.variable
    if not variable.used and not variable.assigned then check_job(check, kept.value, kept.line) end
  end
end

-- rc.map ------------------------------------------------------------------------------------------------

-- What rc.map gives is taken, and its function gives nothing.
local function check_results(check, scanned)
  local dropped = {}
  for _, entry in ipairs(scanned.dropped) do dropped[entry.value] = true end
  for _, value in ipairs(scanned.results) do
    local fn = value.arguments[2]
    if not dropped[value] and value.what == "rc.map" and fn and fn.is == "function" and not gives(fn) then
      check:add("warning", "result", value.line, "the function of rc.map returns nothing, and its results are used: is 'return' missing?")
    end
  end
end

--- Checks what the walk over one source has found.
---@param check lint.Check  gets the findings
---@param scanned lint.Scan
---@param is_script boolean
function M.check(check, scanned, is_script)
  for _, use in ipairs(scanned.unreachable) do
    check:add("warning", "unreachable", use.line, "this is never reached: %s comes before it", use.name)
  end
  for _, use in ipairs(is_script and {} or scanned.endless) do
    check:add("warning", "endless", use.line, "nothing ends this loop: it has no break, return or error")
  end
  for _, dropped in ipairs(scanned.dropped) do check_dropped(check, dropped) end
  check_jobs(check, scanned)
  check_results(check, scanned)
end

return M
