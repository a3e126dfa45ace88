--- Revision 2025-11-25: the last with a handshake.  For what this server offers it equals the one before.

local before = require "lib.mcp.revisions.2025_06_18"

return before:extend { version = "2025-11-25" }
