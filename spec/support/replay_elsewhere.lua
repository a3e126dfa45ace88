-- Replays shipped recipes in a process of its own: rcmcp lua spec/support/replay_elsewhere.lua FILE
--
-- FILE holds, packed, { { name = …, input = …, record = …, base_url = … }, … }; a line of JSON for each says what it came to.
local json = require "core.json"
local record = require "lib.calls.record"
local recipes = require "spec.support.recipes"
local replay = require "lib.calls.replay"
local replays = require "spec.support.replays"

local file = assert(io.open(arg[1], "rb"))
local runs = assert(json.unpack(file:read "a", 100000000))
file:close()

for _, run in ipairs(runs) do
  -- Outputs lie there, for who judges what may be downloaded.
  recipes.with({ base_url = run.base_url, in_process = true }, function(bench)
    local keys = {}
    local answer = bench:call(run.name, run.input, replays.context {
      replays.noting(keys), replay.new(assert(record.unpack(run.record))):link(), replays.refuse,
    })
    io.stdout:write(json.encode { keys = keys, seen = replays.seen(nil, answer), sent = #bench.sim:requests() }, "\n")
  end)
end
