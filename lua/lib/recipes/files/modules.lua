--- The Lua files that a recipe may require, read once for each version of it.
---
--- A version keeps the text of each module that its code names, also of those that it requires only while it runs: what is
--- saved meanwhile belongs to the next version.  What was looked up, and what was not there, is kept, too: that tells when the
--- recipe is to be loaded again.

local fs = require "core.fs"
local lexer = require "lib.recipes.source.lexer"
local writers = require "lib.recipes.files.writers"

local M = {}

local MAX_BYTES, MAX_NAME = 1024 * 1024, 255
local MOST_NAMES = 1000 -- that one recipe may look up: each is kept, and looked for again at each scan

---@class ModuleFile  a place that was looked at
---@field path string
---@field shown string     path within the recipe's folder or the recipe folder
---@field text? string     nil: there is no such file
---@field problem? string  why it is refused; begins with `shown`

---@class Modules
---@field private folder? string
---@field private root? string
---@field private lenient boolean
---@field private files table<string, ModuleFile>  by path
---@field private asked table<string, true>  names that were looked up
---@field private names integer     how many
---@field private late boolean      something was looked up while the recipe ran
---@field private reading? table<string, ModuleFile>  what is read already, while the recipes of one scan are loaded
local Modules = {}
Modules.__index = Modules

---@class ModulesOptions
---@field folder? string    where files are looked for first
---@field root? string      the recipe folder: its lib/ comes next
---@field strict? boolean   refuse what others may write to
---@field reading? table    shared by the recipes of one scan, so that all see the same text

---@param options ModulesOptions
---@return Modules
function M.new(options)
  return setmetatable({
    folder = options.folder, root = options.root or options.folder, lenient = not options.strict, files = {}, asked = {}, names = 0,
    late = false, reading = options.reading,
  }, Modules)
end

local MISSING = { ENOENT = true, ENOTDIR = true }

--- The text of a file that is required.  Of a pipe or a device nothing is read: it may never end, or never begin.
---@param path string
---@return string? text     nil: there is no such file
---@return string? problem  why it is none that can be required; the text is empty then
function M.read(path)
  local stat, message, code = fs.stat(path)
  if not stat and MISSING[code] then return nil end
  if not stat then return "", "cannot be read: " .. message end
  if stat.type == "other" then return "", "is a device, not a file" end
  local file, problem = io.open(path, "rb")
  if not file then return "", "cannot be read: " .. problem end
  local text = file:read(MAX_BYTES + 1)
  file:close()
  return text
end

local function read_file(self, path, shown)
  local text, problem = M.read(path)
  local file = { path = path, shown = shown, text = text }
  if not text then return file end
  if problem then
    file.problem = shown .. " " .. problem
  elseif #text > MAX_BYTES then
    file.problem = ("%s: a module has at most %d bytes"):format(shown, MAX_BYTES)
  elseif not self.lenient then
    file.problem = select(2, writers.check(path, shown, self.root))
  end
  return file
end

-- As it is on the disk, or as this scan has seen it.
local function fresh(self, path, shown, reading)
  local key = path .. "\0" .. shown -- recipes of two folders may call one file by two names
  local file = reading and reading[key] or read_file(self, path, shown)
  if reading then reading[key] = file end
  return file
end

local function look_up(self, path, shown)
  local file = self.files[path]
  if not file then
    file = fresh(self, path, shown, self.reading)
    self.late = self.late or not self.reading
    self.files[path] = file
  end
  return file
end

local TOO_MANY = ("a recipe may look for %d modules, and no more"):format(MOST_NAMES)

--- Whether a text can be the name of a module: of names between dots.
---@param name string
---@return boolean
function M.is_name(name)
  return #name <= MAX_NAME and name:find "^[%w_][%w_.-]*$" ~= nil and not name:find("..", 1, true)
end

--- The file of a module: of the recipe's folder, else of lib/.
---@param name string
---@return ModuleFile?  nil also where the name is none: a worker may ask for any
function Modules:find(name)
  if not M.is_name(name) then return nil end
  if not self.asked[name] then
    if self.names >= MOST_NAMES then return { path = "", shown = name, text = "", problem = TOO_MANY } end
    self.names = self.names + 1
  end
  self.asked[name] = true
  local relative = name:gsub("%.", "/") .. ".lua"
  if self.folder then
    local own = look_up(self, self.folder .. "/" .. relative, relative)
    if own.text then return own end
  end
  if not self.root then return nil end
  local shared = look_up(self, self.root .. "/lib/" .. relative, "lib/" .. relative)
  return shared.text and shared or nil
end

--- What a worker is told of a module.
---@param file ModuleFile|false|nil
---@return { shown: string, text: string?, problem: string? }|false told  false: there is none
function M.told(file)
  return file and { shown = file.shown, text = file.text, problem = file.problem } or false
end

--- What the names that were looked up lead to: false where there is nothing.
---@return table<string, ModuleFile|false>
function Modules:found()
  local found = {}
  for name in pairs(self.asked) do found[name] = self:find(name) or false end
  return found
end

--- Ends the scan in which the recipe was loaded: what is asked for from now on is read from the disk.
function Modules:settle()
  self.reading = nil
end

--- Whether something was looked up since the last question, after the scan.
---@return boolean
function Modules:has_more()
  local late = self.late
  self.late = false
  return late
end

--- Whether all that was looked up is on the disk as it was.
---@param reading? table  of this scan
---@return boolean
function Modules:is_current(reading)
  for path, known in pairs(self.files) do
    local now = fresh(self, path, known.shown, reading)
    if now.text ~= known.text or now.problem ~= known.problem then return false end
  end
  return true
end

--- The places that were looked at, whether something is there or not.
---@return string[] paths
function Modules:paths()
  local paths = {}
  for path in pairs(self.files) do paths[#paths + 1] = path end
  return paths
end

--- The sources of the files that were found.
---@return string[]
function Modules:sources()
  local sources = {}
  for _, path in ipairs(self:paths()) do sources[#sources + 1] = self.files[path].text end
  return sources
end

-- What is named in code --------------------------------------------------------------------------------

local function skip_blanks(text, at)
  return text:find("%S", at) or #text + 1
end

-- The text between quotes that begins at or just after an open bracket.
local function name_after(text, at)
  at = skip_blanks(text, at)
  if text:sub(at, at) == "(" then at = skip_blanks(text, at + 1) end
  local quote = text:sub(at, at)
  if quote ~= '"' and quote ~= "'" then return nil end
  local close = text:sub(at + 1, at + 1 + MAX_NAME):find(quote, 1, true)
  local name = close and text:sub(at + 1, at + close - 1)
  return name and M.is_name(name) and name or nil
end

-- Whether the code itself requires it: the word may stand in a comment.
local function requires(tokens, name)
  for i, token in ipairs(tokens) do
    if token.kind == "name" and token.value == "require" then
      local following = tokens[i + 1]
      if following.value == "(" and following.kind == "op" then following = tokens[i + 2] end
      if following and following.kind == "string" and following.value == name then return true end
    end
  end
  return false
end

-- What was required while the file was loaded is known; only for the rest the code is read.
local function add_named(self, text, todo)
  local tokens
  local at = text:find("require", 1, true)
  while at do
    local name = name_after(text, at + #"require")
    if name and name ~= "rc" and not self.asked[name] then
      tokens = tokens or lexer.attempt(text)
      if not tokens then return end -- no Lua: the recipe has required it, and caught its failure
      if requires(tokens, name) then todo[#todo + 1] = self:find(name) end
    end
    at = text:find("require", at + 1, true)
  end
end

--- Reads all modules that a text names, and those that they name, whether they were required by now or not.
---@param text string  valid Lua
---@return string? problem  one that was not required by now is no Lua, or is refused
function Modules:complete(text)
  local todo, done, loaded = {}, 0, {}
  for _, file in pairs(self.files) do loaded[#loaded + 1] = file.text end
  add_named(self, text, todo)
  for _, own in ipairs(loaded) do add_named(self, own, todo) end
  while done < #todo do
    done = done + 1
    local file = todo[done] --[[@as table]]
    if file.problem then return file.problem end
    local chunk, message = load(file.text, "@" .. file.shown, "t", {})
    if not chunk then return require("lib.recipes.source.dialects").explained(file.text, message) end
    add_named(self, file.text, todo)
  end
end

return M
