--- Prints lua/lib/features/built_in/definitions.lua; run by scripts/built-in-tools.

local built_in = require "lib.features.built_in"
local host = require "core.host"
local registry = require "lib.features.registry"

local parts = {}
for i, module in ipairs(host.modules "tools.") do
  local text = built_in.definition(assert(registry.compile(require(module))))
  parts[i] = text:gsub(',"', ',\n"') -- a comma before a quote is none of a text: there it would be escaped
end
print "--- What clients see of the built-in tools: the `tools` of lib.features.built_in.  Made by scripts/built-in-tools."
print("return [==[[\n" .. table.concat(parts, ",\n\n") .. "\n]]==]")
