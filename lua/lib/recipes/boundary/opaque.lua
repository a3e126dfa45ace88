--- Values that a recipe can only hand back: the host recognises them by identity, what they stand for stays out of reach.

local M = {}

local payloads = setmetatable({}, { __mode = "k" }) ---@type table<table, { kind: string, value: any, bytes: integer }>

local Opaque = { __name = "value of rc", __metatable = false }

function Opaque.__newindex()
  error("this value cannot be changed", 2)
end

--- A value that a recipe can only hand back.
---@param kind string  for `open`: "content", …
---@param value any
---@param bytes? integer  of text in it, which count where it is handed back
---@return table
function M.new(kind, value, bytes)
  local token = setmetatable({}, Opaque)
  payloads[token] = { kind = kind, value = value, bytes = bytes or 0 }
  return token
end

--- What an opaque value stands for.
---@param token any
---@return string? kind, any value
function M.open(token)
  local payload = token ~= nil and payloads[token]
  if payload then return payload.kind, payload.value end
end

--- Bytes of text in it, which count where it is handed back; nil: it is no opaque value.
---@param token table
---@return integer?
function M.bytes(token)
  local payload = payloads[token]
  return payload and payload.bytes
end

return M
