--- What has to hold, in one run: `times` better than a peer (`against`, the TypeScript server by default), `within` times
--- a `floor`, at most `most` or (for rates) at least `least`, in the driver's units.  `of` names another figure of rcmcp
--- itself: at most `more` above it, at least that `part` of it, or rising from it no more steeply than `rise_of` does.
--- `of_turns` names what of the turns counts where that is not their median.  `row` is the goal's number in
--- docs/performance.md.

local beside = require "beside"

local gates = {
  { row = 1, figure = "start.first_ms", times = 50 },
  { row = 1, figure = "start.first_ms", floor = "lua", within = 2.5 },
  { row = 2, figure = "cold.start.first_ms", times = 40 },
  { row = 3, figure = "idle.resident_kib", times = 13 },
  { row = 3, figure = "idle.unique_kib", most = 1536 },
  { row = 4, figure = "after.resident_kib", times = 11 },
  { row = 4, figure = "after.resident_kib", floor = "lua", within = 1.3 },
  { row = 4, figure = "at100k.resident_kib", of = "at10k.resident_kib", more = 512 },
  { row = 5, figure = "list.p50_ms", floor = "echo", within = 2 },
  { row = 5, figure = "list.p50_ms", times = 45 },
  { row = 6, figure = "one.p50_ms", times = 6.5 },
  { row = 6, figure = "one.p50_ms", floor = "lua", within = 1.2 },
  { row = 7, figure = "one.p99_ms", times = 12 },
  { row = 8, figure = "at16.cpu_per_call_ms", times = 5.8 },
  { row = 8, figure = "at64.cpu_per_call_ms", times = 5.8 },
  { row = 8, figure = "at16.cpu_per_call_ms", floor = "lua", within = 1.2 },
  { row = 8, figure = "at64.cpu_per_call_ms", floor = "lua", within = 1.2 },
  { row = 9, figure = "at64.per_second", times = 4.8 },
  { row = 9, figure = "at256.per_second", of = "at64.per_second", part = 0.8 },
  { row = 10, figure = "far64.per_second", least = 0.93 * 64 / 0.020 },
  { row = 10, figure = "far256.per_second", times = 2.5 },
  { row = 11, figure = "graph100k.p50_ms", times = 4 },
  { row = 11, figure = "graph100k.cpu_per_call_ms", times = 4 },
  { row = 12, figure = "graph5m.p50_ms", times = 4 },
  { row = 12, figure = "graph5m.cpu_per_call_ms", times = 7 },
  { row = 12, figure = "graph5m.peak_kib", times = 6.5 },
  { row = 13, figure = "wait1000.wall_ms", most = 6000 },
  { row = 13, figure = "wait1000.cpu_ms", times = 5 },
  { row = 13, figure = "wait1000.peak_kib", times = 10 },
  { row = 13, figure = "wait1000.connections", most = 256 },
  { row = 14, figure = "spread1000.lag_mean_ms", most = 600 },
  { row = 14, figure = "spread1000.lag_p99_ms", most = 1200 },
  { row = 14, figure = "spread1000.polls", most = 6500 },
  { row = 14, figure = "spread1000.burst", most = 350 },
  { row = 15, figure = "wait5000.wall_ms", most = 7000 },
  { row = 15, figure = "wait5000.cpu_ms", times = 5 },
  { row = 15, figure = "wait5000.peak_kib", times = 9 },
  { row = 18, figure = "idle.exit_ms", of_turns = "p90", most = 5 },
  { row = 18, figure = "waiting.exit_ms", most = 50 },
  { row = 19, figure = "start.cpu_ms", against = "rust", times = 1 },
  { row = 20, figure = "at16.cpu_per_call_ms", against = "rust", times = 2.5 },
  { row = 20, figure = "at64.cpu_per_call_ms", against = "rust", times = 2.5 },
  { row = 20, figure = "at256.cpu_per_call_ms", against = "rust", times = 2.5 },
  { row = 20, figure = "at16.cpu_per_call_ms", floor = "lua", within = 1.3 },
  { row = 20, figure = "at64.cpu_per_call_ms", floor = "lua", within = 1.3 },
  { row = 20, figure = "at256.cpu_per_call_ms", floor = "lua", within = 1.3 },
  { row = 20, figure = "at256.cpu_per_call_ms", of = "at16.cpu_per_call_ms", rise_of = "lua" },
  { row = 21, figure = "at16.per_second", against = "rust", times = 2 },
  { row = 21, figure = "at64.per_second", against = "rust", times = 2 },
  { row = 21, figure = "at256.per_second", against = "rust", times = 2 },
  { row = 22, figure = "after256.resident_kib", against = "rust", times = 1 },
  { row = 23, figure = "wait1000.cpu_ms", against = "rust", times = 1 },
  { row = 24, figure = "graph100k.cpu_per_call_ms", against = "rust", times = 3 },
}

table.move(beside.gates(), 1, #beside.gates(), #gates + 1, gates)

return gates
