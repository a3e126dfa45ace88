local client = require "spec.support.client"
local responder = require "spec.support.responder"

local get = client.get

describe("core.http's public_only", function()
  it("refuses this machine, whatever it is called, before a connection is made", function()
    local server <close> = responder.start()
    assert.equal(200, assert(get(server.url .. "/plain")).status)
    for _, host in ipairs { "127.0.0.1", "localhost", "127.1", "0", "2130706433", "[::1]", "[::ffff:127.0.0.1]" } do
      local response, message, code, sent = get(("http://%s:%d/"):format(host, server.port), { public_only = true })
      assert.is_nil(response, host)
      assert.equal("address", code, host .. ": " .. tostring(message))
      assert.matches("leads to an address of this machine or of a private network", message, 1, true)
      assert.is_false(sent)
    end
    assert.same({ "GET /plain" }, server:lines())
  end)

  it("refuses private and link-local networks", function()
    for _, host in ipairs { "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
                            "255.255.255.255", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
                            "[64:ff9b:1::a00:1]", "[::ffff:0:10.0.0.1]", "[2001:0:a00:1::f5ff:fffe]" } do
      local _, message, code = get("http://" .. host .. ":1/", { public_only = true, connect_ms = 2000 })
      assert.equal("address", code, host .. ": " .. tostring(message))
    end
  end)

  it("holds for the redirects, too, and for no transfer after it", function()
    local server <close> = responder.start()
    assert.equal(200, assert(get(server.url .. "/")).status)
    local _, _, code = get(server.url .. "/", { public_only = true }) -- not over the connection that is kept
    assert.equal("address", code)
    assert.equal(200, assert(get(server.url .. "/")).status)
  end)

  it("is true or false", function()
    assert.error_matches(function() get("http://x.test/", { public_only = "yes" }) end, "field 'public_only' must be true or false")
  end)
end)
