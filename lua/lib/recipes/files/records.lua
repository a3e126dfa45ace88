--- The files of the recipe folders, one record each: what was read, what became of it, what the log was told.

local fiber = require "lib.async.fiber"
local folders = require "lib.recipes.files.folders"
local loader = require "lib.recipes.load.loader"
local log = require "core.log"
local modules = require "lib.recipes.files.modules"

local M = {}

---@class RecipeRecord  a file, whatever became of it
---@field at RecipeFile
---@field rank integer      of its folder
---@field label string      of its folder
---@field text? string       what was loaded last
---@field modules? Modules    that it required, or would have: they tell whether it is to be loaded again
---@field is_module? boolean  it declares nothing, and another recipe requires it
---@field lenient? boolean    whether it was loaded whoever may write to it
---@field candidate? Recipe  from that, if it is good
---@field problem? string    why not, or why it cannot be linked
---@field good? Recipe       the version that could be linked last
---@field chosen? Recipe     the version in the set
---@field shadowed? { name: string, by: Recipe }[]
---@field load_problem? string
---@field told? string       the problem that the log has
---@field told_shadow? string

---@class RecipeRecords
---@field private folders RecipeFolder[]
---@field private quiet? boolean
---@field private worker? WorkerHost
---@field private by_path table<string, RecipeRecord>
---@field private problems table<string, string>   by the path of the folder
local RecipeRecords = {}
RecipeRecords.__index = RecipeRecords

---@param recipe_folders RecipeFolder[]
---@param quiet? boolean  do not log problems
---@param worker? WorkerHost  where recipes are loaded; default: here
---@return RecipeRecords
function M.new(recipe_folders, quiet, worker)
  return setmetatable({ folders = recipe_folders, quiet = quiet, worker = worker, by_path = {}, problems = {} }, RecipeRecords)
end

local function report(self, level, text)
  if not self.quiet then log.write(level, "recipes: " .. text) end
end

-- Nothing to load, whatever was there before.
local function load_nothing(record, problem)
  record.text, record.candidate, record.load_problem = nil, nil, problem
end

-- Whatever a file does to the loader, it is that file's problem alone.
local function load(worker, text, found, at)
  local options = { name = at.name, shown = at.shown, folder = at.folder, root = at.root, modules = found }
  local ok, recipe, err = pcall(loader.load_in, worker, text, at.file, options)
  found:settle()
  if ok then return recipe, err and err.message, err and err.code == "no_worker" end
  if fiber.is_cancelled(recipe) then error(recipe, 0) end
  return nil, ("%s: cannot be loaded: %s"):format(at.shown, tostring(recipe))
end

-- Times of files are no help: two saves within a tick of the clock have one time, and often one size.
local function is_current(record, text, reading)
  return text == record.text and reading.lenient == record.lenient and record.modules:is_current(reading.files)
end

-- What was read is noted with what became of it: in a worker that takes its time, and may be given up.
local function load_record(record, reading)
  local at = record.at
  local text, err = loader.read(at.file, at.shown)
  if not text then return load_nothing(record, err.message) end
  if is_current(record, text, reading) then return end
  local found = modules.new { folder = at.folder, root = at.root, strict = not reading.lenient, reading = reading.files }
  local candidate, problem, unseen = load(reading.worker, text, found, at)
  record.text, record.lenient, record.modules = not unseen and text or nil, reading.lenient, found
  record.candidate, record.load_problem = candidate, problem
  reading.unseen = reading.unseen or unseen
end

local function refresh(record, reading)
  if record.at.disabled then
    load_nothing(record)
    record.good = nil
  elseif record.at.problem then
    load_nothing(record, record.at.problem)
  else
    load_record(record, reading)
  end
  record.problem = record.load_problem
end

local function report_folder(self, root, err)
  local problem = err and (err.code ~= "missing" or root.expected) and err.message or nil
  if problem and self.problems[root.path] ~= problem then report(self, "error", problem) end
  self.problems[root.path] = problem
end

-- A folder that cannot be read for now keeps its recipes; one that is gone loses them.
local function scan_folder(self, root, rank, seen, reading)
  local files, err = folders.scan(root, reading.lenient)
  report_folder(self, root, err)
  if not files and err.code ~= "missing" then
    for path, record in pairs(self.by_path) do seen[path] = seen[path] or record.rank == rank end
  end
  for _, at in ipairs(files or {}) do
    local record = self.by_path[at.file] or { rank = rank, label = root.label }
    self.by_path[at.file], record.at, seen[at.file] = record, at, true
    reading.tasks:begin(refresh, record, reading)
  end
end

local AT_ONCE = 4 -- files that are loaded in a worker: as it loads one, others are read and checked here

-- What goes on beside the scan; its end ends that.
local Tasks = {}
Tasks.__index = Tasks

function Tasks:__close()
  for _, task in ipairs(self.running) do task:cancel "the scan has ended" end
end

function Tasks:begin(fn, ...)
  if not self.beside then return fn(...) end
  if #self.running >= AT_ONCE then self:join() end
  local task = fiber.spawn(fn, ...)
  task.quiet = true
  table.insert(self.running, task)
end

-- Waits for the eldest.
function Tasks:join()
  local ok, err = self.running[1]:join()
  table.remove(self.running, 1)
  if not ok then error(err, 0) end
end

local function requires_of(record)
  local set = {}
  for _, path in ipairs(record.modules and record.modules:paths() or {}) do set[path] = true end
  return set
end

-- Whether a file is required by another one, which it does not itself require: of a circle somebody has to tell.
local function is_required(path, required)
  for other, paths in pairs(required) do
    if other ~= path and paths[path] and not required[path][other] then return true end
  end
  return false
end

-- A module beside a recipe is no broken recipe: what is wrong with it, those say that require it.
local function find_modules(self)
  local required = {}
  for path, record in pairs(self.by_path) do required[path] = requires_of(record) end
  for path, record in pairs(self.by_path) do
    record.is_module = record.load_problem ~= nil and not record.good and is_required(path, required) or nil
    if record.is_module then record.problem = nil end
  end
end

--- Reads the folders, and loads what is new in them; with a worker in a fiber, one scan at a time.
---@param lenient? boolean  take what others may write to
---@return boolean complete  false: there was no worker for some, and another scan may find one
function RecipeRecords:scan(lenient)
  local tasks <close> = setmetatable({ beside = self.worker ~= nil, running = {} }, Tasks)
  local seen, reading = {}, { lenient = lenient or false, files = {}, worker = self.worker, tasks = tasks }
  for rank, root in ipairs(self.folders) do scan_folder(self, root, rank, seen, reading) end
  while #tasks.running > 0 do tasks:join() end
  for path in pairs(self.by_path) do
    if not seen[path] then self.by_path[path] = nil end
  end
  find_modules(self)
  return not reading.unseen
end

--- The records, in the order of the folders.
---@return RecipeRecord[]
function RecipeRecords:list()
  local list = {}
  for _, record in pairs(self.by_path) do list[#list + 1] = record end
  table.sort(list, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.at.file < b.at.file
  end)
  return list
end

--- The modules that recipes require, or would where they were there.
---@return string[] paths
function RecipeRecords:module_paths()
  local paths = {}
  for _, record in pairs(self.by_path) do
    if record.modules then
      for _, path in ipairs(record.modules:paths()) do paths[#paths + 1] = path end
    end
  end
  return paths
end

--- The folders that cannot be used, and why.
---@return { path: string, error: string }[]
function RecipeRecords:folder_problems()
  local list = {}
  for _, root in ipairs(self.folders) do
    local problem = self.problems[root.path]
    if problem then list[#list + 1] = { path = root.path, error = problem } end
  end
  return list
end

local function report_problem(self, record)
  if record.problem and record.problem ~= record.told then
    report(self, "error", record.problem .. (record.chosen and " (the version before it stays)" or ""))
  elseif record.told and not record.problem then
    report(self, "info", record.at.shown .. " is good again")
  end
  record.told = record.problem
end

local function report_shadows(self, record)
  local text = {}
  for i, shadow in ipairs(record.shadowed or {}) do
    text[i] = ("%s: '%s' is shadowed by %s"):format(record.at.file, shadow.name, shadow.by.file)
  end
  local line = table.concat(text, "; ")
  if line ~= "" and line ~= record.told_shadow then report(self, "warning", line) end
  record.told_shadow = line
end

--- Logs what has not been said yet.
function RecipeRecords:report()
  for _, record in ipairs(self:list()) do
    report_problem(self, record)
    report_shadows(self, record)
  end
end

return M
