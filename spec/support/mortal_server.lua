-- rcmcp lua spec/support/mortal_server.lua LEDGER WHEN serve …: the server, whose worker is killed.
--
-- WHEN: "before N" as the recipe's effect N begins; "after N" when it is done, before the worker has its answer; "each NAME" after
-- every answer to effects of this name, as often as a worker asks for them; "never".  At its end the file LEDGER has as JSON what the
-- simulator was sent, but for reads, how many effects there were, and how many workers have ended.
local json = require "core.json"
local clock = require "lib.async.clock"
local door = require "lib.recipes.effects.door"
local hosts = require "lib.recipes.worker.host"
local loop = require "core.loop"
local replay = require "lib.calls.replay"
local simulator = require "lib.sim.server"

local ledger, how, which = arg[1], arg[2]:match "^(%l+) ?(.*)$"
local sim, host
local effects = 0

local function kill()
  for seat in pairs(host.all) do seat.process.child:kill "KILL" end
end

local function wrap(module, name, around)
  local plain = module[name]
  module[name] = function(...) return around(plain, ...) end
end

wrap(simulator, "start", function(start, ...)
  sim = start(...)
  return sim
end)

wrap(hosts, "new", function(new, ...)
  host = new(...)
  wrap(host, "call", function(call, self, recipe, what, listener)
    what.seed = "0123456789abcdef" -- chance is the same in each run
    return call(self, recipe, what, listener)
  end)
  return host
end)

-- Each effect once: what is answered from the record does not come here.
wrap(door, "perform", function(perform, ...)
  effects = effects + 1
  local number = tostring(effects)
  if how == "before" and number == which then kill() end
  local answer, err = perform(...)
  if how == "after" and number == which then kill() end
  return answer, err
end)

wrap(replay, "new", function(new, ...)
  local run = new(...)
  wrap(run, "perform", function(perform, self, effect, ...)
    local answer, err = perform(self, effect, ...)
    if how == "each" and effect.name == which then kill() end
    return answer, err
  end)
  return run
end)

-- Time jumps while all wait for it: no wait of a recipe is one of the spec's, and no load of the machine is seen by any.
local time = clock.virtual()
local over = false
wrap(loop, "stop", function() over = true end)
wrap(loop, "run", function() time:run_until(function() return over end, math.huge) end)

local status = require("cli.cli").main(table.move(arg, 3, #arg, 1, {}))

local function writes()
  local list = json.as_array {}
  for _, request in ipairs(sim:requests()) do
    if request.method ~= "GET" then list[#list + 1] = { method = request.method, path = request.path, body = request.body } end
  end
  return list
end

local file <close> = assert(io.open(ledger, "w"))
file:write(json.encode { writes = writes(), effects = effects, ends = host and #host:endings() or 0 })
return status
