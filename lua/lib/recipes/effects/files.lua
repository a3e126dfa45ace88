--- The kind "file": local files that recipes read, as data URIs and as they are.

local codec = require "core.codec"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local fs = require "core.fs"
local home = require "lib.home"
local media_type = require "lib.media_type"

local M = {}

local MAX_BYTES = 20 * 1024 * 1024

local function refuse(code, message, ...)
  return nil, errors.new(message:format(...), { code = code })
end

-- The current folder stands in for a setting, unless it holds everything.
local function default_folders()
  local here, user_home = fs.realpath ".", home.folder()
  if not here or here == "/" or user_home and here == fs.realpath(user_home) then return {} end
  return { here }
end

local function allowed_folders(settings)
  if not settings.file_folders then return default_folders() end
  local folders = {}
  for _, folder in ipairs(settings.file_folders) do
    local path = home.expand(folder)
    local real = path and fs.realpath(path)
    if real then folders[#folders + 1] = real end
  end
  return folders
end

-- What lies below a folder: nil where the path does not; links were followed before.
local function below(folder, path)
  local prefix = folder == "/" and "/" or folder .. "/"
  return path:sub(1, #prefix) == prefix and path:sub(#prefix + 1) or nil
end

local function find_allowed(settings, path)
  local folders = allowed_folders(settings)
  local hidden = false
  for _, folder in ipairs(folders) do
    local rest = below(folder, path)
    if folder == path then return refuse("file", "%s is a directory, not a file", path) end
    if rest and not ("/" .. rest):find("/.", 1, true) then return true end
    hidden = hidden or rest ~= nil
  end
  if hidden then
    return refuse("not_allowed", "%s is hidden (a name on its way begins with a dot), and recipes read no hidden files", path)
  end
  local list = #folders > 0 and "allowed: " .. table.concat(folders, ", ") or "none is allowed here"
  return refuse("not_allowed", "%s is in no folder whose files recipes may read (%s); the setting file_folders names them", path, list)
end

local function read(path)
  local stat, message = fs.stat(path)
  if not stat then return refuse("file", "cannot read %s", message) end
  if stat.type ~= "file" then return refuse("file", "%s is a %s, not a file", path, stat.type == "other" and "device" or stat.type) end
  if stat.size > MAX_BYTES then
    return refuse("too_large", "%s has %d bytes; a file that goes into a request has %d at most: give its public URL instead",
      path, stat.size, MAX_BYTES)
  end
  local file, open_message = io.open(path, "rb")
  if not file then return refuse("file", "cannot read %s", open_message) end
  local bytes, read_message = file:read(MAX_BYTES + 1)
  file:close()
  if not bytes or #bytes == 0 then return refuse("file", "%s %s", path, read_message or "is empty") end
  if #bytes > MAX_BYTES then return refuse("too_large", "%s has grown over %d bytes", path, MAX_BYTES) end
  return bytes
end

local function read_allowed(settings, path)
  local expanded, message = home.expand(path)
  local real = expanded
  if expanded then real, message = fs.realpath(expanded) end
  if not real then return refuse("file", "cannot read %s", message) end
  local ok, err = find_allowed(settings, real)
  if not ok then return nil, err end
  return read(real)
end

local forms = {}

function forms.read(_, bytes)
  return bytes
end

function forms.data_uri(_, bytes)
  return ("data:%s;base64,%s"):format(media_type.sniff(bytes), codec.base64_encode(bytes))
end

function forms.read_text(path, bytes)
  local text, problem = require("lib.text_file").decode(bytes)
  if text then return text end
  return nil, errors.new(("%s: %s"):format(path, problem.message),
    { code = "not_utf8", data = { line = problem.line, column = problem.column } })
end

local function execute(effect, scope)
  local path = effect.input.path
  local bytes, err = read_allowed(scope.caller.settings, path)
  if not bytes then return nil, err end
  return forms[effect.name](path, bytes)
end

--- See lib.recipes.effects.door.
---@return boolean
function M.is_read()
  return true
end

--- Reads a file in the form that the effect's name says.
---@param state rc.State
---@param effect Effect
---@return string|nil answer, Error? err
---@return_overload string
---@return_overload nil, Error
function M.perform(state, effect)
  return effects.perform(effect, { ctx = state.ctx, caller = state, reads = true }, execute)
end

return M
