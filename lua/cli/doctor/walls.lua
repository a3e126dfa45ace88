--- The walls behind which recipes run: those that stand on this system, and why others do not.

local exit_status = require "cli.shared.exit_status"
local gaps = require "lib.recipes.worker.gaps"
local to_end = require "lib.async.to_end"

local function lines_of(walls)
  local lines = { "recipes run in a process of their own" }
  for _, wall in ipairs(walls) do
    lines[#lines + 1] = ("%s: %s%s"):format(wall.name, wall.stands and "" or "does not stand: ", wall.text)
  end
  return table.concat(lines, "\n")
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local worker = app:worker()
    if not worker then
      return { name = "walls", ok = true, text = "recipes run in this process, behind no walls (--in-process)", advice = gaps.ADVICE }
    end
    local walls, err = to_end(worker.ready, worker)
    if not walls then
      return { name = "walls", ok = false, text = err.message, status = exit_status.tool_error, advice = "No recipe can run." }
    end
    return { name = "walls", ok = true, text = lines_of(walls), walls = walls, advice = #gaps.of(walls) > 0 and gaps.ADVICE or nil }
  end,
}
