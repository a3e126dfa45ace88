--- The assertion keywords: each entry compiles one keyword of a schema to a check of the value alone,
--- `check(value, kind, scope) -> failure | nil`.  Entries that need nothing of the schema but their own value.

local failure = require "lib.schema.failure"
local formats = require "lib.schema.formats"
local meter = require "lib.async.meter"
local regex = require "lib.regex"
local value = require "lib.schema.value"

local key, show = value.key, value.show

local M = {}

local ARTICLES = {
  null = "null", boolean = "true or false", integer = "an integer", number = "a number", string = "a string",
  array = "an array", object = "an object",
}

local function is_number(kind) return kind == "integer" or kind == "number" end

local function plural(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

local function has_type(kind, wanted)
  return kind == wanted or (wanted == "number" and kind == "integer")
end

function M.type(wanted)
  local list = type(wanted) == "table" and wanted or { wanted }
  local words = {}
  for i, name in ipairs(list) do words[i] = ARTICLES[name] or name end
  local message = "must be " .. table.concat(words, " or ")
  return function(_, kind)
    for _, name in ipairs(list) do
      if has_type(kind, name) then return nil end
    end
    return failure.new("type", ("%s, not %s"):format(message, ARTICLES[kind]))
  end
end

local MOST_SHOWN = 20 -- values of an enum that a message lists

local function list_of(values)
  local shown = {}
  for i = 1, math.min(#values, MOST_SHOWN) do shown[i] = show(values[i]) end
  local more = #values - #shown
  return table.concat(shown, ", ") .. (more > 0 and (" or %d others"):format(more) or "")
end

function M.enum(values)
  local known, work = {}, meter.new()
  for _, one in ipairs(values) do known[key(one, work)] = true end
  local message = "must be one of " .. list_of(values)
  return function(v, _, scope)
    if known[key(v, scope.run.work)] then return nil end
    return failure.new("enum", ("%s, not %s"):format(message, show(v)))
  end
end

function M.const(wanted)
  local same = key(wanted, meter.new())
  return function(v, _, scope)
    if key(v, scope.run.work) == same then return nil end
    return failure.new("const", ("must be %s, not %s"):format(show(wanted), show(v)))
  end
end

-- A keyword that compares a number with a bound.
local function bound(keyword, words, fits)
  M[keyword] = function(limit)
    return function(v, kind)
      if not is_number(kind) or fits(v, limit) then return nil end
      return failure.new(keyword, ("must be %s %s, not %s"):format(words, show(limit), show(v)))
    end
  end
end

bound("minimum", "at least", function(v, limit) return v >= limit end)
bound("maximum", "at most", function(v, limit) return v <= limit end)
bound("exclusiveMinimum", "greater than", function(v, limit) return v > limit end)
bound("exclusiveMaximum", "less than", function(v, limit) return v < limit end)

local function is_multiple(v, divisor)
  if math.type(v) == "integer" and math.type(divisor) == "integer" then return v % divisor == 0 end
  v, divisor = tonumber(tostring(v)) --[[@as number]], tonumber(tostring(divisor)) --[[@as number]] -- boxed numbers by their digits
  local quotient = v / divisor
  if quotient == math.huge or quotient == -math.huge then return math.fmod(v, divisor) == 0 end
  return math.abs(quotient - math.floor(quotient + 0.5)) < 1e-9
end

function M.multipleOf(divisor)
  return function(v, kind)
    if not is_number(kind) or is_multiple(v, divisor) then return nil end
    return failure.new("multipleOf", ("must be a multiple of %s, not %s"):format(show(divisor), show(v)))
  end
end

local function member_count(v, work)
  local count = 0
  for _ in next, v do count = count + 1 end
  work:step(count // 10)
  return count
end

-- A keyword that bounds a size.
local function sized(keyword, wanted_kind, size, words, unit, fits)
  M[keyword] = function(limit)
    return function(v, kind, scope)
      if kind ~= wanted_kind then return nil end
      local n = size(v, scope.run.work)
      if fits(n, limit) then return nil end
      return failure.new(keyword, ("must have %s %s, not %d"):format(words, plural(math.floor(limit), unit), n))
    end
  end
end

local function at_least(n, limit) return n >= limit end
local function at_most(n, limit) return n <= limit end

local function length(v, work)
  work:step(#v // 100)
  return utf8.len(v, 1, -1, true) or #v
end

local function count(v) return #v end

sized("minLength", "string", length, "at least", "character", at_least)
sized("maxLength", "string", length, "at most", "character", at_most)
sized("minItems", "array", count, "at least", "item", at_least)
sized("maxItems", "array", count, "at most", "item", at_most)
sized("minProperties", "object", member_count, "at least", "member", at_least)
sized("maxProperties", "object", member_count, "at most", "member", at_most)

function M.pattern(source)
  local compiled, message = regex.compile(source)
  if not compiled then error({ schema = "pattern: " .. message }, 0) end
  return function(v, kind, scope)
    if kind ~= "string" or compiled:matches(v, scope.run.work) then return nil end
    return failure.new("pattern", ("must match the pattern %s, not %s"):format(show(source), show(v)))
  end
end

local LONGEST_FORMAT = 100000 -- bytes: what is longer is neither a moment, an address, a URI nor a UUID

function M.format(name)
  local check = formats[name]
  if not check then return nil end
  return function(v, kind, scope)
    if kind ~= "string" then return nil end
    scope.run.work:step(#v // 20)
    if #v <= LONGEST_FORMAT and check(v) then return nil end
    return failure.new("format", ("must be a %s, not %s"):format(name, show(v)))
  end
end

function M.uniqueItems(wanted)
  if wanted ~= true then return nil end
  return function(v, kind, scope)
    if kind ~= "array" then return nil end
    local places, work = {}, scope.run.work
    for i = 1, #v do
      work:step()
      local same = key(v[i], work)
      local before = places[same]
      if before then
        return failure.new("uniqueItems", ("must have no item twice, but items %d and %d are the same"):format(before - 1, i - 1))
      end
      places[same] = i
    end
  end
end

function M.required(names)
  return function(v, kind, scope)
    if kind ~= "object" then return nil end
    scope.run.work:step(#names // 10)
    for _, name in ipairs(names) do
      if v[name] == nil then return failure.new("required", ("must have the member '%s'"):format(name)) end
    end
  end
end

function M.dependentRequired(dependencies)
  return function(v, kind, scope)
    if kind ~= "object" then return nil end
    for trigger, names in pairs(dependencies) do
      scope.run.work:step(1 + #names // 10)
      for _, name in ipairs(v[trigger] ~= nil and names or {}) do
        if v[name] == nil then
          return failure.new("dependentRequired", ("must have the member '%s' because it has '%s'"):format(name, trigger))
        end
      end
    end
  end
end

return M
