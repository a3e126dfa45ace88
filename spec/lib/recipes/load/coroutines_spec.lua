local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local kit = require "spec.support.rc"
local recipe = require "spec.support.recipe"

-- What the code returns, on a clock that jumps over its waits.
local function run(text, options)
  local time <close> = clock.virtual()
  local outcome, err
  time:run(function()
    local task = recipe.start(text, options)
    outcome, err = select(2, task:join())
  end)
  assert.equal(0, fiber.count())
  return outcome and outcome.values[1], err and err.message
end

describe("a recipe's wait", function()
  local works = {
    ["in coroutine.wrap"] = "return coroutine.wrap(function() rc.sleep(60) return 'done' end)()",
    ["in coroutine.resume"] = [[local co = coroutine.create(function(a) rc.sleep(60) return a end)
      return select(2, coroutine.resume(co, 'done'))]],
    ["in coroutines within each other"] = [[
      local function deep(n)
        if n == 0 then rc.sleep(60) return 'done' end
        return coroutine.wrap(function() rc.sleep(1) return deep(n - 1) end)()
      end
      return deep(10)]],
    ["in a generator, between what it gives"] = [[
      local list = {}
      for item in coroutine.wrap(function()
        for _, item in ipairs { 'do', 'ne' } do rc.sleep(60) coroutine.yield(item) rc.sleep(60) end
      end) do list[#list + 1] = item end
      return table.concat(list)]],
    ["in pcall within a coroutine"] = "return select(2, coroutine.wrap(pcall)(function() rc.sleep(60) return 'done' end))",
    ["in the handler of xpcall"] = "return select(2, xpcall(error, function() rc.sleep(60) return 'done' end))",
    ["in an iterator"] = "for _, value in function(_, at) rc.sleep(60) if not at then return 1, 'done' end end do return value end",
    ["in a metamethod"] = [[
      local wait = function() rc.sleep(60) return 'ne' end
      local t = setmetatable({}, { __index = wait, __call = wait, __concat = function(a) return a .. wait() end })
      return t.x == 'ne' and t() == 'ne' and 'do' .. t]],
    ["in __pairs"] = [[
      local t = setmetatable({}, { __pairs = function() rc.sleep(60) return next, { x = 'done' } end })
      for _, value in pairs(t) do return value end]],
    ["in __close, of a block in a coroutine, too"] = [[
      local result
      local guard = setmetatable({}, { __close = function() rc.sleep(60) result = 'done' end })
      coroutine.wrap(function() local _ <close> = guard end)()
      return result]],
    ["that fails, in a coroutine"] = [[
      local ok, err = coroutine.resume(coroutine.create(function() rc.fail 'do' end))
      return not ok and err.message .. 'ne']],
  }

  for where, text in pairs(works) do
    it("works " .. where, function()
      assert.same({ "done" }, { run(text) })
    end)
  end

  local refused = {
    ["table.sort"] = "table.sort({ 3, 2, 1 }, function(a, b)\nrc.sleep(1) return a < b end)",
    ["string.gsub"] = "return (('abc'):gsub('.', function()\nrc.sleep(1) end))",
    ["tostring"] = "return tostring(setmetatable({}, { __tostring = function()\nrc.sleep(1) end }))",
    ["string.format"] = "return ('%s'):format(setmetatable({}, { __tostring = function()\nrc.sleep(1) end }))",
    ["ipairs"] = "for _ in ipairs(setmetatable({}, { __index = function()\nrc.sleep(1) end })) do end",
    ["table.concat"] = "table.concat(setmetatable({}, { __index = function()\nrc.sleep(1) end }), '', 1, 1)",
    ["a coroutine that is being closed"] = [[
      local guard = setmetatable({}, { __close = function()
        rc.sleep(1) end })
      local co = coroutine.create(function() local _ <close> = guard coroutine.yield() end)
      coroutine.resume(co)
      local _, err = coroutine.close(co) error(err, 0)]],
  }

  for what, text in pairs(refused) do
    it("says where it is, and what to do instead, in a function that calls back: " .. what, function()
      local _, message = run(text)
      assert.matches("^hostile.lua:[34]: waiting cannot be done in a function that .*; ", message)
      assert.matches(what, message, 1, true)
      assert.is_nil(message:find("C-call", 1, true))
    end)
  end

  it("says so, too, where it is handed up to such a function from a coroutine", function()
    local _, message = run [[
      table.sort({ 2, 1 }, function(a, b)
        return coroutine.wrap(function() rc.sleep(1) return a < b end)()
      end)]]
    assert.matches("^hostile.lua:2: waiting cannot be done in a function that table.sort calls", message)
  end)

  it("ends with the call: what coroutines hold is closed, each once", function()
    local time <close> = clock.virtual()
    local log = {}
    time:run(function()
      local task = recipe.start([[
        local function guard(name) return setmetatable({}, { __close = function() print(name) end }) end
        coroutine.wrap(function()
          local _ <close> = guard "outer"
          pcall(coroutine.wrap(function()
            local _ <close> = guard "inner"
            rc.sleep(3600)
          end))
          rc.sleep(3600)
          print "never"
        end)()]], { log = log })
      task:cancel()
      task:join()
    end)
    assert.same({ "inner", "outer" }, log)
    assert.equal(0, fiber.count())
  end)

  it("keeps the limits: processor time counts in coroutines between waits", function()
    local _, message = run([[
      coroutine.wrap(function() rc.sleep(60) while true do end end)()]], { limits = { cpu_ms = 40 } })
    assert.matches("more than the 0.04 seconds of processor time", message)
  end)
end)

describe("a coroutine that waits", function()
  it("gets its answer, whatever other functions of the call try with it meanwhile", function()
    kit.with({}, function()
      local data = kit.data [[
        local co = coroutine.create(function() rc.sleep(10) return "answer" end)
        local wrapped = coroutine.wrap(function() rc.sleep(10) return "wrapped" end)
        local results = rc.all {
          function() return { select(2, coroutine.resume(co)), wrapped() } end,
          function()
            rc.sleep(5)
            local status, resumed = coroutine.status(co), table.pack(coroutine.resume(co))
            local _, closing = pcall(coroutine.close, co)
            rc.sleep(10)
            local _, calling = pcall(wrapped)
            return { status, resumed[1], resumed[2], closing, calling }
          end,
        }
        results[3] = coroutine.status(co)
        return results]]
      assert.same({ "answer", "wrapped" }, data[1])
      assert.same({
        "normal", false, "cannot resume a coroutine that waits", "cannot close a coroutine that waits",
        "cannot resume a coroutine that waits",
      }, data[2])
      assert.equal("dead", data[3])
    end)
  end)
end)

describe("a job", function()
  it("can be submitted and waited for in a coroutine of the recipe's own, and in rc.map's within it", function()
    kit.with({}, function()
      local data = kit.data(([[
        local function runs()
          for seed = 1, 2 do
            local job = rc.submit { deployment_id = %q, overrides = { [3] = { inputs = { seed = seed } } } }
            coroutine.yield(#job:wait().output_urls)
          end
        end
        local counts = {}
        for count in coroutine.wrap(runs) do counts[#counts + 1] = count end
        local more = coroutine.wrap(function() return rc.map({ 1, 2 }, function(i)
          return coroutine.wrap(function() rc.sleep(i) return i end)()
        end) end)()
        return { counts = counts, more = more }]]):format(kit.DEPLOYMENT), { uses = { "submit_request" } })
      assert.same({ counts = { 1, 1 }, more = { 1, 2 } }, data)
    end)
  end)

  for code, problem in pairs {
    ["coroutine.wrap(1)"] = "bad argument #1 to 'wrap' (function expected, got number)",
    ["coroutine.resume(1)"] = "bad argument #1 to 'resume' (coroutine expected, got number)",
    ["coroutine.status(1)"] = "bad argument #1 to 'status' (coroutine expected, got number)",
    ["coroutine.close(1)"] = "bad argument #1 to 'close' (coroutine expected, got number)",
  } do
    it("refuses at the recipe's line: " .. code, function()
      local _, message = require("lib.recipes.load.sandbox").declare({ name = "probe" },
        "local function misuse()\n  local got = " .. code .. "\n  return got\nend\nreturn misuse()", "@probe.lua")
      assert.equal("probe.lua:2: " .. problem, message)
    end)
  end
end)
