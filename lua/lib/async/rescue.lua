--- What is looked at again where memory ran out: a completion may have been lost on its way to who waits for it.

local errors = require "lib.errors"
local host = require "core.host"
local log = require "core.log"

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

-- What is wrong but for memory is told, and over.
local function refused(look, object)
  local ok, err = xpcall(look, debug.traceback, object)
  if ok then return nil end
  if errors.is_out_of_memory(err) then return "not enough memory" end
  log.write("error", "the look after memory had run out: " .. tostring(err))
end

--- Calls `look` for each: where one finds no memory the others have their turn all the same, and it raises at the end, to be called
--- again.
---@generic T
---@param list T[]
---@param look fun(object: T)
function M.each(list, look)
  local refusal
  for _, object in ipairs(list) do refusal = refused(look, object) or refusal end
  if refusal then error(refusal, 0) end
end

host.after_refusals(function()
  local refusal
  for i = 1, last do
    local object = objects[i]
    refusal = object and refused(looks[object], object) or refusal
  end
  if refusal then error(refusal, 0) end
end)

return M
