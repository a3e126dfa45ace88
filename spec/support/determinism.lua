--- Prints what a recipe sees of everything that another process might show it otherwise: see determinism_spec.
---
---   rcmcp lua spec/support/determinism.lua [NOISE]
---
--- With NOISE the process has made and thrown away other things before, and has run other recipes.

local effects = require "lib.calls.effects"
local json = require "core.json"
local kit = require "spec.support.rc"

local TEXT = require "spec.support.seen"

local function make_noise()
  local kept = {}
  for i = 1, 20000 do kept[i] = i % 3 == 0 and { i } or i % 3 == 1 and function() return i end or ("noise"):rep(i % 50) .. i end
  kit.data("local t = {} for i = 1, 500 do t[{}] = tostring({}) end for k in pairs(t) do tostring(k) end math.random() return { #t }")
  return kept
end

-- What is recorded is given again.
local function recorded()
  local at = 0
  return { function(effect, carry_on)
    if not effects.LOCAL[effect.kind] then return carry_on(effect) end
    at = at + 1
    if effect.kind == "uuid" then return "00000000-0000-4000-8000-" .. ("%012d"):format(at) end
    if effect.kind == "now" then return 1700000000 + at end
    return effect.name == "float" and 1 / at or at * 0x9E3779B97F4A7C15
  end }
end

kit.with({}, function()
  if arg[1] then package.loaded.noise = make_noise() end -- kept to the end
  local ctx = kit.context()
  ctx.effects = effects.chain(recorded())
  local result, err = kit.run(TEXT, { ctx = ctx, input = json.decode '{"zeta":1,"beta":[1,2,3],"alpha":{"q":1,"c":2}}' })
  print(result and result.text or err.message)
end)
