--- The settings: one entry each, and how a value of its kind is checked.

local trim = require "lib.trim"

local M = {}

---@class Setting
---@field name string           as in config.lua and in messages
---@field kind "string"|"path"|"url"|"choice"|"integer"|"number"|"boolean"|"list"
---@field env? string           environment variable
---@field flag? string          command-line option; a secret has none, for argv is visible to all; that of a boolean
---                              whose default is true turns it off
---@field metavar? string       what the help shows for the option's value
---@field default? any
---@field choices? string[]
---@field minimum? number
---@field maximum? number
---@field secret? boolean       never shown
---@field description string

---@type Setting[]
M.list = {
  {
    name = "api_key", kind = "string", env = "RUNCOMFY_API_KEY", secret = true,
    description = "RunComfy API key, from https://www.runcomfy.com/profile",
  },
  {
    name = "api_key_file", kind = "path", env = "RUNCOMFY_API_KEY_FILE", flag = "--api-key-file", metavar = "FILE",
    description = "File that holds the API key and nothing else",
  },
  {
    name = "base_url", kind = "url", env = "RUNCOMFY_SERVERLESS_BASE_URL", flag = "--base-url", metavar = "URL",
    default = "https://api.runcomfy.net",
    description = "Where the API is; plain http only on this machine",
  },
  {
    name = "queue_prefix", kind = "choice", env = "RCMCP_QUEUE_PREFIX", flag = "--queue-prefix",
    choices = { "v1", "v2" }, default = "v1",
    description = "Version in the paths that submit, poll and cancel requests",
  },
  {
    name = "wait_slice", kind = "number", env = "RCMCP_WAIT_SLICE", flag = "--wait-slice", metavar = "SECONDS",
    minimum = 0, maximum = 86400,
    description = "Longest time until a call of serve is answered, the work done or not; 0: no limit; unset: by the client",
  },
  {
    name = "cancel_remote_on_client_cancel", kind = "boolean", env = "RCMCP_CANCEL_REMOTE_ON_CLIENT_CANCEL",
    flag = "--cancel-remote-on-client-cancel", default = false,
    description = "Cancel the remote request, too, when the client cancels a waiting call",
  },
  {
    name = "log_level", kind = "choice", env = "RCMCP_LOG_LEVEL", flag = "--log-level",
    choices = { "error", "warning", "info", "debug" }, default = "warning",
    description = "What is logged on standard error",
  },
  {
    name = "hot_reload", kind = "boolean", env = "RCMCP_HOT_RELOAD", flag = "--no-hot-reload", default = true,
    description = "Watch the recipe folders and take changed recipes without a restart",
  },
  {
    name = "meta_tools", kind = "boolean", env = "RCMCP_META_TOOLS", flag = "--no-meta-tools", default = true,
    description = "Offer list_recipes and run_recipe, which reach new recipes through any client",
  },
  {
    name = "allow_writable_recipes", kind = "boolean", env = "RCMCP_ALLOW_WRITABLE_RECIPES", flag = "--allow-writable-recipes",
    default = false,
    description = "Load recipes that the file's group or everyone may write to, too",
  },
  {
    name = "output_folder", kind = "path", env = "RCMCP_OUTPUT_FOLDER", flag = "--output-folder", metavar = "DIR",
    default = "~/rcmcp-outputs",
    description = "Where recipes save outputs",
  },
  {
    name = "file_folders", kind = "list", env = "RCMCP_FILE_FOLDERS", flag = "--file-folders", metavar = "DIRS",
    description = "Folders whose files recipes may read; unset: the current one, unless that is / or the home folder",
  },
  {
    name = "http_hosts", kind = "list", env = "RCMCP_HTTP_HOSTS", flag = "--http-hosts", metavar = "HOSTS",
    description = "Hosts beside RunComfy's that recipes may reach, if they declare them; *.example.com stands for all below",
  },
  {
    name = "download_max_bytes", kind = "integer", env = "RCMCP_DOWNLOAD_MAX_BYTES", flag = "--download-max-bytes", metavar = "BYTES",
    minimum = 1, maximum = 2147483647, default = 1024 * 1024 * 1024,
    description = "Largest file that a recipe may download",
  },
  {
    name = "recipe_cpu_ms", kind = "integer", env = "RCMCP_RECIPE_CPU_MS", flag = "--recipe-cpu-ms", metavar = "MILLISECONDS",
    minimum = 10, maximum = 600000, default = 2000,
    description = "Milliseconds of processor time that a recipe may use between two waits",
  },
  {
    name = "recipe_memory_bytes", kind = "integer", env = "RCMCP_RECIPE_MEMORY_BYTES", flag = "--recipe-memory-bytes", metavar = "BYTES",
    minimum = 1024 * 1024, maximum = 4 * 1024 * 1024 * 1024, default = 64 * 1024 * 1024,
    description = "Memory that a call of a recipe may use",
  },
  {
    name = "worker_memory_bytes", kind = "integer", env = "RCMCP_WORKER_MEMORY_BYTES", flag = "--worker-memory-bytes",
    metavar = "BYTES", minimum = 0, maximum = 1024 * 1024 * 1024 * 1024, default = 1024 * 1024 * 1024,
    description = "Memory that the process which runs recipes may have; 0: no limit",
  },
  {
    name = "recipe_seconds", kind = "number", env = "RCMCP_RECIPE_SECONDS", flag = "--recipe-seconds", metavar = "SECONDS",
    minimum = 1, maximum = 604800, default = 3600,
    description = "Longest time that a call of a recipe may take",
  },
  {
    name = "recipe_calls", kind = "integer", env = "RCMCP_RECIPE_CALLS", flag = "--recipe-calls", metavar = "COUNT",
    minimum = 1, maximum = 1000, default = 32,
    description = "Calls that a recipe may have under way at once",
  },
  {
    name = "max_line_bytes", kind = "integer", env = "RCMCP_MAX_LINE_BYTES", flag = "--max-line-bytes", metavar = "BYTES",
    minimum = 4096, maximum = 256 * 1024 * 1024, default = 16 * 1024 * 1024,
    description = "Longest message that is read from the client",
  },
  {
    name = "memory_bytes", kind = "integer", env = "RCMCP_MEMORY_BYTES", flag = "--memory-bytes", metavar = "BYTES",
    minimum = 64 * 1024 * 1024, maximum = 1024 * 1024 * 1024 * 1024, default = 2 * 1024 * 1024 * 1024,
    description = "Memory that rcmcp may hold; near it large answers are refused",
  },
}

M.by_name = {} ---@type table<string, Setting>
for _, setting in ipairs(M.list) do M.by_name[setting.name] = setting end

--- Names of all settings, in the order of the list.
---@return string[]
function M.names()
  local names = {}
  for i, setting in ipairs(M.list) do names[i] = setting.name end
  return names
end

local function range(setting, noun)
  if setting.minimum then return ("%s from %s to %s"):format(noun, setting.minimum, setting.maximum) end
  return noun
end

local function in_range(setting, number)
  return number == number and number >= (setting.minimum or -math.huge) and number <= (setting.maximum or math.huge)
end

local check = {}

function check.string(_, value)
  if type(value) == "string" and value ~= "" then return value end
  return nil, "a text that is not empty"
end
check.path = check.string

function check.choice(setting, value)
  for _, choice in ipairs(setting.choices) do
    if value == choice then return value end
  end
  return nil, "one of " .. table.concat(setting.choices, ", ")
end

function check.number(setting, value)
  local number = (type(value) == "number" or type(value) == "string") and tonumber(value)
  if number and in_range(setting, number) then return number end
  return nil, range(setting, "a number")
end

function check.integer(setting, value)
  local number = (type(value) == "number" or type(value) == "string") and math.tointeger(tonumber(value))
  if number and in_range(setting, number) then return number end
  return nil, range(setting, "a whole number")
end

local truth = { ["true"] = true, yes = true, on = true, ["1"] = true, ["false"] = false, no = false, off = false, ["0"] = false }

function check.boolean(_, value)
  if type(value) == "string" then value = truth[value:lower()] end
  if type(value) == "boolean" then return value end
  return nil, "true or false"
end

local MOST_ITEMS = 1000 -- hosts or folders

-- A table of texts in config.lua, elsewhere a text with commas.
function check.list(_, value)
  local expected = "a list of texts, separated by commas"
  if type(value) == "string" then
    local items = {}
    for item in value:gmatch "[^,]+" do
      if #items == MOST_ITEMS then return nil, ("%s, at most %d"):format(expected, MOST_ITEMS) end
      items[#items + 1] = trim(item)
    end
    value = items
  end
  if type(value) ~= "table" or #value == 0 then return nil, expected end
  local list = {}
  for key, item in pairs(value) do
    if math.type(key) ~= "integer" or type(item) ~= "string" or item == "" then return nil, expected end
    list[key] = item
  end
  return list
end

local function is_loopback(authority)
  local host = authority:match("^(%[[^%]]*%])") or authority:match("^[^:]*")
  return host == "localhost" or host == "[::1]" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

function check.url(_, value)
  local expected = "an https URL such as https://api.runcomfy.net, without user name, query or fragment"
  if type(value) ~= "string" or value:find("[%s%c?#@\\]") then return nil, expected end
  local scheme, authority = value:match("^(https?)://([^/]+)")
  if not scheme then return nil, expected end
  if scheme == "http" and not is_loopback(authority) then
    return nil, expected .. "; the key would cross the network unprotected (http is for 127.0.0.1 alone)"
  end
  -- linear: a word of the command line or of the settings
  return (value:gsub("/+$", ""))
end

--- Checks a value, which may be the text of an environment variable or an option.
---@param setting Setting
---@param value any
---@return any value, string? expected  nil and what is allowed, as "must be …" goes on
function M.check(setting, value)
  return check[setting.kind](setting, value)
end

return M
