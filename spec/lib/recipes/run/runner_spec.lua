local budgets = require "core.budget"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local loop = require "core.loop"
local recipe = require "spec.support.recipe"
local runner = require "lib.recipes.run.runner"
local turn = require "lib.async.turn"
local turning = require "spec.support.turns"

local SMALL, first, refusal = recipe.SMALL, recipe.first, recipe.refusal

describe("lib.recipes.run.runner", function()
  it("returns copies of what the function returned", function()
    local outcome = recipe.run("return { a = { 1, 2 }, b = input.n + 1 }, 'text'", { input = { n = 41 } })
    assert.same({ n = 2, { a = { 1, 2 }, b = 42 }, "text" }, outcome.values)
  end)

  it("lets the loop turn while it copies what is long", function()
    local turns <close> = turning.count()
    local outcome = recipe.run "local t = {} for i = 1, 200000 do t['k' .. i] = { i } end return t"
    assert.equal(200000, outcome.values[1].k200000[1])
    assert.is_true(turns.number > 5, turns.number)
  end)

  it("waits as the recipe asks, without other fibers waiting for it", function()
    local time <close> = clock.virtual()
    local task = recipe.start("rc.sleep(90); return 'slept'")
    time:run_until(function() return task.status == "done" end)
    assert.equal("slept", select(2, task:join()).values[1])
    assert.equal(0, fiber.count())
  end)

  it("tells the message, then the recipe's own frames", function()
    local err = refusal("local function inner() error('no such image') end\n  local ok = inner()\n  return ok")
    assert.equal("hostile.lua:2: no such image", err.message:match("^[^\n]+"))
    assert.same({ "hostile.lua:2, in upvalue 'inner'", "hostile.lua:3, in function <hostile.lua:1>" },
      { (err.frames[1]:gsub("local 'inner'", "upvalue 'inner'")), err.frames[2] })
  end)

  local at_line_2 = {
    ["memory in small pieces"] = { "local t = {}\nfor i = 1, 1e9 do t[i] = {} end" },
    ["memory at once"] = { "local s\ns = ('x'):rep(1e8)", "^not enough memory: a call of a recipe may use 8 MiB" },
    ["memory in a function of C"] = { "local s = ('a'):rep(1e5)\nlocal t = s:gsub('a', ('%0'):rep(1000))" },
    ["an error that is too long to be told"] = { "local s = ('x'):rep(3e6)\nerror(s)" },
    ["time in a coroutine that is closed"] = { [[
      local co = coroutine.create(function() local _ <close> = setmetatable({}, { __close = function()
        while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)]] },
  }

  for what, case in pairs(at_line_2) do
    it("tells where it was when a limit ended it: " .. what, function()
      local err = refusal(case[1])
      assert.matches("\n  at hostile.lua:[23], ", err.message)
      if case[2] then assert.matches(case[2], err.message) end
    end)
  end

  it("tells when the memory that ran out was that of the whole program", function()
    local _ <close> = setmetatable({}, { __close = function() host.set_memory_ceiling(0) end })
    collectgarbage()
    host.set_memory_ceiling(select(3, host.memory()) * 100 // 95) -- no large block has room
    local err = refusal("local s = ('x'):rep(1e5)\n  return #s")
    assert.matches("^not enough memory: rcmcp holds about as much as it may in all %(setting memory_bytes%)\n", err.message)
  end)

  it("tells where it waited when it took too long", function()
    local time <close> = clock.virtual()
    local task = recipe.start("local function nap()\n    rc.sleep(90)\n  end\n  nap()", { limits = { seconds = 60 } })
    time:run_until(function() return task.status == "done" end)
    local _, _, err = task:join()
    assert.matches("took longer than the 60 seconds that a call may take\n  at hostile.lua:3, .*\n  at hostile.lua:5, ", err.message)
  end)

  it("tells where the function begins of which no line is left: a tail call", function()
    assert.matches("\n  at hostile.lua:1, in the function that begins there$", refusal("return rc.sleep 'soon'").message)
  end)

  it("names the recipe's line where a function of Lua's complains, not ours", function()
    for _, call in ipairs {
      "table.sort({ 3, 2, 1, 4 }, 5)", "table.concat({ {} })", "table.unpack({}, 1, 1e8)", "setmetatable(1, {})",
      "coroutine.wrap(5)", "rawset(1, 2, 3)",
    } do
      local message = refusal("local x\n" .. call .. "\nreturn 1").message
      assert.matches("^hostile.lua:3: ", message)
      assert.is_nil(message:find("lib/recipes", 1, true), message)
    end
  end)

  it("keeps the result of a function that ended in time, though its clean-ups did not", function()
    local time <close> = clock.virtual()
    local task = recipe.start("rc.finally(function() rc.sleep(4) end) rc.sleep(58) return 'paid'", { limits = { seconds = 60 } })
    time:run_until(function() return task.status == "done" end)
    local _, outcome, err = task:join()
    assert.equal("paid", first(outcome, err))
  end)

  it("says that its globals hold what it has no room for", function()
    local loaded, fn = recipe.load("kept = kept or {} kept[#kept + 1] = ('x'):rep(3e6)")
    loaded.memory = budgets.new { memory_bytes = 16 * 1024 * 1024 }
    local message
    local task = fiber.spawn(function()
      for _ = 1, 10 do
        local _, err = runner.run(loaded, fn, { n = 0 }, nil, { limits = SMALL })
        message = message or err and err.message
      end
    end)
    while task.status ~= "done" do loop.step(true) end
    assert.matches("all its calls may use, with what it keeps in globals from earlier ones\n  at hostile.lua:2, ", message)
  end)

  it("keeps the fields of an error through pcall and through the end", function()
    local text = [[
      local ok, err = pcall(rc.host, function_that_fails)
      if err.code ~= "http" or err.status_code ~= 404 or tostring(err) ~= "not there" then return "wrong" end
      error(err, 0)]]
    local loaded, fn = recipe.load(text)
    loaded.environment.function_that_fails = nil
    local err = refusal("rc.fail('enough', { code = 'failed', data = { done = 3 } })")
    assert.equal("enough", err.message)
    assert.equal("failed", err.code)
    assert.same({ done = 3 }, err.data)
    assert.is_function(fn)
  end)

  it("closes the variables of a recipe that was stopped", function()
    local log = {}
    refusal("local _ <close> = setmetatable({}, { __close = function() print 'closed' end })\nwhile true do end",
      { limits = SMALL, log = log })
    assert.same({ "closed" }, log)
  end)

  it("ends a recipe whose caller is cancelled, cleans up, and passes the cancellation on", function()
    local time <close> = clock.virtual()
    local log = {}
    local task = recipe.start([[
      rc.finally(function() rc.sleep(2) print "cleaned" end)
      local ok, err = pcall(rc.sleep, 100)
      print(ok, err.code or err)
      rc.sleep(100)]], { log = log })
    time:run_until(function() return turn.deferred() == 0 end) -- it has begun
    task:cancel()
    time:run_until(function() return task.status == "done" end)
    local ok, err = task:join()
    assert.is_false(ok)
    assert.is_true(fiber.is_cancelled(err))
    assert.equal("cleaned", log[2])
    assert.equal(0, fiber.count())
  end)

  it("ends a recipe that takes too long", function()
    local time <close> = clock.virtual()
    local log = {}
    local task = recipe.start("rc.finally(function() print 'clean' end) rc.sleep(1000)", { limits = { seconds = 60 }, log = log })
    time:run_until(function() return task.status == "done" end)
    local _, outcome, err = task:join()
    assert.is_nil(outcome)
    assert.equal("timeout", err.code)
    assert.same({ "clean" }, log)
  end)
end)
