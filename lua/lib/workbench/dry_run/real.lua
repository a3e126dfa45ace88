--- What there is at RunComfy, for a dry run: deployments and requests, each asked for once.  Looking costs nothing.

local plain = require "lib.plain"
local registry = require "lib.features.registry"

local M = {}

---@class Real
---@field package find fun(name: string): Tool?
---@field package account? Account  whose things these are
---@field package seen table<string, RealThing>
local Real = {}
Real.__index = Real

---@class RealThing
---@field data? table   what the tool that looks answered
---@field err? Error    why it did not
---@field refused boolean  the API says that there is no such thing, or that the caller may not use it: so would every write

-- Answers that may be others a minute later say nothing of the write.
local PASSING = { [408] = true, [409] = true, [423] = true, [425] = true, [429] = true }

local function is_refusal(err)
  local status = math.type(err.status_code) == "integer" and err.status_code or 0
  return err.code == "no_key" or status >= 400 and status < 500 and not PASSING[status]
end

---@param find fun(name: string): Tool?
---@param account? Account
---@return Real
function M.new(find, account)
  return setmetatable({ find = find, account = account, seen = {} }, Real)
end

local function ask(self, name, input)
  local tool = self.find(name)
  if not tool then return { refused = false } end
  local ctx = { cancelled = false, progress = function() end, log = function() end, on_draining = function() end }
  if self.account then self.account:equip(ctx) end
  local result, err = registry.attempt(tool, input, ctx --[[@as any]])
  if not result then return { err = err, refused = is_refusal(err) } end
  return { data = plain(result.data), refused = false }
end

local function once(self, key, name, input)
  local thing = self.seen[key]
  if not thing then
    thing = ask(self, name, input)
    self.seen[key] = thing
  end
  return thing
end

--- A deployment, with its workflow; `data.deployment` is not to be changed.
---@param id string
---@return RealThing
function Real:deployment(id)
  return once(self, "d\0" .. id, "get_deployment", { deployment_id = id, include_payload = true })
end

--- A request, as it is now.
---@param deployment_id string
---@param id string
---@return RealThing
function Real:request(deployment_id, id)
  return once(self, "r\0" .. deployment_id .. "\0" .. id, "get_request_status", { deployment_id = deployment_id, request_id = id })
end

return M
