-- Connections that are kept for later, and what becomes of them when the peer has hung up.
local http = require "core.http"
local loop = require "core.loop"
local responder = require "spec.support.responder"
local timer = require "core.timer"
local wire = require "spec.support.wire"

local ESTABLISHED, CLOSE_WAIT = "01", "08"

-- How many connections of this machine to a port are in a state, as Linux tells them.
local function count(port, state)
  local wanted, found = ("%04X"):format(port), 0
  for line in io.lines "/proc/net/tcp" do
    local to, now = line:match "^%s*%d+: %x+:%x+ %x+:(%x+) (%x+)"
    if to == wanted and now == state then found = found + 1 end
  end
  return found
end

local function can_count()
  local file = io.open "/proc/net/tcp"
  if file then file:close() end
  return file ~= nil
end

describe("core.http, idle connections", function()
  local BURST = 250

  local function burst(url)
    local ended = 0
    for _ = 1, BURST do
      assert(http.start({ method = "GET", url = url }, function(response, message)
        assert(response, message)
        ended = ended + 1
      end))
    end
    while ended < BURST do loop.step(true) end
  end

  local function sleep(seconds)
    local over = false
    local _ <close> = timer.after(math.ceil(seconds * 1000), function() over = true end)
    while not over do loop.step(true) end
  end

  it("closes those that the peer has closed, without a further request", function()
    if not can_count() then return pending "counts sockets in /proc/net/tcp, which this system does not have" end
    local server <close> = wire.start()
    server:set("keep", responder.answer(200, "{}"))
    burst(server.url)
    assert.equal(BURST, count(server.port, ESTABLISHED))
    local before = http.stats()
    server:set "hang-up"
    server:wait_until(function() return count(server.port, ESTABLISHED) + count(server.port, CLOSE_WAIT) == 0 end)
    assert.same(before, http.stats())
    assert.equal(BURST, server:connections())
  end)

  it("keeps those that are alive, beside others that were closed", function()
    if not can_count() then return pending "counts sockets in /proc/net/tcp, which this system does not have" end
    local dead <close> = wire.start()
    local alive <close> = wire.start()
    for _, server in ipairs { dead, alive } do
      server:set("keep", responder.answer(200, "{}"))
      assert(require("spec.support.client").get(server.url))
    end
    dead:set "hang-up"
    dead:wait_until(function() return count(dead.port, ESTABLISHED) + count(dead.port, CLOSE_WAIT) == 0 end)
    assert.equal(1, count(alive.port, ESTABLISHED))
    sleep(0.05)
    alive:set "hang-up"
    alive:wait_until(function() return count(alive.port, ESTABLISHED) + count(alive.port, CLOSE_WAIT) == 0 end)
  end)
end)
