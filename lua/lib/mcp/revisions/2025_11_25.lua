--- Revision 2025-11-25: the last with a handshake.  Questions to the person name their mode and may have
--- defaults; else it equals the one before, for what this server offers.

local before = require "lib.mcp.revisions.2025_06_18"

return before:extend { version = "2025-11-25", rich_questions = true }
