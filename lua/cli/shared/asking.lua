--- Questions of recipes to the person at the terminal.

local stdio = require "core.stdio"
local trim = require "lib.trim"

local M = {}

local function prompt(text)
  io.stderr:write(text)
  local line = io.read "l"
  if line then return trim(line) end
end

local function is_yes(line)
  return line ~= nil and (line:lower() == "y" or line:lower() == "yes")
end

local function label(entry, required)
  local parts = {}
  if entry.enum then
    local options = {}
    for i, option in ipairs(entry.enum) do options[i] = tostring(option) end
    parts[#parts + 1] = table.concat(options, "/")
  end
  if entry.default ~= nil then parts[#parts + 1] = "default " .. tostring(entry.default) end
  if not required and entry.default == nil then parts[#parts + 1] = "may be empty" end
  local tail = #parts > 0 and " (" .. table.concat(parts, "; ") .. ")" or ""
  return ("  %s%s: "):format(entry[3], tail)
end

-- An empty line leaves a value out; the end of input ends the question.
local function ask_values(form)
  local content = {}
  for _, entry in ipairs(form.input) do
    local line = prompt(label(entry, form.required[entry[1]]))
    if not line then return "cancel" end
    if line ~= "" then content[entry[1]] = line end
  end
  return "accept", content
end

local function ask(line)
  return function(form)
    line:clear()
    local only = #form.input == 1 and form.input[1]
    if only and only[1] == "confirm" and only[2] == "boolean" then
      if is_yes(prompt(form.message .. " [y/N] ")) then return "accept", { confirm = true } end
      return "decline"
    end
    io.stderr:write(form.message, "\n")
    return ask_values(form)
  end
end

--- Lets a context ask, where there is somebody at a terminal.
---@param ctx table
---@param line ProgressLine
function M.enable(ctx, line)
  if stdio.is_terminal(0) and stdio.is_terminal(2) then ctx.ask = ask(line) end
end

return M
