--- `rcmcp tools [NAME]`: the tools, and what one of them takes.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local M = {
  summary = "List the tools, or show what one takes and returns",
}

function M.define(parser)
  parser:argument("name", "Show this tool"):argname("NAME"):args("?")
  parser:flag("--json", "Print declarations as JSON, as MCP clients get them")
end

local function all_tools()
  local tools = {}
  for _, module in ipairs(require("core.host").modules("tools.")) do tools[#tools + 1] = require(module) end
  return tools
end

local function declaration(tool)
  local parameters = require "lib.parameters"
  return require("core.json").ordered(
    { "name", "title", "description", "inputSchema", "outputSchema", "annotations" }, {
      name = tool.name, title = tool.title, description = tool.description, annotations = tool.annotations,
      inputSchema = parameters.compile(tool.input).schema, outputSchema = tool.output,
    })
end

local function describe(tool)
  return require("cli.shared.describe").text {
    name = tool.name, title = tool.title, description = tool.description, input = tool.input, call = "rcmcp call " .. tool.name,
  }
end

local function print_list(tools, as_json)
  if as_json then
    local list = {}
    for i, tool in ipairs(tools) do list[i] = declaration(tool) end
    local json = require "core.json"
    io.stdout:write(json.encode(json.as_array(list)), "\n")
  else
    for _, tool in ipairs(tools) do io.stdout:write(("%-22s %s\n"):format(tool.name, tool.title)) end
  end
  return exit_status.ok
end

local function print_one(tools, name, as_json)
  local names = {}
  for i, tool in ipairs(tools) do
    names[i] = tool.name
    if tool.name == name then
      local text = as_json and require("core.json").encode(declaration(tool)) or describe(tool)
      io.stdout:write(text, "\n")
      return exit_status.ok
    end
  end
  return options.usage_error("tools", ("there is no tool '%s'%s"):format(name, require("lib.didyoumean").hint(name, names)))
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("tools", M, argv)
  if not args then return status end
  local tools = all_tools()
  if args.name then return print_one(tools, args.name, args.json) end
  return print_list(tools, args.json)
end

return M
