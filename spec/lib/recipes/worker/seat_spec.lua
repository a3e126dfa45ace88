-- What a worker may ask for, and how long it may take to end what is to end, as its host sees it.
local asked = require "lib.recipes.worker.asked"
local fiber = require "lib.async.fiber"
local seats = require "lib.recipes.worker.seat"

local EFFECT = { kind = "effect", call = "c1", branch = "", seq = 1, effect = "tool", name = "a", input = {} }

local function with(changes)
  local message = {}
  for name, value in pairs(EFFECT) do message[name] = value end
  for name, value in pairs(changes) do message[name] = value end
  return message
end

-- A seat with a call whose effects never end; `told`: what its worker was sent.
local function seated(end_seconds)
  local seat = seats.new(false, end_seconds)
  local told = {}
  seat.process = { send = function(_, message) told[#told + 1] = message end, room = { await = function() end } }
  local call = {
    message = { kind = "call", call = "c1", feature = "tool", limits = {} }, asked = asked.new(), count = 0, bytes = 0, last = {},
    names = 0, lone_ends = 0, lone_ends_in_all = 0, astray = 0, callback = function() end,
    listener = { effect = function() fiber.sleep(600) end },
  }
  seat:seat(call)
  return seat, call, told
end

local function finally(call) call.asked:close() end

describe("a worker's seat", function()
  it("lets so many bytes be under way that the host stays well", function()
    local seat, call = seated()
    local most = 512 * 1024 * 1024
    assert.is_nil(seat:take(EFFECT, most - 1))
    assert.is_nil(seat:take(with { seq = 2 }, 100)) -- what is small is not counted
    assert.equal("too many effects at once", seat:take(with { seq = 3 }, 64 * 1024))
    assert.is_nil(seat:take({ kind = "leave", call = "c1", branch = "", seq = 1 }, 10))
    assert.is_nil(seat:take(with { seq = 4 }, 64 * 1024))
    assert.equal(2, call.count)
    seats.cancel(call)
    assert.same({ 0, 0 }, { call.count, call.bytes })
    finally(call)
  end)

  for what, case in pairs {
    ["below an effect"] = { { { seq = 3 }, { branch = "3" } }, "a branch below an effect" },
    ["far below an effect"] = { { { branch = "2:1", seq = 3 }, { branch = "2:1/3/7:5/1" } }, "a branch below an effect" },
    ["above a branch"] = { { { branch = "3" }, { seq = 3 } }, "an effect above a branch" },
    ["out of order"] = { { { seq = 3 }, { seq = 3 } }, "the effects of a branch are out of order" },
  } do
    it("takes no effect that stands " .. what, function()
      local seat, call = seated()
      assert.is_nil(seat:take(with(case[1][1]), 10))
      assert.equal(case[2], seat:take(with(case[1][2]), 10))
      finally(call)
    end)
  end

  it("takes those of groups and clean-ups beside effects", function()
    local seat, call = seated()
    for _, branch in ipairs { "", "2:1", "2:1/2:4", "3~2", "33" } do assert.is_nil(seat:take(with { branch = branch }, 10)) end
    assert.is_nil(seat:take(with { seq = 4 }, 10))
    finally(call)
  end)

  it("lets a call take a hundred thousand steps, and its clean-ups as many", function()
    local seat, call, told = seated()
    call.listener.effect = function() return true end
    call.asked.count = 100000 - 3 -- as if it had asked for so many
    for seq = 1, 3 do
      assert.is_nil(seat:take(with { seq = seq }, 10))
      assert.is_true(told[#told].value)
    end
    assert.is_nil(seat:take(with { seq = 100001 }, 10))
    assert.equal("too_many_steps", told[#told].err.code)
    assert.equal(100000, call.asked.count)
    assert.is_nil(seat:take(with { seq = 100002, cleans = true }, 10))
    assert.is_true(told[#told].value)
    finally(call)
  end)

  it("gives answers in the order in which they were given, also where a worker ended in between", function()
    local first, call, told = seated()
    call.listener.effect = function(effect) return effect.branch end
    local function ask(seat, branch) assert.is_nil(seat:take(with { branch = branch }, 10)) end
    local function seat_anew()
      call.asked:begin_again()
      local seat = seats.new(true)
      seat.process = { send = first.process.send, room = first.process.room, settle = function() end }
      for i = #told, 1, -1 do told[i] = nil end
      seat:seat(call)
      return seat
    end
    local function answers()
      local list = {}
      for _, message in ipairs(told) do list[#list + 1] = message.kind == "answer" and message.value or nil end
      return list
    end
    ask(first, "2:2")
    ask(first, "2:1")
    assert.same({ "2:2", "2:1" }, answers())
    ask(seat_anew(), "2:1")
    assert.same({}, answers())
    local last = seat_anew()
    ask(last, "2:1")
    ask(last, "2:2")
    assert.same({ "2:2", "2:1" }, answers())
    assert.equal(0, call.count)
    finally(call)
  end)

  it("is ended where it does not end a call that was cancelled", function()
    local seat, call, told = seated(0)
    assert.is_nil(seat:look())
    seats.cancel(call)
    assert.equal("cancel", told[#told].kind)
    assert.equal("it did not end a call that was to end", seat:look())
    assert.is_true(call.is_overdue)
    finally(call)
  end)

  it("has its time for that", function()
    local seat, call = seated()
    seats.cancel(call)
    assert.is_nil(seat:look())
    finally(call)
  end)

  it("is ended where a call has begun its clean-ups and does not end, but not while the host makes it wait", function()
    local seat, call, told = seated(0)
    local go_on
    call.listener.rest = function()
      fiber.await(function(callback)
        go_on = callback
        return setmetatable({}, { __close = function() end })
      end)
    end
    assert.is_nil(seat:take({ kind = "rest", call = "c1" }, 10))
    assert.is_nil(seat:look())
    go_on()
    assert.equal("rested", told[#told].kind)
    assert.equal("it did not end a call that was to end", seat:look())
    finally(call)
  end)

  it("writes lines under a thousand names", function()
    local lines = require "lib.recipes.rc.lines"
    local names = {}
    lines.redirect(function(_, name) names[name] = (names[name] or 0) + 1 end)
    local _ <close> = setmetatable({}, { __close = function() lines.redirect(nil) end })
    local seat, call = seated()
    for i = 1, 1100 do seat:take({ kind = "log", name = "n" .. i, level = "info", text = "t" }, 10) end
    seat:take({ kind = "log", name = "n1", level = "info", text = "t" }, 10)
    assert.same({ 2, 1, 100 }, { names.n1, names.n1000, names[""] })
    finally(call)
  end)
end)
