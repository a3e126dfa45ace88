local certificate = require "spec.support.certificate"
local child = require "spec.support.child"
local client = require "spec.support.client"
local http = require "core.http"

describe("core.http over HTTP/2", function()
  if not assert(http.info()).http2 then
    pending("this libcurl has none")
    return
  end

  local good, server, url

  setup(function()
    good = certificate.new("IP:127.0.0.1")
    server = child.spawn("node", { "spec/support/h2_server.mjs", good.certificate, good.key })
    url = "https://127.0.0.1:" .. server:line()
  end)

  teardown(function()
    server:close()
    good:close()
  end)

  local function fetch(...)
    return client.elsewhere({ "SSL_CERT_FILE=" .. good.certificate }, ...)
  end

  it("sends GETs of the same moment as streams of one connection", function()
    local urls = {}
    for i = 1, 20 do urls[i] = url .. "/together/20" end
    assert.equal(("200 together\n"):rep(20), fetch("GET", table.unpack(urls)))
    local first
    for _ = 1, 20 do
      local connection, version = server:line():match("^(%d+)\t([%d.]+)\tGET\t/together/20$")
      first = first or connection
      assert.equal(first, connection)
      assert.equal("2.0", version)
    end
  end)

  it("sends each POST over an HTTP/1.1 connection of its own", function()
    assert.equal("200 ok\n200 ok\n", fetch("POST", url .. "/a", url .. "/a"))
    local seen = {}
    for _ = 1, 2 do
      local connection, version = server:line():match("^(%d+)\t([%d.]+)\tPOST\t/a$")
      assert.equal("1.1", version)
      assert.is_nil(seen[connection])
      seen[connection] = true
    end
  end)
end)
