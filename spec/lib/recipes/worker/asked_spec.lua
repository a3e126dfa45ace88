local asked = require "lib.recipes.worker.asked"
local fiber = require "lib.async.fiber"

local function place(branch, seq) return { branch = branch, seq = seq } end

describe("what a call has asked for", function()
  it("is known by branch and number", function()
    local effects = asked.new()
    assert.is_nil(effects:at(place("", 1)))
    local first, second = effects:add(place("", 1), false), effects:add(place("2:1", 1), false)
    assert.same({ 1, 2, 2 }, { first.serial, second.serial, effects.count })
    assert.equal(first, effects:at(place("", 1)))
    assert.equal(second, effects:at(place("2:1", 1)))
    assert.is_nil(effects:at(place("2:1", 2)))
  end)

  it("is open until it is done, or left", function()
    local effects = asked.new()
    local first, second = effects:add(place("", 1), false), effects:add(place("", 2), false)
    assert.equal(first, effects:open(place("", 1)))
    first.done, second.left = true, true
    assert.is_nil(effects:open(place("", 1)))
    assert.is_nil(effects:open(place("", 2)))
    assert.is_nil(effects:open(place("", 3)))
  end)

  it("is to be asked for again by another worker", function()
    local effects = asked.new()
    local entry = effects:add(place("", 1), false)
    effects:begin_again()
    assert.is_false(entry.asked)
    assert.equal(entry, effects:at(place("", 1)))
  end)

  it("is ended with the call", function()
    local effects, ended = asked.new(), false
    local entry = effects:add(place("", 1), false)
    entry.fiber = fiber.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() ended = true end })
      fiber.sleep(60)
    end)
    effects:close()
    assert.is_true(ended)
    assert.is_nil(effects:at(place("", 1)))
  end)

  it("is left until all of it is, though memory runs out on the way, and told of once", function()
    local effects, told, refusals = asked.new(), 0, 2
    local entry = effects:add(place("", 1), false)
    entry.fiber = { status = "waiting", cancel = function(self)
      if refusals == 0 then self.status = "done" return end
      refusals = refusals - 1
      error("not enough memory", 0)
    end }
    local function leave() effects:leave(function() told = told + 1 end) end
    assert.is_false((pcall(leave)))
    assert.is_false((pcall(leave)))
    leave()
    assert.same({ 1, "done" }, { told, entry.fiber.status })
  end)

  it("is lost where its fiber has ended before its answer", function()
    local effects = asked.new()
    local entry = effects:add(place("", 1), false)
    entry.fiber = fiber.spawn(function() end)
    assert.same({ entry }, effects:lost())
    entry.done = true
    assert.same({}, effects:lost())
  end)
end)
