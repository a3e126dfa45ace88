local fiber = require "lib.async.fiber"
local rooms = require "lib.recipes.worker.room"

describe("room in a channel", function()
  it("is waited for while there is none, and not otherwise", function()
    local full = true
    local room = rooms.new(function() return full end)
    local task = fiber.spawn(room.await, room)
    assert.equal("waiting", task.status)
    room:notify()
    assert.equal("waiting", task.status)
    full = false
    room:notify()
    assert.equal("done", task.status)
    assert.equal("done", fiber.spawn(room.await, room).status)
  end)

  it("is found also where the news of it was lost for want of memory", function()
    local full = true
    local room = rooms.new(function() return full end)
    local task = fiber.spawn(room.await, room)
    local handle = task.op --[[@as table]]
    handle:recheck(function() error "there is none" end)
    full = false
    handle:recheck(task.wake)
    assert.equal("done", task.status)
  end)
end)
