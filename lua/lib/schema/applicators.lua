--- The keywords that apply schemas: each entry compiles one keyword to a check
--- `check(value, kind, scope, seen) -> failure | nil`.  `compiler:node(schema)` gives the checks of subschemas.

local failure = require "lib.schema.failure"
local regex = require "lib.regex"
local seen_sets = require "lib.schema.seen"
local value = require "lib.schema.value"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

local function nodes(compiler, list)
  local out = {}
  for i, schema in ipairs(list) do out[i] = compiler:node(schema) end
  return out
end

---------------------------------------------------------------------------------------------------
-- On the value itself

-- Runs a check that may fail without harm: what it saw counts only if it fits.
local function try(check, v, scope, seen)
  local mine = seen and seen_sets.new()
  local problem = check(v, scope, mine)
  if not problem and seen then seen_sets.merge(seen, mine, scope.run.work) end
  return problem
end

function M.allOf(compiler, list)
  local checks = nodes(compiler, list)
  return function(v, _, scope, seen)
    for _, check in ipairs(checks) do
      local problem = check(v, scope, seen)
      if problem then return problem end
    end
  end
end

function M.anyOf(compiler, list)
  local checks = nodes(compiler, list)
  return function(v, _, scope, seen)
    local first, fits ---@type schema.Failure?, true?
    for _, check in ipairs(checks) do
      local problem = try(check, v, scope, seen)
      if not problem then
        if not seen then return nil end
        fits = true
      end
      first = first or problem
    end
    if fits then return nil end
    if #checks == 1 then return first end
    ---@cast first -?
    local place = failure.place(first)
    return failure.new("anyOf", ("must fit one of %d alternatives; the first says: %s%s")
      :format(#checks, place ~= "" and place .. " " or "", first.message))
  end
end

function M.oneOf(compiler, list)
  local checks = nodes(compiler, list)
  return function(v, _, scope, seen)
    local fitting = {}
    for i, check in ipairs(checks) do
      if not try(check, v, scope, seen) then fitting[#fitting + 1] = i end
    end
    if #fitting == 1 then return nil end
    if #fitting == 0 then return failure.new("oneOf", ("must fit exactly one of %d alternatives, but fits none"):format(#checks)) end
    return failure.new("oneOf", ("must fit exactly one of %d alternatives, but fits number %d and number %d")
      :format(#checks, fitting[1], fitting[2]))
  end
end

M["not"] = function(compiler, schema)
  local check = compiler:node(schema)
  return function(v, _, scope)
    if check(v, scope, nil) then return nil end
    return failure.new("not", "must not fit the schema under 'not'")
  end
end

M["if"] = function(compiler, schema, parent)
  local condition = compiler:node(schema)
  local yes = parent["then"] ~= nil and compiler:node(parent["then"])
  local no = parent["else"] ~= nil and compiler:node(parent["else"])
  return function(v, _, scope, seen)
    local branch = yes
    if try(condition, v, scope, seen) then branch = no end
    return branch and branch(v, scope, seen) or nil
  end
end

function M.dependentSchemas(compiler, map)
  local checks = {}
  for _, name in ipairs(sorted_keys(map)) do checks[#checks + 1] = { name, compiler:node(map[name]) } end
  return function(v, kind, scope, seen)
    if kind ~= "object" then return nil end
    for _, entry in ipairs(checks) do
      local problem = v[entry[1]] ~= nil and entry[2](v, scope, seen)
      if problem then return problem end
    end
  end
end

---------------------------------------------------------------------------------------------------
-- On the members of an object

function M.properties(compiler, map)
  local names, checks = sorted_keys(map), {}
  for i, name in ipairs(names) do checks[i] = compiler:node(map[name]) end
  return function(v, kind, scope, seen)
    if kind ~= "object" then return nil end
    scope.run.work:step(#names // 10)
    for i, name in ipairs(names) do
      local member = v[name]
      if member ~= nil then
        local problem = checks[i](member, scope, nil)
        if problem then return failure.below(problem, name) end
        if seen then seen.members[name] = true end
      end
    end
  end
end

local function compile_patterns(compiler, map)
  local out = {}
  for _, source in ipairs(sorted_keys(map)) do
    local compiled, message = regex.compile(source)
    if not compiled then error({ schema = "patternProperties: " .. message }, 0) end
    out[#out + 1] = { regex = compiled, check = compiler:node(map[source]) }
  end
  return out
end

function M.patternProperties(compiler, map)
  local patterns = compile_patterns(compiler, map)
  return function(v, kind, scope, seen)
    if kind ~= "object" then return nil end
    for _, name in ipairs(value.names(v, scope.run.work)) do
      for _, pattern in ipairs(patterns) do
        if pattern.regex:matches(name, scope.run.work) then
          local problem = pattern.check(v[name], scope, nil)
          if problem then return failure.below(problem, name) end
          if seen then seen.members[name] = true end
        end
      end
    end
  end
end

-- Applies `check` to the members for which `wanted(name)`; a false schema says that they are not allowed.
local function rest_of_members(keyword, check, forbidden, wanted)
  return function(v, kind, scope, seen)
    if kind ~= "object" then return nil end
    for _, name in ipairs(value.names(v, scope.run.work)) do
      scope.run.work:step()
      if wanted(name, seen, scope.run.work) then
        if forbidden then return failure.new(keyword, ("must not have the member '%s'"):format(name)) end
        local problem = check(v[name], scope, nil)
        if problem then return failure.below(problem, name) end
        if seen then seen.members[name] = true end
      end
    end
  end
end

function M.additionalProperties(compiler, schema, parent)
  local named = type(parent.properties) == "table" and parent.properties or {}
  local patterns = compile_patterns(compiler, parent.patternProperties or {})
  return rest_of_members("additionalProperties", compiler:node(schema), schema == false, function(name, _, work)
    if named[name] ~= nil then return false end
    for _, pattern in ipairs(patterns) do
      if pattern.regex:matches(name, work) then return false end
    end
    return true
  end)
end

function M.unevaluatedProperties(compiler, schema)
  return rest_of_members("unevaluatedProperties", compiler:node(schema), schema == false, function(name, seen)
    return not seen.members[name]
  end)
end

function M.propertyNames(compiler, schema)
  local check = compiler:node(schema)
  return function(v, kind, scope)
    if kind ~= "object" then return nil end
    for _, name in ipairs(value.names(v, scope.run.work)) do
      local problem = check(name, scope, nil)
      if problem then
        return failure.new("propertyNames", ("must not have a member named '%s': a name %s"):format(name, problem.message))
      end
    end
  end
end

---------------------------------------------------------------------------------------------------
-- On the items of an array

function M.prefixItems(compiler, list)
  local checks = nodes(compiler, list)
  return function(v, kind, scope, seen)
    if kind ~= "array" then return nil end
    for i = 1, math.min(#checks, #v) do
      local problem = checks[i](v[i], scope, nil)
      if problem then return failure.below(problem, i - 1) end
    end
    if seen then seen.items = math.max(seen.items, math.min(#checks, #v)) end
  end
end

function M.items(compiler, schema, parent)
  local first = #(parent.prefixItems or {}) + 1
  local check = compiler:node(schema)
  return function(v, kind, scope, seen)
    if kind ~= "array" then return nil end
    if schema == false and #v >= first then
      return failure.new("items", ("must have at most %d items, not %d"):format(first - 1, #v))
    end
    for i = first, #v do
      local problem = check(v[i], scope, nil)
      if problem then return failure.below(problem, i - 1) end
    end
    if seen then seen.items = math.max(seen.items, #v) end
  end
end

function M.contains(compiler, schema, parent)
  local check = compiler:node(schema)
  local low, high = parent.minContains or 1, parent.maxContains or math.huge
  return function(v, kind, scope, seen)
    if kind ~= "array" then return nil end
    local found = 0
    for i = 1, #v do
      if not check(v[i], scope, nil) then
        found = found + 1
        if seen then seen.picked[i] = true end
      end
    end
    if found < low then
      return failure.new("contains", ("must have at least %d items that fit 'contains', not %d"):format(low, found))
    elseif found > high then
      return failure.new("maxContains", ("must have at most %d items that fit 'contains', not %d"):format(high, found))
    end
  end
end

function M.unevaluatedItems(compiler, schema)
  local check = compiler:node(schema)
  return function(v, kind, scope, seen)
    if kind ~= "array" then return nil end
    for i = seen.items + 1, #v do
      scope.run.work:step()
      if not seen.picked[i] then
        if schema == false then return failure.new("unevaluatedItems", ("must not have item %d"):format(i - 1)) end
        local problem = check(v[i], scope, nil)
        if problem then return failure.below(problem, i - 1) end
      end
    end
    seen.items = #v
  end
end

return M
