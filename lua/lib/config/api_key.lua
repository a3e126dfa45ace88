--- The API key: where it may come from and what it must look like.  It is never shown.

local errors = require "lib.errors"
local text_file = require "lib.text_file"
local trim = require "lib.trim"

local M = {}

-- What clients pass on unfilled, and what people copy out of instructions.
local placeholders = { "^%$", "^%%.*%%$", "^<.*>$", "^{.*}$", "^[Yy][Oo][Uu][Rr][-_]" }

local function is_placeholder(key)
  for _, pattern in ipairs(placeholders) do
    if key:find(pattern) then return true end
  end
  return false
end

local function invalid(origin, problem)
  return nil, errors.new(("api_key (from %s): %s"):format(origin, problem), { code = "config" })
end

--- Trims a key and checks its shape.  A blank one counts as none.
---@param text string
---@param origin string  for messages
---@return string? key, Error? err
---@return_overload string
---@return_overload nil, Error
function M.check(text, origin)
  local key = trim(text)
  if key == "" then return nil end
  if key:lower():find("^bearer%s") or key:lower() == "bearer" then
    return invalid(origin, "begins with \"Bearer\"; give the bare key, the header is made from it")
  end
  if is_placeholder(key) then
    return invalid(origin, "is a placeholder that was never filled in; put the key itself there")
  end
  if key:find("[^\x21-\x7e]") then
    return invalid(origin, "holds a space, a line break or a character that is not ASCII; copy it again from "
      .. "https://www.runcomfy.com/profile")
  end
  return key
end

-- Other people of the machine can read it: said once, at start.
local function permission_warning(path)
  local stat = require("core.fs").stat(path)
  if stat and stat.type == "file" and stat.mode & 63 ~= 0 then
    return ("%s holds an API key and others may read it (mode %04o); run: chmod 600 %s"):format(path, stat.mode, path)
  end
end

--- A warning about a file with a key that group or others may read, or nil.
M.permission_warning = permission_warning

M.LARGEST_FILE = 64 * 1024 -- bytes of a file with a key in it

--- Reads the key from a file that holds nothing else.
---@param path string
---@param origin string  where the path comes from
---@return string? key, Error? err, string? warning
---@return_overload string
---@return_overload nil, Error
function M.read_file(path, origin)
  local text, message = text_file.read(path, M.LARGEST_FILE)
  if not text then
    return nil, errors.new(("api_key_file (from %s): cannot read %s"):format(origin, message), { code = "config" })
  end
  local key, err = M.check(text, "file " .. path)
  if err then return nil, err end
  if not key then
    return nil, errors.new(("api_key_file (from %s): %s is empty"):format(origin, path), { code = "config" })
  end
  return key, nil, permission_warning(path)
end

--- What may be said about a key.
---@param key? string
---@return string
function M.describe(key)
  return key and ("set (%d characters)"):format(#key) or "not set"
end

return M
