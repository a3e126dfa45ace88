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

-- The worst of the tools, and for each hint the reason: the tool that made it so.
local function floor_of(tools)
  local floor, because = harmless(), {}
  for _, tool in ipairs(tools) do
    for _, name in ipairs(names) do
      if floor[name] ~= worse[name] and hint_of(tool, name) == worse[name] then
        floor[name], because[name] = worse[name], tool
      end
    end
  end
  return floor, because
end

local function hint_is_worse(floor, because, name, reason)
  if floor[name] ~= worse[name] then floor[name], because[name] = worse[name], reason end
end

-- What a request to a declared host does, only the author can know: without a word from him the worst.
local function with_hosts(floor, because, declared)
  for _, name in ipairs(names) do
    if name == "openWorldHint" or declared[name] == nil then
      hint_is_worse(floor, because, name, "it reaches the hosts that it declares")
    end
  end
end

-- What the members of rc do that need no `uses`.
local effects = {
  ["rc.download"] = { readOnlyHint = "saves files", idempotentHint = "saves another file each time" },
  ["rc.http"] = { openWorldHint = "reaches the network" },
}

-- Where another tool of the file, or a module, may be the one that does it, a word of the author counts: see `M.denies`.
local function with_effects(floor, because, declared, list)
  for _, effect in ipairs(list) do
    for name, does in pairs(effects[effect.name]) do
      if effect.certain or declared[name] == nil then
        hint_is_worse(floor, because, name, ("it calls %s, which %s"):format(effect.name, does))
      end
    end
  end
end

-- Of a tool in `uses`, by its name; else as it is told.
local function reason_of(because, name)
  local reason = because[name]
  return type(reason) == "table" and ("it uses '%s', which %s"):format(reason.name, doing[name]) or reason
end

--- The hints of a recipe.
---@param fields { annotations: table<string, boolean>?, hosts: string[]? }  as declared
---@param tools Tool[]  what it uses
---@param recipe_effects? RecipeEffect[]  what its code does itself
---@return table<string, boolean>|nil hints, string? problem  a declared hint is milder than what it uses
function M.of(fields, tools, recipe_effects)
  local declared = fields.annotations or {}
  local floor, because = floor_of(tools)
  if fields.hosts and #fields.hosts > 0 then with_hosts(floor, because, declared) end
  with_effects(floor, because, declared, recipe_effects or {})
  for _, name in ipairs(names) do
    local value = declared[name]
    if value ~= nil and value ~= floor[name] and value ~= worse[name] then
      return nil, ("field 'annotations': %s cannot be %s: %s"):format(name, value, reason_of(because, name))
    end
    if value ~= nil then floor[name] = value end
  end
  return floor
end

--- Whether a tool changes nothing, as its hints say.
---@param tool Tool
---@return boolean
function M.only_reads(tool)
  return hint_of(tool, "readOnlyHint")
end

--- Which hint of a tool denies what its code is about to do; nil where none does.
---@param tool Tool
---@param member string  "rc.download", "rc.http"
---@return string? name, boolean? value  the hint, and what it says
function M.denies(tool, member)
  for _, name in ipairs { "readOnlyHint", "openWorldHint" } do
    if (effects[member] --[[@as table]])[name] and hint_of(tool, name) ~= worse[name] then return name, not worse[name] end
  end
end

return M
