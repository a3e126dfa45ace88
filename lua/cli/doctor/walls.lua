--- The walls behind which recipes run: those that stand on this system, and why others do not.

local exit_status = require "cli.shared.exit_status"
local to_end = require "lib.async.to_end"

local ADVICE = "Recipes that run here can do more than docs/security.md says: take only those that you trust."
local NEEDED = { memory = true, ["system calls"] = true } -- without these a hostile recipe harms the machine, or gets out

local function lines_of(walls)
  local lines, open = {}, false
  for _, wall in ipairs(walls) do
    lines[#lines + 1] = ("%s: %s%s"):format(wall.name, wall.stands and "" or "does not stand: ", wall.text)
    open = open or not wall.stands and NEEDED[wall.name] == true
  end
  return lines, open
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local worker = app:worker()
    if not worker then
      return { name = "walls", ok = true, text = "recipes run in this process, behind no walls (--in-process)", advice = ADVICE }
    end
    local walls, err = to_end(worker.ready, worker)
    if not walls then
      return { name = "walls", ok = false, text = err.message, status = exit_status.tool_error, advice = "No recipe can run." }
    end
    local lines, open = lines_of(walls)
    table.insert(lines, 1, "recipes run in a process of their own")
    return { name = "walls", ok = true, text = table.concat(lines, "\n"), walls = walls, advice = open and ADVICE or nil }
  end,
}
