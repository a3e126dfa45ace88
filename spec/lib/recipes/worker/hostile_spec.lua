-- A worker that sends anything at all harms its host in nothing.
local bed = require "spec.support.worker"
local hosts = require "lib.recipes.worker.host"
local json = require "core.json"
local log = require "core.log"
local protocol = require "lib.recipes.worker.protocol"

-- What a field may be; some of it is right.
local pool = {
  true, false, json.null, 0, 1, 2, -1, 2 ^ 53, 0.5, 0 / 0, math.huge, math.maxinteger, "", "x", "tool", "now", "info", "probe", "run",
  "call", "r1", "2:1", ("y"):rep(5000),
  {}, { 1 }, { "a" }, { a = 1 }, { message = "no" },
  { message = "no", code = 5 }, { message = "no", content = { {}, { type = 5 } } }, { text = "t", data = { 1 } }, { text = 5 },
  { content = { { type = "text", text = {} } } }, { content = { { resource = 5 } } }, { content = { 1 } }, { data = { [1] = 1, [5] = 2 } },
  { { feature = "tool", fields = {}, functions = { "run" } } }, { { feature = "tool", fields = { name = {} } } },
  { { feature = "tool", fields = { name = "a", description = "b", input = { { 5 } } }, functions = { "run" },
      line = { source = "x", line = 9 } } },
  json.decode '{"z":1}', json.raw "[1]", json.integer "18446744073709551615", { name = "x", stands = true, text = "y" },
}

local kinds = require("lib.tables").sorted_keys(protocol.FROM_WORKER)
for _ = 1, 12 do kinds[#kinds + 1] = "effect" end

-- Mostly what leads somewhere.
local right = {
  call = function() return "call" end, recipe = function() return "r1" end,
  branch = function(random) return random(2) == 1 and "" or "2:1" end, seq = function(_, count) return count end,
  effect = function() return "tool" end, name = function() return "a" end, cleans = function(random) return random(2) == 1 end,
}

local function any_field(random, check, name, count)
  if right[name] and random(20) > 1 then return right[name](random, count) end
  local value
  for _ = 1, 8 do -- often something that the form allows
    value = pool[random(#pool)]
    if check(value) then break end
  end
  return value
end

local function any_message(random, count)
  local kind = kinds[random(#kinds)]
  local message, fields = { kind = kind }, protocol.FROM_WORKER[kind].fields
  for _, name in ipairs(require("lib.tables").sorted_keys(fields)) do
    if random(40) > 1 then message[name] = any_field(random, fields[name], name, count) end
  end
  return message
end

-- A worker of this process, driven by hand.
local Fake = {}
Fake.__index = Fake
Fake.room = { await = function() end }

function Fake.send(_, message)
  assert(protocol.read(protocol.TO_WORKER, protocol.write(protocol.TO_WORKER, message)))
end

function Fake:stop()
  self.over = true
end

function Fake:fall(why)
  self.over = true
  self.options.on_end(why)
end

function Fake:take(bytes)
  if self.over then return end
  local message, problem = protocol.read(protocol.FROM_WORKER, bytes)
  local own = { ready = true, turn = true, settled = true } -- are not for the host
  if message and not own[message.kind] then problem = self.options.on_message(message) end
  if problem then self:fall(problem) end
end

local function generator(seed)
  local state = seed * 2 + 1
  return function(most)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % most + 1
  end
end

-- One worker's life: a recipe is loaded, a call is made, and then it sends whatever comes to its mind.
local function live(seed)
  local random, worker = generator(seed), nil
  local host = hosts.new { start = function(options)
    worker = setmetatable({ options = options, over = false }, Fake)
    return worker
  end }
  local ended, effects = 0, 0
  local fiber = require "lib.async.fiber"
  local task = fiber.spawn(function()
    local recipe = bed.load(host, bed.tool "return 1")
    if not recipe then return end
    bed.call(host, recipe, function(effect)
      effects = effects + 1
      return effect.input.a.b
    end, { id = "call" })
    ended = ended + 1
  end)
  local declared = {
    kind = "loaded", recipe = "r1", missing = {},
    declarations = { { feature = "tool", fields = { name = "probe", description = "d", uses = { "a" } }, functions = { "run" } } },
  }
  if random(4) > 1 then worker:take(json.pack(declared)) end
  for count = 1, 30 do
    worker:take(random(50) == 1 and ("\11\3"):rep(random(5)) or json.pack(any_message(random, count)))
  end
  for _ = 1, 3 do -- a call is run again in another one
    if task.status ~= "done" then worker:fall "it is over" end
  end
  assert.equal("done", task.status)
  return effects, ended
end

describe("a hostile worker", function()
  it("raises nothing in its host, and keeps nobody waiting", function()
    local write, errors = log.write, {}
    log.write = function(level, text) if level == "error" then errors[#errors + 1] = text end end
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    local effects, ended = 0, 0
    for seed = 1, 1500 do
      local ok, some, one = pcall(live, seed)
      assert(ok, ("seed %d: %s"):format(seed, tostring(some)))
      effects, ended = effects + some, ended + one
    end
    assert.same({}, errors)
    assert.is_true(effects > 1000 and ended > 500, ("%d effects, %d calls"):format(effects, ended))
  end)
end)
