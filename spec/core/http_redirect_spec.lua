local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local responder = require "spec.support.responder"

local fetch, get = client.fetch, client.get

local function redirect(to, status)
  return { responder.answer(status or 302, "", "Location: " .. to .. "\r\n"), "keep" }
end

describe("core.http redirects", function()
  it("follows up to five of a GET and says where it ended", function()
    local rules = {}
    for i = 0, 5 do rules["GET /" .. i] = redirect("/" .. i + 1) end
    local server <close> = responder.start(rules)
    local response = assert(get(server.url .. "/1"))
    assert.equal("ok", response.body)
    assert.equal(server.url .. "/6", response.url)
    assert.not_matches("Location", response.headers)
    local _, message, code = get(server.url .. "/0")
    assert.equal("protocol", code)
    assert.matches("redirects more than 5 times", message, 1, true)
  end)

  it("follows none where it is not to, and does again in the next transfer", function()
    local server <close> = responder.start { ["GET /a"] = redirect "/b" }
    local response = assert(get(server.url .. "/a", { no_redirects = true }))
    assert.equal(302, response.status)
    assert.matches("Location: /b", response.headers, 1, true)
    assert.equal(200, assert(get(server.url .. "/a")).status)
  end)

  it("follows none of any other method", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      local server <close> = responder.start { ["*"] = redirect("/elsewhere", status) }
      for _, method in ipairs { "POST", "PATCH", "DELETE" } do
        assert.equal(status, assert(fetch { method = method, url = server.url .. "/", body = "x" }).status)
      end
      assert.same({ "POST /", "PATCH /", "DELETE /" }, server:lines())
    end
  end)

  it("never gives the bearer to another port", function()
    local second <close> = responder.start()
    local first <close> = responder.start { ["*"] = redirect(second.url .. "/stolen") }
    assert.equal("ok", assert(get(first.url .. "/", { bearer = "s3cret" })).body)
    assert.matches("Authorization: Bearer s3cret", first:wait_requests(1)[1].headers, 1, true)
    assert.not_matches("s3cret", second:wait_requests(1)[1].headers)
    assert.not_matches("[Aa]uthorization", second:requests()[1].headers)
  end)

  it("never gives the bearer to another host name", function()
    local server <close> = responder.start { ["GET /other"] = { responder.answer(200, "there"), "keep" } }
    local first <close> = responder.start {
      ["*"] = redirect("http://localhost:" .. server.port .. "/other"),
    }
    assert.equal("there", assert(get(first.url .. "/", { bearer = "s3cret" })).body)
    assert.not_matches("s3cret", server:wait_requests(1)[1].headers)
  end)

  it("never gives the bearer from https to http, nor from http to https", function()
    local signed <close> = certificate.new "IP:127.0.0.1"
    local env = { "SSL_CERT_FILE=" .. signed.certificate }
    for _, from_tls in ipairs { true, false } do
      local second <close> = responder.start({}, not from_tls and signed or nil)
      local first <close> = responder.start({ ["*"] = redirect(second.url .. "/stolen") }, from_tls and signed or nil)
      assert.equal("200 ok\n", client.elsewhere(env, "GET-bearer", first.url .. "/"))
      assert.matches("Bearer s3cret", first:wait_requests(1)[1].headers, 1, true)
      assert.not_matches("[Aa]uthorization", second:wait_requests(1)[1].headers)
    end
  end)

  it("keeps the bearer within its own host and port", function()
    local server <close> = responder.start { ["GET /"] = redirect("/next") }
    assert(get(server.url .. "/", { bearer = "s3cret" }))
    assert.matches("Bearer s3cret", server:wait_requests(2)[2].headers, 1, true)
  end)

  it("goes to http and https alone", function()
    for _, place in ipairs { "file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1:1/x" } do
      local server <close> = responder.start { ["*"] = redirect(place) }
      local response, message, code = get(server.url .. "/", { bearer = "s3cret" })
      assert.is_nil(response)
      assert.equal("protocol", code)
      assert.not_matches("s3cret", message)
    end
  end)
end)
