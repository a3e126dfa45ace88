local client = require "spec.support.client"
local codec = require "core.codec"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local responder = require "spec.support.responder"

local fetch, get = client.fetch, client.get

-- "hello"
local PACKED = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00"

describe("core.http", function()
  it("gets an answer with status, headers and body", function()
    local server <close> = responder.start { ["GET /a?b=c"] = { responder.answer(404, "nothing", "X-One: 1\r\n"), "keep" } }
    local response = assert(get(server.url .. "/a?b=c", { headers = { "X-Two: 2", "X-Empty:" } }))
    assert.equal(404, response.status)
    assert.equal("nothing", response.body)
    assert.equal(server.url .. "/a?b=c", response.url)
    assert.equal("HTTP/1.1 404 X\r\nContent-Length: 7\r\nX-One: 1\r\n\r\n", response.headers)
    local headers = server:wait_requests(1)[1].headers
    assert.matches("X%-Two: 2", headers)
    assert.matches("X%-Empty:", headers)
    assert.equal(0, http.active())
  end)

  it("keeps a connection for the next GET and gives each other method one of its own", function()
    local server <close> = responder.start()
    local before = http.stats()
    for _ = 1, 3 do assert(get(server.url .. "/")) end
    assert(fetch { method = "POST", url = server.url .. "/", body = "{}" })
    assert(fetch { method = "DELETE", url = server.url .. "/" })
    assert(get(server.url .. "/"))
    local connections = {}
    for i, request in ipairs(server:wait_requests(6)) do connections[i] = request.connection end
    assert.same({ 1, 1, 1, 2, 3, 1 }, connections)
    assert.equal(6, http.stats().transfers - before.transfers)
    assert.equal(3, http.stats().connections - before.connections)
  end)

  it("sends exactly the body, without a content type of its own making", function()
    local server <close> = responder.start()
    assert(fetch { method = "POST", url = server.url .. "/", body = "a\0b", bearer = "abc" })
    local request = server:wait_requests(1)[1]
    assert.equal("POST /", request.line)
    assert.equal("a\0b", request.body)
    assert.matches("Authorization: Bearer abc", request.headers)
    assert.not_matches("Content%-Type", request.headers)
    assert.not_matches("Expect", request.headers)
  end)

  it("never sends a POST again when the connection dies without an answer", function()
    local server <close> = responder.start { ["POST /"] = { "", "close" } }
    assert(get(server.url .. "/")) -- leaves a connection to reuse
    local response, message, code, sent = fetch { method = "POST", url = server.url .. "/", body = "{}" }
    assert.is_nil(response)
    assert.matches("closed the connection without an answer", message)
    assert.equal("truncated", code)
    assert.is_true(sent)
    assert(get(server.url .. "/"))
    local lines = {}
    for i, request in ipairs(server:wait_requests(3)) do lines[i] = request.line end
    assert.same({ "GET /", "POST /", "GET /" }, lines)
  end)

  it("says that nothing was sent when there was no connection", function()
    local port
    do
      local server <close> = responder.start()
      port = server.port
      server.process:close_stdin()
      server.process:wait()
    end
    local response, message, code, sent = fetch { method = "POST", url = "http://127.0.0.1:" .. port .. "/", body = "{}" }
    assert.is_nil(response)
    assert.matches("no connection to 127.0.0.1:" .. port, message, 1, true)
    assert.equal("connect", code)
    assert.is_false(sent)
  end)

  it("answers HEAD with the headers alone", function()
    local server <close> = responder.start { ["HEAD /"] = { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "keep" } }
    local response = assert(fetch { method = "HEAD", url = server.url .. "/" })
    assert.equal(200, response.status)
    assert.equal("", response.body)
    assert.equal("ok", assert(get(server.url .. "/")).body)
  end)

  it("sends PUT, PATCH and POST without a body with a length of 0", function()
    local server <close> = responder.start()
    for _, method in ipairs { "PUT", "PATCH", "POST" } do assert(fetch { method = method, url = server.url .. "/" }) end
    for _, request in ipairs(server:wait_requests(3)) do assert.matches("Content%-Length: 0", request.headers) end
  end)

  it("shows the headers of the last answer alone", function()
    local interim = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
    local server <close> = responder.start { ["*"] = { interim .. responder.answer(200, "late"), "keep" } }
    local response = assert(get(server.url .. "/"))
    assert.equal("late", response.body)
    assert.not_matches("Early", response.headers)
  end)

  it("joins the pieces of a chunked answer", function()
    local server <close> = assert(httpd.listen({}, function(request)
      local stream = request:stream(200)
      for _ = 1, 100 do stream:write(("x"):rep(1000)) end
      stream:finish()
    end))
    assert.equal(("x"):rep(100000), assert(get("http://127.0.0.1:" .. server.port)).body)
  end)

  it("unpacks gzip", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, PACKED, "Content-Encoding: gzip\r\n"), "keep" } }
    assert.equal("hello", assert(get(server.url)).body)
    assert.matches("Accept%-Encoding: gzip", server:wait_requests(1)[1].headers)
  end)

  it("opens a new connection when the server has closed the kept one", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, "bye"), "close" } }
    for _ = 1, 300 do assert.equal("bye", assert(get(server.url)).body) end -- any moment of the closing
  end)

  it("keeps trailers out of the headers", function()
    local server <close> = responder.start {
      ["*"] = { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n", "keep" },
    }
    local response = assert(get(server.url))
    assert.equal("ok", response.body)
    assert.equal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", response.headers)
  end)

  it("hands over what had come of an answer that is cut", function()
    local head = "HTTP/1.1 201 Created\r\nContent-Length: 10\r\nX-A: b\r\n\r\n"
    local server <close> = responder.start {
      ["POST /body"] = { head .. "12345", "close" },
      ["POST /none"] = { head, "close" },
      ["POST /head"] = { head:sub(1, -3), "close" },
      ["POST /interim"] = { "HTTP/1.1 100 Continue\r\n\r\n", "close" },
    }
    local function partial(path, save_as)
      local response, _, code, _, part = fetch { method = "POST", url = server.url .. path, body = "{}", save_as = save_as }
      assert.is_nil(response)
      assert.equal("truncated", code)
      return part
    end
    local part = partial "/body"
    assert.same({ 201, "12345", head, false }, { part.status, part.body, part.headers, part.cut })
    assert.equal("", partial("/none").body)
    assert.is_nil(partial "/head")
    assert.is_nil(partial "/interim")
    local path = os.tmpname()
    assert.is_nil(partial("/body", path))
    os.remove(path)
  end)

  it("tells a cut answer from a whole one", function()
    local server <close> = responder.start {
      ["GET /none"] = { "", "close" },
      ["GET /length"] = { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "close" },
      ["GET /chunked"] = { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", "close" },
      ["GET /head"] = { "HTTP/1.1 200 OK\r\nContent-Le", "close" },
      ["GET /open"] = { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345", "close" },
    }
    for _, path in ipairs { "/none", "/length", "/chunked", "/head" } do
      local response, message, code, sent = get(server.url .. path)
      assert.is_nil(response)
      assert.equal("truncated", code, path)
      assert.is_true(sent)
      assert.matches("127.0.0.1:" .. server.port, message, 1, true)
    end
    assert.equal("12345", assert(get(server.url .. "/open")).body)
  end)

  it("asks for no compression where nothing can be asked for again, and unpacks what comes compressed all the same", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, PACKED, "Content-Encoding: gzip\r\n"), "keep" } }
    for i, method in ipairs { "POST", "PATCH", "DELETE" } do
      assert.equal("hello", assert(fetch { method = method, url = server.url }).body)
      assert.matches("Accept%-Encoding: identity", server:wait_requests(i)[i].headers)
    end
  end)

  it("says what is not compressed as its header says, and takes it as it is where that is asked for", function()
    for _, encoding in ipairs { "gzip", "br" } do
      local server <close> = responder.start { ["*"] = { responder.answer(200, '{"a":1}', ("Content-Encoding: %s\r\n"):format(encoding)),
        "close" } }
      local _, message, code, sent = get(server.url)
      assert.equal("encoding", code)
      assert.is_true(sent)
      assert.matches("is not compressed as its header says", message, 1, true)
      assert.equal('{"a":1}', assert(get(server.url, { identity = true })).body)
      assert.matches("Accept%-Encoding: identity", server:wait_requests(2)[2].headers)
      assert.equal("encoding", (select(3, get(server.url))))
    end
  end)

  it("says what is no HTTP", function()
    local server <close> = responder.start { ["*"] = { "SSH-2.0-OpenSSH_9.2\r\n", "close" } }
    local _, message, code = get(server.url)
    assert.equal("protocol", code)
    assert.matches("of no use (Received HTTP/0.9", message, 1, true)
  end)

  it("refuses a header block over 256 KiB", function()
    local line = "X-Long: 0123456789012345678901234567890\r\n"
    local server <close> = responder.start { ["*"] = { { "HTTP/1.1 200 OK\r\n", line, 7000 }, "hold" } }
    local _, message, code = get(server.url)
    assert.equal("protocol", code)
    assert.matches("headers", message)
  end)

  it("names a host that does not exist", function()
    local response, message, code, sent = get("http://no-such-host.invalid/")
    assert.is_nil(response)
    assert.equal("connect", code)
    assert.is_false(sent)
    assert.matches("no-such-host.invalid", message, 1, true)
  end)

  it("shows no part of a password that has a slash in it", function()
    local failure
    assert(http.start({ method = "GET", url = "http://user:hidd/en@127.0.0.1:1/x" }, function(_, message) failure = message end))
    loop.run()
    assert.matches("the address at user is no valid URL", failure, 1, true)
    assert.is_nil(failure:find("hidd", 1, true))
  end)

  it("names a long host up to a whole character", function()
    for more = 0, 1 do
      local _, message = get("http://" .. ("x"):rep(more) .. ("é"):rep(80) .. ".invalid/")
      assert.matches("ééé", message, 1, true)
      assert.is_true(codec.is_utf8(message), message)
    end
  end)

  it("lets the loop end while connections are kept", function()
    local server <close> = responder.start()
    assert(get(server.url))
    server.process.handle:cancel()
    loop.run()
  end)

  it("refuses misuse, naming the field", function()
    local function refuses(what, request)
      assert.error_matches(function() http.start(request, print) end, what, 1, true)
    end
    local url = "http://127.0.0.1/"
    refuses("field 'method'", { url = url })
    refuses("field 'method'", { method = "get", url = url })
    refuses("field 'method'", { method = "GET /", url = url })
    refuses("field 'url'", { method = "GET" })
    refuses("field 'url'", { method = "GET", url = "ftp://host/" })
    refuses("field 'url'", { method = "GET", url = url .. "a b" })
    refuses("field 'url'", { method = "GET", url = url .. "\r\nX: y" })
    refuses("field 'headers'", { method = "GET", url = url, headers = "X: y" })
    refuses("field 'headers'", { method = "GET", url = url, headers = { "no colon" } })
    refuses("field 'headers'", { method = "GET", url = url, headers = { "X: y\r\nZ: z" } })
    refuses("field 'headers'", { method = "GET", url = url, headers = { 1 } })
    refuses("field 'body'", { method = "GET", url = url, body = "x" })
    refuses("field 'body'", { method = "POST", url = url, body = "x", body_file = "/etc/hostname" })
    refuses("field 'body'", { method = "POST", url = url, body = 1 })
    refuses("field 'total_ms'", { method = "GET", url = url, total_ms = -1 })
    refuses("field 'connect_ms'", { method = "GET", url = url, connect_ms = 0 })
    refuses("field 'max_bytes'", { method = "GET", url = url, max_bytes = 1.5 })
    assert.error_matches(function() http.start({ method = "GET", url = url }) end, "function expected")
    assert.equal(0, http.active())
  end)

  it("does not show a bearer that it refuses", function()
    local ok, message = pcall(http.start, { method = "GET", url = "http://127.0.0.1/", bearer = "s3cret\n" }, print)
    assert.is_false(ok)
    assert.matches("field 'bearer'", message, 1, true)
    assert.not_matches("s3cret", message)
  end)

  it("tells what it uses", function()
    local info = assert(http.info())
    assert.matches("^%d+%.%d+", info.version)
    assert.is_string(info.tls)
    assert.is_true(info.ca_file ~= nil or info.ca_path ~= nil)
    assert.is_boolean(info.http2)
  end)
end)
