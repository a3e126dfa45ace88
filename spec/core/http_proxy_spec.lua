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

  it("never sends what is meant for this machine to a proxy, whatever the environment says", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    local server <close> = responder.start()
    for _, exceptions in ipairs { "", "no_proxy=other.example", "no_proxy=*", "NO_PROXY=.example, 10.0.0.0/8" } do
      for _, name in ipairs { "http_proxy", "all_proxy", "ALL_PROXY" } do
        local urls = {}
        for i, host in ipairs { "127.0.0.1", "localhost", "127.1", "LOCALHOST" } do
          urls[i] = ("http://%s:%d/"):format(host, server.port)
        end
        local out = client.elsewhere({ name .. "=" .. proxy.url, exceptions ~= "" and exceptions or "UNUSED=1" }, "GET", table.unpack(urls))
        assert.equal(("200 ok\n"):rep(#urls), out)
      end
    end
    assert.same({}, proxy:requests())
  end)

  it("never asks one for the rest of the loopback network, ::1 and *.localhost either", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    for _, url in ipairs { "http://127.255.0.9:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/", "http://api.localhost:1/",
                           "https://127.0.0.1:1/", "https://localhost:1/", "http://2130706433:1/", "http://localhost.:1/" } do
      local out = client.elsewhere({ "http_proxy=" .. proxy.url, "https_proxy=" .. proxy.url, "all_proxy=" .. proxy.url }, "POST", url)
      assert.matches("sent=false", out, 1, true)
    end
    assert.same({}, proxy:requests())
  end)

  it("still asks it for hosts that only look like this machine", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    for _, host in ipairs { "localhost.example", "notlocalhost", "128.0.0.1", "127.0.0.1.example" } do
      assert.equal("200 by proxy\n", client.elsewhere({ "http_proxy=" .. proxy.url }, "GET", "http://" .. host .. ":1/"))
    end
  end)

  it("checks the address where the proxy that is set is not used", function()
    local proxy <close> = responder.start { ["*"] = { responder.answer(200, "by proxy"), "keep" } }
    for _, env in ipairs { { "https_proxy=" .. proxy.url }, { "http_proxy=" .. proxy.url, "no_proxy=10.0.0.0/8,192.168.7.7" },
                           { "all_proxy=" .. proxy.url, "NO_PROXY=*" }, { "HTTP_PROXY=" .. proxy.url },
                           { "HTTPS_PROXY=" .. proxy.url }, { "http_proxy=", "all_proxy=" },
                           { "ALL_PROXY=" .. proxy.url, "no_proxy=", "NO_PROXY=10.1.2.3,192.168.0.0/16" } } do
      for _, host in ipairs { "10.1.2.3", "192.168.7.7" } do
        assert.matches("^address sent=false", client.elsewhere(env, "GET-public", "http://" .. host .. ":1/"))
      end
    end
    for _, url in ipairs { "http://127.0.0.1:1/", "http://127.1:1/", "http://localhost:1/", "http://[::1]:1/" } do
      assert.matches("^address", client.elsewhere({ "http_proxy=" .. proxy.url, "all_proxy=" .. proxy.url }, "GET-public", url))
    end
    for _, env in ipairs { { "http_proxy=" .. proxy.url }, { "HTTP_PROXY=" .. proxy.url },
                           { "https_proxy=" .. proxy.url, "no_proxy=10.1.2.3" } } do
      assert.matches("^address", client.elsewhere(env, "GET-public", "https://10.1.2.3:1/"))
    end
    assert.same({}, proxy:requests())
    for _, env in ipairs { { "http_proxy=" .. proxy.url }, { "all_proxy=" .. proxy.url, "no_proxy=10.1.2.4, 10.1.3.0/24" },
                           { "http_proxy=" .. proxy.url, "no_proxy=192.168.0.0/,11.0.0.0/+7,11.0.0.0/-18446744073709551609" } } do
      assert.equal("200 by proxy\n", client.elsewhere(env, "GET-public", "http://10.1.2.3:1/"))
    end
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
