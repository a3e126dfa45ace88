--- Runs the groups of figures, targets taking turns, and reports.  Started by bench/run.

package.path = "bench/?.lua;" .. package.path

local groups = require "groups"
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

local function command_line(target, group, quick)
  local words = { "build/bench/driver" }
  for _, path in ipairs(group.cold and target.files or {}) do
    table.move({ "--cold", path }, 1, 2, #words + 1, words)
  end
  for _, step in ipairs(group.steps(quick)) do words[#words + 1] = step end
  words[#words + 1] = "--"
  table.move(target.command, 1, #target.command, #words + 1, words)
  for i, word in ipairs(words) do words[i] = quoted(word) end
  return targets.environment .. " " .. table.concat(words, " ") .. " 2>build/bench/stderr.txt"
end

local function complaint()
  local file <close> = assert(io.open("build/bench/stderr.txt"))
  return file:read(2000) or "no message"
end

--- Runs one target through a group once and adds its figures to `found[FIGURE][TARGET]`, a list of values.
local function measure(found, target, group, quick)
  local pipe = assert(io.popen(command_line(target, group, quick)))
  for line in pipe:lines() do
    local figure, value = line:match "^(%S+) (%S+)$"
    figure = (group.prefix or "") .. figure
    found[figure] = found[figure] or {}
    found[figure][target.name] = found[figure][target.name] or {}
    table.insert(found[figure][target.name], tonumber(value))
  end
  if pipe:close() then return nil end
  return ("%s, %s: %s"):format(group.name, target.name, complaint())
end

local function run(chosen, quick)
  local found, failures = {}, {}
  for _, group in ipairs(chosen) do
    for turn = 1, quick and 1 or group.turns do
      for _, target in ipairs(targets.list) do
        if group.targets[target.name] then
          io.stderr:write(("%-8s turn %d  %s\n"):format(group.name, turn, target.name))
          failures[#failures + 1] = measure(found, target, group, quick)
        end
      end
    end
  end
  return found, failures
end

local chosen, quick = options(arg)
targets.save_tools()
local found, failures = run(chosen, quick)
report.print(found, failures)
report.write("build/bench/results.json", found, failures)
os.exit(#failures == 0 and 0 or 1)
