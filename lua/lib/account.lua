--- An account: whose key it is, whose money, and what is its own.
---
--- stdio has one, and a new one after each reload of the configuration: calls go on with the account that they began with.
--- What one account submits, lists, sets and runs no other one sees.  Contexts have it as `ctx.account`, and its way to
--- RunComfy as `ctx.runcomfy`.

local client = require "lib.runcomfy.client"
local codec = require "core.codec"
local redaction = require "lib.redaction"

local M = {}

---@class AccountOptions: ClientOptions
---@field settings? Settings
---@field before? Account     the one in whose place it comes
---@field effects? EffectChain  what the effects of its calls pass: see lib.calls.effects

---@class Account
---@field id string           of key and base URL: the same in each process, and tells neither
---@field runcomfy Client
---@field settings table      see lib.config.settings
---@field effects? EffectChain
---@field private secret? SecretKey  the key of the settings, which a simulator is not given
local Account = {}
Account.__index = Account

local function id_of(options, base_url)
  return codec.sha256((options.key or "") .. "\n" .. base_url):sub(1, 32)
end

-- Of the same account; of another one it is none of our business.
local function known_before(before, id)
  return before and before.id == id and before.runcomfy.recent or nil
end

---@param options AccountOptions
---@return Account|nil account, Error? err
---@return_overload Account
---@return_overload nil, Error
function M.new(options)
  local settings, before = options.settings or {}, options.before
  local id = id_of(options, client.base_url(options.base_url))
  local runcomfy, err = client.new {
    key = options.key, base_url = options.base_url, queue_prefix = options.queue_prefix, user_agent = options.user_agent,
    cancel_remote_on_client_cancel = options.cancel_remote_on_client_cancel, writes = options.writes,
    recent = known_before(before, id),
  }
  if not runcomfy then return nil, err end
  local secret = settings.api_key and settings.api_key ~= options.key and redaction.add_key(settings.api_key) or nil
  return setmetatable({ id = id, runcomfy = runcomfy, settings = settings, secret = secret, effects = options.effects }, Account)
end

--- Makes a context one of this account.
---@generic T: table
---@param ctx T
---@return T ctx  the same
function Account:equip(ctx)
  ctx.account, ctx.runcomfy, ctx.effects = self, self.runcomfy, ctx.effects or self.effects
  return ctx
end

--- Ends the use of its keys; calls that go on with it may end as they would.
function Account:close()
  self.runcomfy:close()
  if self.secret then self.secret:close() end
end
Account.__close = Account.close

return M
