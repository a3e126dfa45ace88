--- The pictures that results of the simulator name, saved: their URLs lead into this process and end with it.

local fs = require "core.fs"
local home = require "lib.home"
local json = require "core.json"
local long_json = require "lib.async.long_json"
local safe_name = require("lib.output_name").safe
local write_file = require("lib.write_file").write

local M = {}

local MOST = 100         -- pictures of one result
local DEEPEST = 32       -- levels of its data that are looked through
local FOLDER = "simulated"

---@class KeptPictures
---@field package simulator sim.Server
---@field package settings Settings
---@field package paths table<string, string>  by URL
---@field package folder? string
local Kept = {}
Kept.__index = Kept

---@param simulator sim.Server
---@param settings Settings
---@return KeptPictures
function M.new(simulator, settings)
  return setmetatable({ simulator = simulator, settings = settings, paths = {} }, Kept)
end

-- A home that does not exist is not made: that is no place where anybody looks.
local function base_folder(settings)
  local folder, message = home.expand(settings.output_folder or "~/rcmcp-outputs")
  if not folder then return nil, message end
  local parent = home.folder()
  if settings.origin.output_folder == "default" and not (parent and fs.stat(parent)) then
    return nil, "there is no folder " .. tostring(parent)
  end
  return folder
end

-- The folder of this process: ids and names of the simulator are the same each time.
local function folder_of(self)
  if self.folder then return self.folder end
  local base, message = base_folder(self.settings)
  if not base then return nil, message end
  local stem, number = ("%s/%s/%s"):format(base, FOLDER, os.date "!%Y%m%d-%H%M%S"), 0
  local path = stem
  while fs.stat(path) do
    number = number + 1
    path = ("%s-%d"):format(stem, number)
  end
  local ok, problem = fs.mkdir(path, 511) -- 0777, for whom the umask lets: a picture is no secret
  if not ok then return nil, problem end
  self.folder = path
  return path
end

local function write(path, bytes)
  local ok, message = write_file(path, bytes)
  return ok and path, message
end

local function keep(self, url)
  local png, request_id, filename = self.simulator:picture(url)
  if not png then return nil end
  local folder, message = folder_of(self)
  if not folder then return nil, message end
  return write(("%s/%s-%s"):format(folder, safe_name(request_id:sub(1, 8)), safe_name(filename)), png)
end

local collect ---@type fun(value: any, prefix: string, urls: table, depth: integer)

-- In an order of its own: that of `pairs` differs from run to run.
local function collect_members(object, prefix, urls, depth)
  local names = {}
  for name in pairs(object) do names[#names + 1] = name end
  table.sort(names, function(x, y) return tostring(x) < tostring(y) end)
  for _, name in ipairs(names) do collect(object[name], prefix, urls, depth) end
end

collect = function(value, prefix, urls, depth)
  if type(value) == "string" then
    if value:sub(1, #prefix) == prefix and not urls[value] and #urls < MOST then
      urls[value] = true
      urls[#urls + 1] = value
    end
  elseif type(value) == "table" and depth < DEEPEST then
    if #value > 0 then
      for _, item in ipairs(value) do collect(item, prefix, urls, depth + 1) end
    else
      collect_members(value, prefix, urls, depth + 1)
    end
  end
end

---@class KeptPicture
---@field url string
---@field path string

--- Saves the pictures that a result's data name, each once.
---@param data any
---@return KeptPicture[] pictures, string? problem  why one could not be saved
function Kept:save(data)
  local urls, list, problem = {}, json.as_array {}, nil
  local text = long_json.encode(data)
  if not text:find(self.simulator.base_url, 1, true) then return list end
  collect(json.decode(text), self.simulator.base_url .. "/", urls, 1)
  for _, url in ipairs(urls) do
    local path, message = self.paths[url], nil
    if not path then path, message = keep(self, url) end
    self.paths[url], problem = path, problem or message
    if path then list[#list + 1] = json.ordered({ "url", "path" }, { url = url, path = path }) end
  end
  return list, problem
end

return M
