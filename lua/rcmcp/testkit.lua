--- `require "rcmcp.testkit"` in the specs of recipes.  The manual is lua/meta/testkit.lua.
return require "lib.workbench.testkit.kit"
