local asked = require "lib.recipes.worker.asked"

-- A call that has asked for so many, of which the answers were given in this order.
local function given(count, ...)
  local effects, entries = asked.new(), {}
  for seq = 1, count do entries[seq] = effects:add({ branch = "", seq = seq }, false) end
  for _, at in ipairs { ... } do
    effects.order:went(entries[at])
    entries[at].done = true
  end
  return effects, entries
end

-- Another worker asks for all of it, and each has its answer again.
local function ask_again(effects, entries)
  effects:begin_again()
  for _, entry in ipairs(entries) do entry.asked, entry.done = true, false end
end

-- Answers in this order; gives the order in which they are given.
local function answer(order, entries, ...)
  local list = {}
  local function give(at)
    order:went(entries[at])
    entries[at].done = true
    list[#list + 1] = at
  end
  for _, at in ipairs { ... } do
    if order:may_go(entries[at], false) then give(at) else order:hold(entries[at]) end
    local ready = order:ready(false)
    while ready do
      give(ready.serial)
      ready = order:ready(false)
    end
  end
  return list
end

describe("the order of answers", function()
  it("is as they come, at first", function()
    local effects, entries = given(3)
    assert.same({ 2, 3, 1 }, answer(effects.order, entries, 2, 3, 1))
    assert.equal(3, effects.order.count)
  end)

  it("is in another worker what it was", function()
    local effects, entries = given(4, 3, 1, 2)
    ask_again(effects, entries)
    assert.same({ 3, 1, 2, 4 }, answer(effects.order, entries, 1, 2, 4, 3))
    ask_again(effects, entries)
    assert.same({ 3, 1, 2, 4 }, answer(effects.order, entries, 4, 3, 2, 1))
  end)

  it("leaves out what the recipe has left", function()
    local effects, entries = given(3, 3, 1)
    ask_again(effects, entries)
    entries[3].left = true
    assert.same({ 1, 2 }, answer(effects.order, entries, 2, 1))
  end)

  it("is given up where what is next was not asked for", function()
    local effects, entries = given(3, 3, 1)
    ask_again(effects, entries)
    entries[3].asked = false
    assert.same({}, answer(effects.order, entries, 2, 1))
    assert.is_true(effects.order:is_stuck())
    effects.order:give_up()
    assert.equal(entries[2], effects.order:ready(false))
    assert.is_false(effects.order:is_stuck())
  end)

  it("has nothing new before the end of a call that is to end", function()
    local effects, entries = given(2, 1)
    effects.order:mark_end()
    ask_again(effects, entries)
    assert.is_false(effects.order:is_at_end())
    assert.is_true(effects.order:may_go(entries[1], true))
    effects.order:went(entries[1])
    assert.is_true(effects.order:is_at_end())
    assert.is_false(effects.order:may_go(entries[2], true))
    effects.order:hold(entries[2])
    assert.is_nil(effects.order:ready(true))
    assert.equal(entries[2], effects.order:ready(false))
  end)

  it("ends with what was known as the last question came", function()
    local effects, entries = given(2, 2, 1)
    local last = effects:add({ branch = "", seq = 3 }, false)
    effects.order:went(last)
    effects:cut()
    assert.same({ 2, 1 }, { entries[1].nth, entries[2].nth })
    assert.is_nil(last.nth)
    assert.equal(2, effects.order.count)
    ask_again(effects, entries)
    assert.same({ 2, 1 }, answer(effects.order, entries, 1, 2))
    effects.order:cut(0)
    assert.same({ 0, true }, { effects.order.count, effects.order:is_at_end() })
    assert.is_nil(entries[1].nth)
  end)
end)
