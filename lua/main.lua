--- The program: picks lua/cli/NAME.lua by the first argument.

-- The parts of a search path that do not depend on the working directory.
local function absolute(path)
  local parts = {}
  for part in path:gmatch "[^;]+" do
    if part:sub(1, 1) == "/" then parts[#parts + 1] = part end
  end
  return table.concat(parts, ";")
end

---@param argv string[]  the command line, [0] is the program
---@return integer status  exit status
return function(argv)
  -- All that the program needs is inside it: no file of the working directory or of LUA_PATH takes part.
  if argv[1] == "test" then -- busted is installed where Lua looks
    package.path, package.cpath = absolute(package.path), absolute(package.cpath)
  elseif argv[1] ~= "lua" then
    package.path, package.cpath = "", ""
  end
  return require("cli.cli").main(argv)
end
