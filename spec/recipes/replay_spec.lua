-- Every shipped recipe, replayed along the record of its effects, in whole and broken off after each of them.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local fs = require "core.fs"
local json = require "core.json"
local record = require "lib.calls.record"
local recipes = require "spec.support.recipes"
local replay = require "lib.calls.replay"
local replays = require "spec.support.replays"
local sorted_keys = require("lib.tables").sorted_keys

-- A link of the chain answers for time and chance, too, which a worker answers itself.
local HERE = { in_process = true }

local function shipped()
  local names = {}
  for _, entry in ipairs(fs.list "recipes") do
    local name = (type(entry) == "table" and entry.name or entry):match "^(.*)%.lua$"
    if name then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function sorted(list)
  table.sort(list)
  return list
end

local function count_answers(kept)
  local count = 0
  for step in kept:read() do
    if step.answer then count = count + 1 end
  end
  return count
end

-- An undisturbed run: what the client sees of it, what it wrote, its record.
local function undisturbed(bench, name, input)
  local kept, keys = record.new(), {}
  local answer = bench:call(name, input, replays.context { replays.noting(keys), replay.new(kept):link() })
  assert.is_true(answer.ok, answer.text)
  return {
    raw = replays.seen(nil, answer), seen = replays.seen(bench, answer), ledger = replays.ledger(bench),
    record = kept, keys = keys, answers = count_answers(kept),
  }
end

describe("each shipped recipe", function()
  it("has its place here", function()
    assert.same(shipped(), sorted_keys(replays.inputs))
  end)

  it("asks for the same in another process, and comes to the same", function()
    local files <close> = folder.new()
    local runs, expected = {}, {}
    for i, name in ipairs(sorted_keys(replays.inputs)) do
      recipes.with(HERE, function(bench)
        local input = replays.inputs[name](bench)
        local run = undisturbed(bench, name, input)
        runs[i] = { name = name, input = input, record = run.record:pack(), base_url = bench.sim.base_url }
        expected[i] = { keys = sorted(run.keys), seen = run.raw, sent = 0 }
      end)
    end
    local path = files:write("runs", json.pack(runs))
    local elsewhere = child.spawn(child.program, { "lua", "spec/support/replay_elsewhere.lua", path })
    assert.equal(0, elsewhere:wait(), elsewhere.err)
    local at = 0
    for line in elsewhere.out:gmatch "[^\n]+" do
      at = at + 1
      local got = json.decode(line)
      sorted(got.keys)
      assert.same(expected[at].keys, table.move(got.keys, 1, #got.keys, 1, {}), runs[at].name)
      assert.same({ expected[at].seen, 0 }, { got.seen, got.sent }, runs[at].name)
    end
    assert.equal(#runs, at)
  end)

  for _, name in ipairs(sorted_keys(replays.inputs)) do
    it(name .. " gives the same along its record, and executes nothing", function()
      recipes.with(HERE, function(bench)
        local input = replays.inputs[name](bench)
        local run = undisturbed(bench, name, input)
        local keys, steps = {}, #run.record.steps
        local answer = bench:call(name, input, replays.context { replays.noting(keys), replay.new(run.record):link(), replays.refuse })
        assert.equal(run.seen, replays.seen(bench, answer))
        assert.equal(run.ledger, replays.ledger(bench))
        assert.is_true(#keys > 0)
        assert.same(sorted(run.keys), sorted(keys))
        assert.equal(steps, #run.record.steps)
      end)
    end)

    it(name .. " comes to the same end, wherever it broke off", function()
      local run
      recipes.with(HERE, function(bench) run = undisturbed(bench, name, replays.inputs[name](bench)) end)
      for after = 0, run.answers - 1 do
        recipes.with(HERE, function(bench)
          local answer = replays.broken(bench, name, replays.inputs[name](bench), after)
          assert.equal(run.ledger, answer.ledger, ("the ledger, broken off after %d"):format(after))
          assert.equal(run.seen, replays.seen(bench, answer), ("the answer, broken off after %d"):format(after))
        end)
      end
    end)
  end
end)
