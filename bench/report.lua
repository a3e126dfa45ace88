--- The tables, the gates and the JSON of a run.

local gates = require "gates"
local json = require "core.json"
local rows = require "rows"
local statistics = require "statistics"
local targets = require "targets"

local M = {}

local median = statistics.median

-- From the driver's unit to the table's.
local scale = { us = 1000, ms = 1, s = 1 / 1000, MiB = 1 / 1024, [""] = 1 }

-- What rcmcp is compared with, in columns of their own.
local compared = {
  { "rust", "Rust" }, { "rust_pipes", "Rust, pipes" }, { "go", "Go" }, { "typescript", "TS" },
  { "lua", "floor: Lua" }, { "curl", "floor: libcurl" },
}

local function number(value)
  if not value then return "-" end
  local digits = value >= 100 and 0 or value >= 10 and 1 or 2
  return ("%." .. digits .. "f"):format(value)
end

local function is_rate(figure)
  return figure:find "per_second$" ~= nil
end

-- How many times better rcmcp is, as "12.3x"; "-" where one of both is missing.
local function better(figure, mine, other)
  if not mine or not other or mine == 0 or other == 0 then return "-" end
  return number(is_rate(figure) and mine / other or other / mine) .. "x"
end

local function print_cells(title, unit, cells)
  io.write(("| %-46s | %4s |"):format(title, unit))
  for _, cell in ipairs(cells) do io.write((" %14s |"):format(cell)) end
  io.write "\n"
end

local function print_head()
  local titles, rules = {}, {}
  for i, target in ipairs(targets.list) do titles[i] = target.title end
  for _, one in ipairs(compared) do titles[#titles + 1] = "vs " .. one[2] end
  for i = 1, #titles do rules[i] = "--:" end
  print_cells("figure", "unit", titles)
  print_cells("---", "---", rules)
end

local function print_row(row, of)
  local figure, title, unit, kind = table.unpack(row)
  local summary = kind and statistics[kind] or median
  local value, cells = {}, {}
  for i, target in ipairs(targets.list) do
    value[target.name] = of[target.name] and summary(of[target.name]) * scale[unit]
    cells[i] = number(value[target.name])
  end
  for _, one in ipairs(compared) do cells[#cells + 1] = better(figure, value.rcmcp, value[one[1]]) end
  print_cells(title, unit, cells)
end

-- How far the driver's own limit is away: the echo answers as fast as calls can be made.
local function print_limits(found)
  for _, in_flight in ipairs { 1, 16, 64, 256 } do
    local of = found[in_flight == 1 and "apart.per_second" or ("at%d.per_second"):format(in_flight)]
    if of and of.echo and of.rcmcp then
      local limit, parts = median(of.echo), {}
      for _, target in ipairs(targets.list) do
        local values = target.name ~= "echo" and of[target.name]
        if values then parts[#parts + 1] = ("%s %s"):format(target.title, number(limit / median(values)) .. "x") end
      end
      io.write(("calls/s, %d in flight: the driver reaches %s with the echo; that is, of %s\n"):format(in_flight,
        number(limit), table.concat(parts, ", ")))
    end
  end
end

local function print_table(group, result)
  io.write(("\n%s, %s on %d processors (the run's own programs and its two spinners count in it)\n\n"):format(group.name,
    result.loads[group.name]:text(), result.processors))
  if group.print then return group.print(result) end
  print_head()
  for _, row in ipairs(rows) do
    if result.group_of[row[1]] == group.name then print_row(row, result.found[row[1]]) end
  end
  if group.name == "calls" then
    io.write "\n"
    print_limits(result.found)
  end
end

--- Whether a gate holds: what was reached, what is asked; nil where something was not measured.
local function judge(gate, found)
  local summary = gate.of_turns and statistics[gate.of_turns] or median
  local function of(figure, target)
    local values = found[figure] and found[figure][target]
    return values and summary(values)
  end
  local peer = gate.against or "typescript"
  local mine = of(gate.figure, "rcmcp")
  local other = of(gate.of or gate.figure, gate.of and "rcmcp" or gate.floor or peer)
  if not mine or not other and not (gate.most or gate.least) then return nil end
  if gate.most then return mine <= gate.most, number(mine), "<= " .. number(gate.most) end
  if gate.least then return mine >= gate.least, number(mine), ">= " .. number(gate.least) end
  if gate.more then return mine <= other + gate.more, number(mine - other) .. " more", "<= " .. gate.more end
  if gate.part then return mine >= other * gate.part, number(mine / other), ">= " .. gate.part end
  if gate.rise_of then
    local high, low = of(gate.figure, gate.rise_of), of(gate.of, gate.rise_of)
    if not high then return nil end
    return mine / other <= high / low, number(mine / other) .. "x", ("<= %sx, as the floor: %s"):format(number(high / low), gate.rise_of)
  end
  if gate.floor then
    return mine <= other * gate.within, number(mine / other) .. "x", ("<= %sx floor: %s"):format(gate.within, gate.floor)
  end
  local times = is_rate(gate.figure) and mine / other or other / mine
  return times >= gate.times, number(times) .. "x", (">= %sx better than %s"):format(gate.times, peer)
end

--- Judges every gate that was measured.
local function judged(found)
  local list = {}
  for _, gate in ipairs(gates) do
    local holds, reached, asked = judge(gate, found)
    if holds ~= nil then
      list[#list + 1] = { row = gate.row, figure = gate.figure, holds = holds, reached = reached, asked = asked }
    end
  end
  return list
end

local function print_gates(found)
  local held, list = 0, judged(found)
  io.write "\nGates (row of docs/performance.md, figure, reached, asked)\n"
  for _, gate in ipairs(list) do
    io.write(("%-6s %2d  %-28s %14s   %s\n"):format(gate.holds and "holds" or "MISSED", gate.row, gate.figure,
      gate.reached, gate.asked))
    held = held + (gate.holds and 1 or 0)
  end
  io.write(("%d of %d hold\n"):format(held, #list))
end

---@class BenchResult
---@field found table<string, table<string, number[]>>  figure to target to the values of all turns
---@field group_of table<string, string>  the group that measures a figure
---@field loads table<string, Load>       by group
---@field processors integer
---@field failures string[]

--- Prints the tables and the gates on standard output, failures on standard error.
---@param result BenchResult
---@param groups table[]  those that were measured
function M.print(result, groups)
  for _, target in ipairs(targets.list) do
    if target.missing then io.write(("%s: not measured: %s\n"):format(target.title, target.missing)) end
  end
  for _, group in ipairs(groups) do print_table(group, result) end
  print_gates(result.found)
  for _, failure in ipairs(result.failures) do io.stderr:write("FAILED  ", failure, "\n") end
end

--- Writes everything that was measured.
---@param path string
---@param result BenchResult
function M.write(path, result)
  local file <close> = assert(io.open(path, "w"))
  local figures, loads = {}, {}
  for figure, of in pairs(result.found) do
    figures[figure] = {}
    for target, values in pairs(of) do
      figures[figure][target] = { median = median(values), spread = statistics.spread(values), values = json.as_array(values) }
    end
  end
  for name, load in pairs(result.loads) do loads[name] = load:median() end
  file:write(json.encode { date = os.date "!%Y-%m-%dT%H:%M:%SZ", figures = figures, load_average = loads,
    gates = json.as_array(judged(result.found)), failures = json.as_array(result.failures) }, "\n")
end

return M
