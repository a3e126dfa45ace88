local client = require "spec.support.client"
local responder = require "spec.support.responder"

describe("core.http and proxies", function()
  it("sends plain requests through http_proxy", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    local out = client.elsewhere({ "http_proxy=" .. proxy.url }, "GET", "http://api.invalid/path")
    assert.equal("200 by proxy\n", out)
    assert.same({ "GET http://api.invalid/path" }, proxy:lines())
  end)

  it("obeys no_proxy", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    local server <close> = responder.start()
    local out = client.elsewhere({ "http_proxy=" .. proxy.url, "no_proxy=127.0.0.1" }, "GET", server.url .. "/")
    assert.equal("200 ok\n", out)
    assert.same({}, proxy:requests())
  end)

  it("asks https_proxy for a tunnel, and says that it refused and nothing was sent", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(403, "no"), "close" } }
    for _, method in ipairs { "GET", "POST" } do
      local out = client.elsewhere({ "https_proxy=" .. proxy.url }, method, "https://api.invalid/path")
      assert.matches("^connect sent=false", out)
      assert.matches("proxy", out, 1, true)
    end
    for _, line in ipairs(proxy:lines()) do assert.equal("CONNECT api.invalid:443", line) end
  end)

  it("names a proxy that is not there", function()
    local out = client.elsewhere({ "http_proxy=http://no-such-proxy.invalid:1" }, "POST", "http://api.invalid/")
    assert.matches("^connect sent=false the proxy to api.invalid was not found", out)
  end)
end)
