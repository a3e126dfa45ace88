local loop = require "core.loop"
local turn = require "lib.async.turn"

describe("lib.async.turn", function()
  it("calls what is deferred in the next turn, by age, and not what was closed before", function()
    local called = {}
    local function note(name) return function() called[#called + 1] = name end end
    turn.defer(note "first")
    local second = turn.defer(note "second")
    turn.defer(note "third")
    assert.same({}, called)
    assert.equal(3, turn.deferred())
    second:__close()
    second:__close()
    assert.equal(2, turn.deferred())
    loop.run()
    assert.same({ "first", "third" }, called)
    assert.equal(0, turn.deferred())
  end)

  it("calls what is deferred meanwhile in the turn after that", function()
    local called, rounds = {}, 0
    local function again()
      called[#called + 1] = rounds
      if #called < 3 then turn.defer(again) end
    end
    turn.defer(again)
    while turn.deferred() > 0 do
      rounds = rounds + 1
      loop.step(true)
    end
    assert.same({ 1, 2, 3 }, called)
  end)

  it("leaves the rest to later turns once slices have taken their share, and keeps its order", function()
    local called, rounds = {}, 0
    local function spend(name)
      return function()
        called[#called + 1] = ("%s in %d"):format(name, rounds)
        turn.spend(1)
        turn.defer(function() called[#called + 1] = ("behind %s in %d"):format(name, rounds) end)
      end
    end
    turn.defer(spend "first")
    turn.defer(spend "second")
    assert.is_true(turn.has_room())
    while turn.deferred() > 0 do
      rounds = rounds + 1
      loop.step(true)
    end
    assert.same({ "first in 1", "second in 2", "behind first in 3", "behind second in 3" }, called)
    assert.is_true(turn.has_room())
  end)

  it("has room again in the next turn", function()
    turn.spend(1)
    assert.is_false(turn.has_room())
    loop.run()
    assert.is_true(turn.has_room())
  end)
end)
