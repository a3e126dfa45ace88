--- Checks a recipe or a script without running it, further than loading does.

local builtin_names = require "lib.recipes.load.builtin_names"
local code = require "lib.recipes.source.code"
local compatibility = require "lib.workbench.client_compatibility"
local dialects = require "lib.recipes.source.dialects"
local didyoumean = require "lib.didyoumean"
local everyday = require "lib.workbench.lint.everyday"
local loader = require "lib.recipes.load.loader"
local modules = require "lib.recipes.files.modules"
local redaction = require "lib.redaction"
local scan = require "lib.recipes.source.scan"
local schemas = require "lib.workbench.lint.schemas"
local vocabulary = require "lib.workbench.lint.vocabulary"
local sorted_keys = require("lib.tables").sorted_keys

local M = {}

---@class lint.Finding
---@field file string
---@field line? integer
---@field level "error"|"warning"
---@field rule string
---@field message string

---@class lint.Options
---@field name? string        of the recipe
---@field shown? string       what messages call the file; default: its path
---@field folder? string      where `require` looks first; default: the file's
---@field root? string        the recipe folder; default: the file's folder
---@field tool? fun(name: string): Tool?  the tools that there are: their fields are checked
---@field key? string         the API key in use
---@field recipe? boolean     it lies where recipes do: it must declare something; else it may be a script
---@field worker? WorkerHost  where it is loaded; default: here

---@class lint.Check
---@field findings lint.Finding[]
---@field file string
---@field package is_script boolean
---@field package used table<string, { file: string, line: integer }>  tools that the code calls, with the first call
---@field package depth integer               of modules that require each other
---@field package in_library boolean            what is scanned lies in lib/
---@field package maybe table<string, true>     tools that it may need
---@field package tool? fun(name: string): Tool?
---@field package broken_module? boolean      a module is no Lua
---@field package dynamic boolean               a call may reach a tool whose name is not in the code
local Check = {}
Check.__index = Check

function Check:add(level, rule, place, format, ...)
  local at = type(place) == "table" and place or { file = self.file, line = place }
  table.insert(self.findings, {
    file = at.file, line = at.line, level = level, rule = rule, message = redaction.text(format:format(...)),
  })
end

-- Names ----------------------------------------------------------------------------------------------

local function is_known_global(name, is_script)
  return vocabulary.globals[name] ~= nil or is_script and name == "arg"
end

function Check:global(use, seen)
  if use.write then
    return self:add("error", "global-write", use.line, "'%s' is set as a global; begin with: local %s", use.name, use.name)
  end
  if is_known_global(use.name, self.is_script) or seen[use.name] then return end
  seen[use.name] = true
  local withheld = vocabulary.withheld[use.name]
  if withheld then
    return self:add("error", "unknown-global", use.line, "'%s' is not there for recipes; %s", use.name, withheld)
  end
  local foreign = vocabulary.foreign[use.name]
  self:add("error", "unknown-global", use.line, "unknown name '%s'%s", use.name,
    foreign and "; " .. foreign or didyoumean.hint(use.name, vocabulary.names(vocabulary.globals)))
end

function Check:member(use)
  local library, name = use.name:match("^([^.]+)%.(.+)$")
  local members = vocabulary.globals[library]
  if type(members) ~= "table" or members[name] ~= nil or library == "_G" or library == "_ENV" then return end
  self:add("error", "unknown-member", use.line, "'%s' is not there for recipes%s", use.name,
    didyoumean.hint(name, vocabulary.names(members)))
end

-- A module of lib/ serves several recipes: that this one calls what stands there is not said.
function Check:use(tool, line)
  if self.in_library then
    self.maybe[tool] = true
  else
    self.used[tool] = self.used[tool] or { file = self.file, line = line }
  end
end

function Check:rc_member(use)
  local known = vocabulary.rc[use.name]
  if known == nil then
    return self:add("error", "unknown-rc", use.line, "rc has no '%s'%s", use.name,
      didyoumean.hint(use.name, vocabulary.names(vocabulary.rc)))
  end
  if type(known) == "string" then self:use(known, use.line) end
end

function Check:names(scanned)
  local seen = {}
  for _, use in ipairs(scanned.globals) do self:global(use, seen) end
  for _, use in ipairs(scanned.members) do self:member(use) end
  for _, use in ipairs(scanned.rc) do self:rc_member(use) end
  for _, use in ipairs(scanned.tools) do self:use(use.name, use.line) end
  for _, access in ipairs(scanned.accesses) do
    local tool, certain = everyday.tool_of(access)
    if certain then self:use(tool, access.line) elseif tool then self.maybe[tool] = true end
    for _, name in ipairs(access.is_call and vocabulary.maybe[access.name] or {}) do self.maybe[name] = true end
  end
  self.dynamic = self.dynamic or scanned.opaque
end

-- Files that are required ----------------------------------------------------------------------------

local BUILTINS = { cjson = true, ["cjson.safe"] = true } -- what a recipe may require without a file

local function module_places(name, options)
  local relative = name:gsub("%.", "/") .. ".lua"
  return { options.folder .. "/" .. relative, options.root .. "/lib/" .. relative }
end

function Check:module(use, options, seen)
  if seen[use.name] then return end
  seen[use.name] = true
  for index, path in ipairs(module_places(use.name, options)) do
    local text, problem = modules.read(path)
    if problem then return self:add("error", "missing-module", use.line, "require '%s': %s %s", use.name, path, problem) end
    if text then return self:module_text(text, path, options, seen, index == 2) end
  end
  if BUILTINS[use.name] then return end
  self:add("error", "missing-module", use.line, "require '%s': there is no such file beside the recipe, nor in lib/", use.name)
end

function Check:module_text(text, path, options, seen, in_library)
  local own_file, was_in_library = self.file, self.in_library
  self.file, self.in_library = path, in_library or was_in_library
  local chunk, message = load(text, "@" .. path, "t")
  if chunk then self:source(text, options, seen) else self:module_syntax(dialects.explained(text, message)) end
  self.file, self.in_library = own_file, was_in_library
end

-- Loading would say the same once more.
function Check:module_syntax(message)
  self:syntax(message)
  self.broken_module = true
end

function Check:source(text, options, seen)
  local scanned = scan.scan(text)
  self:names(scanned)
  everyday.check(self, scanned, text, {
    tool = options.tool, key = options.key, is_script = self.is_script, in_library = self.in_library, builtin = builtin_names.has,
    is_module = self.depth > 0,
  })
  self.depth = self.depth + 1
  for _, use in ipairs(scanned.requires) do self:module(use, options, seen) end
  self.depth = self.depth - 1
  return scanned
end

-- Declarations ---------------------------------------------------------------------------------------

-- A dry run answers for what the recipe calls.
function Check:samples(entry, line)
  local uses = {}
  for _, name in ipairs(entry.fields.uses or {}) do uses[name] = true end
  for _, name in ipairs(sorted_keys(entry.fields.samples or {})) do
    if not uses[name] then
      self:add("error", "samples", line, "'samples' answers for '%s', which 'uses' does not name%s", tostring(name),
        didyoumean.hint(tostring(name), sorted_keys(uses)))
    end
  end
end

-- A tool is called that `uses` does not name, or that nobody has.
function Check:missing_use(name, declared)
  local hint = didyoumean.hint(name, builtin_names.with(declared))
  if builtin_names.has(name) or self.tool and self.tool(name) then hint = "" end
  self:add("error", "uses-missing", self.used[name], "'%s' is called, but 'uses' does not name it%s", name, hint)
end

-- Of several tools in a file nobody can tell which one calls what: their `uses` count together.
function Check:uses(recipe, scanned)
  local declared, line = {}, scanned.declarations[1] and scanned.declarations[1].line
  for _, list in ipairs { recipe.tools, recipe.resources, recipe.templates, recipe.prompts } do
    for _, entry in ipairs(list) do
      for _, name in ipairs(entry.fields.uses or {}) do declared[name] = true end
      self:samples(entry, line)
    end
  end
  for _, name in ipairs(sorted_keys(self.used)) do
    if not declared[name] then self:missing_use(name, sorted_keys(declared)) end
  end
  for _, name in ipairs(sorted_keys(declared)) do
    if not self.used[name] and not self.maybe[name] and not self.dynamic then
      self:add("warning", "uses-unused", line, "'uses' names '%s', which is never called: the tool's hints are worse than it is", name)
    end
  end
end

local function declaration_of(scanned, name)
  local tools = {}
  for _, declaration in ipairs(scanned.declarations) do
    if declaration.kind == "tool" then
      if declaration.name == name then return declaration end
      tools[#tools + 1] = declaration
    end
  end
  return #tools == 1 and tools[1] or nil
end

local function parameter_names(entry)
  local schema = entry.compiled.schema
  if type(schema) == "userdata" then schema = require("core.json").decode(schema:text()) end
  return sorted_keys(schema.properties or {})
end

-- A schema may allow members that it does not name; a list of parameters is all there is.
local function is_known_parameter(entry, names, name)
  if type(entry.fields.input) == "string" or (entry.fields.input or {}).type then return true end
  for _, known in ipairs(names) do
    if known == name then return true end
  end
  return false
end

function Check:read_parameters(entry, declaration, names)
  local input = declaration.input
  for _, name in ipairs(names) do
    if not input.fields[name] and not input.whole then
      self:add("warning", "unread-parameter", declaration.line, "tool '%s': the parameter '%s' is never read", entry.key, name)
    end
  end
  for _, name in ipairs(sorted_keys(input.fields)) do
    if not is_known_parameter(entry, names, name) then
      self:add("error", "unknown-parameter", input.fields[name], "tool '%s' reads %s.%s, which is no parameter%s", entry.key,
        input.name, name, didyoumean.hint(name, names))
    end
  end
end

function Check:parameters(entry, declaration)
  local names = parameter_names(entry)
  if declaration.input then return self:read_parameters(entry, declaration, names) end
  if declaration.in_sight and #names > 0 then
    self:add("warning", "unread-parameter", declaration.line, "tool '%s' has parameters, but its 'run' takes none", entry.key)
  end
end

function Check:tools(recipe, scanned)
  for _, entry in ipairs(recipe.tools) do
    local declaration = declaration_of(scanned, entry.key)
    if declaration then self:parameters(entry, declaration) end
    for _, problem in ipairs(schemas.problems(entry.compiled.schema)) do
      self:add("warning", "schema", declaration and declaration.line, "tool '%s': %s%s", entry.key,
        problem.place == "" and "" or ("'%s': "):format(problem.place), problem.message)
    end
    for _, problem in ipairs(compatibility.problems(entry.compiled.schema)) do
      self:add("warning", problem.rule, declaration and declaration.line, "tool '%s': %s", entry.key, problem.message)
    end
  end
end

-- A whole file ---------------------------------------------------------------------------------------

local function holds_code(source)
  for _, line in ipairs(code.lines(source)) do
    if line:find "%S" then return true end
  end
  return false
end

-- "poster.lua:3: message" to its parts.
function Check:syntax(message)
  local line, text = message:match("^.-:(%d+): (.*)$")
  self:add("error", "syntax", math.tointeger(line), "%s", text or message)
end

-- The loader's message begins with the name of the file, and a line where it knows one.
function Check:load_failure(message, shown)
  local text = message
  if text:sub(1, #shown) == shown then text = text:sub(#shown + 1) end
  local line, rest = text:match("^:(%d+): (.*)$")
  self:add("error", "load", math.tointeger(line), "%s", rest or text:gsub("^:%s*", ""))
end

local function complete(path, options)
  local folder = path:match("^(.*)/[^/]*$") or "."
  -- linear: a path that the system took, 4,096 bytes at most
  local file = path:match("[^/]*$")
  options = options or {}
  return {
    name = options.name or (file:gsub("%.lua$", "")), shown = options.shown or file,
    folder = options.folder or folder, root = options.root or folder,
    lazy = true, -- what is required is read here
    tool = options.tool, key = options.key, recipe = options.recipe, worker = options.worker,
  }
end

local function by_line(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if (a.line or 0) ~= (b.line or 0) then return (a.line or 0) < (b.line or 0) end
  return a.message < b.message
end

function Check:recipe(text, path, options, scanned)
  local recipe, err = loader.load_in(options.worker, text, path, options)
  if not recipe then
    if not self.broken_module then self:load_failure(err.message, options.shown) end
    return
  end
  self:uses(recipe, scanned)
  self:tools(recipe, scanned)
end

--- Checks a text; with a worker in a fiber.
---@param text string
---@param path string
---@param options? lint.Options
---@return lint.Finding[] findings, boolean is_script
function M.check_text(text, path, options)
  local full = complete(path, options)
  local self = setmetatable({
    findings = {}, file = path, used = {}, maybe = {}, dynamic = false, is_script = false, in_library = false, depth = 0,
    tool = full.tool,
  }, Check)
  local source = text:gsub("^#[^\n]*", "")
  local chunk, message = load(source, "@" .. full.shown, "t")
  if not chunk then
    local _, err = loader.load_text(text, path, full) -- knows what people save by mistake
    local is_mistake = err and not err.message:find("^[^:]*:%d+:")
    if err and is_mistake then self:load_failure(err.message, full.shown) else self:syntax(dialects.explained(source, message)) end
    return self.findings, false
  end
  self.is_script = not full.recipe and not scan.declares(scan.scan(source))
  if self.is_script and not holds_code(source) then self:add("error", "empty", nil, "the file holds no code") end
  local scanned = self:source(source, full, {})
  if not self.is_script then self:recipe(text, path, full, scanned) end
  table.sort(self.findings, by_line)
  return self.findings, self.is_script
end

--- Checks a file.
---@param path string
---@param options? lint.Options
---@return lint.Finding[]|nil findings, boolean|Error about  whether it is a script
---@return_overload lint.Finding[], boolean
---@return_overload nil, Error
function M.check_file(path, options)
  local text, err = loader.read(path, path)
  if not text then return nil, err end
  return M.check_text(text, path, options)
end

return M
