--- Settings: defaults, below config.lua, below the environment, below the command line.
--- Each value knows where it came from; a wrong one is refused with its name and that place.

local api_key = require "lib.config.api_key"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local settings = require "lib.config.settings"

local M = {}

---@class Settings
---@field api_key? string
---@field api_key_file? string
---@field base_url string
---@field queue_prefix "v1"|"v2"
---@field wait_slice? number
---@field cancel_remote_on_client_cancel boolean
---@field log_level LogLevel
---@field hot_reload boolean
---@field meta_tools boolean
---@field allow_writable_recipes boolean
---@field output_folder string
---@field file_folders? string[]
---@field http_hosts? string[]
---@field download_max_bytes integer
---@field recipe_cpu_ms integer
---@field recipe_memory_bytes integer
---@field recipe_seconds number
---@field recipe_calls integer
---@field max_line_bytes integer
---@field origin table<string, string>  "default", "file PATH:LINE", "environment NAME", "flag --NAME"
---@field warnings string[]             for standard error
---@field file? string                  the config.lua that was read

---@class ConfigSources
---@field flags? table<string, any>       by setting name, from the command line
---@field env? fun(name: string): string? default os.getenv
---@field file? string|false              path of config.lua that must exist; false: none; default: the user's own, if there

local function fail(message, ...)
  return nil, errors.new(message:format(...), { code = "config" })
end

local function in_home(path, env)
  local home = env("HOME")
  return home and path:gsub("^~/", function() return home .. "/" end) or path
end

--- Where the user's config.lua is looked for; nil without a home.
---@param env fun(name: string): string?
---@return string?
function M.default_file(env)
  local base, home = env("XDG_CONFIG_HOME"), env("HOME")
  if base and base:sub(1, 1) == "/" then return base .. "/rcmcp/config.lua" end
  return home and home ~= "" and home .. "/.config/rcmcp/config.lua" or nil
end

-- The first line that assigns `name`: a table does not remember its lines.
local function line_of(text, name)
  local number = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    if line:gsub("%-%-.*", ""):find("%f[%w_]" .. name:gsub("%W", "%%%0") .. "%f[^%w_]%W-=") then return number end
  end
end

local function place(path, text, name)
  local line = line_of(text, name)
  return line and ("%s:%d"):format(path, line) or path
end

-- The table that the file returns, run without any global.
local function run_file(path, text)
  local chunk, message = load(text, "@" .. path, "t", {})
  if not chunk then return fail("%s", message) end
  local ok, value = pcall(chunk)
  if not ok then return fail("%s", tostring(value)) end
  if type(value) ~= "table" then
    return fail("%s: must return a table of settings, such as: return { wait_slice = 50 }", path)
  end
  return value
end

local function shown(setting, value)
  if setting.secret then return "" end
  if type(value) == "string" then return (", got %q"):format(value:sub(1, 80)) end
  return ", got " .. tostring(value)
end

-- Checks and sets one value; err when it is refused.
local function set(result, setting, value, origin)
  local checked, expected = settings.check(setting, value)
  if checked == nil then
    local message = ("%s (from %s): must be %s%s"):format(setting.name, origin, expected, shown(setting, value))
    return errors.new(message, { code = "config", origin = origin })
  end
  result[setting.name], result.origin[setting.name] = checked, origin
end

local function read_file(path, must_exist)
  local file, message, code = io.open(path, "rb")
  if not file then
    if code == 2 and not must_exist then return "" end
    return fail("cannot read the configuration: %s", message)
  end
  local text, read_message = file:read("a")
  file:close()
  if not text then return fail("cannot read the configuration: %s: %s", path, read_message) end
  return text
end

local function merge_file(result, path, must_exist)
  local text, err = read_file(path, must_exist)
  if not text then return err end
  if text == "" then return nil end
  result.file = path
  local values, run_err = run_file(path, text)
  if not values then return run_err end
  local names = {}
  for name in pairs(values) do names[#names + 1] = tostring(name) end
  table.sort(names) -- so that of two mistakes always the same one is named
  for _, name in ipairs(names) do
    local setting = settings.by_name[name]
    if not setting then
      return select(2, fail("%s: unknown setting '%s'%s", place(path, text, name), name,
        didyoumean.hint(name, settings.names())))
    end
    local set_err = set(result, setting, values[name], "file " .. place(path, text, name))
    if set_err then return set_err end
  end
  if values.api_key then result.warnings[1] = api_key.permission_warning(path) end
end

local function merge_environment(result, env)
  for _, setting in ipairs(settings.list) do
    local value = env(setting.env)
    if value and value:find("%S") and not setting.secret then
      local err = set(result, setting, value, "environment " .. setting.env)
      if err then return err end
    end
  end
end

local function merge_flags(result, flags)
  for _, setting in ipairs(settings.list) do
    if flags[setting.name] ~= nil then
      local err = set(result, setting, flags[setting.name], "flag " .. setting.flag)
      if err then return err end
    end
  end
end

-- The places of the key, the strongest first: { text or path, origin, is a path }.
local function key_candidates(result, env)
  local from_file = result.origin.api_key
  local path, path_origin = result.api_key_file, result.origin.api_key_file or ""
  local list = {}
  local function add(value, origin, is_path)
    if value and value:find("%S") then list[#list + 1] = { value = value, origin = origin, is_path = is_path } end
  end
  if path_origin:find("^flag") then add(path, path_origin, true) end
  add(env("RUNCOMFY_API_KEY"), "environment RUNCOMFY_API_KEY")
  if path_origin:find("^environment") then add(path, path_origin, true) end
  add(env("RUNCOMFY_TOKEN"), "environment RUNCOMFY_TOKEN")
  if from_file then add(result.api_key, from_file) end
  if path_origin:find("^file") then add(path, path_origin, true) end
  return list
end

local function find_key(result, env)
  local candidates = key_candidates(result, env)
  result.api_key, result.origin.api_key = nil, nil
  local source = candidates[1]
  if not source then return nil end
  local key, err, warning, origin
  if source.is_path then
    local path = in_home(source.value, env)
    key, err, warning = api_key.read_file(path, source.origin)
    origin = ("file %s (%s)"):format(path, source.origin)
  else
    key, err = api_key.check(source.value, source.origin)
    origin = source.origin
  end
  if err then return err end
  result.api_key, result.origin.api_key = key, origin
  if warning then result.warnings[#result.warnings + 1] = warning end
end

--- Gathers the settings.  A missing key is no error here; a malformed one is.
---@param sources? ConfigSources
---@return Settings? settings, Error? err
function M.load(sources)
  sources = sources or {}
  local env = sources.env or os.getenv
  local result = { origin = {}, warnings = {} }
  for _, setting in ipairs(settings.list) do
    result[setting.name] = setting.default
    result.origin[setting.name] = setting.default ~= nil and "default" or nil
  end
  local path = sources.file
  if path == nil then path = M.default_file(env) end
  local err = path and merge_file(result, path, sources.file ~= nil)
    or merge_environment(result, env)
    or merge_flags(result, sources.flags or {})
    or find_key(result, env)
  if err then return nil, err end
  return result
end

return M
