--- The table, the gates and the JSON of a run.

local gates = require "gates"
local json = require "core.json"
local rows = require "rows"
local statistics = require "statistics"
local targets = require "targets"

local M = {}

local median = statistics.median

-- From the driver's unit to the table's.
local scale = { us = 1000, ms = 1, s = 1 / 1000, MiB = 1 / 1024, [""] = 1 }

local function number(value)
  if not value then return "-" end
  local digits = value >= 100 and 0 or value >= 10 and 1 or 2
  return ("%." .. digits .. "f"):format(value)
end

--- `a` over `b` as "12.3x"; "-" where one is missing.
local function ratio(a, b)
  return a and b and b > 0 and number(a / b) .. "x" or "-"
end

local function print_cells(title, unit, cells)
  io.write(("| %-46s | %4s |"):format(title, unit))
  for _, cell in ipairs(cells) do io.write((" %14s |"):format(cell)) end
  io.write "\n"
end

local function print_head()
  local titles, rules = {}, {}
  for i, target in ipairs(targets.list) do titles[i] = target.title end
  titles[#titles + 1] = "TS / rcmcp"
  titles[#titles + 1] = "rcmcp / libcurl"
  for i = 1, #titles do rules[i] = "--:" end
  print_cells("figure", "unit", titles)
  print_cells("---", "---", rules)
end

local function print_rows(found)
  print_head()
  for _, row in ipairs(rows) do
    local figure, title, unit = table.unpack(row)
    local of = found[figure]
    if of then
      local value, cells = {}, {}
      for i, target in ipairs(targets.list) do
        value[target.name] = of[target.name] and median(of[target.name]) * scale[unit]
        cells[i] = number(value[target.name])
      end
      cells[#cells + 1] = ratio(value.typescript, value.rcmcp)
      cells[#cells + 1] = ratio(value.rcmcp, value.curl)
      print_cells(title, unit, cells)
    end
  end
end

--- Whether a gate holds: what was reached, what is asked; nil where something was not measured.
local function judge(gate, found)
  local function of(figure, target)
    local values = found[figure] and found[figure][target]
    return values and median(values)
  end
  local mine = of(gate.figure, "rcmcp")
  local other = of(gate.of or gate.figure, gate.of and "rcmcp" or gate.floor or "typescript")
  if not mine or not other and not (gate.most or gate.least) then return nil end
  if gate.most then return mine <= gate.most, number(mine), "<= " .. number(gate.most) end
  if gate.least then return mine >= gate.least, number(mine), ">= " .. number(gate.least) end
  if gate.more then return mine <= other + gate.more, number(mine - other) .. " more", "<= " .. gate.more end
  if gate.part then return mine >= other * gate.part, number(mine / other), ">= " .. gate.part end
  if gate.floor then
    return mine <= other * gate.within, ratio(mine, other), ("<= %sx floor %s"):format(gate.within, gate.floor)
  end
  local better = gate.rate and mine / other or other / mine
  return better >= gate.times, number(better) .. "x", ">= " .. gate.times .. "x"
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

--- Prints the table and the gates on standard output, failures on standard error.
---@param found table<string, table<string, number[]>>  figure to target to the values of all turns
---@param failures string[]
function M.print(found, failures)
  print_rows(found)
  print_gates(found)
  for _, failure in ipairs(failures) do io.stderr:write("FAILED  ", failure, "\n") end
end

--- Writes everything that was measured.
---@param path string
---@param found table<string, table<string, number[]>>
---@param failures string[]
function M.write(path, found, failures)
  local file <close> = assert(io.open(path, "w"))
  local figures = {}
  for figure, of in pairs(found) do
    figures[figure] = {}
    for target, values in pairs(of) do
      figures[figure][target] = { median = median(values), spread = statistics.spread(values), values = json.as_array(values) }
    end
  end
  file:write(json.encode { date = os.date "!%Y-%m-%dT%H:%M:%SZ", figures = figures, gates = json.as_array(judged(found)),
    failures = json.as_array(failures) }, "\n")
end

return M
