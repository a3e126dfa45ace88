---@meta core.fs
--- Files, by path.

---@class core.fs
local fs = {}

---@class core.fs.Stat
---@field type "file"|"directory"|"other"
---@field size integer
---@field mode integer   permission bits
---@field owner integer  user id
---@field group integer  group id
---@field mtime number   seconds since 1970

---@param path string
---@return core.fs.Stat|nil stat, string? message, string? code
function fs.stat(path) end

--- Bytes that this user may still write where the path lies.
---@param path string  of something that is there
---@return integer|nil bytes, string? message, string? code
function fs.space(path) end

--- Whether this user may write to it.
---@param path string  of something that is there
---@return boolean|nil may, string? message, string? code
function fs.may_write(path) end

--- Creates a directory and its parents; fine if it exists.
---@param path string
---@param mode? integer  default 448 (0700)
---@return true|nil ok, string? message, string? code
function fs.mkdir(path, mode) end

--- The absolute path of something that is there, without links, "." and "..".
---@param path string
---@return string|nil path, string? message, string? code
function fs.realpath(path) end

--- Where a link leads, as it is written; code "EINVAL": it is no link.
---@param path string
---@return string|nil target, string? message, string? code
function fs.readlink(path) end

--- Whether a group is a user's own: the user's primary group, of the user's name, that lets nobody else in.
---@param owner integer
---@param group integer
---@return boolean
function fs.is_private_group(owner, group) end

--- Sorted names in a directory, without "." and "..".
---@param path string
---@return string[]|nil names, string? message, string? code
function fs.list(path) end

return fs
