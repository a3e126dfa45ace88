--- Runs one piece of waiting work to its end, for the commands that are not servers.

local fiber = require "lib.fiber"
local loop = require "core.loop"
local signal = require "core.signal"

local M = {}

--- Runs `fn` in a fiber while the loop turns.  Ctrl-C or TERM cancels the fiber, whose clean-up still
--- runs; a second one ends the program at once.
---@param fn fun(): any
---@param on_interrupt? fun()
---@return boolean ok, any ...  as pcall; second value of an interrupted one: lib.fiber's cancellation
function M.to_end(fn, on_interrupt)
  local task
  local function interrupt()
    if task.cancel_reason ~= nil then os.exit(130) end
    if on_interrupt then on_interrupt() end
    task:cancel("interrupted")
  end
  local _ <close> = signal.on("INT", interrupt)
  local _ <close> = signal.on("TERM", interrupt)
  task = fiber.spawn(fn)
  task.quiet = true
  while task.status ~= "done" do
    if not loop.step(true) and task.status ~= "done" then error("the loop has nothing left to wait for", 0) end
  end
  return task:join()
end

return M
