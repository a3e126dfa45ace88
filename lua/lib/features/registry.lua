--- The tools of a server: declarations checked and compiled once, and the one way to call them.

local didyoumean = require "lib.didyoumean"
local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local guard = require "lib.features.guard"
local inputs = require "lib.features.inputs"
local json = require "core.json"
local label = require "lib.features.label"
local log = require "core.log"
local meter = require "lib.async.meter"
local outcome = require "lib.features.outcome"
local outputs = require "lib.features.outputs"
local receipts = require "lib.calls.receipts"
local sorted_names = require("lib.tables").sorted_names

local M = {}

---@class ToolDeclaration  what a tool's file returns
---@field name string
---@field title? string
---@field description string
---@field input? Parameter[]|table|string  parameters, a JSON Schema, or its JSON text; default: no parameters
---@field output? Parameter[]|table|string  the same of the structured content, which may be of any type
---@field annotations? { readOnlyHint: boolean?, destructiveHint: boolean?, idempotentHint: boolean?, openWorldHint: boolean? }
---@field check? fun(input: table): true|nil, Error?   rules across fields
---@field run fun(input: table, ctx: Context): { text: string?, data: table|nil, content: Block[]? }|nil, Error?
---@field risk? "costs"   a call is paid for; default: what the hints say
---@field leaves? "request"|"deployment"  what a call begins or changes that somebody must know of, whatever becomes of the caller
---@field repeatable? true|fun(input: table): boolean  a call that is made twice does the same as one
---@field grants? string[]  tools that whoever may call this one may call on behalf of the requests that it submits
---@field pretend? fun(input: table, world: PretendWorld): table  the structured content that a dry run has in place of a call
---@field refuses? fun(input: table, deployment: table?, judge: DryRunJudge?): Error?  why RunComfy would refuse it, if looking tells
---@field serves? string[]  what of rc stands on it: "rc.submit", "job:wait"
---@field learn? fun(requests: OpenRequests, input: table, result: { data: any }?, err: Error?)  what an answer tells of the requests
---  that the call has begun: see lib.runcomfy.learning
---@field amend? fun(data: table, world: PretendWorld)  changes what a read has given into what it would give after the dry run's calls

---@class Tool  a declaration, compiled; `leaves` to `serves` are those of the declaration
---@field name string
---@field title? string
---@field description string
---@field schema table|core.json.Raw  JSON Schema of the arguments
---@field output? table|core.json.Raw  JSON Schema of structured content, of results and errors alike
---@field wrapped? table            the same for revisions where it must be an object: see lib.features.wrapping; nil: as it is
---@field annotations { [1]: string, [2]: boolean }[]  all four hints, in a fixed order
---@field package read fun(arguments: table, work: Meter): table|nil, Error?
---@field package rules? fun(input: table): true|nil, Error?
---@field package run fun(input: table, ctx: Context): table|nil, Error?
---@field risk "harmless"|"changes"|"destroys"|"costs"  the worst that a call may do
---@field leaves? string
---@field repeatable? true|fun(input: table): boolean
---@field grants? string[]
---@field refuses? fun(input: table, deployment: table?, judge: DryRunJudge?): Error?
---@field pretend? fun(input: table, world: PretendWorld): table
---@field amend? fun(data: table, world: PretendWorld)
---@field learn? fun(requests: OpenRequests, input: table, result: { data: any }?, err: Error?)
---@field serves? string[]
---@field about_server? boolean      it tells of this server, not of RunComfy
---@field inner? boolean            a recipe: what it does are effects of its own
---@field package order? string[]    the members of structured content, as `output` declares them
---@field package shape? fun(data: any, work: Meter): any  gives plain data the lists that `output` declares
---@field package conforms? fun(data: any, work: Meter): true|nil, string?  whether a result is what the tool promised
---@field package seconds? fun(): number  processor time that a check of its arguments or its result may take
---@field package allows? fun(data: any): true|nil, string?    whether `output` allows it: what errors are held to
---@field package allows_wrapped? fun(data: any): true|nil, string?  the same of `wrapped`
---@field package label_rules? LabelRules  what `output` means for the label of a simulated result
---@field package admits? fun(data: any): true|nil, string?    the same in full; made at first use

---@class Snapshot  what a server offers at one moment; nothing changes it
---@field list Tool[]                      sorted by name
---@field find fun(name: string): Tool?
---@field prompts? PromptSet               of lib.features.prompts
---@field resources? ResourceSet           of lib.features.resources
---@field templates? TemplateSet           of lib.features.resources

---@class Registry
---@field private tools table<string, Tool>
local Registry = {}
Registry.__index = Registry

-- Declarations -------------------------------------------------------------------------------------

-- A hint that is left out means this, says the specification.
local hints = { { "readOnlyHint", false }, { "destructiveHint", true }, { "idempotentHint", false }, { "openWorldHint", true } }

local fields = {
  name = { string = true }, title = { string = true }, description = { string = true },
  input = { table = true, string = true }, output = { table = true, string = true },
  annotations = { table = true }, check = { ["function"] = true }, run = { ["function"] = true },
  risk = { string = true }, leaves = { string = true }, repeatable = { boolean = true, ["function"] = true },
  grants = { table = true }, pretend = { ["function"] = true }, refuses = { ["function"] = true }, amend = { ["function"] = true },
  learn = { ["function"] = true }, serves = { table = true },
}
local required = { "name", "description", "run" }
local of_built_ins = { "leaves", "repeatable", "grants", "pretend", "refuses", "amend", "learn", "serves" }

local function check_fields(declaration)
  for _, field in ipairs(required) do
    if declaration[field] == nil then return ("field '%s' is missing"):format(field) end
  end
  for _, field in ipairs(sorted_names(declaration)) do
    local kinds, value = fields[field], declaration[field]
    if not kinds then return ("unknown field '%s'%s"):format(field, didyoumean.hint(field, sorted_names(fields))) end
    if not kinds[type(value)] then
      return ("field '%s' must be a %s, got %s"):format(field, table.concat(sorted_names(kinds), " or a "), type(value))
    end
    if value == "" then return ("field '%s' is empty"):format(field) end
  end
end

-- Hosts put a prefix before a name and cut at 64 characters.
local function check_name(name)
  if name:find("^[a-z][a-z0-9_]*$") and #name <= 45 then return nil end
  return ("field 'name' must be lower-case letters, digits and '_', a letter first, at most 45 of them; got '%s'"):format(name)
end

local function check_annotations(annotations)
  local known = {}
  for _, hint in ipairs(hints) do known[hint[1]] = true end
  for _, name in ipairs(sorted_names(annotations)) do
    if not known[name] then
      return ("field 'annotations' has an unknown hint '%s'%s"):format(name, didyoumean.hint(name, sorted_names(known)))
    end
    if type(annotations[name]) ~= "boolean" then
      return ("field 'annotations': '%s' must be true or false, got %s"):format(name, type(annotations[name]))
    end
  end
end

local function check_texts(declaration)
  for _, field in ipairs { "title", "description" } do
    local text = declaration[field]
    if text and not utf8.len(text) then return ("field '%s' is no valid UTF-8"):format(field) end
  end
end

local function find_problem(declaration)
  return check_fields(declaration) or check_name(declaration.name) or check_texts(declaration)
    or check_annotations(declaration.annotations or {})
end

local function all_hints(annotations)
  local list = {}
  for i, hint in ipairs(hints) do
    local name, default = hint[1], hint[2]
    local value = annotations and annotations[name]
    if value == nil then value = default end
    list[i] = { name, value }
  end
  return list
end

local function risk_of(annotations)
  local set = {}
  for _, hint in ipairs(annotations) do set[hint[1]] = hint[2] end
  if set.readOnlyHint then return "harmless" end
  return set.destructiveHint and "destroys" or "changes"
end

local function compile(declaration, options)
  local strict = options and options.strict
  local input = inputs.compile(declaration.input)
  local tool = {
    name = declaration.name,
    title = declaration.title,
    description = declaration.description,
    schema = input.schema,
    annotations = all_hints(declaration.annotations),
    read = input.check,
    rules = declaration.check,
    run = declaration.run,
  }
  tool.risk = declaration.risk or risk_of(tool.annotations)
  for _, field in ipairs(of_built_ins) do tool[field] = declaration[field] end
  if declaration.output == nil then return tool end
  local output, written = inputs.read_schema(declaration.output, "output", options and options.known)
  tool.output = outputs.published(written)
  -- A recipe's data come in an order already: that of its keys, or the one that it has given them.
  tool.order = not strict and output.type == "object" and type(output.properties) == "table" and json.order(output.properties) or nil
  tool.conforms = strict and outputs.compile_strict(output) or outputs.compile(output)
  tool.shape = strict and require("lib.schema.shaping").compile(output) or nil
  tool.label_rules = label.rules(output, outputs.compile_strict, tool.output)
  tool.allows = tool.label_rules.allows or outputs.compile(outputs.published(output))
  if output.type ~= "object" then
    tool.allows = outputs.compile_strict(output)
    tool.wrapped = require("lib.features.wrapping").schema(output)
    tool.allows_wrapped = outputs.compile(tool.wrapped)
  end
  return tool
end

--- Whether clients take these data from the tool, though they are not what it promised: see CallResult.pending.
---@param tool Tool
---@param data table  plain
---@return boolean
function M.admits(tool, data)
  if not tool.output then return true end
  if tool.wrapped then return false end
  local published = type(tool.output) == "userdata" and tool.output:value() or tool.output
  tool.admits = tool.admits or outputs.compile_strict(published --[[@as table]])
  return tool.admits(data) == true
end

local function refuse(name, problem)
  return nil, errors.new(("tool '%s': %s"):format(name, problem), { code = "bad_declaration", problem = problem })
end

---@class CompileOptions
---@field strict? boolean  check results in full; they hold plain values only, no JSON text kept as bytes
---@field known? boolean   its output schema was checked when the program was made: a built-in tool, see spec/tools/common_spec.lua

--- Checks and compiles a declaration.  One that is wrong is refused with an error that names tool and
--- field; its `problem` is the same without the tool's name.
---@param declaration ToolDeclaration
---@param options? CompileOptions
---@return Tool|nil tool, Error? err
---@return_overload Tool
---@return_overload nil, Error
function M.compile(declaration, options)
  if type(declaration) ~= "table" then return refuse("?", "the declaration must be a table, got " .. type(declaration)) end
  local name = tostring(declaration.name)
  local problem = find_problem(declaration)
  if problem then return refuse(name, problem) end
  local ok, tool = pcall(compile, declaration, options) ---@type boolean, any
  if not ok then return refuse(name, tostring(tool)) end
  return tool
end

--- The same tool with fields changed, and with hints: to give one compiled declaration another `run`.
---@param tool Tool
---@param changes { run: function?, annotations: table<string, boolean>?, seconds: (fun(): number)? }
---@return Tool
function M.changed(tool, changes)
  local copy = {}
  for key, value in pairs(tool) do copy[key] = value end
  copy.run = changes.run or tool.run
  copy.seconds = changes.seconds or tool.seconds
  if changes.annotations then
    copy.annotations = all_hints(changes.annotations)
    copy.risk = risk_of(copy.annotations)
  end
  return copy --[[@as Tool]]
end

--- A snapshot of these tools, whose names differ.
---@param tools Tool[]
---@return Snapshot
function M.snapshot_of(tools)
  local list, by_name = {}, {}
  for i, tool in ipairs(tools) do
    list[i] = tool
    by_name[tool.name] = tool
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return { list = list, find = function(name) return by_name[name] end }
end

--- Adds a tool.  A declaration that is wrong is refused with an error that names tool and field.
---@param declaration ToolDeclaration
---@param options? CompileOptions
---@return Tool|nil tool, Error? err
---@return_overload Tool
---@return_overload nil, Error
function Registry:add(declaration, options)
  local tool, err = M.compile(declaration, options)
  if not tool then return nil, err end
  if self.tools[tool.name] then return refuse(tool.name, "a tool of this name is there already") end
  self.tools[tool.name] = tool
  return tool
end

--- The tools as they are now.  What is added later is in later snapshots only.
---@return Snapshot
function Registry:snapshot()
  local list = {}
  for _, tool in pairs(self.tools) do list[#list + 1] = tool end
  return M.snapshot_of(list)
end

---@return Registry
function M.new()
  return setmetatable({ tools = {} }, Registry)
end

-- Calls --------------------------------------------------------------------------------------------

local SECONDS = 2 -- of processor time for a check, where nothing else is set

-- A value of megabytes must neither take the loop for itself nor take for ever.
local function metered(tool, check, value)
  return meter.within(tool.seconds and tool.seconds() or SECONDS, check, value, tool)
end

local function read(tool, arguments)
  local input, err = metered(tool, tool.read, arguments)
  if input or errors.is(err) then return input, err end
  return nil, errors.new(("The arguments %s."):format(err), { code = "invalid_input" })
end

local function run(tool, arguments, ctx)
  local input, err = read(tool, arguments or ctx:take_arguments())
  if not input then return nil, err end
  if tool.rules then
    local ok, broken = tool.rules(input)
    if not ok then return nil, broken or errors.new("the arguments break a rule of this tool") end
  end
  return tool.run(input, ctx)
end

local function misbehaved(tool, problem)
  local message = ("tool '%s': %s"):format(tool.name, problem)
  log.write("error", message)
  return nil, errors.new(message)
end

local function as_error(err)
  return nil, errors.is(err) and err or errors.new(tostring(err))
end

-- A result that is not what the tool promised: an error that carries it, for what made it may have been paid.
local function misfit(tool, result, problem)
  local message = ("tool '%s': its result breaks its own output schema: %s; what it gave is in 'returned'"):format(tool.name, problem)
  local err = outcome.undelivered(message, result)
  local begun = result.begun and result.begun:account()
  log.write("error", begun and message .. ". " .. begun or message)
  return err
end

local function check_own(tool, data, work)
  return label.check_without(tool.label_rules, data, tool.conforms, work)
end

local function check_in_full(data, work, tool)
  tool.shape(data, work)
  return check_own(tool, data, work)
end

-- The check of a tool that is not strict looks at the outermost members alone: that is never long.
local function check_data(tool, data)
  if tool.shape then return metered(tool, check_in_full, data) end
  return check_own(tool, data)
end

-- Members stand in the order in which `output` declares them, where the tool has given them none.
local function order_data(tool, data)
  if tool.order and type(data) == "table" and getmetatable(data) == nil then json.ordered(tool.order, data) end
end

-- What a tool returned, as a result or as an error that carries it.
local function check_result(tool, result)
  if type(result) ~= "table" then return misbehaved(tool, "its result must be a table, got " .. type(result)) end
  local text = result.text
  if text ~= nil and type(text) ~= "string" then
    return misbehaved(tool, "its result's 'text' must be a string, got " .. type(text))
  end
  if not tool.conforms or result.joined then return result end
  if not result.pending then
    local conforms, problem = check_data(tool, result.data)
    if not conforms then return nil, misfit(tool, result, problem) end
  end
  order_data(tool, result.data)
  return result
end

--- Calls a tool, in a fiber, and gives what it gave, or the error, whatever happens: bad arguments, an error
--- returned or raised, a result that is not what the tool promised, which the error carries.  Only the fiber's
--- cancellation is raised.
---@param tool Tool
---@param arguments? table  default: those of the context, which are let go once they are read
---@param ctx Context
---@return CallResult|nil result, Error? err
---@return_overload CallResult
---@return_overload nil, Error
function M.attempt(tool, arguments, ctx)
  local ok, result, err = xpcall(run, guard.on_raise, tool, arguments, ctx)
  if not ok then
    local raised = errors.wrap(guard.caught("tool '%s'", tool.name, result))
    return nil, receipts.name_in(ctx.receipts, raised)
  end
  return M.finish(tool, result, err)
end

--- What a tool gave, as a result that keeps its promises or as the error that carries it.
---@param tool Tool
---@param result any
---@param err any
---@return table|nil result, Error? err
---@return_overload table
---@return_overload nil, Error
function M.finish(tool, result, err)
  if result == nil then return as_error(err or "the tool gave neither a result nor an error") end
  return check_result(tool, result)
end

--- What `attempt` gave as one result: of an error the one that tells it.
---@param result? table
---@param err? Error
---@return CallResult
function M.result(result, err)
  if not result then return outcome.failure(err --[[@as Error]]) end
  return {
    text = result.text, data = result.data, content = result.content, is_error = false, label_beside = result.label_beside,
    pending = result.pending, begun = result.begun,
    outline = result.outline, brief = result.brief, joined = result.joined, note = result.note,
  }
end

--- What `finish` gives, in the form in which the client gets it: behind the links of the context, with nothing left to execute.
---@param tool Tool
---@param result any
---@param err any
---@param ctx Context
---@return table|nil result, Error? err
function M.report(tool, result, err, ctx)
  local effect = { call = effects.call_of(ctx), branch = "", seq = 0, kind = "tool", name = tool.name }
  return effects.perform(effect, { ctx = ctx, tool = tool }, function() return M.finish(tool, result, err) end)
end

local function execute(effect, scope)
  return M.attempt(scope.tool, effect.input, scope.ctx)
end

--- Calls a tool for who asks from outside: a client, the command line, a test.  As `attempt`, behind the links that the context
--- has for effects (lib.calls.effects).
---@param tool Tool
---@param arguments? table
---@param ctx Context
---@return table|nil result, Error? err
function M.perform(tool, arguments, ctx)
  if not ctx.effects then return M.attempt(tool, arguments, ctx) end
  local effect = {
    call = effects.call_of(ctx), branch = "", seq = 0, kind = "tool", name = tool.name, input = arguments or ctx:take_arguments(),
  }
  return effects.perform(effect, { ctx = ctx, tool = tool }, execute)
end

--- The same, with an error as the result that tells it.
---@param tool Tool
---@param arguments? table
---@param ctx Context
---@return CallResult
function M.call(tool, arguments, ctx)
  return M.result(M.perform(tool, arguments, ctx))
end

return M
