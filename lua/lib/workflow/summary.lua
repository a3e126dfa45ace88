--- The roles of a workflow in a few words each, for people and models.

local flows = require "lib.workflow.flow"

local M = {}

local SHOWN = 8       -- inputs of a role
local LONGEST = 200   -- bytes of a reason, and of a key: ids are foreign

local function cut(text)
  if #text <= LONGEST then return text end
  return text:sub(1, utf8.offset(text, 0, LONGEST + 1) - 1) .. "…"
end

local function keys_of(entry, joint)
  local keys = {}
  for i = 1, math.min(#entry.inputs, SHOWN) do keys[i] = cut(entry.inputs[i]) end
  local more = #entry.inputs > SHOWN and (" and %d more"):format(#entry.inputs - SHOWN) or ""
  return table.concat(keys, joint) .. more
end

local function line_of(entry)
  if entry.how ~= "candidate" then return ("%s: %s (%s)"):format(entry.role, keys_of(entry, ", "), entry.how) end
  local which = #entry.inputs > 0 and ("name one of %s"):format(keys_of(entry, ", ")) or "none"
  return ("%s: %s (not traced: %s)"):format(entry.role, which, cut(entry.reason or "the workflow does not tell"))
end

--- "prompt: 6.text (traced)", "image: name one of 20.image, 21.image (not traced: several are loaded)".
--- In a fiber the loop turns meanwhile.
---@param workflow any  decoded JSON
---@return string[]|nil lines  nil where it is no workflow that can be read
function M.lines(workflow)
  local flow = flows.open(workflow, { turns = true })
  if not flow then return nil end
  local lines = {}
  for i, entry in ipairs(flow:summary()) do lines[i] = line_of(entry) end
  return lines
end

return M
