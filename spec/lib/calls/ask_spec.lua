local account_calls = require "lib.calls.account_calls"
local calls = require "lib.calls.call"
local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"

local LASTING = { key = "k", name = "x", pending = function() end }
local QUESTION = { message = "How many?", input = { { "n", "integer", "A number" } } }

-- A listener that keeps what it is asked.
local function listener()
  local who = { asked = {} }
  function who.question(_, ask) table.insert(who.asked, ask) end
  for _, name in ipairs { "settled", "ended", "progress", "begun", "waits", "may_leave", "displaced" } do who[name] = function() end end
  return who
end

-- A call that asks, and what came of it.
local function asking(options, questions)
  local outcome = {}
  options.feature, options.work = { name = "x" }, function(call)
    if options.lasting then call:outlive(options.lasting) end
    local fibers = {}
    for i = 1, questions or 1 do
      fibers[i] = fiber.spawn(function()
        local ok, values = pcall(call.ctx.elicit, call.ctx, QUESTION)
        outcome[i] = ok and (values and values.n or "no") or values.code
      end)
    end
    for _, each in ipairs(fibers) do each:join() end
  end
  local call = calls.new(options)
  call:start()
  return call, outcome
end

describe("calls.ask", function()
  it("puts each question to who listens, and takes each answer", function()
    local who = listener()
    local call, outcome = asking({ listener = who }, 2)
    assert.same({ 2, 2 }, { #who.asked, #call.asks })
    who.asked[2]:answer("accept", { n = 5 })
    who.asked[1]:answer "decline"
    who.asked[1]:answer("accept", { n = 7 }) -- nobody reads that any more
    assert.same({ "no", 5 }, outcome)
    assert.equal(0, #call.asks)
  end)

  it("takes an answer that comes at once, and an error in its place", function()
    local who = listener()
    function who.question(_, ask) ask:answer("accept", { n = 1 }) end
    assert.same({ 1 }, select(2, asking { listener = who }))
    function who.question() return errors.new("no", { code = "cannot_ask" }) end
    assert.same({ "cannot_ask" }, select(2, asking { listener = who }))
  end)

  it("asks nobody any more once its call is over, whoever in it still waits", function()
    local who, outcome = listener(), nil
    local call = calls.new { feature = { name = "x" }, listener = who, work = function(call)
      fiber.spawn(function()
        local ok, err = pcall(call.ctx.elicit, call.ctx, QUESTION)
        outcome = not ok and err.code
      end)
      fiber.sleep(60)
    end }
    call:start()
    assert.equal(1, #who.asked)
    call:cancel("enough")
    assert.equal("cannot_ask", outcome)
    assert.equal(0, #call.asks)
    who.asked[1]:answer("accept", { n = 5 }) -- comes too late
    assert.equal("cannot_ask", outcome)
  end)

  it("keeps a question that nobody was asked for the next who listens", function()
    local call, outcome = asking { book = account_calls.new(), lasting = LASTING }
    local who = listener()
    call:attach(who)
    assert.equal(1, #who.asked)
    who.asked[1]:answer("accept", { n = 4 })
    assert.same({ 4 }, outcome)
  end)

  it("does not put one again that is open with who was asked", function()
    local who, other = listener(), listener()
    local call, outcome = asking { book = account_calls.new(), listener = who, lasting = LASTING }
    call:detach(who)
    call:attach(other)
    assert.same({ 1, 0 }, { #who.asked, #other.asked })
    who.asked[1]:answer("accept", { n = 9 })
    assert.same({ 9 }, outcome)
  end)

  it("gives a question up that nobody can be asked for ten minutes", function()
    local time <close> = clock.virtual()
    time:run(function()
      local _, outcome = asking { book = account_calls.new(), lasting = LASTING }
      clock.sleep(599)
      assert.same({}, outcome)
      clock.sleep(2)
      assert.same({ "cannot_ask" }, outcome)
    end)
  end)

  it("gives who is asked at last the time that a person needs", function()
    local time <close> = clock.virtual()
    time:run(function()
      local call, outcome = asking { book = account_calls.new(), lasting = LASTING }
      local who = listener()
      clock.sleep(590)
      call:attach(who)
      clock.sleep(60)
      assert.same({}, outcome)
      who.asked[1]:answer("accept", { n = 4 })
      assert.same({ 4 }, outcome)
    end)
  end)

  for kind, lasting in pairs { ["of a run"] = LASTING, ["of any other call"] = false } do
    it("lets questions " .. kind .. " wait behind one with which somebody has left, and for a while after it", function()
      local time <close> = clock.virtual()
      time:run(function()
        local who, first = listener(), nil
        function who.question(self, ask)
          first = ask
          ask.call:await_input(self, { ask = ask, close = function() end, settled = function() end })
        end
        local _, outcome = asking({ book = account_calls.new(), listener = who, lasting = lasting or nil }, 2)
        clock.sleep(700)
        assert.same({}, outcome)
        first:fail(errors.new("Nobody answered.", { code = "timeout" }))
        clock.sleep(599)
        assert.same({ "timeout" }, outcome)
        clock.sleep(2)
        assert.same({ "timeout", lasting and "cannot_ask" or "timeout" }, outcome)
      end)
    end)
  end

  it("takes a question back with the fiber that asked", function()
    local who, closed = listener(), 0
    function who.question(_, ask) ask.shown = { cancel = function() closed = closed + 1 end } end
    local call = calls.new { feature = { name = "x" }, listener = who, work = function(call) call.ctx:elicit(QUESTION) end }
    call:start()
    call:cancel "enough"
    assert.same({ 1, 0 }, { closed, #call.asks })
  end)
end)
