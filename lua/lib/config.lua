--- Settings: defaults, below config.lua, below the environment, below the command line.
--- Each value knows where it came from; a wrong one is refused with its name and that place.

local api_key = require "lib.config.api_key"
local didyoumean = require "lib.didyoumean"
local errors = require "lib.errors"
local home = require "lib.home"
local key_sources = require "lib.config.key_sources"
local settings = require "lib.config.settings"
local text_file = require "lib.text_file"
local brief = require("lib.text").brief

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
---@field memory_bytes integer
---@field worker_memory_bytes integer
---@field origin table<string, string>  "default", "file PATH:LINE", "environment NAME", "flag --NAME"
---@field warnings string[]             for standard error
---@field file? string                  the config.lua that was read
---@field key_problem? Error            why there is no key, for who asked for it
---@field problems? Error[]             what was passed over, for who asked for it

---@class ConfigSources
---@field flags? table<string, any>       by setting name, from the command line
---@field env? fun(name: string): string? default os.getenv
---@field file? string|false              path of config.lua that must exist; false: none; default: the user's own, if there
---@field lenient_key? boolean            a key that cannot be had is `key_problem`, no error
---@field forgiving? boolean              what is wrong is passed over, and one of `problems`

local function fail(message, ...)
  return nil, errors.new(message:format(...), { code = "config" })
end

--- Where the user's config.lua is looked for; nil without a home.
---@param env fun(name: string): string?
---@return string?
function M.default_file(env)
  local folder = home.config("rcmcp", env)
  return folder and folder .. "/config.lua"
end

-- The first line that assigns `name`: a table does not remember its lines.
local function line_of(text, name)
  local number = 0
  -- linear: each match ends at the first line end, and the text ends with one
  for line in (text .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    -- linear: no repeat but that of what is no word behind a name and "="
    if line:gsub("%-%-.*", ""):find("%f[%w_]" .. name:gsub("%W", "%%%0") .. "%f[^%w_]%W-=") then return number end
  end
end

local function place(path, text, name)
  local line = line_of(text, name)
  return line and ("%s:%d"):format(path, line) or path
end

local LIMITS = { cpu_ms = 500, memory_bytes = 16 * 1024 * 1024 }

-- Where code of the file stood, as "PATH:LINE"; else the path.
local function stopped_at(path, traceback)
  local from = type(traceback) == "string" and traceback:find(path .. ":", 1, true)
  return from and traceback:match("^%d+", from + #path + 1) and path .. ":" .. traceback:match("^%d+", from + #path + 1) or path
end

-- What the chunk returned; a loop without an end or a table that grows must not hold the start, nor a reload, for ever.
local function run_within_limits(path, chunk)
  local budget = require("core.budget").new(LIMITS)
  local outcome, value, traceback = budget:resume(budget:create(chunk))
  if outcome == "done" then return value end
  if outcome == "failed" then
    local message = type(value) == "string" and value or "an error that is no text"
    return fail("%s%s", message:sub(1, #path + 1) == path .. ":" and "" or path .. ": ", message)
  end
  if outcome == "waiting" then return fail("%s: yields; it must return a table of settings", path) end
  local limit = value == "memory" and ("%d MiB of memory"):format(LIMITS.memory_bytes // (1024 * 1024))
    or ("%d ms of processor time"):format(LIMITS.cpu_ms)
  return fail("%s: takes more than the %s that a configuration may take", stopped_at(path, traceback), limit)
end

-- The table that the file returns, run without any global.
local function run_file(path, text)
  local chunk, message = load(text, "@" .. path, "t", {})
  if not chunk then return fail("%s", message) end
  local value, err = run_within_limits(path, chunk)
  if err then return nil, err end
  if type(value) ~= "table" then
    return fail("%s: must return a table of settings, such as: return { wait_slice = 50 }", path)
  end
  return value
end

-- A URL that is refused may hold a password, or a token in its query.
local function without_secrets(url)
  local stop = url:find("[?#]") or #url + 1
  local behind = url:sub(1, stop - 1):reverse():find("@", 1, true)
  local at = behind and stop - behind
  local _, scheme = url:find("://", 1, true)
  local head = at and url:sub(1, scheme and scheme < at and scheme or 0) .. "[hidden]" .. url:sub(at, stop - 1) or url:sub(1, stop - 1)
  return head .. (stop <= #url and url:sub(stop, stop) .. "[hidden]" or "")
end

local function shown(setting, value)
  if setting.secret then return "" end
  if setting.kind == "url" and type(value) == "string" then value = without_secrets(value) end
  if type(value) == "string" then return (", got %q"):format(brief(value, 80)) end
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

local LARGEST_FILE = 1024 * 1024 -- bytes

local function read_file(path, must_exist)
  local text, message, code = text_file.read(path, LARGEST_FILE)
  if text then return text end
  if text_file.is_missing(code) and not must_exist then return "" end
  return fail("cannot read the configuration: %s", message)
end

-- What ends the loading: nothing does where problems are gathered.
local function unless_forgiven(result, err)
  if not err or not result.problems then return err end
  result.problems[#result.problems + 1] = err
end

local function set_of_file(result, path, text, name, value)
  local setting = settings.by_name[name]
  if setting then return set(result, setting, value, "file " .. place(path, text, name)) end
  return select(2, fail("%s: unknown setting '%s'%s", place(path, text, name), name, didyoumean.hint(name, settings.names())))
end

local function merge_file(result, path, must_exist)
  local text, err = read_file(path, must_exist)
  if not text then return unless_forgiven(result, err) end
  if text == "" then return nil end
  result.file = path
  local values, run_err = run_file(path, text)
  if not values then return unless_forgiven(result, run_err) end
  local names = {}
  for name in pairs(values) do names[#names + 1] = tostring(name) end
  table.sort(names) -- so that of two mistakes always the same one is named
  for _, name in ipairs(names) do
    local set_err = unless_forgiven(result, set_of_file(result, path, text, name, values[name]))
    if set_err then return set_err end
  end
  if values.api_key then result.warnings[1] = api_key.permission_warning(path) end
end

local function merge_environment(result, env)
  for _, setting in ipairs(settings.list) do
    local value = env(setting.env)
    if value and value:find("%S") and not setting.secret then
      local err = unless_forgiven(result, set(result, setting, value, "environment " .. setting.env))
      if err then return err end
    end
  end
end

local function merge_flags(result, flags)
  for _, setting in ipairs(settings.list) do
    if flags[setting.name] ~= nil then
      local err = unless_forgiven(result, set(result, setting, flags[setting.name], "flag " .. setting.flag))
      if err then return err end
    end
  end
end

local function find_key(result, env, lenient)
  local key, origin, err, warning = key_sources.find(result, env)
  if err and not lenient then return err end
  result.key_problem = err
  result.api_key, result.origin.api_key = key, origin
  if warning then result.warnings[#result.warnings + 1] = warning end
end

--- Gathers the settings.  A missing key is no error here; a malformed one is.
---@param sources? ConfigSources
---@return Settings? settings, Error? err
---@return_overload Settings
---@return_overload nil, Error
function M.load(sources)
  sources = sources or {}
  local env = sources.env or os.getenv
  local result = { origin = {}, warnings = {}, problems = sources.forgiving and {} or nil }
  for _, setting in ipairs(settings.list) do
    result[setting.name] = setting.default
    result.origin[setting.name] = setting.default ~= nil and "default" or nil
  end
  local path = sources.file
  if path == nil then path = M.default_file(env) end
  local err = path and merge_file(result, path, sources.file ~= nil)
    or merge_environment(result, env)
    or merge_flags(result, sources.flags or {})
    or find_key(result, env, sources.lenient_key)
  if err then return nil, err end
  return result --[[@as Settings]]
end

return M
