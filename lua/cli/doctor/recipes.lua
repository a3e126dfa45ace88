--- The recipe folders: whether they can be read, who else may write there, and which recipes are broken.

local exit_status = require "cli.shared.exit_status"
local fs = require "core.fs"

local SHOWN = 10

local function problems_of(catalog)
  local list = {}
  for _, problem in ipairs(catalog:folder_problems()) do list[#list + 1] = problem.error end
  for _, entry in ipairs(catalog:report()) do
    if entry.error then list[#list + 1] = ("%s: %s"):format(entry.name, entry.error) end
  end
  return list
end

local function found(app, catalog)
  local there = {}
  for _, folder in ipairs(app:recipe_folders()) do
    if fs.stat(folder.path) then there[#there + 1] = folder.path end
  end
  local count = #catalog:report()
  if #there == 0 then return "no recipe folder" end
  return ("%d recipe%s in %s"):format(count, count == 1 and "" or "s", table.concat(there, ", "))
end

return {
  ---@param app App
  ---@return Check
  check = function(app)
    local catalog = app:catalog(true)
    local problems, text = problems_of(catalog), found(app, catalog)
    if #problems == 0 then return { name = "recipes", ok = true, text = text } end
    local lines = { text, table.unpack(problems, 1, math.min(#problems, SHOWN)) }
    if #problems > SHOWN then lines[#lines + 1] = ("and %d more problems"):format(#problems - SHOWN) end
    return { name = "recipes", ok = false, text = table.concat(lines, "\n"), status = exit_status.tool_error,
      advice = "rcmcp recipes shows each; rcmcp check FILE says more." }
  end,
}
