--- Runs the groups of figures, targets taking turns, and reports.  Started by bench/run.

package.path = "bench/?.lua;" .. package.path

local groups = require "groups"
local loads = require "load"
local report = require "report"
local targets = require "targets"

--- What the command line asks for: which groups, and how thoroughly.
local function options(argv)
  local chosen, quick = {}, false
  for _, word in ipairs(argv) do
    if word == "--quick" then
      quick = true
    elseif groups.by_name[word] then
      chosen[#chosen + 1] = groups.by_name[word]
    else
      io.stderr:write("bench: no group '", word, "'; there are: ", table.concat(groups.names, ", "), "\n")
      os.exit(64)
    end
  end
  return #chosen > 0 and chosen or groups.list, quick
end

local function quoted(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

local function command_line(target, group, steps)
  local words = { "build/bench/driver" }
  for _, path in ipairs(group.cold and target.files or {}) do
    table.move({ "--cold", path }, 1, 2, #words + 1, words)
  end
  for _, list in ipairs { steps, { "--" }, target.command, group.arguments or {} } do
    table.move(list, 1, #list, #words + 1, words)
  end
  for i, word in ipairs(words) do words[i] = quoted(word) end
  return targets.environment .. " " .. table.concat(words, " ") .. " 2>build/bench/stderr.txt"
end

local function complaint()
  local file <close> = assert(io.open("build/bench/stderr.txt"))
  return file:read(2000) or "no message"
end

--- Runs one target through steps of a group once and adds its figures to those found.
local function measure(result, target, group, steps)
  local found = result.found
  local pipe = assert(io.popen(command_line(target, group, steps)))
  for line in pipe:lines() do
    local figure, value = line:match "^(%S+) (%S+)$"
    figure = (group.prefix or "") .. figure
    result.group_of[figure] = result.group_of[figure] or group.name -- every group begins with a start: those count, too
    found[figure] = found[figure] or {}
    found[figure][target.name] = found[figure][target.name] or {}
    table.insert(found[figure][target.name], tonumber(value))
  end
  if pipe:close() then return nil end
  return ("%s, %s: %s"):format(group.name, target.name, complaint())
end

local function processors()
  local pipe <close> = assert(io.popen "nproc 2>/dev/null || echo 0")
  return pipe:read "n"
end

local function run_group(result, group, quick)
  local load = loads.new()
  result.loads[group.name] = load
  for turn = 1, quick and 1 or group.turns do
    for _, target in ipairs(targets.list) do
      if group.targets[target.name] and not target.missing then
        io.stderr:write(("%-8s turn %d  %s\n"):format(group.name, turn, target.name))
        for _, steps in ipairs(group.parts and group.parts(quick) or { group.steps(quick) }) do
          load:sample()
          result.failures[#result.failures + 1] = measure(result, target, group, steps)
        end
      end
    end
  end
  load:sample()
  if group.conclude then group.conclude(result) end
end

local chosen, quick = options(arg)
targets.save_tools()
local result = { found = {}, group_of = {}, loads = {}, failures = {}, processors = processors() }
for _, group in ipairs(chosen) do run_group(result, group, quick) end
report.print(result, chosen)
report.write("build/bench/results.json", result)
os.exit(#result.failures == 0 and 0 or 1)
