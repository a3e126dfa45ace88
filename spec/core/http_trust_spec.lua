local child = require "spec.support.child"
local fs = require "core.fs"

local function trusted(...)
  local status, out, err = child.run({ "lua", "spec/support/trust.lua" }, { env = { ... } })
  assert.equal(0, status, err)
  return out:match("^(%S+) (%S+)\n$")
end

describe("core.http's certificates", function()
  it("are the system's bundle, without the directory that holds the same", function()
    local file, path = trusted()
    assert.equal("file", assert(fs.stat(file)).type)
    assert.equal("nil", path)
  end)

  it("are exactly what SSL_CERT_FILE and SSL_CERT_DIR name", function()
    assert.same({ "/none/a.pem", "nil" }, { trusted("SSL_CERT_FILE=/none/a.pem") })
    assert.same({ "nil", "/none/certs" }, { trusted("SSL_CERT_DIR=/none/certs") })
    assert.same({ "/none/a.pem", "/none/certs" }, { trusted("SSL_CERT_FILE=/none/a.pem", "SSL_CERT_DIR=/none/certs") })
    assert.same({ "/none/a.pem", "/etc/ssl/certs" }, { trusted("SSL_CERT_FILE=/none/a.pem", "SSL_CERT_DIR=/etc/ssl/certs") })
  end)

  it("are the bundle alone when both settings say what the system has anyway", function()
    local file = trusted()
    local _, path = trusted("SSL_CERT_FILE=" .. file, "SSL_CERT_DIR=/none/certs")
    assert.equal("/none/certs", path)
    if fs.stat("/etc/ssl/certs/ca-certificates.crt") then -- a Debian, whose libcurl has /etc/ssl/certs built in
      assert.same({ file, "nil" }, { trusted("SSL_CERT_FILE=" .. file, "SSL_CERT_DIR=/etc/ssl/certs") })
    end
  end)

  it("are the system's for an empty setting", function()
    local file = trusted()
    assert.same({ file, "nil" }, { trusted("SSL_CERT_FILE=", "SSL_CERT_DIR=") })
  end)
end)
