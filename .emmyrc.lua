-- How scripts/check-types has the annotations here checked, by emmylua_check; .luarc.json is for editors with LuaLS.
return {
  runtime = { version = "Lua5.4" },
  workspace = { workspaceRoots = { "lua", "lua/meta" } },
  -- As for LuaLS: what a list holds at a number is of its type, without a question at each loop.
  strict = { arrayIndex = false },
  diagnostics = {
    disable = {
      -- What a map holds under a name may be missing, which the type of its values does not say: `if map[name]` is no mistake.
      "unnecessary-if",
      -- Fibers and recipes wait in plain functions, and any function may be called in one: none is marked as async.
      "await-in-sync",
      -- It wants the name of a local where a field is meant that may have changed since.
      "preferred-local-alias",
    },
  },
}
