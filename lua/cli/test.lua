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
  parser:option("-o --output", "Output of busted: utfTerminal, plainTerminal, TAP, junit, json"):argname("HANDLER")
end

local ADVICE = "busted runs the specs, and it is not installed. Debian, Ubuntu: apt install lua-busted; macOS: brew install "
  .. "luarocks, then luarocks install busted (for Lua 5.4)."

local NO_SPEC = "there is no spec (NAME_spec.lua) in the current folder or below, nor in the recipe folders; rcmcp new NAME writes "
  .. "a recipe with one"

local function arguments(args, places)
  local list = { [0] = "rcmcp test", "--pattern=_spec", "--no-auto-insulate" }
  if args.filter then list[#list + 1] = "--filter=" .. args.filter end
  if args.output then list[#list + 1] = "--output=" .. args.output end
  return table.move(places, 1, #places, #list + 1, list)
end

-- The first of the places that has nothing to run.
local function empty_one(places)
  for _, place in ipairs(places) do
    if require("core.fs").stat(place).type == "directory" and not require("cli.shared.spec_files").has_spec(place) then return place end
  end
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("test", M, argv)
  if not args then return status end
  for _, place in ipairs(args.places or {}) do
    local stat, message = require("core.fs").stat(place)
    if not stat then return options.usage_error("test", ("cannot read %s: %s"):format(place, message)) end
  end
  local places = args.places or {}
  if #places == 0 then places = require("cli.shared.spec_files").places() end
  if #places == 0 then return options.usage_error("test", NO_SPEC) end
  local found, runner = pcall(require, "busted.runner")
  if not found then
    io.stderr:write("rcmcp test: ", ADVICE, "\n")
    return exit_status.unavailable
  end
  local empty = empty_one(places)
  if empty then
    return options.usage_error("test",
      ("there is no spec (NAME_spec.lua) in %s or below; rcmcp new NAME writes a recipe with one"):format(empty))
  end
  require("cli.shared.output").at_exit(function(failures) return failures == 0 and exit_status.ok or exit_status.tool_error end)
  _G.arg = arguments(args, places)
  runner { standalone = false }
  return exit_status.ok
end

return M
