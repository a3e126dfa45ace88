local child = require "spec.support.child"
local http = require "core.http"
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
end)
