--- The program: picks lua/cli/NAME.lua by the first argument.

---@param argv string[]  the command line, [0] is the program
---@return integer status  exit status
return function(argv)
  local cli = require "cli.cli"
  return cli.main(argv)
end
