-- The HTTP client when memory runs out at each of its allocations in turn.
local client = require "spec.support.client"
local host = require "core.host"
local http = require "core.http"
local httpd = require "core.httpd"
local loop = require "core.loop"
local memory = require "spec.support.memory"

describe("when memory runs out, core.http", function()
  local server, url

  setup(function()
    server = assert(httpd.listen({}, function(request) request:respond(200, { ["X-A"] = "b" }, ("x"):rep(100)) end))
    url = "http://127.0.0.1:" .. server.port .. "/"
    assert(client.get(url)) -- opens the library
  end)
  teardown(function() server:cancel() end)

  it("starts a transfer or leaves nothing behind", function()
    local calls = 0
    local request = { method = "POST", url = url, headers = { "A: b", "C: d" }, bearer = "t", body = "x" }
    local function count() calls = calls + 1 end
    assert.is_true(memory.sweep(function() assert(http.start(request, count)) end) > 0)
    while http.active() > 0 do loop.step(true) end
    assert.equal(1, calls)
  end)

  it("calls back once, whatever allocation of the answer fails", function()
    local failures, after = 0, 0
    repeat
      local answer, calls = nil, 0
      local held
      local slow <close> = assert(httpd.listen({}, function(request) held = request end))
      http.start({ method = "POST", url = "http://127.0.0.1:" .. slow.port, body = "x" }, function(...)
        host.fail_allocations(0, 0)
        calls = calls + 1
        answer = table.pack(...)
      end)
      while not held do loop.step(true) end
      held:respond(200, { ["X-A"] = "b" }, ("x"):rep(100))
      host.fail_allocations(after, 2)
      while http.active() > 0 do loop.step(true) end
      host.fail_allocations(0, 0)
      assert.equal(1, calls)
      if not answer[1] then
        failures = failures + 1
        assert.equal("not enough memory for the answer", answer[2])
        assert.equal("memory", answer[3])
        assert.is_true(answer[4])
      else
        assert.equal(200, answer[1].status)
      end
      after = after + 1
    until answer[1]
    assert.is_true(failures > 3)
  end)

  it("gives information or raises", function()
    assert.is_true(memory.sweep(function() assert(http.info()) end) > 0)
    assert.is_true(memory.sweep(function() assert(http.stats()) end) > 0)
  end)
end)
