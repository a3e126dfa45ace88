--- What is looked at again where memory ran out: a completion may have been lost on its way to who waits for it.

local host = require "core.host"

local M = {}

local objects = setmetatable({}, { __mode = "v" }) ---@type table<integer, table>  as they came
local looks = setmetatable({}, { __mode = "k" }) ---@type table<table, fun(object: table)>
local last = 0

--- Calls `look(object)`, from the loop, soon after an allocation was refused, until it has returned: it finds what should have
--- gone on and has not, and lets it.  What was added before is looked at before.
---@param object table  not kept by this
---@param look fun(object: table)
function M.add(object, look)
  last = last + 1
  objects[last], looks[object] = object, look
end

host.after_refusals(function()
  for i = 1, last do
    local object = objects[i]
    if object then looks[object](object) end
  end
end)

return M
