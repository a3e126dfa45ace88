local http = require "core.http"
local loop = require "core.loop"
local responder = require "spec.support.responder"

-- Runs one transfer to its end.
local function fetch(request)
  local answer
  local handle, message, code = http.start(request, function(...) answer = table.pack(...) end)
  if not handle then return nil, message, code end
  while not answer do loop.step(true) end
  return table.unpack(answer, 1, answer.n)
end

local function get(url, more)
  local request = { method = "GET", url = url }
  for key, value in pairs(more or {}) do request[key] = value end
  return fetch(request)
end

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
    for _ = 1, 3 do assert(get(server.url .. "/")) end
    assert(fetch { method = "POST", url = server.url .. "/", body = "{}" })
    assert(fetch { method = "DELETE", url = server.url .. "/" })
    local connections = {}
    for i, request in ipairs(server:wait_requests(5)) do connections[i] = request.connection end
    assert.same({ 1, 1, 1, 2, 3 }, connections)
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
end)
