local child = require "spec.support.child"
local host = require "core.host"
local httpd = require "core.httpd"
local loop = require "core.loop"
local memory = require "spec.support.memory"
local support = require "spec.support.httpd"

local run_until, serve, start, fetch, connect = support.run_until, support.serve, support.start, support.fetch, support.connect

describe("core.httpd", function()
  after_each(function()
    collectgarbage()
    loop.step(false)
    assert.equal(0, httpd.pending())
  end)

  describe("on_closed", function()
    -- Leaves while the request is in the state that `prepare` brings it to; counts the notices.
    local function leave_while(prepare)
      local notices, request = 0, nil
      local server <close> = serve(function(asked)
        request = asked
        asked:on_closed(function() notices = notices + 1 end)
        prepare(asked)
      end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function() return request end)
      client:close_stdin()
      client:wait_until(function() return notices > 0 end)
      client:wait()
      loop.step(false)
      assert.equal(0, httpd.pending())
      assert.equal(1, notices)
      return request
    end

    it("comes when the peer leaves before the answer", function()
      local request = leave_while(function() end)
      request:respond(200) -- too late, and no error
    end)

    it("comes when the peer leaves a stream that is idle", function()
      local stream
      leave_while(function(request) stream = request:stream(200) end)
      assert.equal("closed", (select(3, stream:write("x"))))
    end)

    it("comes when the peer leaves in the middle of a large answer", function()
      leave_while(function(request) request:respond(200, nil, ("x"):rep(64 * 1024 * 1024)) end)
    end)

    it("comes to one that asks when it is too late", function()
      local late, request = 0, nil
      local server <close> = serve(function(asked) request = asked end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function() return request end)
      client:close_stdin()
      client:wait_until(function() return httpd.pending() == 0 end)
      client:wait()
      request:on_closed(function() late = late + 1 end)
      run_until(function() return late > 0 end)
      assert.equal(1, late)
    end)

    it("does not come when the answer was complete", function()
      local notices = 0
      local server <close>, url = serve(function(request)
        request:on_closed(function() notices = notices + 1 end)
        request:respond(200)
      end)
      fetch(url, { headers = { "Connection: close" } })
      collectgarbage()
      loop.step(false)
      assert.equal(0, notices)
      server:cancel()
    end)

    for _, keeps in ipairs { true, false } do
      it("is told again where memory runs out for it, of a request that Lua " .. (keeps and "keeps" or "forgets"), function()
        local tries, request = 0, nil
        local server <close> = serve(function(asked)
          if keeps then request = asked end
          asked:on_closed(function()
            tries = tries + 1
            if tries < 5 then
              host.fail_allocations(0, 2)
              return { "refused" }
            end
          end)
        end)
        local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client:wait_until(function() return httpd.pending() == 1 end)
        client:close_stdin()
        client:wait_until(function() return httpd.pending() == 0 end)
        client:wait()
        -- One that is forgotten may go with the first collection, and its callback with it.
        if keeps then run_until(function() return tries == 5 end) end
        collectgarbage()
        for _ = 1, 20 do loop.step(false) end
        assert.is_true(tries == 5 or not keeps and tries < 5)
        assert.equal(keeps, request ~= nil)
      end)
    end

    it("that raises is logged, and the server goes on", function()
      local raised = false
      local server <close>, url = serve(function(request)
        if request.path == "/wait" then
          request:on_closed(function()
            raised = true
            error("raised on purpose by the httpd spec")
          end)
          return
        end
        request:respond(200)
      end)
      local client <close> = connect(server, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function() return httpd.pending() == 1 end)
      client:close_stdin()
      client:wait_until(function() return raised end)
      client:wait()
      assert.equal(200, fetch(url).status)
      server:cancel()
    end)
  end)

  describe("cancel", function()
    it("ends open requests and streams at once, and what is called on them later does nothing", function()
      local requests, notices = {}, 0
      local server <close>, url = serve(function(request)
        request:on_closed(function() notices = notices + 1 end)
        requests[#requests + 1] = request
      end)
      local results = {}
      for i = 1, 5 do results[i] = start(url) end
      run_until(function() return #requests == 5 end)
      local stream = requests[1]:stream(200)
      stream:write("x")
      requests[2]:respond(200, nil, ("x"):rep(1024 * 1024))
      server:cancel()
      assert.equal(0, httpd.pending())
      for i = 3, 4 do requests[i]:respond(200) end
      requests[5]:drop()
      assert.equal("closed", (select(3, stream:write("y"))))
      stream:finish()
      for i = 1, 5 do run_until(function() return results[i].done end) end
      for i = 3, 5 do assert.is_nil(results[i].response) end
      assert.equal(0, notices)
    end)

    it("works from inside a request's callback", function()
      local server, url
      server, url = serve(function(request)
        request:respond(200)
        server:cancel()
      end)
      local one, two = start(url), start(url)
      run_until(function() return one.done and two.done end)
    end)

    it("works from inside on_closed", function()
      local server
      local closed = false
      server = serve(function(request)
        request:on_closed(function()
          server:cancel()
          closed = true
        end)
      end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function() return httpd.pending() == 1 end)
      client:close_stdin()
      client:wait_until(function() return closed end)
      client:wait()
    end)

    it("leaves a server that is open to the end of the program", function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write([[
        local httpd, loop, http = require "core.httpd", require "core.loop", require "core.http"
        local held
        local server = assert(httpd.listen({}, function(request) held = request end))
        http.start({ method = "GET", url = "http://127.0.0.1:" .. server.port }, print)
        while not held do loop.step(true) end
        stream = held:stream(200)
      ]])
      file:close()
      local status, _, err = child.run { "lua", path }
      os.remove(path)
      assert.equal(0, status)
      assert.equal("", err)
    end)
  end)

  describe("when memory runs out", function()
    it("while a request comes in, it is answered 500, or its connection closed, and the server goes on", function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write([[
        local host, httpd, loop = require "core.host", require "core.httpd", require "core.loop"
        local server = assert(httpd.listen({}, function(request)
          host.fail_allocations(0, 0)
          request:respond(200)
        end))
        io.stdout:write(server.port, "\n")
        io.stdout:flush()
        for turn = 1, 600 do
          host.fail_allocations(turn % 60, 2)
          loop.step(true)
          host.fail_allocations(0, 0)
        end
      ]])
      file:close()
      local program <close> = child.rcmcp { "lua", path }
      local url = "http://127.0.0.1:" .. program:line()
      local seen = { [200] = 0, [500] = 0 }
      repeat
        local response, _, code = fetch(url, { headers = { "X-One: 1", "X-One: 2" } })
        if response then seen[response.status] = seen[response.status] + 1 end
      until code == "connect"
      program:wait()
      os.remove(path)
      assert.equal(0, program.status, program.err)
      assert.is_true(seen[200] > 0)
      assert.is_true(seen[500] > 0)
    end)

    it("listen leaves nothing behind", function()
      local server
      assert.is_true(memory.sweep(function() server = assert(httpd.listen({}, print)) end) > 0)
      server:cancel()
      loop.run()
    end)

    it("an answer is tried again, or the request is answered 500", function()
      local failures = 0
      local server <close>, url = serve(function(request)
        request:on_closed(print)
        failures = failures + memory.sweep(function() request:respond(200, { ["X-One"] = "1" }, "x") end)
      end)
      assert.equal(200, fetch(url).status)
      local streaming <close>, second = serve(function(request)
        request:on_closed(print)
        local stream
        failures = failures + memory.sweep(function() stream = request:stream(200) end)
        stream:finish()
      end)
      assert.equal(200, fetch(second).status)
      assert.is_true(failures > 0)
      server:cancel()
      streaming:cancel()
    end)
  end)
end)
