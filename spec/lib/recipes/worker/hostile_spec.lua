-- A worker that sends anything at all harms its host in nothing: nothing raises, each call is answered once, nothing is done that the
-- recipe may not do, or twice, and calls of others go on in other workers.
local bed = require "spec.support.worker"
local calls = require "lib.calls.effects"
local fiber = require "lib.async.fiber"
local hostile = require "spec.support.hostile_worker"
local hosts = require "lib.recipes.worker.host"
local invoke = require "lib.recipes.run.invoke"
local json = require "core.json"
local log = require "core.log"
local processes = require "lib.recipes.worker.process"
local protocol = require "lib.recipes.worker.protocol"
local rc = require "spec.support.rc"
local runcomfy = require "spec.support.runcomfy"
local scratch = require "spec.support.scratch"

local SECRET = "never-to-be-seen"
local INNOCENTS = 2

-- A worker of this process: it plays the innocent calls honestly, and says what it is told to in the name of the other.
local Fake = {}
Fake.__index = Fake
Fake.room = { await = function() end }

local honest = {}

local function ask_for(self, call, seq)
  self:tell { kind = "effect", call = call, branch = "", seq = seq, effect = "tool", name = "a", input = { n = seq, of = call } }
end

function honest.call(self, message)
  if message.call:find "^innocent" then ask_for(self, message.call, 1) end
end

function honest.answer(self, message)
  if not message.call:find "^innocent" then return end
  if message.seq == 3 then
    self:tell { kind = "done", call = message.call, result = { text = "t", data = { answer = message.value } } }
  elseif message.seq == 1 or self.number > 1 then -- the first worker does not live to see more
    ask_for(self, message.call, message.seq + 1)
  end
end

function honest.load(self, message)
  if self.load then return self:load(message) end
  self:tell(hostile.loaded(message.recipe, self.world.feature))
end

function Fake:send(message)
  local bytes = protocol.write(protocol.TO_WORKER, message)
  assert(protocol.read(protocol.TO_WORKER, bytes))
  self.world.sent[#self.world.sent + 1] = bytes
  if honest[message.kind] then fiber.spawn(honest[message.kind], self, message) end
end

function Fake:settle(callback)
  fiber.spawn(function()
    fiber.next_turn()
    if not self.over then callback() end
  end)
end

function Fake:stop() self.over = true end

function Fake:fall(why)
  if self.over then return end
  self.over = true
  self.options.on_end(why)
end

local OWN = { ready = true, turn = true, settled = true } -- are not for the host

function Fake:take(bytes)
  if self.over then return end
  local message, problem = protocol.read(protocol.FROM_WORKER, bytes)
  if message and not OWN[message.kind] then problem = self.options.on_message(message, #bytes) end
  if problem then self:fall(problem) end
end

function Fake:tell(message)
  fiber.next_turn()
  self:take(protocol.write(protocol.FROM_WORKER, message))
end

-- What is done, and how often.
local function new_world(feature)
  local world = { sent = {}, done = {}, answers = {}, feature = feature, kinds = {}, ended = 0 }
  function world.tool(name)
    return { name = name, description = "Acts for a spec", input = { type = "object" }, run = function(input)
      world.done[#world.done + 1] = name .. " " .. json.encode(input)
      return { data = { n = type(input.n) == "number" and input.n or 0 }, text = SECRET:upper() }
    end }
  end
  -- What is about to be executed, judged by its kind; nothing here has a network.
  function world.link(effect, proceed, scope)
    local key = calls.key(effect)
    world.kinds[effect.kind] = true
    if effect.kind == "tool" and not scope.passing then
      assert(not world.answers[key], "executed twice: " .. key)
      world.answers[key] = true
    end
    if effect.kind == "http" or effect.kind == "download" then
      local result, err = proceed()
      assert(result == nil and err, "a request was made: " .. json.encode(effect.input))
      return nil, err
    end
    return proceed()
  end
  return world
end

local HOW = { tool = "call", prompt = "messages", resource = "value" }

-- A call of the recipe as its feature makes it.
local function call(recipe, world, id, settings)
  local feature = world.feature
  local entry = recipe[feature .. "s"][1]
  local ctx = runcomfy.context()
  ctx.client = { name = id }
  ctx.call_id, ctx.effects = id, calls.chain { world.link }
  return invoke[HOW[feature]](recipe, entry.fields.run or entry.fields.read, { {} }, ctx, {
    declaration = entry.fields, find = rc.tools({ world.tool "a", world.tool "b" }).find, settings = settings,
  })
end

local function spawn_call(recipe, world, id, settings)
  local task = fiber.spawn(function()
    local result, err = call(recipe, world, id, settings)
    world.ended = world.ended + 1
    return result, err
  end)
  task.quiet = true
  return task
end

local function settle(task)
  local _ <close> = require("core.timer").after(30000, function() error "a call is not answered" end)
  local joined, result, err = task:join()
  assert(joined, result)
  return result, err
end

-- Only what no recipe may see is looked for: the words of a tool's result that go to clients alone, and of files.
local function assert_nothing_was_told(world)
  for _, bytes in ipairs(world.sent) do assert(not bytes:find(SECRET, 1, true), "a secret was told") end
end

local function assert_done_once(world)
  local seen = {}
  for _, what in ipairs(world.done) do
    assert(what:find "^a ", what)
    local own = what:find '"of":"innocent' ~= nil
    assert(not own or not seen[what], "done twice: " .. what)
    seen[what] = true
  end
end

local function assert_innocents(world, tasks)
  for i, task in ipairs(tasks) do
    local result, err = settle(task)
    assert.is_nil(err and err.message)
    assert.is_table(result)
    for n = 1, 3 do
      local wanted = ('"of":"innocent%d"'):format(i)
      local count = 0
      for _, what in ipairs(world.done) do
        if what:find(wanted, 1, true) and what:find(('"n":%d[,}]'):format(n)) then count = count + 1 end
      end
      assert.equal(1, count)
    end
  end
end

local function seat_of(host, id)
  for seat in pairs(host.all) do
    if seat.calls[id] then return seat end
  end
end

-- One worker's life: a recipe is loaded, calls are made, and then it sends whatever comes to its mind in the name of one.
local function live(seed, folder)
  local random, started = hostile.random(seed), 0
  local world = new_world "tool"
  local plan = { count = random(30), closes = random(4) == 1 }
  local host <close> = hosts.new { start = function(options)
    started = started + 1
    return setmetatable({ options = options, over = false, world = world, number = started }, Fake)
  end }
  local recipe = assert(bed.load(host, bed.tool "return 1"))
  local settings = { file_folders = { folder.allowed }, output_folder = folder.allowed, recipe_seconds = 20 }
  local tasks = {}
  for i = 1, INNOCENTS do tasks[i] = spawn_call(recipe, world, "innocent" .. i, settings) end
  local guilty = spawn_call(recipe, world, "guilty", settings)
  -- Run again, it does as much again; in its own name alone it ends soon, where it goes astray twice later.
  for _ = 1, 8 + 2 do
    local its = guilty.status ~= "done" and seat_of(host, "guilty")
    if not its then break end
    for count = 1, plan.count do
      its.process:take(hostile.bytes(random, { call = "guilty", files = folder.files }, count))
      if random(3) == 1 then fiber.next_turn() end
    end
    its.process:fall(plan.closes and "it closed its channel" or "it is over")
  end
  settle(guilty)
  assert_innocents(world, tasks)
  assert.equal(INNOCENTS + 1, world.ended)
  assert_done_once(world)
  assert_nothing_was_told(world)
  assert.is_nil(next(host.calls))
  return world
end

local function with_folder(fn)
  local place <close> = scratch.new()
  local folder = { allowed = place.path .. "/allowed" }
  folder.files = {
    place:write("allowed/a.txt", "seen"), place:write("allowed/.hidden", SECRET), place:write("outside.txt", SECRET),
    folder.allowed .. "/../outside.txt", folder.allowed,
  }
  fn(folder)
end

local function without_breaches(fn)
  local write, errors = log.write, {}
  log.write = function(level, text)
    if level == "error" then errors[#errors + 1] = text end
  end
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  fn()
  return errors
end

describe("a hostile worker", function()
  it("raises nothing in its host, keeps nobody waiting, and does nothing that its recipe may not do, or twice", function()
    local kinds = {}
    local errors = without_breaches(function()
      with_folder(function(folder)
        hostile.each_seed(300, function(seed)
          bed.run(function()
            for kind in pairs(live(seed, folder).kinds) do kinds[kind] = true end
          end)
        end)
      end)
    end)
    assert.same({}, errors)
    assert.is_true(kinds.tool)
  end)

  it("declares what it likes: that is a recipe, or refused with the reason", function()
    local taken, refused = 0, 0
    local function load(seed)
      local random = hostile.random(seed)
      local world = new_world "tool"
      local host <close> = hosts.new { start = function(options)
        return setmetatable({ options = options, over = false, world = world, number = 1, load = function(self, message)
          local bytes = json.pack(hostile.declared(random, message.recipe))
          fiber.next_turn()
          self:take(bytes)
        end }, Fake)
      end }
      local recipe, err = bed.load(host, bed.tool "return 1")
      assert(recipe or type(err.message) == "string" and #err.message > 0, "no reason")
      taken, refused = taken + (recipe and 1 or 0), refused + (recipe and 0 or 1)
      if recipe then assert(#recipe.tools + #recipe.prompts + #recipe.resources + #recipe.templates > 0) end
    end
    assert.same({}, without_breaches(function()
      hostile.each_seed(400, function(seed) bed.run(load, seed) end)
    end))
    assert.is_true(taken > 20 and refused > 20, ("%d taken, %d refused"):format(taken, refused))
  end)

  it("gives for a prompt or a resource what it likes: that is told, or refused", function()
    local function give(feature, random)
      local world = new_world(feature)
      local host <close> = hosts.new { start = function(options)
        return setmetatable({ options = options, over = false, world = world, number = 1 }, Fake)
      end }
      local recipe = assert(bed.load(host, bed.tool "return 1"))
      local task = spawn_call(recipe, world, "guilty", {})
      for _ = 1, 5 do
        local its = seat_of(host, "guilty")
        if not its then break end
        local message = { kind = "done", call = "guilty", result = hostile.POOL[random(#hostile.POOL)] }
        if random(3) == 1 then message.err = { message = "m", data = hostile.POOL[random(#hostile.POOL)] } end
        its.process:take(json.pack(message))
      end
      local result, err = settle(task)
      assert.is_true(result ~= nil or err ~= nil or feature == "resource") -- of which nothing is an answer
    end
    assert.same({}, without_breaches(function()
      hostile.each_seed(150, function(seed)
        bed.run(give, seed % 2 == 0 and "prompt" or "resource", hostile.random(seed))
      end)
    end))
  end)
end)

-- Workers that take their turns, and do nothing else ---------------------------------------------------------

describe("a worker that goes on for ever", function()
  -- Starts a call there, whose worker is looked at as a process is; `meanwhile(host, task)` runs once it is there.
  local function outcome_of(settings, meanwhile)
    local world = new_world "tool"
    local host, result, err
    bed.run(function()
      local _ <close> = setmetatable({}, { __close = function() host:close() end })
      host = hosts.new { end_seconds = 0.05, start = function(options)
        local its = setmetatable({ options = options, over = false, world = world, number = 1 }, Fake)
        fiber.spawn(function()
          while not its.over do
            fiber.sleep(0.01)
            local why = not its.over and options.on_watch()
            if why then its:fall(why) end
          end
        end)
        return its
      end }
      local recipe = assert(bed.load(host, bed.tool "return 1"))
      local task = spawn_call(recipe, world, "guilty", settings)
      if meanwhile then meanwhile(seat_of(host, "guilty").process, task) end
      local joined
      joined, result, err = task:join()
      assert.equal(joined, not fiber.is_cancelled(result))
      assert.is_nil(next(host.calls))
    end)
    return result, err, host:endings()
  end

  local NOT_ENDED = { "it did not end a call that was to end" }

  it("is ended once the call's time is over, which is told", function()
    local result, err, endings = outcome_of { recipe_seconds = 0.05, recipe_cpu_ms = 10 }
    assert.is_nil(result)
    assert.equal("timeout", err.code)
    assert.same(NOT_ENDED, endings)
  end)

  it("is ended where its call was cancelled", function()
    local result, _, endings = outcome_of({ recipe_cpu_ms = 10 }, function(_, task) task:cancel() end)
    assert.is_true(fiber.is_cancelled(result))
    assert.same(NOT_ENDED, endings)
  end)

  it("is ended where clean-ups have begun, with what they ask for", function()
    local slept = false
    local result, err, endings = outcome_of({ recipe_cpu_ms = 10 }, function(its)
      its:take(json.pack { kind = "rest", call = "guilty" })
      its:take(json.pack {
        kind = "effect", call = "guilty", branch = "", seq = 1, effect = "sleep", name = "sleep", input = { seconds = 3600 }, cleans = true,
      })
      slept = true
    end)
    assert.is_true(slept)
    assert.is_nil(result)
    assert.equal("worker_ended", err.code)
    assert.same(NOT_ENDED, endings)
  end)
end)

-- Processes --------------------------------------------------------------------------------------------

local function framed(message)
  return string.pack("<s4", type(message) == "string" and message or protocol.write(protocol.FROM_WORKER, message))
end

local ENDS = { "exit 0", "exit 7", "kill -9 $$", "exec 3>&-; exec sleep 600", "exec sleep 600", "exec sleep 600 3>&-" }

-- What it writes once its calls are there: the first effect of each innocent call, and then whatever comes to its mind.
local function any_stream(random)
  local parts = {}
  for i = 1, INNOCENTS do
    local id = "innocent" .. i
    parts[i] = framed { kind = "effect", call = id, branch = "", seq = 1, effect = "tool", name = "a", input = { n = 1, of = id } }
  end
  for count = 1, random(30) do parts[#parts + 1] = framed(hostile.bytes(random, { call = "guilty" }, count)) end
  local spoil = random(4)
  if spoil == 1 then parts[#parts + 1] = string.pack("<I4", ({ 0, 5, 192 * 1024 * 1024, 4294967295 })[random(4)]) end
  if spoil == 2 then parts[#parts] = parts[#parts]:sub(1, random(#parts[#parts])) end
  return table.concat(parts)
end

-- A worker that is a shell script: `flood` goes on until it is ended.
local function script_of(random, folder)
  local log_line = framed { kind = "log", name = "probe", level = "debug", text = "x" }
  folder:write("loaded", framed { kind = "ready", walls = {} } .. framed(hostile.loaded "r1"))
  folder:write("stream", any_stream(random))
  folder:write("flood", log_line:rep(1000))
  local at = "cd '" .. folder.path .. "'; cat loaded >&3; sleep 0.0" .. random(9) .. "; cat stream >&3; "
  if random(5) == 1 then return at .. "while cat flood; do :; done >&3" end
  return at .. ENDS[random(#ENDS)]
end

local ASKS = bed.tool('for n = 1, 3 do rc.tools.a { n = n, of = ctx.client.name } end return { ok = true }', '{ "a" }')

describe("the process of a hostile worker", function()
  local function live_there(seed)
    local random, started = hostile.random(seed), 0
    local world = new_world "tool"
    local folder <close> = scratch.new()
    local script = script_of(random, folder)
    local host <close> = hosts.new { turn_seconds = 0.5, start = function(options)
      started = started + 1
      options.command = started == 1 and { "sh", "-c", script } or nil
      options.turn_seconds = started == 1 and 0.5 or nil
      return processes.start(options)
    end }
    local recipe = assert(bed.load(host, ASKS))
    local tasks = {}
    for i = 1, INNOCENTS do tasks[i] = spawn_call(recipe, world, "innocent" .. i, {}) end
    local guilty = spawn_call(recipe, world, "guilty", { recipe_seconds = 20 })
    settle(guilty)
    assert_innocents(world, tasks)
    assert.equal(INNOCENTS + 1, world.ended)
    assert_done_once(world)
    assert.is_true(#host:endings() > 0)
  end

  it("ends as it likes, in the midst of what it likes: its calls go on in others", function()
    without_breaches(function()
      hostile.each_seed(10, function(seed) bed.run(live_there, seed) end)
    end)
  end)
end)
