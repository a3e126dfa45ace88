--- Options of the commands: what several share, and one way to parse and to complain.

local exit_status = require "cli.shared.exit_status"

local M = {}

---@class Command
---@field summary string                one line of the program's help
---@field usage? string                 one line behind "rcmcp NAME", for a command without `define`
---@field epilog? string                below the options in its help
---@field hidden? boolean               left out of help and completion
---@field needs_arguments? boolean      without any, it says how it is used
---@field define? fun(parser: table)    declares options and arguments to argparse
---@field run fun(argv: string[]): integer  returns the exit status

-- What stops argparse when help is asked for: it has no way of its own that does not exit.
local HELP = setmetatable({}, { __tostring = function() return "help" end })

local function switch_text(setting)
  if setting.default ~= true then return setting.description end
  return "Do not " .. setting.description:gsub("^%u", string.lower)
end

--- Declares where recipes come from.
---@param parser table
function M.recipes(parser)
  parser:option("--recipes", "Also take recipes from this folder; may be repeated, later ones count more")
    :argname("DIR"):count("*")
  parser:flag("--examples", "Also take the recipes that come with rcmcp")
  M.in_process(parser)
end

--- Declares where they run.
---@param parser table
function M.in_process(parser)
  parser:flag("--in-process", "Run recipes in this process, without the walls of a worker: for a debugger")
end

--- Declares the settings as options, and the simulator's.
---@param parser table
function M.settings(parser)
  local settings = require "lib.config.settings"
  parser:option("--config", "Read this configuration instead of ~/.config/rcmcp/config.lua"):argname("FILE")
  for _, setting in ipairs(settings.list) do
    if setting.flag and setting.kind == "boolean" then
      local flag = parser:flag(setting.flag, switch_text(setting)):target(setting.name)
      if setting.default == true then flag:action("store_false") end
    elseif setting.flag then
      local option = parser:option(setting.flag, setting.description):target(setting.name)
      if setting.metavar then option:argname(setting.metavar) end
      if setting.choices then option:choices(setting.choices) end
    end
  end
  parser:flag("--simulate", "Use a simulated RunComfy inside the process: no key, no cost")
  parser:option("--speed", "How many times as fast as real the simulated time runs"):argname("FACTOR")
end

-- "--port 1 --port 2" is a mistake: which of the two counts is nobody's guess.  argparse would take the last.
local function refuse_twice(parser)
  for _, option in ipairs(parser._options) do
    if option._maxcount == 1 and option._maxargs > 0 then option:overwrite(false) end
  end
end

--- The library, which the build takes into the program.
---@return function
function M.argparse()
  return require "argparse" ---@diagnostic disable-line: unresolved-require -- it is not among the sources
end

--- The argparse parser of a command.
---@param name string
---@param command Command
---@return table
function M.parser(name, command)
  local argparse = M.argparse()
  local parser = argparse("rcmcp " .. name, command.summary .. ".", command.epilog):add_help(false)
  parser:flag("-h --help", "Show this help"):action(function() error(HELP, 0) end)
  if command.define then command.define(parser) end
  refuse_twice(parser)
  return parser
end

--- Says what is wrong with the command line.
---@param name string
---@param message string
---@return integer status
function M.usage_error(name, message)
  io.stderr:write(require("cli.shared.terminal").plain(("rcmcp %s: %s\nTry: rcmcp %s --help\n"):format(name, message, name)))
  return exit_status.usage
end

-- argparse turns whatever its callbacks raise into text.
local function asked_for_help(raised)
  return tostring(raised):find("^help\n") ~= nil
end

--- Parses the arguments of a command.  Without arguments argparse is not even loaded: `rcmcp serve`
--- starts in a millisecond.  `args` is nil when help or a complaint has been printed.
---@param name string
---@param command Command
---@param argv string[]
---@return table? args, integer? status
---@return_overload table
---@return_overload nil, integer
function M.parse(name, command, argv)
  if #argv == 0 and not command.needs_arguments then return {} end
  local parser = M.parser(name, command)
  local ok, parsed, args = pcall(parser.pparse, parser, argv)
  if not ok and asked_for_help(parsed) then
    print(parser:get_help())
    return nil, exit_status.ok
  elseif not ok then
    error(parsed, 0)
  elseif not parsed then
    return nil, M.usage_error(name, args --[[@as string]])
  end
  return args
end

return M
