--- JSON for the layers that have no business with the core: the tools and what stands on them.
--- See core.json in lua/meta/core.lua for the manual.
return require "core.json"
