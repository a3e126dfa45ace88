--- `rcmcp new NAME`: a recipe that works, with its spec.

local exit_status = require "cli.shared.exit_status"
local options = require "cli.shared.options"
local terminal = require "cli.shared.terminal"

local M = {
  summary = "Write a new recipe that works, with its spec",
  needs_arguments = true,
  epilog = [[
Written are NAME.lua, NAME_spec.lua and, where there is none, .luarc.json, which tells an editor what rc is.  They go to
~/.config/rcmcp/recipes, where `rcmcp serve` finds them, or to the folder of --dir.  Nothing is overwritten.]],
}

local OWNER_ONLY = 448 -- rwx for the owner: what others may write to is not loaded

function M.define(parser)
  parser:argument("name", "Name of the tool: lower-case letters, digits and '_'"):argname("NAME")
  parser:option("--dir", "Write into this folder"):argname("DIR")
end

local function user_folder()
  for _, root in ipairs(require("lib.recipes.files.folders").list {}) do
    if root.label == "configuration" then return root.path end
  end
end

local function taken(name)
  for _, module in ipairs(require("core.host").modules "tools.") do
    if module == "tools." .. name then return ("'%s' is the name of a built-in tool"):format(name) end
  end
  if name == "list_recipes" or name == "run_recipe" then return ("'%s' is the name of a built-in tool"):format(name) end
end

local function check_name(name)
  if not name:find "^[a-z][a-z0-9_]*$" or #name > 45 then
    return ("the name must be lower-case letters, digits and '_', a letter first, at most 45 of them; got '%s'"):format(name)
  end
  return taken(name)
end

local function check_free(folder, files)
  for _, file in ipairs(files) do
    if not file.keep and require("core.fs").stat(folder .. "/" .. file.name) then
      return ("%s/%s is there already"):format(folder, file.name)
    end
  end
end

-- Under a umask of 002 the group may write; such a file would not be loaded.
local function withdraw_from_others(path)
  local stat = require("core.fs").stat(path)
  if stat and stat.mode & 18 ~= 0 then os.execute("chmod go-w '" .. path:gsub("'", "'\\''") .. "'") end
end

local function write(path, text)
  local ok, problem = require("lib.write_file").write(path, text)
  if ok then withdraw_from_others(path) end
  return ok, problem
end

local function write_all(folder, files)
  local fs = require "core.fs"
  local made, message = fs.mkdir(folder, OWNER_ONLY)
  if not made then return nil, "cannot make " .. message end
  local written = {}
  for _, file in ipairs(files) do
    local path = folder .. "/" .. file.name
    if not (file.keep and fs.stat(path)) then
      local ok, problem = write(path, file.text)
      if not ok then
        for _, done in ipairs(written) do os.remove(done) end -- or the next try would be told that they are there already
        return nil, "cannot write " .. problem
      end
      written[#written + 1] = path
    end
  end
  return written
end

local function report(written, name, folder)
  for _, path in ipairs(written) do io.stdout:write(terminal.plain(path), "\n") end
  io.stderr:write(terminal.plain(
    ("Next: rcmcp test %s; rcmcp run %s/%s.lua --dry-run --simulate deployment_id=… prompt=…\n"):format(folder, folder, name)))
end

---@param argv string[]
---@return integer status
function M.run(argv)
  local args, status = options.parse("new", M, argv)
  if not args then return status end
  local folder = args.dir or user_folder()
  local problem = check_name(args.name) or not folder and "there is no home folder; say where with --dir" or nil
  if problem then return options.usage_error("new", problem) end
  -- linear: a word of the command line or of the settings
  folder = #folder > 1 and folder:gsub("/+$", "") or folder
  local files = require("cli.shared.templates").files(args.name, (require("lib.shipped").folder "meta"))
  problem = check_free(folder, files)
  if problem then return options.usage_error("new", problem) end
  local written, message = write_all(folder, files)
  if not written then
    io.stderr:write("rcmcp new: ", terminal.plain(message), "\n")
    return exit_status.tool_error
  end
  report(written, args.name, folder)
  return exit_status.ok
end

return M
