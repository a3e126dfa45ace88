--- A self-signed certificate of this minute, for TLS specs.

local child = require "spec.support.child"

local M = {}

---@class Certificate
---@field certificate string  path, PEM
---@field key string          path, PEM
local Certificate = {}
Certificate.__index = Certificate

--- Makes one for these names ("DNS:example", "IP:127.0.0.1").
---@param names string
---@return Certificate
function M.new(names)
  local self = setmetatable({ certificate = os.tmpname(), key = os.tmpname() }, Certificate)
  local openssl <close> = child.spawn("openssl", {
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=rcmcp spec", "-addext", "subjectAltName=" .. names,
    "-keyout", self.key, "-out", self.certificate,
  })
  assert(openssl:wait() == 0, openssl.err)
  return self
end

function Certificate:close()
  os.remove(self.certificate)
  os.remove(self.key)
end
Certificate.__close = Certificate.close

return M
