--- What a run told: its caller, and the operator by the log.  Without what is secret, for messages of specs show it.

local log = require "core.log"
local redaction = require "lib.redaction"

local M = {}

local Kept = {}
Kept.__index = Kept

function Kept:__close(raised)
  log.write = self.write
  if raised == nil then return end
  for _, entry in ipairs(self.entries) do log.write(entry.level, entry.text) end -- the spec never sees the result
end

--- Takes the lines of the log, from now on until it is closed.
---@param lines string[]  gets their texts
---@return table kept
function M.keep_log(lines)
  local self = setmetatable({ write = log.write, entries = {} }, Kept)
  log.write = function(level, text)
    table.insert(self.entries, { level = level, text = text })
    table.insert(lines, redaction.text(text))
  end
  return self
end

local function add(list, where, text)
  if type(text) == "string" then list[#list + 1] = { where = where, text = text } end
end

-- All texts of a result, and where each was told.
local function all_of(result)
  local list = {}
  add(list, result.ok and "text" or "error", result.error or result.text)
  for _, block in ipairs(result.content) do add(list, "content", block.text) end
  for _, line in ipairs(result.logs) do add(list, "log", line) end
  for _, line in ipairs(result.unfinished) do add(list, "unfinished", line) end
  for _, entry in ipairs(result.progress) do add(list, "progress", entry.message) end
  return list
end

--- Raises where a text was told nowhere.
---@param result testkit.Result
---@param text string    plain
---@param level integer  of the error
function M.expect(result, text, level)
  local lines = {}
  for i, entry in ipairs(all_of(result)) do
    if entry.text:find(text, 1, true) then return end
    lines[i] = ("  %s: %s"):format(entry.where, entry.text)
  end
  local told = #lines > 0 and table.concat(lines, "\n") or "  nothing"
  error(redaction.text(("nobody was told \"%s\"; what was told:\n%s"):format(text, told)), level + 1)
end

return M
