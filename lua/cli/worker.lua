--- `rcmcp worker`: what rcmcp starts for the recipes that it runs; of no use by hand, and refused there (src/walls/entry.c).

local M = {
  summary = "Run recipes for the rcmcp that starts this",
  hidden = true,
}

---@return integer status
function M.run()
  return require("lib.recipes.worker.main").run()
end

return M
