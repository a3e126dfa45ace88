--- Somebody at a shell with an empty home, an account at a simulated RunComfy, and the manual open.

local child = require "spec.support.child"
local fs = require "core.fs"
local folder = require "spec.support.folder"

local M = {}

M.KEY = "made-up-key-of-a-newcomer"

local SPEED = "20000" -- of simulated time: a cold start of three minutes takes 3 s where nothing else is asked for

local PROGRAM = [[
#!/bin/sh
for word; do
  [ "$word" != --simulate ] || set -- "$@" --speed %s
done
exec '%s' "$@"
]]

---@class Newcomer
---@field files Folder   home and work folder lie in it
---@field api Child      the simulated RunComfy
---@field url string     its base URL
local Newcomer = {}
Newcomer.__index = Newcomer

--- Somebody new: ~ is empty, the work folder is elsewhere, `rcmcp` is on the PATH.
---@return Newcomer
function M.new()
  local self = setmetatable({ files = folder.new() }, Newcomer)
  for _, name in ipairs { "home", "work", "bin" } do assert(fs.mkdir(self.files.path .. "/" .. name, 448)) end
  self.files:write("bin/rcmcp", PROGRAM:format(SPEED, child.program))
  self.files:chmod("755", "bin/rcmcp")
  self.api = child.rcmcp { "simulate", "--port", "0", "--speed", SPEED, "--key", M.KEY }
  self.url = self.api:line()
  return self
end

--- Writes a file into the home folder.
---@param name string
---@param text string
function Newcomer:save(name, text)
  self.files:write("home/" .. name, text)
end

--- Writes a file into the folder where the commands are typed.
---@param name string
---@param text string
function Newcomer:keep(name, text)
  self.files:write("work/" .. name, text)
end

--- Has the key where README puts it.
function Newcomer:log_in()
  self:save(".config/rcmcp/key", M.KEY .. "\n")
  self:save(".config/rcmcp/config.lua", 'return { api_key_file = "~/.config/rcmcp/key" }\n')
  assert(os.execute(("chmod 600 '%s/home/.config/rcmcp/key'"):format(self.files.path)))
end

--- Types a command.
---@param command string
---@param input? string
---@return Child
function Newcomer:start(command, input)
  local path = self.files.path
  local shell = child.spawn("bash", { "-c", ("cd '%s/work' && set -o pipefail\n%s"):format(path, command) }, { env = {
    "HOME=" .. path .. "/home", "PATH=" .. path .. "/bin:" .. os.getenv "PATH", "RUNCOMFY_SERVERLESS_BASE_URL=" .. self.url,
  } })
  if input then shell:write(input) end
  shell:close_stdin()
  return shell
end

--- Types a command and waits for its end.
---@param command string
---@param input? string
---@return integer status, string out, string err
function Newcomer:type(command, input)
  local shell <close> = self:start(command, input)
  local status = shell:wait(60)
  return status, shell.out, shell.err
end

function Newcomer:close()
  self.api:close()
  self.files:remove()
end
Newcomer.__close = Newcomer.close

return M
