--- `rcmcp lua FILE [ARG...]`: runs a Lua file inside the program, with the core modules at hand.

local M = {
  summary = "Run a Lua file inside the program, as its specs are",
  usage = "FILE [ARGUMENT...]",
}

--- Runs a script, as the stand-alone interpreter would.
---@param argv string[]  the arguments behind the subcommand's name
---@return integer status
function M.run(argv)
  local file = argv[1]
  if not file then
    io.stderr:write("usage: rcmcp lua FILE [ARGUMENT...]\n")
    return 64
  end
  local arg = table.move(argv, 2, #argv, 1, { [0] = file })
  _G.arg = arg
  local chunk, err = loadfile(file)
  if not chunk then error(err, 0) end
  chunk(table.unpack(arg))
  return 0
end

return M
