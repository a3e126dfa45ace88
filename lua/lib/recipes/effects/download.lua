--- The kind "download": an output saved in the output folder, beside a JSON file that tells where it came from.

local clock = require "lib.async.clock"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fs = require "core.fs"
local home = require "lib.home"
local hosts = require "lib.recipes.effects.hosts"
local http = require "lib.recipes.effects.http"
local json = require "core.json"
local media_type = require "lib.media_type"
local name_for = require "lib.output_name"
local output_folder = require "lib.output_folder"
local redaction = require "lib.redaction"
local write_file = require("lib.write_file").write

local M = {}

local DEFAULT_FOLDER = "~/rcmcp-outputs"
local MAX_BYTES = 1024 * 1024 * 1024
local TOTAL_SECONDS, IDLE_SECONDS = 1800, 60

local reserved = {} ---@type table<string, true>  names that downloads under way will take

-- Where it goes -------------------------------------------------------------------------------------

local function is_free(path)
  return not reserved[path] and not fs.stat(path) and not fs.stat(path .. ".json")
end

-- The first of NAME.png, NAME-1.png, NAME-2.png that nobody has; held until the value is closed.
local function reserve(folder, name)
  local stem, extension = name:match "^(.+)(%.[^.]+)$"
  stem, extension = stem or name, extension or ""
  local path = folder .. "/" .. name
  local number = 0
  while not is_free(path) do
    number = number + 1
    path = ("%s/%s-%d%s"):format(folder, stem, number, extension)
  end
  reserved[path] = true
  return path, setmetatable({}, { __close = function() reserved[path] = nil end })
end

local function no_folder(message)
  local text = ("no output can be saved: %s; the setting output_folder names another"):format(message)
  return nil, errors.new(text, { code = "file" })
end

-- Where outputs go, as a path.
local function named_folder(settings)
  local folder, message = home.expand(settings.output_folder or DEFAULT_FOLDER)
  if not folder then return no_folder(message) end
  -- linear: a path that the system took, 4,096 bytes at most
  return (folder:gsub("(.)/+$", "%1"))
end

-- Like what any program saves, for whom the umask lets: a picture is no secret of rcmcp's.
local ALL_MAY = 511 -- 0777

local function folder_of(settings)
  local folder, err = named_folder(settings)
  if not folder then return nil, err end
  local ok, message = fs.mkdir(folder, ALL_MAY)
  if not ok then return no_folder(message) end
  return fs.realpath(folder)
end

-- Where it came from -----------------------------------------------------------------------------------

local function seeds_in(overrides)
  local seeds
  for node_id, node in pairs(type(overrides) == "table" and overrides or {}) do
    for name, value in pairs(type(node) == "table" and type(node.inputs) == "table" and node.inputs or {}) do
      if name == "seed" or name == "noise_seed" then
        seeds = seeds or {}
        seeds[node_id] = value
      end
    end
  end
  return seeds
end

local ABOUT_KEYS = {
  "file", "url", "mime_type", "size", "saved_at", "recipe", "simulated", "deployment_id", "request_id", "overrides", "seeds",
}

-- Without the query of the URL, which may sign it.
local function about(state, input, saved)
  local url, origin = input.url, input.origin or {}
  local result = {
    -- linear: a path that the system took, 4,096 bytes at most
    file = saved.path:match "[^/]+$", url = url:match "^[^?#]*", mime_type = saved.mime_type, size = saved.size,
    saved_at = clock.iso(), recipe = state.name, simulated = state.ctx.simulated and true or nil,
    deployment_id = origin.deployment_id, request_id = origin.request_id, overrides = origin.overrides,
    seeds = seeds_in(origin.overrides),
  }
  for key, value in pairs(input.about or {}) do result[key] = value end
  return redaction.json(json.encode(json.ordered(ABOUT_KEYS, result)))
end

-- What was downloaded is there all the same, and may have been paid for.
local function write_about(saved, text)
  local ok, message = write_file(saved.about_path, text, "\n")
  if ok then return true end
  return nil, errors.new(("cannot write %s; the output itself is saved: %s"):format(message, saved.path), { code = "file" })
end

-- The transfer -----------------------------------------------------------------------------------------

local function allow(state, url)
  if hosts.serves_outputs(state, url) then return { public_only = false } end
  local how, err = hosts.check(state, url)
  if how then return how end
  err.message = err.message .. ". Without that, rc.download reaches https addresses of runcomfy.net and runcomfy.com alone"
  return nil, err
end

local function head_of(path)
  local file = io.open(path, "rb")
  local head = file and file:read(4096) or ""
  if file then file:close() end
  return head
end

local function fetch(state, url, path)
  local response, err = http.send({
    method = "GET", url = url, headers = {}, save_as = path, total_ms = TOTAL_SECONDS * 1000, idle_ms = IDLE_SECONDS * 1000,
    max_bytes = math.min(state.settings.download_max_bytes or MAX_BYTES, 2147483647), no_redirects = true,
  }, function(parsed) return allow(state, parsed) end)
  if not response then return nil, err end
  if response.status >= 200 and response.status <= 299 then return true end
  local hint = (response.status == 403 or response.status == 404) and "; outputs are kept for seven days" or ""
  return nil, errors.new(("the download of %s was answered with HTTP %d%s"):format(url:match "^[^?#]*", response.status, hint),
    { code = "http_status", status_code = response.status })
end

local KEYS = { "url", "path", "size", "mime_type", "about_path" }

local function place_for(input)
  return name_for.safe(input.name or name_for.of(input.url))
end

local function saved_as(saved)
  return json.encode(json.ordered(KEYS, saved))
end

--- What a dry run answers: it says where the real one would fail, for that is when the picture has been paid for.
---@param effect Effect
---@param scope EffectScope
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.pretend(effect, scope)
  local folder, err = named_folder((scope.caller --[[@as rc.State]]).settings)
  if not folder then return nil, err end
  local place, problem = output_folder.place(folder)
  if not place then return no_folder(problem) end
  local input = effect.input
  return saved_as { url = input.url, path = folder .. "/" .. place_for(input), size = 0, mime_type = "application/octet-stream" }
end

local function execute(effect, scope)
  local state, input = scope.caller, effect.input
  local folder, folder_err = folder_of(state.settings)
  if not folder then return nil, folder_err end
  local _ <close> = state:place()
  local path, reservation = reserve(folder, place_for(input))
  local _ <close> = reservation
  local ok, err = fetch(state, input.url, path)
  if not ok then return nil, err end
  local stat = fs.stat(path)
  local saved = { url = input.url, path = path, size = stat and stat.size or 0, mime_type = media_type.sniff(head_of(path)) }
  saved.about_path = path .. ".json"
  ok, err = write_about(saved, about(state, input, saved))
  if not ok then return nil, err end
  return saved_as(saved)
end

local function refusal_of(state, url)
  local denied = state:denied "rc.download"
  if denied then return denied end
  local parsed, err = hosts.parse(url)
  if parsed then parsed, err = allow(state, parsed) end
  return not parsed and err or nil
end

--- Saves an output; the answer is JSON text.
---@param state rc.State
---@param effect Effect
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.perform(state, effect)
  local refused = refusal_of(state, effect.input.url)
  if refused then return nil, refused end
  return effects.perform(effect, { ctx = state.ctx, caller = state }, execute)
end

return M
