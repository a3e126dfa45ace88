--- Plain data of what may hold checked text: a copy, which may be changed.

local json = require "core.json"

---@param value any
---@return any copy  nil for nil
return function(value)
  if value == nil then return nil end
  return (json.decode(json.encode(value)))
end
