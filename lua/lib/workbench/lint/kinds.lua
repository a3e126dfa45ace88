--- What a value is, as far as a source shows it: a text, a number, a list, a thing of the API with its fields.

local builtin_names = require "lib.recipes.load.builtin_names"
local meaning = require("lib.recipes.source.values").meaning
local parameters = require "lib.workbench.lint.parameters"
local vocabulary = require "lib.workbench.lint.vocabulary"

local M = {}

---@alias lint.Kind string  "text", "number", "boolean", "table", "list", "object", "function", "nil", or a thing of the API

-- Kinds of nodes: see lib.recipes.source.values.
local OF_NODE = {
  string = "text", text = "text", number = "number", fraction = "number", boolean = "boolean", table = "table", ["nil"] = "nil",
  ["function"] = "function", tool = "function", tools = "table", rc = "table", job = "job", finished = "finished",
  status = "status", response = "response", saved = "saved", flow = "flow", content = "content", results = "list", answer = "answer",
  outcome = "text",
}

local DECLARED = { string = "text", integer = "number", number = "number", boolean = "boolean", array = "list", object = "object" }

--- The things of the API: what messages call them, and their fields with the kinds of these; true: of any kind.
---@type table<string, { words: string, fields: table<string, string|true>, open: boolean? }>
M.THINGS = {
  job = { words = "a job", fields = { deployment_id = "text", request_id = "text" } },
  finished = { words = "the result of a job", fields = {
    status = "text", output_urls = "outputs", result = true, note = "text", instance_id = "text", deployment_id = "text",
    request_id = "text" } },
  output = { words = "an entry of output_urls", fields = {
    node_id = "text", channel = "text", url = "text", filename = "text", subfolder = "text", type = "text" } },
  status = { words = "the status of a job", open = true, fields = { status = "text", request_id = "text" } },
  response = { words = "a response", fields = { status = "number", body = "text", headers = "text", url = "text" } },
  saved = { words = "what rc.download gives", fields = {
    url = "text", path = "text", size = "number", mime_type = "text", about_path = "text" } },
  flow = { words = "a flow", fields = { name = "text", roles = "object", inputs = "list" } },
  content = { words = "content", open = true, fields = {} },
  client = { words = "a table of name and version", fields = { name = "text", version = "text" } },
}

--- Methods of the things of the API.
---@type table<lint.Kind, table<string, true>>
M.METHODS = { job = vocabulary.job_methods, flow = vocabulary.flow_methods, response = vocabulary.response_methods }

--- In the words of messages.
---@type table<lint.Kind, string>
M.WORDS = {
  text = "a text", number = "a number", boolean = "true or false", table = "a table", list = "a list", object = "an object",
  outputs = "a list of files", ["function"] = "a function", ["nil"] = "nil", answer = "the answer of a call",
}
for name, thing in pairs(M.THINGS) do M.WORDS[name] = thing.words end

local DEEPEST = 8

-- What a local stands for that keeps its value.
local function settled(node)
  local value = meaning(node)
  if value and value.is == "variable" and not value.variable.assigned then return value.variable.made end
  return value
end

--- Whether a member of rc is a function.
---@param name string
---@return boolean
function M.is_function(name)
  return vocabulary.rc[name] ~= nil and name ~= "null" and name ~= "json" and name ~= "tools"
end

local kind_of ---@type fun(scanned: lint.Scan, node: any, depth: integer): string?

local OF_SCHEMA = { string = "text", integer = "number", number = "number", boolean = "boolean", array = "list", object = "object" }

-- The kind of a field of what a built-in tool gives.
local function answer_kind(scanned, name, field)
  local tool = builtin_names.has(name) and scanned.find_tool and scanned.find_tool(name)
  local output = tool and tool.output
  if type(output) == "userdata" then output = output:value() end
  local property = output and output.properties and output.properties[field]
  return property and OF_SCHEMA[property.type]
end

local function is_context(node)
  return node and node.is == "variable" and node.variable.role == "ctx" and not node.variable.assigned
end

local function field_kind(scanned, node, depth)
  local declared = parameters.type_of(scanned, node)
  if declared then return DECLARED[declared] end
  if is_context(node.of) then return node.name == "client" and "client" or vocabulary.ctx_methods[node.name] and "function" or nil end
  local owner = settled(node.of)
  if owner and owner.is == "member" and owner.name == "json" then return node.name ~= "null" and "function" or nil end
  if owner and owner.is == "answer" and owner.tool then return answer_kind(scanned, owner.tool, node.name) end
  local kind = kind_of(scanned, node.of, depth + 1)
  if M.METHODS[kind] and M.METHODS[kind][node.name] then return "function" end
  local thing = M.THINGS[kind]
  local found = thing and thing.fields[node.name]
  return found ~= true and found or nil
end

-- The kind of what a list holds.
local function entry_kind(scanned, list, depth)
  local node = settled(list)
  local kind = kind_of(scanned, list, depth)
  if kind == "outputs" then return "output" end
  return node and kind == "list" and DECLARED[parameters.entry_type_of(scanned, node)] or nil
end

function kind_of(scanned, node, depth)
  node = settled(node)
  if not node or depth > DEEPEST then return nil end
  if node.is == "variable" then node = settled(node) end
  if not node then return nil end
  if node.is == "member" then return M.is_function(node.name) and "function" or nil end
  if node.is == "global" then return type(vocabulary.globals[node.name]) == "function" and "function" or nil end
  if node.is == "field" then
    return field_kind(scanned, node, depth)
  elseif node.is == "item" then
    return entry_kind(scanned, node.of, depth + 1)
  end
  if node.is == "answer" and node.tool and builtin_names.has(node.tool) then return "object" end
  return OF_NODE[node.is]
end

--- The kind of a value; nil where it is not certain.
---@param scanned lint.Scan
---@param node? table
---@return lint.Kind?
function M.of(scanned, node)
  return kind_of(scanned, node, 1)
end

--- Whether a value is what a function gets as its input, whole.
---@param scanned lint.Scan
---@param node? table
---@return boolean
function M.is_input(scanned, node)
  local variable = node and node.is == "variable" and node.variable
  for _, declaration in ipairs(variable and scanned.declarations or {}) do
    if declaration.input == variable and not variable.assigned then return true end
  end
  return false
end

--- The same as `of`, and "object" for the whole input.
---@param scanned lint.Scan
---@param node? table
---@return lint.Kind?
function M.whole(scanned, node)
  return M.is_input(scanned, node) and "object" or M.of(scanned, node)
end

--- The tool whose answer a value is.
---@param node? table
---@return string?
function M.answer_of(node)
  local value = settled(node)
  if value and value.is == "variable" then value = settled(value) end
  return value and value.is == "answer" and value.tool or nil
end

--- A call's place for messages: "input.prompt", "job:wait()", "it".
---@param node? table
---@return string
function M.called(node)
  if not node then return "it" end
  if node.is == "field" then
    local of = node.of and node.of.is == "variable" and node.of.variable.name
    return of and of .. "." .. node.name or node.name
  elseif node.is == "variable" then
    return node.variable.name
  elseif node.what then
    return node.what .. "(…)"
  elseif node.is == "member" then
    return "rc." .. node.name
  end
  return "it"
end

return M
