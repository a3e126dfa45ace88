-- The shipped recipes do in a worker what they do in this process.
local bed = require "spec.support.worker"
local cases = require "spec.support.shipped_calls"
local crossing = require "lib.recipes.worker.crossing"
local json = require "core.json"
local modules = require "lib.recipes.files.modules"
local places = require "lib.recipes.worker.door"
local recipes = require "spec.support.recipes"

local function record(name)
  local made
  recipes.with({ in_process = true }, function(bench)
    local input = cases[name](bench)
    local recording <close> = bed.record()
    bench:call(name, input)
    made = assert(recording.made, "the recipe was not called")
  end)
  return made
end

local function by_place(effects)
  local found = {}
  for _, entry in ipairs(effects) do found[places.place(entry.effect)] = entry end
  return found
end

-- What a worker makes of the call, with the recorded answers; it is killed at effect number `at`.
local function repeat_in(host, made, at_effect)
  local at, answers = made.recipe, by_place(made.effects)
  local recipe = assert(host:load_text(at.text, at.file, {
    name = at.name, shown = at.shown, folder = at.folder, root = at.root,
    modules = modules.new { folder = at.folder, root = at.root },
  }))
  local seen = {}
  local function answer(effect)
    seen[#seen + 1] = { effect = effect }
    if #seen == at_effect then bed.signal(host:pids()[1], "KILL") end
    local entry = assert(answers[places.place(effect)], "an effect that there was not")
    if entry.err then return nil, crossing.error(entry.err) end
    return entry.answer
  end
  local result, err = host:call(recipe, made.call, bed.listener(made.call.id, answer, {
    noted = function() error "all readings of clocks are known" end, known = function() return made.call.known end,
  }))
  return seen, json.pack(err and crossing.problem(err) or result)
end

local LOCAL = require("lib.calls.effects").LOCAL

describe("a shipped recipe in a worker", function()
  it("is each of them", function()
    local count = 0
    for _ in pairs(cases) do count = count + 1 end
    assert.equal(12, count)
  end)

  local function assert_same_effects(made, seen)
    local asked, count = by_place(seen), 0
    for _, entry in ipairs(made.effects) do
      if not LOCAL[entry.effect.kind] then
        local found = asked[places.place(entry.effect)]
        assert.same(entry.effect, found and found.effect)
        count = count + 1
      end
    end
    assert.equal(count, #seen)
  end

  for name in pairs(cases) do
    it("asks for the same and gives the same, also where its worker ends at any effect: " .. name, function()
      local made = record(name)
      local at = 0
      repeat
        local count
        bed.with(nil, function(host)
          local seen, outcome = repeat_in(host, made, at)
          assert_same_effects(made, seen)
          assert.equal(made.outcome, outcome)
          assert.equal(at == 0 and 0 or 1, #host:endings())
          count = #seen
        end)
        assert.is_true(count > 0)
        at = at + 1
      until at > count
    end)
  end
end)
