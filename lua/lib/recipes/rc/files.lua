--- `rc.file`, `rc.read`, `rc.read_text`: local files, as data URIs and as they are.

local work = require "lib.recipes.rc.work"

local M = {}

local function is_path(path)
  return type(path) == "string" and path ~= "" and not path:find("\0", 1, true)
end

--- `rc.file`
---@param state rc.State
---@param path string
---@return string
function M.file(state, path)
  if not is_path(path) then error("rc.file takes a path, a URL or a data URI", 3) end
  if path:find "^https?://" or path:find "^data:" then return path end
  return (work.effect(state, "file", "data_uri", { path = path }))
end

--- `rc.read`
---@param state rc.State
---@param path string
---@return string bytes
function M.read(state, path)
  if not is_path(path) then error("rc.read takes a path", 3) end
  return (work.effect(state, "file", "read", { path = path }))
end

--- `rc.read_text`
---@param state rc.State
---@param path string
---@return string text
function M.read_text(state, path)
  if not is_path(path) then error("rc.read_text takes a path", 3) end
  return (work.effect(state, "file", "read_text", { path = path }))
end

return M
