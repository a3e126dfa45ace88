local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local responder = require "spec.support.responder"

describe("core.http over TLS", function()
  local good

  setup(function() good = certificate.new("IP:127.0.0.1,DNS:localhost") end)
  teardown(function() good:close() end)

  it("refuses a certificate that nobody signed, before any byte is sent", function()
    local server <close> = responder.start({}, good)
    local response, message, code, sent = client.fetch { method = "POST", url = server.url .. "/", body = "x", bearer = "s3cret" }
    assert.is_nil(response)
    assert.equal("tls", code)
    assert.is_false(sent)
    assert.matches("certificate of 127.0.0.1:" .. server.port, message, 1, true)
    assert.matches("SSL_CERT_FILE", message, 1, true)
    assert.not_matches("s3cret", message)
    assert.same({}, server:requests())
  end)

  it("trusts the bundle that SSL_CERT_FILE names", function()
    local server <close> = responder.start({}, good)
    local out = client.elsewhere({ "SSL_CERT_FILE=" .. good.certificate }, "GET", server.url .. "/")
    assert.equal("200 ok\n", out)
  end)

  it("does so for a POST, which gets a connection of its own", function()
    local server <close> = responder.start({}, good)
    local out = client.elsewhere({ "SSL_CERT_FILE=" .. good.certificate }, "POST", server.url .. "/", server.url .. "/")
    assert.equal("200 ok\n200 ok\n", out)
    local requests = server:wait_requests(2)
    assert.not_equal(requests[1].connection, requests[2].connection)
  end)

  it("refuses a trusted certificate of another host", function()
    local other <close> = certificate.new("DNS:api.example")
    local server <close> = responder.start({}, other)
    local out = client.elsewhere({ "SSL_CERT_FILE=" .. other.certificate }, "GET", server.url .. "/")
    assert.matches("^tls sent=false the certificate of 127.0.0.1", out)
    assert.same({}, server:requests())
  end)

  it("says which bundle cannot be read", function()
    local server <close> = responder.start({}, good)
    local out = client.elsewhere({ "SSL_CERT_FILE=/nonexistent/bundle.pem" }, "GET", server.url .. "/")
    assert.matches("^tls sent=false the certificate bundle /nonexistent/bundle.pem cannot be read", out)
  end)

  it("says that a server speaks no TLS", function()
    local server <close> = responder.start { ["*"] = { "HTTP/1.1 400 Bad Request\r\n\r\n", "close" } }
    local _, message, code, sent = client.fetch {
      method = "POST", url = "https://127.0.0.1:" .. server.port .. "/", body = "x", connect_ms = 200,
    }
    assert.equal("connect", code)
    assert.is_false(sent)
    assert.matches("127.0.0.1:" .. server.port, message, 1, true)
  end)
end)
