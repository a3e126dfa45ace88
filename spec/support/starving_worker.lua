-- A worker in which memory runs out: of a call whose recipe is called with `after` and `failures`, at that allocation; with `worker` that
-- is so in the worker of this number alone, which stands behind the program's name.  At the end of each call it tells its host, in a
-- line of this name: what was left of the failures, and the fibers that the calls before have left.
local channel = require "core.channel"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local protocol = require "lib.recipes.worker.protocol"

local NAME = "starving worker"
local NUMBER = math.tointeger(tonumber(arg[1]))

local open, read, write = channel.open, protocol.read, protocol.write
local sending ---@type core.channel.Channel
local left_open = 0
local starved = {} ---@type table<string, true>  calls: where memory runs out for a message it is read again

function channel.open(...)
  local message, code
  sending, message, code = open(...)
  return sending, message, code
end

function protocol.read(forms, bytes)
  local message, problem = read(forms, bytes)
  if message and message.kind == "call" then
    local input = message.args[1]
    if input.after and not starved[message.call] and (input.worker or NUMBER) == NUMBER then
      starved[message.call], left_open = true, fiber.count()
      collectgarbage()
      host.fail_allocations(input.after, input.failures)
    end
  end
  return message, problem
end

function protocol.write(forms, message)
  local bytes = write(forms, message)
  if message.kind ~= "done" then return bytes end
  local line = { kind = "log", name = NAME, level = "info", text = ("%d %d"):format(host.fail_allocations(0, 0), left_open) }
  sending:send(write(forms, line))
  return bytes
end

return require("lib.recipes.worker.main").run()
