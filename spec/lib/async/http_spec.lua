local fiber = require "lib.async.fiber"
local http = require "lib.async.http"
local httpd = require "core.httpd"
local json = require "core.json"
local loop = require "core.loop"

-- Serves `handler` while `fn(base_url)` runs in a fiber; returns what `fn` returned.
local function with_server(handler, fn)
  local server <close> = assert(httpd.listen({}, handler))
  local results
  fiber.spawn(function() results = table.pack(fn("http://127.0.0.1:" .. server.port)) end)
  while not results do loop.step(true) end
  return table.unpack(results, 1, results.n)
end

describe("lib.async.http", function()
  after_each(function() assert.equal(0, fiber.count()) end)

  it("returns any status as an answer, and finds its headers whatever their case", function()
    local response = with_server(function(request)
      request:respond(404, { ["X-Request-Id"] = "abc", ["Content-Type"] = "text/plain" }, "nothing here")
    end, function(base) return http.request { method = "GET", url = base .. "/" } end)
    assert.equal(404, response.status)
    assert.is_false(response:is_success())
    assert.equal("nothing here", response.body)
    assert.equal("abc", response:header("x-request-id"))
    assert.equal("text/plain", response:header("CONTENT-TYPE"))
    assert.is_nil(response:header("request-id"))
  end)

  it("joins repeated headers", function()
    local response = setmetatable({ headers = "HTTP/1.1 200 OK\r\nVia: a\r\nX: y\r\nvia:\tb \r\n\r\n" },
      getmetatable(with_server(function(request) request:respond(200) end,
        function(base) return http.request { method = "GET", url = base } end)))
    assert.equal("a, b", response:header("Via"))
  end)

  it("sends a JSON body and gives a JSON answer as it came", function()
    local seen
    local response = with_server(function(request)
      seen = request
      request:respond(200, { ["Content-Type"] = "application/json" }, '{"seed": 18446744073709551615}')
    end, function(base) return http.request { method = "POST", url = base, json = { a = json.as_array {} } } end)
    assert.equal('{"a":[]}', seen.body)
    assert.equal("application/json", seen.headers["content-type"])
    assert.equal('{"seed": 18446744073709551615}', response.body)
  end)

  it("keeps a content type that the caller chose", function()
    local seen
    with_server(function(request)
      seen = request
      request:respond(204)
    end, function(base)
      return http.request {
        method = "POST", url = base, json = 1, headers = { "content-type: application/merge-patch+json" },
      }
    end)
    assert.equal("application/merge-patch+json", seen.headers["content-type"])
  end)

  it("returns an error with code and sent", function()
    local response, err = with_server(function(request) request:drop() end, function(base)
      return http.request { method = "POST", url = base, body = "x" }
    end)
    assert.is_nil(response)
    assert.equal("truncated", err.code)
    assert.is_true(err.sent)
    assert.matches("127.0.0.1", tostring(err), 1, true)
  end)

  it("says of a request that could not begin that nothing was sent", function()
    local _, err = with_server(print, function(base)
      return http.request { method = "POST", url = base, body_file = "/nonexistent/file" }
    end)
    assert.equal("file", err.code)
    assert.is_false(err.sent)
  end)

  it("ends the transfer when its fiber is cancelled", function()
    local core_http = require "core.http"
    local arrived
    local server <close> = assert(httpd.listen({}, function(request) arrived = request end))
    local task = fiber.spawn(http.request, { method = "GET", url = "http://127.0.0.1:" .. server.port })
    while not arrived do loop.step(true) end
    task:cancel()
    assert.equal(0, core_http.active())
  end)
end)
