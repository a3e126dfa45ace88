--- Which members and items of one value some keyword has looked at: for unevaluatedProperties and
--- unevaluatedItems.  Only made where one of these two is waiting for it.

local M = {}

---@class schema.Seen
---@field members table<string, true>
---@field all_members? boolean
---@field items integer              the first so many
---@field picked table<integer, true>  single ones, by contains

---@return schema.Seen
function M.new()
  return { members = {}, items = 0, picked = {} }
end

--- Adds what `from` has to `into`.
---@param into schema.Seen
---@param from schema.Seen
---@param work Meter
function M.merge(into, from, work)
  for name in pairs(from.members) do
    work:step()
    into.members[name] = true
  end
  for index in pairs(from.picked) do
    work:step()
    into.picked[index] = true
  end
  into.all_members = into.all_members or from.all_members
  into.items = math.max(into.items, from.items)
end

return M
