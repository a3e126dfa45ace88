local child = require "spec.support.child"
local client = require "spec.support.client"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local responder = require "spec.support.responder"
local timer = require "core.timer"

local function never()
  error("called after cancel")
end

describe("core.http cancel", function()
  it("works before the first turn of the loop, and again", function()
    local server <close> = responder.start()
    local transfer = assert(http.start({ method = "GET", url = server.url }, never))
    transfer:cancel()
    transfer:cancel()
    assert.equal(0, http.active())
    assert.equal("ok", assert(client.get(server.url)).body)
    assert.equal(1, #server:requests())
  end)

  it("works while the name is being looked up", function()
    local transfer = assert(http.start({ method = "GET", url = "http://no-such-host.invalid/" }, never))
    loop.step(false)
    transfer:cancel()
    loop.run()
  end)

  it("works while the connection is being made, and leaves no watch on its descriptor", function()
    local server <close> = assert(httpd.listen({}, function(request) request:respond(200, {}, "ok") end))
    local url = "http://127.0.0.1:" .. server.port
    for _ = 1, 3 do
      local transfer = assert(http.start({ method = "GET", url = url }, never))
      timer.after(0, function() transfer:cancel() end) -- in the turn that begins to connect
      for _ = 1, 3 do loop.step(false) end
    end
    assert.equal("ok", assert(client.get(url)).body)
  end)

  it("works in the middle of an answer, and the connection is not used again", function()
    local stream
    local server <close> = assert(httpd.listen({}, function(request)
      if request.path == "/next" then return request:respond(200, {}, "next") end
      stream = request:stream(200)
      stream:write("some")
    end))
    local url = "http://127.0.0.1:" .. server.port
    local transfer = assert(http.start({ method = "GET", url = url }, never))
    while not stream do loop.step(true) end
    loop.step(false)
    transfer:cancel()
    assert.equal("next", assert(client.get(url .. "/next")).body)
    stream:cancel()
  end)

  it("is a to-be-closed value", function()
    local server <close> = responder.start { ["*"] = { "", "hold" } }
    do
      local _ <close> = http.start({ method = "GET", url = server.url }, never)
    end
    assert.equal(0, http.active())
  end)

  it("works from inside callbacks, its own and others'", function()
    local server <close> = responder.start { ["GET /hold"] = { "", "hold" } }
    local other = assert(http.start({ method = "GET", url = server.url .. "/hold" }, never))
    local own, called
    own = assert(http.start({ method = "GET", url = server.url .. "/" }, function(response)
      called = response.status
      own:cancel()
      other:cancel()
    end))
    while http.active() > 0 do loop.step(true) end
    assert.equal(200, called)
  end)

  it("lets what waits behind it begin", function()
    local waiting, finished = {}, 0
    local server <close> = assert(httpd.listen({}, function(request) waiting[#waiting + 1] = request end))
    local url = "http://127.0.0.1:" .. server.port
    local running = {}
    for i = 1, 256 do running[i] = assert(http.start({ method = "GET", url = url }, never)) end
    local queued = assert(http.start({ method = "GET", url = url }, never))
    local missing
    assert(http.start({ method = "POST", url = url, body_file = "/nonexistent/file" }, function(_, _, code)
      missing = code
    end))
    assert(http.start({ method = "GET", url = url .. "/last" }, function() finished = finished + 1 end))
    assert.equal(3, http.stats().queued)
    queued:cancel()
    assert.equal(2, http.stats().queued)
    for i = 1, 256 do running[i]:cancel() end
    assert.is_nil(missing) -- a queued transfer that cannot begin does not call back from inside cancel
    local looked_at = 0
    while finished == 0 do
      loop.step(true)
      for i = looked_at + 1, #waiting do
        looked_at = i
        if waiting[i].path == "/last" then waiting[i]:respond(200) end
      end
    end
    assert.equal("file", missing)
    assert.equal(0, http.active())
  end)

  it("survives a transfer that the script forgets", function()
    local server <close> = responder.start()
    local status
    http.start({ method = "GET", url = server.url }, function(response) status = response.status end)
    collectgarbage()
    while not status do loop.step(true) end
    assert.equal(200, status)
  end)

  it("keeps running after a callback that raises", function()
    local server <close> = responder.start()
    http.start({ method = "GET", url = server.url }, function() error("raised on purpose by the http spec") end)
    while http.active() > 0 do loop.step(true) end
    assert.equal("ok", assert(client.get(server.url)).body)
  end)

  it("starts the next transfer from inside a callback", function()
    local server <close> = responder.start()
    local bodies = {}
    local function go()
      http.start({ method = "GET", url = server.url .. "/" .. #bodies }, function(response)
        bodies[#bodies + 1] = response.body
        if #bodies < 20 then go() end
      end)
    end
    go()
    while #bodies < 20 do loop.step(true) end
    assert.equal(20, #bodies)
    assert.equal(1, server:wait_requests(20)[20].connection)
  end)

  it("happens to whatever runs when the program ends", function()
    local server <close> = responder.start { ["*"] = { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", "hold" } }
    local script, saved = os.tmpname(), os.tmpname()
    local f = assert(io.open(script, "w"))
    f:write([[
      local http, loop = require "core.http", require "core.loop"
      local url, saved = arg[1], arg[2]
      local function never() error("called back at the end") end
      kept = {}
      for i = 1, 300 do kept[i] = assert(http.start({ method = "GET", url = url, save_as = i == 1 and saved or nil }, never)) end
      setmetatable(kept, { __gc = function() for _, transfer in ipairs(kept) do transfer:cancel() end end })
      for _ = 1, 50 do loop.step(false) end
      print(http.active())
    ]])
    f:close()
    local status, out, err = child.run { "lua", script, server.url, saved .. ".png" }
    os.remove(script)
    os.remove(saved)
    assert.equal("", err)
    assert.equal(0, status)
    assert.equal("300\n", out)
    assert.is_nil(io.open(saved .. ".png"))
  end)
end)
