--- The user's home folder.  Cron jobs, services and some MCP clients start programs without HOME: the system's user
--- database knows it then, too.

local host = require "core.host"

local M = {}

local function is_absolute(path)
  return path ~= nil and path:sub(1, 1) == "/"
end

--- The folder that HOME names, else the one that the system has for this user; nil where there is none.
---@param env? fun(name: string): string?  default os.getenv
---@param system? fun(): string?           default core.host.home
---@return string? folder  without a slash at its end, but for "/"
function M.folder(env, system)
  local path = (env or os.getenv)("HOME")
  if not is_absolute(path) then path = (system or host.home)() end
  if not is_absolute(path) then return nil end
  ---@cast path string
  -- linear: a path that the system took, 4,096 bytes at most
  return path == "/" and path or (path:gsub("/+$", ""))
end

--- Where a program of this user keeps its settings: a folder of $XDG_CONFIG_HOME, else of ~/.config (the XDG Base
--- Directory Specification: a relative XDG_CONFIG_HOME is to be ignored).
---@param name string
---@param env? fun(name: string): string?
---@return string? folder  nil without a home
function M.config(name, env)
  local base = (env or os.getenv)("XDG_CONFIG_HOME")
  if is_absolute(base) then return base .. "/" .. name end
  local home = M.folder(env)
  return home and (home == "/" and "" or home) .. "/.config/" .. name
end

--- A path with the home folder in place of a `~` at its start.
---@param path string
---@param env? fun(name: string): string?
---@param system? fun(): string?
---@return string? path, string? message  nil and why: there is no home, or it would be that of another user
function M.expand(path, env, system)
  if path:sub(1, 1) ~= "~" then return path end
  local rest = path:sub(2)
  if rest ~= "" and rest:sub(1, 1) ~= "/" then return path end -- a name that begins with a tilde
  local home = M.folder(env, system)
  if not home then
    return nil, path .. ": this user has no home folder (HOME is not set, and the system knows none); give the whole path"
  end
  return (home == "/" and "" or home) .. (rest == "" and home == "/" and "/" or rest)
end

return M
