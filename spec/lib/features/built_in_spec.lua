-- What a list shows of the built-in tools before they are loaded is what it shows of them afterwards, to the byte.

local built_in = require "lib.features.built_in"
local host = require "core.host"
local json = require "core.json"
local registry = require "lib.features.registry"
local versions = require "lib.mcp.versions"

local function loaded()
  local tools = registry.new()
  for _, module in ipairs(host.modules "tools.") do assert(tools:add(require(module))) end
  return tools:snapshot().list
end

describe("the built-in tools before they are loaded", function()
  it("are those in lua/tools; else run scripts/built-in-tools", function()
    local known, list = built_in.tools(), loaded()
    assert.equal(#list, #known)
    for i, tool in ipairs(list) do assert.equal(built_in.definition(tool), built_in.definition(known[i])) end
  end)

  for _, version in ipairs(versions.all) do
    it("are listed alike in revision " .. version, function()
      local identity = { name = "rcmcp", version = "1", ttl_ms = 0 }
      local revision = require("lib.mcp.revisions." .. versions.module(version)):of(identity)
      assert.equal(revision:list_result("tools", loaded()), revision:list_result("tools", built_in.tools()))
    end)
  end

  it("show nothing but what a list does", function()
    for _, tool in ipairs(built_in.tools()) do assert.is_nil(tool.run) end
    assert.is_string(json.encode(built_in.tools()[1].schema))
  end)
end)
