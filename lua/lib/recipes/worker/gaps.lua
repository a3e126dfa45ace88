--- The walls of a worker that ought to stand and do not: without them a hostile recipe harms the machine, or gets out.

local log = require "core.log"

local M = {}

local NEEDED = { memory = true, ["system calls"] = true }

--- What recipes can do there, in a sentence.
M.ADVICE = "Recipes that run here can do more than docs/security.md says: take only those that you trust."

--- Those of them that do not stand.
---@param walls core.walls.Wall[]
---@return core.walls.Wall[]
function M.of(walls)
  local gaps = {}
  for _, wall in ipairs(walls) do
    if NEEDED[wall.name] and not wall.stands then gaps[#gaps + 1] = wall end
  end
  return gaps
end

--- Says in the log what does not stand, as a warning where the system refused it.  A system that never has one is no news to those
--- who use it, nor is what they have set.
---@param walls core.walls.Wall[]
function M.report(walls)
  for _, wall in ipairs(M.of(walls)) do
    local level = wall.refused and "warning" or "info"
    log.write(level, ("the worker of recipes lacks a wall: %s: %s. %s"):format(wall.name, wall.text, M.ADVICE))
  end
end

return M
