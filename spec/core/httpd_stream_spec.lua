local httpd = require "core.httpd"
local loop = require "core.loop"
local support = require "spec.support.httpd"
local timer = require "core.timer"

local run_until, serve, start = support.run_until, support.serve, support.start
local fetch, connect, header = support.fetch, support.connect, support.header

describe("core.httpd", function()
  after_each(function()
    collectgarbage()
    loop.step(false)
    assert.equal(0, httpd.pending())
  end)

  describe("stream", function()
    it("sends what is written as it is written, and ends when finished", function()
      local stream
      local server <close> = serve(function(request) stream = request:stream(200, { ["Content-Type"] = "text/event-stream" }) end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function(c) return c.out:find("\r\n\r\n", 1, true) end)
      assert.matches("Content%-Type: text/event%-stream\r\n", client.out)
      assert.matches("Transfer%-Encoding: chunked\r\n", client.out)
      assert.equal(1, httpd.pending())
      for i = 1, 3 do
        assert.equal(6, stream:write("part " .. i))
        client:wait_until(function(c) return c.out:find("part " .. i, 1, true) end)
      end
      stream:finish()
      assert.equal(0, httpd.pending())
      client:wait_until(function(c) return c.out:find("\r\n0\r\n\r\n", 1, true) end)
      assert.same({ nil, "the stream is closed, or its peer is gone", "closed" }, { stream:write("x") })
      client:write("GET / HTTP/1.1\r\nHost: x\r\n\r\n") -- the connection goes on
      local first = stream
      client:wait_until(function() return stream ~= first end)
      stream:cancel()
    end)

    it("tells how much a slow reader leaves queued, and sends it all in order", function()
      local stream
      local server <close>, url = serve(function(request) stream = request:stream(200) end)
      local result = start(url)
      run_until(function() return stream end)
      local parts = {}
      for i = 1, 100 do parts[i] = ("%08d"):format(i):rep(2000) end
      local queued = 0
      for i = 1, 100 do
        local now = stream:write(parts[i])
        assert.is_true(now == queued + #parts[i])
        queued = now
      end
      stream:finish()
      run_until(function() return result.done end)
      assert.is_true(table.concat(parts) == result.response.body)
      server:cancel()
    end)

    it("cancelled breaks the connection, also when forgotten", function()
      for _, by in ipairs { "cancel", "close", "collector" } do
        local server <close>, url = serve(function(request)
          if by == "collector" then
            request:stream(200):write("x")
          elseif by == "close" then
            local stream <close> = request:stream(200)
            stream:write("x")
          else
            local stream = request:stream(200)
            stream:write("x")
            timer.after(1, function() stream:cancel() stream:cancel() stream:finish() end)
          end
        end)
        local result = start(url)
        run_until(function() collectgarbage() return result.done end)
        assert.is_nil(result.response)
        server:cancel()
      end
    end)

    it("answers HEAD with the head alone and takes writes that go nowhere", function()
      local stream, gone
      local server <close>, url = serve(function(request)
        request:on_closed(function() gone = true end)
        stream = request:stream(200, { ["X-One"] = "1" })
      end)
      local response = fetch(url, { method = "HEAD" })
      assert.equal("1", header(response, "X-One"))
      assert.equal(0, stream:write("nowhere"))
      stream:finish()
      assert.equal(200, fetch(url, { method = "HEAD" }).status)
      stream:finish()
      assert.is_nil(gone)
      server:cancel()
    end)

    it("ends with the connection for an HTTP/1.0 client", function()
      local server <close> = serve(function(request)
        local stream = request:stream(200)
        stream:write("all of it")
        stream:finish()
      end)
      local client <close> = connect(server, "GET / HTTP/1.0\r\n\r\n")
      client:wait()
      assert.matches("\r\n\r\nall of it$", client.out)
    end)
  end)

  describe("drop", function()
    it("closes without an answer", function()
      local server <close>, url = serve(function(request)
        request:drop()
        assert.equal(0, httpd.pending())
      end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait()
      assert.equal("", client.out)
      assert.is_nil((fetch(url)))
    end)

    it("closes in the middle of the body it promised", function()
      local server <close>, url = serve(function(request)
        request:drop { status = 200, headers = { ["X-One"] = "1" }, body = "half", promised = 8 }
      end)
      local client <close> = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait()
      assert.matches("^HTTP/1.1 200 OK\r\n.*X%-One: 1\r\n.*Content%-Length: 8\r\n\r\nhalf$", client.out)
      assert.equal("truncated", (select(3, fetch(url))))
    end)

    it("refuses a fault that is none", function()
      local server <close>, url = serve(function(request)
        local function promise(bytes) request:drop { status = 200, body = "1234", promised = bytes } end
        assert.error_matches(function() promise(4) end, "promised must be more than the body")
        assert.error_matches(function() request:drop { body = "1234", promised = 5 } end, "number expected")
        request:respond(200)
      end)
      assert.equal(200, fetch(url).status)
      server:cancel()
    end)
  end)
end)
