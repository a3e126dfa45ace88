--- The group `hostile`: how long others wait while a recipe of bench/hostile runs, each in a server of its own.

local statistics = require "statistics"

local M = {}

--- Beside whom others are measured; "none": beside nobody.
M.members = {
  "none", "computing", "sorting", "comparing", "matching", "encoding", "hoarding", "crashing", "forking", "weak", "writing",
  "overflowing", "listing", "asking", "talking",
}

local MEMORY = 2 * 1024 * 1024 -- KiB that a host may hold, and a worker half of that: the settings' defaults

--- What a server is started with beside its command.
M.arguments = { "--recipes", "bench/hostile" }

--- What the figures of this group begin with.
M.prefix = "hostile."

--- The steps for each member.
---@param quick boolean
---@return string[][]
function M.parts(quick)
  local parts = {}
  for i, member in ipairs(M.members) do
    parts[i] = {
      "place:apart", "call:_warm:status:500:16", "control:/_reset", "memory:_",
      ("beside:%s:%s:%s"):format(member, member, quick and 4.2 or 6), "stub:" .. member, "memory:" .. member, "finish:_",
    }
  end
  return parts
end

-- Columns of the table: figure, title, scale, and for a goal the row of docs/performance.md and the most that it may be.
local columns = {
  { "ping_p50_ms", "ping p50" }, { "ping_p99_ms", "p99", row = 25, most = 10 }, { "ping_max_ms", "worst", row = 25, most = 30 },
  { "status_p50_ms", "status p50" }, { "status_p99_ms", "p99", row = 26, most = 10 }, { "status_max_ms", "worst", row = 26, most = 30 },
  { "poll_p50_ms", "poll p50" }, { "poll_p99_ms", "p99", row = 27, most = 10 }, { "poll_max_ms", "worst", row = 27, most = 30 },
  { "ping_cpu_p99_ms", "CPU of a ping p99" }, { "ping_cpu_max_ms", "worst", row = 28, most = 30 },
  { "status_cpu_p99_ms", "CPU of a status p99" }, { "status_cpu_max_ms", "worst" },
  { "innocent_ms", "innocent" }, { "innocents", "calls" }, { "ends", "ends" },
  { "peak_kib", "host MiB", scale = 1 / 1024, row = 29, most = MEMORY },
  { "worker_kib", "worker MiB", scale = 1 / 1024, row = 29, most = MEMORY // 2 },
}

local function value_of(found, member, figure)
  local of = found[("%s%s.%s"):format(M.prefix, member, figure)]
  return of and of.rcmcp and statistics.median(of.rcmcp)
end

--- Adds the worst of all members to what was found: that is what the goals are about.
---@param result BenchResult
function M.conclude(result)
  for _, column in ipairs(columns) do
    local worst
    for i = 2, #M.members do
      local value = value_of(result.found, M.members[i], column[1])
      if value and value > (worst or -1) then worst = value end
    end
    if column.row and worst then result.found[M.prefix .. column[1]] = { rcmcp = { worst } } end
  end
end

--- What has to hold, as in gates.lua.
---@return table[]
function M.gates()
  local list = {}
  for _, column in ipairs(columns) do
    if column.row then list[#list + 1] = { row = column.row, figure = M.prefix .. column[1], most = column.most } end
  end
  return list
end

local function cell(value, column)
  if not value then return "-" end
  value = value * (column.scale or 1)
  return ("%." .. (value >= 100 and 0 or value >= 10 and 1 or 2) .. "f"):format(value)
end

--- Prints the table; times in ms.
---@param result BenchResult
function M.print(result)
  local titles, rules = { ("%-10s"):format "beside" }, { "---" }
  for _, column in ipairs(columns) do titles[#titles + 1], rules[#rules + 1] = column[2], "--:" end
  io.write("| ", table.concat(titles, " | "), " |\n|", table.concat(rules, "|"), "|\n")
  for _, member in ipairs(M.members) do
    local cells = { ("%-10s"):format(member) }
    for _, column in ipairs(columns) do cells[#cells + 1] = cell(value_of(result.found, member, column[1]), column) end
    io.write("| ", table.concat(cells, " | "), " |\n")
  end
end

return M
