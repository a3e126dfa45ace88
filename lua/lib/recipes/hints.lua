--- The hints of a recipe: the worst of what it uses.  A client asks its user by them.

local M = {}

-- The value of a hint that promises less.
local worse = { readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true }

local names = { "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint" }

local doing = {
  readOnlyHint = "changes something", destructiveHint = "may destroy something",
  idempotentHint = "does more when it is called twice", openWorldHint = "reaches the open network",
}

-- A recipe that uses nothing only computes.
local function harmless()
  return { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false }
end

local function hint_of(tool, name)
  for _, hint in ipairs(tool.annotations) do
    if hint[1] == name then return hint[2] end
  end
  return worse[name]
end

-- The worst of the tools, and for each hint the tool that made it so.
local function floor_of(tools)
  local floor, because = harmless(), {}
  for _, tool in ipairs(tools) do
    for _, name in ipairs(names) do
      if floor[name] ~= worse[name] and hint_of(tool, name) == worse[name] then
        floor[name], because[name] = worse[name], tool.name
      end
    end
  end
  return floor, because
end

-- What a request to a declared host does, only the author can know: without a word from him the worst.
local function with_hosts(floor, because, declared)
  for _, name in ipairs(names) do
    if floor[name] ~= worse[name] and (name == "openWorldHint" or declared[name] == nil) then
      floor[name], because[name] = worse[name], "hosts"
    end
  end
end

--- The hints of a recipe.
---@param fields { annotations: table<string, boolean>?, hosts: string[]? }  as declared
---@param tools Tool[]  what it uses
---@return table<string, boolean>|nil hints, string? problem  a declared hint is milder than what it uses
function M.of(fields, tools)
  local declared = fields.annotations or {}
  local floor, because = floor_of(tools)
  if fields.hosts and #fields.hosts > 0 then with_hosts(floor, because, declared) end
  for _, name in ipairs(names) do
    local value = declared[name]
    if value ~= nil and value ~= floor[name] and value ~= worse[name] then
      local reason = because[name] == "hosts" and "it reaches the hosts that it declares"
        or ("it uses '%s', which %s"):format(because[name], doing[name])
      return nil, ("field 'annotations': %s cannot be %s: %s"):format(name, value, reason)
    end
    if value ~= nil then floor[name] = value end
  end
  return floor
end

return M
