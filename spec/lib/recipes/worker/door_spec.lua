local doors = require "lib.recipes.worker.door"
local fiber = require "lib.async.fiber"

describe("lib.recipes.worker.door", function()
  it("names the calls that wait for the host, until it has answered them", function()
    local sent = {}
    local door = doors.new { send = function(message) sent[#sent + 1] = message end }
    for _, name in ipairs { "c1", "c2" } do
      fiber.spawn(door.rest, door, { call_id = name, wall = 1, told_at = 0, speed = 0, ahead = 0 })
    end
    assert.same({ { kind = "rest", call = "c1" }, { kind = "rest", call = "c2" } }, sent)
    assert.same({ c1 = true, c2 = true }, door:waiting_calls())
    door:rested { call = "c1", wall = 1 }
    assert.same({ c2 = true }, door:waiting_calls())
    door:rested { call = "c2", wall = 1 }
    assert.same({}, door:waiting_calls())
  end)
end)
