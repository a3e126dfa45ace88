--- How long clients wait for the answer to a call: what is known of each.  Past that the answer reaches nobody.

local clock = require "lib.async.clock"

local M = {}

local UNKNOWN = 45 -- seconds: the official TypeScript SDK gives up after 60, and most clients are made with it
local LONG = 240   -- for those that are known to wait five minutes or more

---@class ClientPatience
---@field name string       how its clientInfo names it; a longer name that begins so counts, too
---@field seconds number
---@field listens? boolean  only where the call asks for progress, which makes it wait longer
---@field source string

--- Clients that bear more than an unknown one; the facts are of their documentation and issue trackers.
---@type ClientPatience[]
M.KNOWN = {
  { name = "claude-code", seconds = LONG, listens = true, source = "each progress begins its 30 minutes anew (stdio, from 2.1.187 on)" },
  { name = "gemini-cli-mcp-client", seconds = LONG, source = "its setting 'timeout' is 600,000 ms by default" },
  { name = "goose", seconds = LONG, source = "its setting 'timeout' is 300 s in the configuration that it writes" },
}

local function is_named(client, name)
  return type(client.name) == "string" and client.name:sub(1, #name) == name
end

local latest, known_of_latest ---@type table?, ClientPatience?  the calls of a connection are those of one client

-- What is known of a client.
local function known_of(client)
  if client == latest then return known_of_latest end
  latest, known_of_latest = client, nil
  for _, known in ipairs(M.KNOWN) do
    if is_named(client, known.name) then known_of_latest = known end
  end
  return known_of_latest
end

--- Seconds of lib.async.clock after which a call had better be answered; nil: whenever it has its result.
---@param setting? number   `wait_slice`: 0 for never; nil: what is known of the client, in its own time
---@param client? { name: string? }
---@param listens boolean   the call asks for progress
---@return number?
function M.seconds(setting, client, listens)
  if setting then return setting > 0 and setting or nil end
  local known = client and known_of(client)
  if known and (listens or not known.listens) then return known.seconds * clock.speed() end
  return UNKNOWN * clock.speed()
end

return M
