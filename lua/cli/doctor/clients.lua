--- The MCP clients that point at rcmcp, and whether what they start is there.

local client_files = require "cli.doctor.client_files"
local exit_status = require "cli.shared.exit_status"
local fs = require "core.fs"
local json = require "core.json"
local text_file = require "lib.text_file"

local M = {}

local LARGEST, DEEPEST = 4 * 1024 * 1024, 16

local function read(path)
  local stat = fs.stat(path)
  return stat and stat.type == "file" and text_file.read(path, LARGEST) or nil
end

local function command_of(entry)
  local command = entry.command or entry.cmd
  if type(command) == "table" then command = command[1] end
  return type(command) == "string" and command or nil
end

-- Entries of servers whose command is rcmcp, wherever a client keeps them.
local function collect(value, commands, depth)
  if type(value) ~= "table" or depth > DEEPEST then return end
  local command = command_of(value)
  if command and command:reverse():match "^[^/\\]*" == "pcmcr" then commands[#commands + 1] = command end
  for _, item in pairs(value) do collect(item, commands, depth + 1) end
end

-- A client of the desktop does not know the PATH of a shell.
local function problem_of(command)
  if command:sub(1, 1) ~= "/" then return "a client started from the desktop may not find it: give the whole path" end
  local stat = fs.stat(command)
  if not stat then return "there is no such file" end
  if stat.type ~= "file" or stat.mode & 73 == 0 then return "it is no program" end -- 0111
end

local function line_of(text, position)
  local line = 1
  for _ in text:sub(1, position):gmatch "\n" do line = line + 1 end
  return line
end

---@class ClientEntry
---@field client string
---@field file string
---@field command? string   nil: the file names rcmcp, but is no JSON
---@field line? integer
---@field problem? string

local function entries_of(file)
  local text = read(file.path)
  local at = text and text:find("rcmcp", 1, true)
  if not at then return {} end
  local value, commands, list = json.decode(text), {}, {}
  if value == nil then return { { client = file.client, file = file.path, line = line_of(text, at) } } end
  collect(value, commands, 1)
  table.sort(commands)
  for i, command in ipairs(commands) do
    list[i] = { client = file.client, file = file.path, command = command, problem = problem_of(command) }
  end
  return list
end

--- What clients' files say of rcmcp.
---@param env? fun(name: string): string?
---@return ClientEntry[]
function M.find(env)
  local list = json.as_array {}
  for _, file in ipairs(client_files.list(env)) do
    for _, entry in ipairs(entries_of(file)) do list[#list + 1] = entry end
  end
  return list
end

local function words(entry)
  local what = entry.command or ("names rcmcp in line %d"):format(entry.line)
  return ("%s: %s (%s)%s"):format(entry.client, what, entry.file, entry.problem and ": " .. entry.problem or "")
end

---@return Check
function M.check()
  local entries, lines, is_ok = M.find(), {}, true
  for i, entry in ipairs(entries) do
    lines[i] = words(entry)
    is_ok = is_ok and not entry.problem
  end
  local text = #lines > 0 and table.concat(lines, "\n") or "no client's configuration that is known names rcmcp"
  return { name = "clients", ok = is_ok, text = text, clients = entries, status = not is_ok and exit_status.tool_error or nil,
    advice = not is_ok and "Correct the command in that file and restart the client." or nil }
end

return M
