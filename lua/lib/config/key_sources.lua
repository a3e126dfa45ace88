--- Where the API key may come from: ours, those of RunComfy's own programs, and their order.

local api_key = require "lib.config.api_key"
local errors = require "lib.errors"
local home = require "lib.home"
local text_file = require "lib.text_file"

local M = {}

---@class KeySource
---@field value string     the key, or the path of the file that has it
---@field origin string    for messages: "environment RUNCOMFY_TOKEN"
---@field read? fun(path: string, origin: string): string?, Error?, string?  for a path: key, err, warning

--- The variables that RunComfy's own programs read or set, and that are no settings of ours: the serverless one wins in
--- its MCP server, too; RUNCOMFY_API_TOKEN is set on its own machines, RUNCOMFY_TOKEN by people for its command line.
M.VARIABLES = {
  "RUNCOMFY_SERVERLESS_API_KEY", "RUNCOMFY_API_TOKEN", "RUNCOMFY_API_TOKEN_FILE", "RUNCOMFY_TOKEN", "RUNCOMFY_CONFIG_DIR",
}

--- The file that `runcomfy login` writes.
---@param env fun(name: string): string?
---@return string?
function M.login_file(env)
  local own = env("RUNCOMFY_CONFIG_DIR")
  local folder = own and own ~= "" and home.expand(own, env) or home.config("runcomfy", env)
  return folder and folder .. "/token.json"
end

local function unusable(path, what)
  return nil, nil, ("%s, where RunComfy's own command line keeps its key, %s; it is passed over"):format(path, what)
end

local function expired_warning(path, token)
  local expires = math.tointeger(token.expires_at)
  if not expires or expires > os.time() then return nil end
  return ("the key in %s has expired; run `runcomfy login` again, or set RUNCOMFY_API_KEY"):format(path)
end

-- Nobody asked us to read it: what is wrong with it is a warning, and no key.
local function read_login(path)
  local text, message, code = text_file.read(path, api_key.LARGEST_FILE)
  if text_file.is_missing(code) then return nil end
  if not text then return unusable(path, "cannot be read: " .. message) end
  local token = require("core.json").decode(text)
  if type(token) ~= "table" or type(token.access_token) ~= "string" then return unusable(path, "holds no access_token") end
  local key, err = api_key.check(token.access_token, "file " .. path)
  if not key then return unusable(path, err and "holds no key that can be one" or "holds an empty key") end
  return key, nil, api_key.permission_warning(path) or expired_warning(path, token)
end

-- The places of the key, the strongest first.
local function candidates(settings, env)
  local path, path_origin = settings.api_key_file, settings.origin.api_key_file or ""
  local list = {}
  local function add(value, origin, read)
    if value and value:find("%S") then list[#list + 1] = { value = value, origin = origin, read = read } end
  end
  local function add_variable(name, read) add(env(name), "environment " .. name, read) end

  if path_origin:find("^flag") then add(path, path_origin, api_key.read_file) end
  add_variable("RUNCOMFY_SERVERLESS_API_KEY")
  add_variable("RUNCOMFY_API_KEY")
  if path_origin:find("^environment") then add(path, path_origin, api_key.read_file) end
  add_variable("RUNCOMFY_API_TOKEN")
  add_variable("RUNCOMFY_API_TOKEN_FILE", api_key.read_file)
  add_variable("RUNCOMFY_TOKEN")
  if settings.origin.api_key then add(settings.api_key, settings.origin.api_key) end
  if path_origin:find("^file") then add(path, path_origin, api_key.read_file) end
  return list
end

local function read(source, env)
  if not source.read then return source.origin, api_key.check(source.value, source.origin) end
  local path, message = home.expand(source.value, env)
  if not path then
    return source.origin, nil, errors.new(("api_key_file (from %s): %s"):format(source.origin, message), { code = "config" })
  end
  return ("file %s (%s)"):format(path, source.origin), source.read(path, source.origin)
end

--- Finds the key.  The first place that is set decides: a key of another place may be that of another account.
---@param settings Settings  with `api_key`, `api_key_file` and their origins as they were set
---@param env fun(name: string): string?
---@return string? key, string? origin, Error? err, string? warning
---@return_overload string? key, string
---@return_overload nil, Error
function M.find(settings, env)
  local source = candidates(settings, env)[1]
  if source then
    local origin, key, err, warning = read(source, env)
    return key, origin, err, warning
  end
  local path = M.login_file(env)
  if not path then return nil end
  local key, _, warning = read_login(path)
  return key, key and ("file %s (runcomfy login)"):format(path) or nil, nil, warning
end

return M
