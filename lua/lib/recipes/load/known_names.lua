--- Tables of the API that have a few names: reading another one is a mistake, told at once, with the name that was probably meant.
--- Lua itself would give nil, which is called ("a nil value") or goes on into a paid request.
---
--- `pairs`, `rawget` and writing are as ever.

local didyoumean = require "lib.didyoumean"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local MOST_LISTED = 8 -- names that a message lists

local function advice(name, names)
  local hint = didyoumean.hint(name, names)
  if hint ~= "" or #names > MOST_LISTED then return hint end
  return "; it has " .. table.concat(names, ", ")
end

--- An `__index` that knows names.
---@param what string                 as messages call its owner: "rc", "a job"
---@param members table<string, any>  what it gives for them
---@param own? string[]               names that an owner may have itself
---@return fun(owner: table, name: any): any
function M.reader(what, members, own)
  local names = {}
  for name in pairs(members) do names[name] = true end
  for _, name in ipairs(own or {}) do names[name] = true end
  local list = sorted_keys(names)
  return function(_, name)
    if names[name] or type(name) ~= "string" then return rawget(members, name) end
    error(("%s has no '%s'%s"):format(what, require("lib.text").brief(name, 80), advice(name, list)), 2)
  end
end

return M
