--- The program: picks lua/cli/NAME.lua by the first argument.

---@param argv string[]  the command line, [0] is the program
---@return integer status  exit status
return function(argv)
  -- All that the program needs is inside it: no file of the working directory or of LUA_PATH takes part.
  if argv[1] ~= "lua" then package.path, package.cpath = "", "" end
  return require("cli.cli").main(argv)
end
