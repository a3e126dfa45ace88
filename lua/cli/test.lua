--- `rcmcp test [DIR|FILE …]`: specs of recipes, run by busted inside the program.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"

local M = {
  summary = "Run the specs of recipes on the simulator",
  epilog = [[
Specs are files NAME_spec.lua in the syntax of busted, which must be installed.  Their kit runs a recipe against the
simulator, with time that jumps over waits:

  local kit = require "rcmcp.testkit"
  local result = kit.run("poster.lua", { prompt = "a fox" }, { states = { "cold_start" } })
  kit.expect_calls(result, { "submit_request", "get_request_status", "get_request_result" })

Without DIR or FILE the specs of the current folder and below run; where it has none, those of the recipe folders, such
as ~/.config/rcmcp/recipes.  Exit status: 0 all passed; 1 some did not; 64 wrong command line, or no spec anywhere;
69 busted is not installed.]],
}

function M.define(parser)
  parser:argument("places", "Folders, or spec files"):argname("DIR|FILE"):args("*")
  parser:option("--filter", "Run only specs whose name matches this Lua pattern"):argname("PATTERN")
  options.in_process(parser)
  parser:option("-o --output", "Output of busted: utfTerminal, plainTerminal, TAP, junit, json"):argname("HANDLER")
end

local ADVICE = "busted runs the specs, and it is not installed. Debian, Ubuntu: apt install lua-busted; macOS: brew install "
  .. "luarocks, then luarocks install busted (for Lua 5.4)."

local NO_SPEC = "there is no spec (NAME_spec.lua) in the current folder or below, nor in the recipe folders; rcmcp new NAME writes "
  .. "a recipe with one"

local function arguments(args, files)
  local list = { [0] = "rcmcp test", "--pattern=_spec", "--no-auto-insulate" }
  if args.filter then list[#list + 1] = "--filter=" .. args.filter end
  if args.output then list[#list + 1] = "--output=" .. args.output end
  return table.move(files, 1, #files, #list + 1, list)
end

local function usage(message, ...)
  return nil, require("lib.errors").new(message:format(...), { code = "usage" })
end

-- The specs at a place that somebody named; a file that is named may have any name.
local function specs_at(place)
  local stat, message = require("core.fs").stat(place)
  if not stat then return usage("cannot read %s", message) end
  if stat.type == "other" then return usage("%s is a device, not a file", place) end
  if stat.type ~= "directory" then return { place } end
  -- linear: a word of the command line
  local files, err = require("cli.shared.spec_files").find(#place > 1 and place:gsub("/+$", "") or place)
  if not files or #files > 0 then return files, err end
  return usage("there is no spec (NAME_spec.lua) in %s or below; rcmcp new NAME writes a recipe with one", place)
end

local function find_specs(places)
  if #places == 0 then
    local files, err = require("cli.shared.spec_files").of_current_folder()
    if files and #files == 0 then return usage(NO_SPEC) end
    return files, err
  end
  local files = {}
  for _, place in ipairs(places) do
    local more, err = specs_at(place)
    if not more then return nil, err end
    table.move(more, 1, #more, #files + 1, files)
  end
  return files
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("test", M, argv)
  if not args then return status end
  local found, runner = pcall(require, "busted.runner")
  if not found then
    io.stderr:write("rcmcp test: ", ADVICE, "\n")
    return exit_status.unavailable
  end
  local files, err = find_specs(args.places or {})
  if not files then return options.usage_error("test", err.message) end
  require("cli.shared.output").at_exit(function(failures) return failures == 0 and exit_status.ok or exit_status.tool_error end)
  require("lib.workbench.testkit.kit").in_process = args.in_process == true
  rawset(_G, "arg", arguments(args, files))
  runner --[[@as function]] { standalone = false }
  return exit_status.ok
end

return M
