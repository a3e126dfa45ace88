--- From a recipe's file to what it declares.  Loading runs the file once, in an environment that can
--- declare but not act, for half a second of CPU at most.

local clock = require "core.clock"
local declaration = require "lib.recipes.load.declaration"
local effects = require "lib.recipes.source.effects"
local errors = require "lib.errors"
local fs = require "core.fs"
local modules = require "lib.recipes.files.modules"
local prompts = require "lib.features.prompts"
local redaction = require "lib.redaction"
local registry = require "lib.features.registry"
local regex = require "lib.regex"
local resources = require "lib.features.resources"
local sizes = require "lib.recipes.load.sizes"

local M = {}

---@class Recipe
---@field name string         of the file, or of the folder that holds main.lua
---@field file string         path
---@field shown string        the path within its recipe folder: what messages call it
---@field folder string       where its `require` looks first
---@field root string         the recipe folder, whose lib/ it may require from
---@field text string         its source: messages about what it declares have their lines from there
---@field load_ms number      milliseconds that loading took; in a worker, of its processor time
---@field id? string          of one that a worker runs: its name there
---@field tools RecipeEntry[]
---@field prompts RecipeEntry[]
---@field resources RecipeEntry[]
---@field templates RecipeEntry[]
---@field modules Modules     what it may require, as it was when it was loaded
---@field environment table   the globals of its code
---@field effects RecipeEffect[]  what its code does beside calling tools

---@class RecipeEntry
---@field key string          its name, URI or URI template
---@field fields table        as declared: see rc.Tool, rc.Prompt, rc.Resource, rc.Template
---@field compiled Tool|Prompt|Resource|ResourceTemplate  its `run` raises: the catalog makes the one that runs

local MAX_BYTES = 1024 * 1024

local function fail(shown, message, ...)
  return nil, errors.new(("%s: "):format(shown) .. message:format(...), { code = "bad_recipe" })
end

-- What people save under .lua by mistake, and what to do about it.
local mistakes = {
  { "^\xEF\xBB\xBF", "begins with a byte order mark; save it as UTF-8 without one" },
  { "^\xFF\xFE", "is UTF-16; save it as UTF-8" },
  { "^\xFE\xFF", "is UTF-16; save it as UTF-8" },
  { "^\27Lua", "is compiled Lua; a recipe is source text" },
  { "^%s*<[!?%a]", "is a web page, not Lua; download the raw file instead of the page that shows it" },
  { "^%s*{\\rtf", "is a word processor's file, not Lua; save it as plain text" },
  { "^%s*$", "is empty" },
}

-- What is wrong with a declaration, with its line: of the field, else of the call that declared it, in this file.
---@param recipe table
---@param message string
---@param call? { source: string, line: integer }
local function misdeclared(recipe, message, call)
  local placed, line = require("lib.recipes.source.places").placed(recipe.shown, recipe.text, message)
  if not line and call and call.source == "@" .. recipe.shown then
    line, placed = call.line, ("%s:%d: %s"):format(recipe.shown, call.line, message)
  end
  if line and message:find "got nothing$" then placed = placed .. "; is 'return' missing before it?" end
  return nil, errors.new(placed, { code = "bad_recipe" })
end

local function check_text(text, shown)
  for _, mistake in ipairs(mistakes) do
    if text:find(mistake[1]) then return fail(shown, "the file %s", mistake[2]) end
  end
  if #text > MAX_BYTES then return fail(shown, "the file has %d bytes; a recipe has %d at most", #text, MAX_BYTES) end
  if not utf8.len(text) then return fail(shown, "the file is no valid UTF-8") end
  return true
end

-- The first line of a script may name its interpreter; the line itself stays, so that numbers fit.
local function without_shebang(text)
  return text:sub(1, 1) == "#" and text:gsub("^[^\n]*", "", 1) or text
end

---@param path string
---@param shown string
---@return string|nil text, Error? err
---@return_overload string
---@return_overload nil, Error
function M.read(path, shown)
  local stat, problem = fs.stat(path)
  if not stat then return fail(shown, "cannot be read: %s", problem) end
  -- It may never end, or never begin.  What a shell puts there for <(…) lies in /dev/fd.
  if stat.type == "other" and not path:find "^/dev/fd/" then return fail(shown, "is a device, not a file") end
  local file, message = io.open(path, "rb")
  if not file then return fail(shown, "cannot be read: %s", message) end
  local text
  text, problem = file:read(MAX_BYTES + 1)
  file:close()
  if problem then return fail(shown, "cannot be read: %s", problem) end
  return text or ""
end

local function not_yet()
  error("the tool is not in the catalog", 0)
end

-- Errors in a module, and those of a tail call (return rc.tool { … }), do not name the recipe's file.
local function with_file(recipe, problem)
  local is_placed = problem:sub(1, #recipe.shown + 1) == recipe.shown .. ":"
  local message = is_placed and problem:match "^[^:]*:%d+: (rc%.%a+: .*)$" or problem
  if message:find "^rc%.%a+:? " then return misdeclared(recipe, message) end -- its field has a line of its own
  return nil, errors.new(is_placed and problem or recipe.shown .. ": " .. problem, { code = "bad_recipe" })
end

local compile = {}

function compile.tool(fields)
  return registry.compile({
    name = fields.name, title = fields.title, description = fields.description, input = fields.input,
    output = fields.output, annotations = fields.annotations, run = not_yet,
  }, { strict = true })
end

function compile.prompt(fields)
  return prompts.compile {
    name = fields.name, title = fields.title, description = fields.description, arguments = fields.arguments, run = not_yet,
  }
end

local function source(fields)
  return {
    uri = fields.uri, uri_template = fields.uri_template, name = fields.name, title = fields.title,
    description = fields.description, mime_type = fields.mime_type, read = not_yet,
  }
end

function compile.resource(fields) return resources.compile(source(fields)) end

function compile.template(fields) return resources.compile_template(source(fields)) end

local lists = { tool = "tools", prompt = "prompts", resource = "resources", template = "templates" }

-- Puts the declarations into their lists; false, why, and the call where one is wrong.
local function sort_in(recipe, declarations)
  local counted = sizes.new()
  for _, read in ipairs(declarations) do
    local compiled, err = compile[read.kind](read.fields)
    local problem = err and err.problem or compiled and counted:weigh(compiled)
    if problem then
      return false, #declarations > 1 and ("%s '%s': %s"):format(read.kind, read.key, problem) or problem, read.line
    end
    table.insert(recipe[lists[read.kind]], { key = read.key, fields = read.fields, compiled = compiled })
  end
  return true
end

local MOST_PATTERN = 40000 -- characters of all regular expressions of a file: to compile them takes some 20 ms

-- How many declarations the file has, which are in their lists now; nil, what is wrong, and the line where it is known.
local function read_declarations(recipe, value)
  local declarations, err = declaration.read(value)
  if not declarations then return nil, err.message, err.line end
  local sorted, wrong, line = sort_in(recipe, declarations)
  if not sorted then return nil, wrong, line end
  return #declarations
end

---@class LoadOptions
---@field name string
---@field shown string
---@field folder string
---@field root string
---@field modules? Modules    default: its own, whoever may write to them
---@field lazy? boolean       modules that it requires only while it runs are not read
---@field declare? fun(recipe: Recipe, text: string, chunkname: string): any, string?  default: sandbox.declare

local function load_text(text, path, options)
  local started = clock.monotonic()
  local shown = options.shown
  local ok, err = check_text(text, shown)
  if not ok then return nil, err end
  local recipe = {
    name = options.name, file = path, shown = shown, text = text, folder = options.folder, root = options.root,
    modules = options.modules or modules.new(options), tools = {}, prompts = {}, resources = {}, templates = {},
  }
  local declare = options.declare or require("lib.recipes.load.sandbox").declare
  local value, problem = declare(recipe, without_shebang(text), "@" .. shown)
  problem = problem or not options.lazy and recipe.modules:complete(text) or nil
  if problem then return with_file(recipe, problem) end
  local count, wrong, line = regex.within(MOST_PATTERN, read_declarations, recipe, value)
  if not count then return misdeclared(recipe, wrong, line) end
  recipe.effects = effects.of(text, recipe.modules:sources(), count == 1)
  recipe.load_ms = recipe.load_ms or (clock.monotonic() - started) * 1000
  return recipe
end

--- Loads a recipe from text that was read before.
---@param text string
---@param path string
---@param options LoadOptions
---@return Recipe|nil recipe, Error? err
---@return_overload Recipe
---@return_overload nil, Error
function M.load_text(text, path, options)
  local recipe, err = load_text(text, path, options)
  if err then err.message = redaction.text(err.message) end -- Lua quotes the source, in which somebody may have put a key
  return recipe, err
end

--- Loads it in a worker, in a fiber, or here where there is none.
---@param worker WorkerHost?
---@param text string
---@param path string
---@param options LoadOptions
---@return Recipe|nil recipe, Error? err  as lib.recipes.worker.host has them
---@return_overload Recipe
---@return_overload nil, Error
function M.load_in(worker, text, path, options)
  if worker then return worker:load_text(text, path, options) end
  return M.load_text(text, path, options)
end

--- Loads a recipe.
---@param path string
---@param options? { name: string? }  name: default the file's
---@return Recipe|nil recipe, Error? err
---@return_overload Recipe
---@return_overload nil, Error
function M.load(path, options)
  local folder, file = path:match("^(.*)/([^/]*)$")
  folder, file = folder or ".", file or path
  local text, err = M.read(path, file)
  if not text then return nil, err end
  local name = options and options.name or file:gsub("%.lua$", "")
  return M.load_text(text, path, { name = name, shown = file, folder = folder, root = folder })
end

return M
