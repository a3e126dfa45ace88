local core_clock = require "core.clock"
local core_http = require "core.http"
local fiber = require "lib.async.fiber"
local kit = require "spec.support.rc"
local loop = require "core.loop"
local responder = require "spec.support.responder"

local function run(text, options)
  local task = fiber.spawn(kit.run, text, options)
  task.quiet = true
  while task.status ~= "done" do loop.step(true) end
  local _, result, err = task:join()
  return result and result.data, err
end

local LOCAL = { hosts = { "127.0.0.1" }, settings = { http_hosts = { "127.0.0.1" } } }

local function with(server, more)
  local options = { hosts = LOCAL.hosts, settings = LOCAL.settings, input = { url = server.url } }
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

describe("rc.http", function()
  it("sends a request and gives the answer, whatever its status", function()
    local server <close> = responder.start {
      ["GET /a"] = { responder.answer(404, '{"n":156680208700286}', "X-Kind: Two\r\n"), "keep" },
      ["POST /b"] = { responder.answer(200, "ok"), "keep" },
    }
    local data = run([[
      local a = rc.http { url = input.url .. "/a", headers = { Accept = "application/json" } }
      local b = rc.http { url = input.url .. "/b", method = "post", json = { seed = 7, list = {} } }
      return { status = a.status, kind = a:header "x-kind", none = a:header "y" == nil, n = a:json().n, b = b.body, text = a.body }
    ]], with(server))
    assert.same({ status = 404, kind = "Two", none = true, n = 156680208700286, b = "ok", text = '{"n":156680208700286}' }, data)
    local requests = server:wait_requests(2)
    assert.matches("Accept: application/json", requests[1].headers, 1, true)
    assert.equal('{"list":{},"seed":7}', requests[2].body)
    assert.not_matches("Authorization", requests[1].headers)
  end)

  it("reaches no host that is not declared and allowed", function()
    local server <close> = responder.start()
    assert.is_table(run("return { s = rc.http { url = input.url .. '/seen' }.status }", with(server)))
    for _, options in ipairs { { hosts = {} }, { settings = {} }, { hosts = { "x.test" } },
      { settings = { http_hosts = { "*.test" } } } } do
      local _, err = run("rc.http { url = input.url }", with(server, options))
      assert.equal("not_allowed", err.code)
    end
    assert.same({ "GET /seen" }, server:lines())
  end)

  it("reads from RunComfy's hosts without being told, and writes nothing there", function()
    kit.with({}, function(sim)
      local function try(method, simulated)
        return kit.run("return { s = rc.http { url = input.url, method = input.method }.status }", {
          input = { url = sim.base_url .. "/prod/v2/balance", method = method }, ctx = { simulated = simulated },
        })
      end
      assert.equal(200, try("GET", true).data.s)
      for _, refused in ipairs { table.pack(try("POST", true)), table.pack(try("GET", false)) } do
        assert.equal("not_allowed", refused[2].code)
      end
      assert.equal(1, #sim:requests { path = "/balance" })
    end)
  end)

  it("reaches no private network through a name that only a pattern allows", function()
    local server <close> = responder.start()
    assert.is_table(run("return { s = rc.http { url = input.url .. '/seen' }.status }", with(server)))
    local _, err = run("rc.http { url = 'http://any.localhost:' .. input.port }",
      { hosts = { "any.localhost" }, settings = { http_hosts = { "*.localhost" } }, input = { port = server.port } })
    assert.equal("address", err.code)
    assert.same({ "GET /seen" }, server:lines())
  end)

  it("carries no header to another port, nor from https to http", function()
    local second <close> = responder.start()
    local first <close> = responder.start {
      ["*"] = { responder.answer(302, "", ("Location: http://127.0.0.1:%d/x\r\n"):format(second.port)), "keep" },
    }
    local names = { "Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "api-token" }
    assert.same({ s = 200 }, run([[
      local headers = {}
      for _, name in ipairs(input.names) do headers[name] = "s3cret" end
      return { s = rc.http { url = input.url .. "/", headers = headers }.status }
    ]], with(first, { input = { url = first.url, names = names } })))
    local _, sent = first:wait_requests(1)[1].headers:gsub("s3cret", "")
    assert.equal(5, sent)
    assert.not_matches("s3cret", second:wait_requests(1)[1].headers)
    local hosts = require "lib.recipes.effects.hosts"
    local function same(a, b) return hosts.same_origin(hosts.parse(a), hosts.parse(b)) end
    assert.is_false(same("https://a.example/", "http://a.example/"))
    assert.is_false(same("http://a.example/", "https://a.example/"))
    assert.is_false(same("https://a.example/", "https://a.example:8443/"))
    assert.is_true(same("https://A.example/x", "https://a.example:443/y"))
  end)

  it("has one time-out for a request and all its redirects", function()
    local server <close> = responder.start { ["*"] = { responder.answer(302, "", "Location: /again\r\n"), "keep" } }
    local start, monotonic = core_http.start, core_clock.monotonic
    local allowed, later = {}, 0
    function core_clock.monotonic() return monotonic() + later end
    function core_http.start(request, callback)
      allowed[#allowed + 1] = request.total_ms
      later = later + 40 -- seconds that each takes
      return start(request, callback)
    end
    local _, err = run("rc.http { url = input.url, timeout = 100 }", with(server))
    core_http.start, core_clock.monotonic = start, monotonic
    assert.equal("timeout", err.code)
    assert.matches("within 100 s, redirects included", err.message, 1, true)
    assert.equal(3, #allowed)
    for hop, most in ipairs { 100000, 60000, 20000 } do assert.is_true(allowed[hop] <= most and allowed[hop] > 0) end
  end)

  it("follows a GET's redirects to allowed hosts alone, and carries no header to another", function()
    local second <close> = responder.start()
    local first <close> = responder.start {
      ["GET /same"] = { responder.answer(302, "", "Location: /end\r\n"), "keep" },
      ["GET /away"] = { responder.answer(302, "", "Location: http://localhost:1/\r\n"), "keep" },
      ["GET /other"] = { responder.answer(307, "", ("Location: http://localhost:%d/x\r\n"):format(second.port)), "keep" },
      ["POST /post"] = { responder.answer(302, "", "Location: /end\r\n"), "keep" },
      ["GET /loop"] = { responder.answer(302, "", "Location: /loop\r\n"), "keep" },
    }
    assert.same({ s = 200 }, run("return { s = rc.http { url = input.url .. '/same' }.status }", with(first)))
    local _, err = run("rc.http { url = input.url .. '/away' }", with(first))
    assert.equal("not_allowed", err.code)
    local both = { hosts = { "127.0.0.1", "localhost" }, settings = { http_hosts = { "127.0.0.1", "localhost" } } }
    assert.same({ s = 200 }, run("return { s = rc.http { url = input.url .. '/other', headers = { ['X-Key'] = 'k' } }.status }",
      with(first, both)))
    assert.not_matches("X-Key", second:wait_requests(1)[1].headers)
    assert.same({ s = 302 }, run("return { s = rc.http { url = input.url .. '/post', method = 'POST' }.status }", with(first)))
    _, err = run("rc.http { url = input.url .. '/loop' }", with(first))
    assert.matches("redirects more than 5 times", err.message, 1, true)
  end)

  it("refuses what is no request", function()
    for text, message in pairs {
      ["rc.http 'x'"] = "rc.http takes a table", ["rc.http {}"] = "'url' is missing", ["rc.http { uri = 'x' }"] = "did you mean 'url'?",
      ["rc.http { url = 'x', method = 'BREW' }"] = "method 'BREW' is not known",
      ["rc.http { url = 'x', body = 'y' }"] = "a GET has no body",
      ["rc.http { url = 'x', method = 'PUT', body = 'y', json = 1 }"] = "exclude each other",
      ["rc.http { url = 'x', headers = { ['a b'] = 'c' } }"] = "a header's name",
      ["rc.http { url = 'x', headers = { a = 'c\\r\\nd' } }"] = "header 'a'", ["rc.http { url = 'x', timeout = 0 }"] = "timeout must be",
    } do
      local _, err = run(text)
      assert.matches("probe.lua:1: rc.http", err.message, 1, true)
      assert.matches(message, err.message, 1, true)
    end
    local _, err = run "rc.http { url = 'gopher://x' }"
    assert.equal("bad_url", err.code)
  end)

  it("sends nothing but reads in a dry run", function()
    local server <close> = responder.start()
    local ctx = kit.dry_context()
    local data = run([[
      local ok, err = pcall(rc.http, { url = input.url, method = "DELETE" })
      return { get = rc.http { url = input.url .. "/r" }.status, ok = ok, code = err.code }
    ]], with(server, { ctx = ctx }))
    assert.same({ get = 200, ok = false, code = "dry_run" }, data)
    assert.same({ "GET /r" }, server:lines())
  end)
end)
