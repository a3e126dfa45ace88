local fiber = require "lib.async.fiber"
local places = require "lib.recipes.run.places"

describe("lib.recipes.run.places", function()
  local order
  before_each(function() order = {} end)

  local function holder(pool, name, gates)
    return fiber.spawn(function()
      local _ <close> = pool:take()
      order[#order + 1] = name
      if gates then fiber.await(function(callback) gates[name] = callback return setmetatable({}, { __close = function() end }) end) end
    end)
  end

  it("are given in the order in which they were asked for", function()
    local pool, gates = places.new(1), {}
    holder(pool, "first", gates)
    for _, name in ipairs { "second", "third" } do holder(pool, name) end
    assert.same({ "first" }, order)
    gates.first()
    assert.same({ "first", "second", "third" }, order)
    assert.equal(0, fiber.count())
  end)

  it("pass by who was cancelled while waiting, and lose nothing", function()
    local pool, gates = places.new(1), {}
    holder(pool, "first", gates)
    local second = holder(pool, "second")
    second.quiet = true
    holder(pool, "third")
    second:cancel()
    gates.first()
    assert.same({ "first", "third" }, order)
    holder(pool, "fourth")
    assert.equal("fourth", order[3])
  end)

  it("are given back where the holder fails", function()
    local pool = places.new(1)
    fiber.spawn(function()
      pcall(function()
        local _ <close> = pool:take()
        error "broken"
      end)
    end)
    holder(pool, "next")
    assert.same({ "next" }, order)
  end)
end)
