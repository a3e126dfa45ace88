-- Run as `rcmcp lua spec/support/trust.lua`: prints the certificates in use, "FILE PATH".
local info = assert(require("core.http").info())
print(tostring(info.ca_file) .. " " .. tostring(info.ca_path))
