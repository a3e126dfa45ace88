local child = require "spec.support.child"
local host = require "core.host"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local memory = require "spec.support.memory"
local timer = require "core.timer"

-- Runs the loop until `done()`; the watchdog is no measure.
local function run_until(done)
  local expired = false
  local _ <close> = timer.after(30000, function() expired = true end)
  while not done() do
    if expired then error("what the spec waits for does not come", 2) end
    loop.step(true)
  end
end

-- A server on a free port that is closed with its variable; `log` collects its requests.
local function serve(on_request, options)
  local server, message = httpd.listen(options or {}, on_request)
  assert.is_truthy(server, message)
  return server, "http://127.0.0.1:" .. server.port
end

-- Starts a transfer; the result appears in the table returned.
local function start(url, more)
  local request = { method = "GET", url = url }
  for key, value in pairs(more or {}) do request[key] = value end
  local result = {}
  result.handle = assert(http.start(request, function(...)
    result.done, result.response, result.message, result.code = true, ...
  end))
  return result
end

local function fetch(url, more)
  local result = start(url, more)
  run_until(function() return result.done end)
  return result.response, result.message, result.code
end

-- A raw connection, after Lua wrote `bytes` to it.
local function connect(server, bytes)
  local client = child.spawn("python3", { "spec/support/raw_client.py", tostring(server.port) })
  client:write(bytes)
  return client
end

local function header(response, name)
  return response.headers:match("\n" .. name:gsub("%-", "%%-") .. ": ([^\r]*)")
end

describe("core.httpd", function()
  after_each(function()
    collectgarbage()
    loop.step(false)
    assert.equal(0, httpd.pending())
  end)

  describe("listen", function()
    it("takes any free port of the loopback, and lets the loop end once cancelled", function()
      local server <close> = assert(httpd.listen({}, function() end))
      assert.equal("127.0.0.1", server.host)
      assert.is_true(server.port > 0)
      server:cancel()
      server:cancel()
      loop.run()
    end)

    it("names the error of a port that is taken", function()
      local first <close> = serve(function() end)
      local second, message, code = httpd.listen({ port = first.port }, function() end)
      assert.is_nil(second)
      assert.equal("EADDRINUSE", code)
      assert.matches("cannot listen on 127.0.0.1 port " .. first.port, message, 1, true)
    end)

    it("takes the same port again after cancel", function()
      local first <close>, url = serve(function(request) request:respond(200) end)
      assert.equal(200, fetch(url).status)
      first:cancel()
      local second <close> = serve(function(request) request:respond(201) end, { port = first.port })
      assert.equal(201, fetch(url).status)
      second:cancel()
    end)

    it("refuses a host that is no address", function()
      local server, message, code = httpd.listen({ host = "no.such.host" }, function() end)
      assert.is_nil(server)
      assert.equal("EINVAL", code)
      assert.matches("numeric address", message)
    end)

    it("refuses misuse", function()
      assert.error_matches(function() httpd.listen({}) end, "function expected")
      assert.error_matches(function() httpd.listen({ port = 65536 }, print) end, "port must be an integer from 0 to 65535")
      assert.error_matches(function() httpd.listen({ host = 1 }, print) end, "host must be a string")
      assert.error_matches(function() httpd.listen({ max_body = "x" }, print) end, "max_body must be an integer")
    end)

    it("serves from two servers at once", function()
      local one <close>, first = serve(function(request) request:respond(200, nil, "one") end)
      local two <close>, second = serve(function(request) request:respond(200, nil, "two") end)
      assert.equal("one", fetch(first).body)
      assert.equal("two", fetch(second).body)
      assert.not_equal(one.port, two.port)
    end)

    it("listens on IPv6", function()
      local server <close> = httpd.listen({ host = "::1" }, function(request) request:respond(200, nil, request.peer) end)
      if not server then return pending("this machine has no IPv6") end
      assert.equal("::1", fetch("http://[::1]:" .. server.port).body)
    end)
  end)

  describe("a request", function()
    it("has method, path as sent, query, headers, body and peer", function()
      local seen
      local server <close>, url = serve(function(request)
        seen = { request.method, request.path, request.query, request.body, request.peer, request.headers }
        assert.is_nil(request.no_such_field)
        request:respond(200)
      end)
      fetch(url .. "/a%2Fb%20c/d?e=f%20g&h=?", {
        method = "PUT", body = "x\0y", headers = { "X-Two: 1", "x-two: 2", "Content-Type: a/b" },
      })
      assert.same({ "PUT", "/a%2Fb%20c/d", "e=f%20g&h=?", "x\0y", "127.0.0.1" }, { table.unpack(seen, 1, 5) })
      assert.equal("1, 2", seen[6]["x-two"])
      assert.equal("a/b", seen[6]["content-type"])
      assert.equal("127.0.0.1:" .. server.port, seen[6].host)
    end)

    it("in absolute form has its path all the same", function()
      local seen
      local server <close> = serve(function(request)
        seen = request.path .. " " .. request.query
        request:respond(200)
      end)
      local targets = { ["http://some.host/a?b"] = "/a b", ["http://some.host?b=/c"] = " b=/c", ["http://some.host"] = " " }
      for target, expected in pairs(targets) do
        seen = nil
        local client <close> = connect(server, "GET " .. target .. " HTTP/1.1\r\nHost: x\r\n\r\n")
        client:wait_until(function() return seen end)
        assert.equal(expected, seen)
      end
    end)

    it("arrives whole, however it was cut", function()
      local seen = {}
      local server <close> = serve(function(request)
        seen[#seen + 1] = request.body
        request:respond(200, nil, "ok " .. #seen)
      end)
      local client <close> = connect(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
      client:wait_until(function() loop.step(false) return true end)
      assert.equal(0, #seen)
      client:write("def")
      client:wait_until(function(c) return c.out:find("ok 1", 1, true) end)
      client:write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngh\r\n1\r\ni\r\n0\r\n\r\n")
      client:wait_until(function(c) return c.out:find("ok 2", 1, true) end)
      assert.same({ "abcdef", "ghi" }, seen)
    end)

    it("that is pipelined behind another is answered in order", function()
      local held
      local server <close> = serve(function(request)
        if request.path == "/1" then held = request else request:respond(200, nil, "answer " .. request.path) end
      end)
      local client <close> = connect(server, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
      client:wait_until(function() return held end)
      held:respond(200, nil, "answer /1")
      client:wait_until(function(c) return c.out:find("answer /2", 1, true) end)
      assert.is_true(client.out:find("answer /1", 1, true) < client.out:find("answer /2", 1, true))
    end)

    it("whose body is over the limit is answered with 413 and never reported", function()
      local server <close>, url = serve(function() error("reported") end, { max_body = 1000 })
      local big = ("x"):rep(8 * 1024 * 1024)
      for _, headers in ipairs { { "Expect:" }, { "Expect:", "Transfer-Encoding: chunked" }, { "Expect: 100-continue" } } do
        local response = assert(fetch(url, { method = "POST", body = big, headers = headers }))
        assert.equal(413, response.status)
        assert.equal("application/json", header(response, "Content-Type"))
        assert.equal('{"error":"The request body is over the limit."}', response.body)
      end
      server:cancel()
    end)

    it("whose body just fits is reported", function()
      local function count(request) request:respond(200, nil, tostring(#request.body)) end
      local server <close>, url = serve(count, { max_body = 1000 })
      assert.equal("1000", fetch(url, { method = "POST", body = ("x"):rep(1000) }).body)
      assert.equal(413, fetch(url, { method = "POST", body = ("x"):rep(1001) }).status)
      server:cancel()
    end)

    it("with a monstrous head is refused by the server alone", function()
      local server <close>, url = serve(function() error("reported") end)
      local response = fetch(url, { headers = { "X-Big: " .. ("x"):rep(200000) } })
      assert.equal(431, response.status)
      server:cancel()
    end)

    it("that is no HTTP is refused", function()
      local server <close> = serve(function() error("reported") end)
      local client <close> = connect(server, "\1\2\3 garbage\r\n\r\n")
      client:wait()
      assert.equal("", client.err)
    end)
  end)

  describe("respond", function()
    it("sends status, headers and body, also later", function()
      local server <close>, url = serve(function(request)
        timer.after(1, function() request:respond(404, { ["X-One"] = "1", ["X-Two"] = "ä" }, "a\0b") end)
      end)
      local response = fetch(url)
      assert.equal(404, response.status)
      assert.equal("1", header(response, "X-One"))
      assert.equal("ä", header(response, "X-Two"))
      assert.equal("3", header(response, "Content-Length"))
      assert.equal("a\0b", response.body)
      server:cancel()
    end)

    it("keeps the connection for the next request", function()
      local server <close>, url = serve(function(request) request:respond(200, nil, "x") end)
      fetch(url)
      local before = http.stats().connections
      for _ = 1, 20 do fetch(url) end
      assert.equal(before, http.stats().connections)
      server:cancel()
    end)

    it("answers HEAD without the body, and 204 and 304", function()
      local server <close>, url = serve(function(request)
        request:respond(tonumber(request.path:sub(2)), nil, request.method == "HEAD" and "12345" or nil)
      end)
      local response = fetch(url .. "/200", { method = "HEAD" })
      assert.equal("5", header(response, "Content-Length"))
      assert.equal("", response.body)
      assert.equal(204, fetch(url .. "/204").status)
      assert.equal(304, fetch(url .. "/304").status)
      server:cancel()
    end)

    it("sends large bodies whole", function()
      local body = ("0123456789abcdef"):rep(1024 * 1024)
      local server <close>, url = serve(function(request) request:respond(200, nil, request.body) end)
      assert.is_true(body == fetch(url, { method = "POST", body = body }).body)
      server:cancel()
    end)

    it("raises on what no answer may be, and may then be tried again", function()
      local server <close>, url = serve(function(request)
        assert.error_matches(function() request:respond(99) end, "a status from 200 to 599 is expected")
        assert.error_matches(function() request:respond(200, { a = 1 }) end, "header names and values must be strings")
        assert.error_matches(function() request:respond(200, { ["a b"] = "1" }) end, "'a b' is no header name")
        assert.error_matches(function() request:respond(200, { a = "1\r\nb: 2" }) end, "the value of header a contains control")
        assert.error_matches(function() request:respond(200, { ["content-length"] = "1" }) end, "sets content%-length itself")
        assert.error_matches(function() request:respond(200, {}, {}) end, "string expected")
        request:respond(200, nil, "at last")
        assert.error_matches(function() request:respond(200) end, "already answered")
        assert.error_matches(function() request:stream(200) end, "already answered")
        assert.error_matches(function() request:drop() end, "already answered")
      end)
      local response = fetch(url)
      assert.equal("at last", response.body)
      server:cancel()
    end)
  end)

  describe("without an answer", function()
    it("an error becomes 500, and the server goes on", function()
      local server <close>, url = serve(function(request)
        if request.path == "/error" then error("raised on purpose by the httpd spec") end
        request:respond(200)
      end)
      assert.equal(500, fetch(url .. "/error").status)
      assert.equal(200, fetch(url).status)
      server:cancel()
    end)

    it("an error after the answer leaves the answer alone", function()
      local server <close>, url = serve(function(request)
        request:respond(201, nil, "fine")
        error("raised on purpose by the httpd spec")
      end)
      assert.equal(201, fetch(url).status)
      server:cancel()
    end)

    it("a forgotten request becomes 500", function()
      local asked = 0
      local server <close>, url = serve(function() asked = asked + 1 end)
      local result = start(url)
      run_until(function() return asked == 1 end)
      assert.equal(1, httpd.pending())
      collectgarbage()
      collectgarbage()
      assert.equal(0, httpd.pending())
      run_until(function() return result.done end)
      assert.equal(500, result.response.status)
      server:cancel()
    end)
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

  it("counts the requests that wait for an answer", function()
    local requests = {}
    local server <close>, url = serve(function(request) requests[#requests + 1] = request end)
    local results = {}
    for i = 1, 3 do results[i] = start(url) end
    run_until(function() return #requests == 3 end)
    assert.equal(3, httpd.pending())
    for i = 1, 3 do
      requests[i]:respond(200)
      assert.equal(3 - i, httpd.pending())
    end
    for i = 1, 3 do run_until(function() return results[i].done end) end
    server:cancel()
  end)

  it("answers many at once", function()
    local held = {}
    local server <close>, url = serve(function(request) held[#held + 1] = request end)
    local results = {}
    for i = 1, 200 do results[i] = start(url .. "/" .. i) end
    run_until(function() return #held == 200 end)
    for i = #held, 1, -1 do held[i]:respond(200, nil, held[i].path) end
    for i = 1, 200 do
      run_until(function() return results[i].done end)
      assert.equal("/" .. i, results[i].response.body)
    end
    server:cancel()
  end)

  it("serves more than a thousand connections at once", function()
    local held = {}
    local server <close> = serve(function(request)
      held[#held + 1] = request
      if #held == 1200 then
        for _, one in ipairs(held) do one:respond(200) end
      end
    end)
    local clients <close> = child.spawn("python3", { "spec/support/many_clients.py", tostring(server.port), "1200" })
    clients:wait()
    assert.equal("1200\n", clients.out)
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
      assert.equal(0, program.status)
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
