-- docs/testing.md against the program: its spec passes, its names are there.
local child = require "spec.support.child"
local fs = require "core.fs"
local folder = require "spec.support.folder"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

describe("docs/testing.md", function()
  local text = read "docs/testing.md"

  it("has a spec that passes", function()
    local files <close> = folder.new()
    assert.equal(0, (child.run { "new", "poster", "--dir", files.path }))
    files:write("poster_spec.lua", assert(text:match "```lua\n(local kit.-)```"))
    local status, out, err = child.run { "test", "-o", "TAP", files.path }
    assert.equal(0, status, out .. err)
    assert.matches("1..3", out, 1, true)
  end)

  it("names every state, and no other", function()
    local documented = {}
    for name in text:match("^(.*)\n## Tapes"):gmatch "\n| `([%l_]+)` |" do documented[name] = true end
    local source, known = read "lua/lib/workbench/testkit/states.lua", {}
    for name in source:gmatch "\nfunction states%.([%l_]+)" do known[name] = true end
    assert.same(known, documented)
    local manual = read "lua/meta/rcmcp/testkit.lua"
    for name in pairs(known) do assert.matches('"' .. name .. '"', manual, 1, true) end
  end)

  it("names every rule, and no other", function()
    local known, documented = {}, {}
    local paths = { "lua/lib/workbench/lint.lua", "lua/lib/workbench/client_compatibility.lua", "lua/cli/check.lua" }
    for _, name in ipairs(assert(fs.list "lua/lib/workbench/lint")) do paths[#paths + 1] = "lua/lib/workbench/lint/" .. name end
    for _, path in ipairs(paths) do
      local source = read(path)
      for name in source:gmatch '"error", "([%l%d-]+)"' do known[name] = true end
      for name in source:gmatch '"warning", "([%l%d-]+)"' do known[name] = true end
      for name in source:gmatch 'rule = "([%l%d-]+)"' do known[name] = true end
      for name in source:gmatch 'add%(problems, "([%l%d-]+)"' do known[name] = true end
    end
    known.read = nil -- a file that cannot be read
    for line in text:match("## What check finds\n(.*)"):gmatch "\n|([^|]+)|" do
      for name in line:gmatch "`([%l%d-]+)`" do documented[name] = true end
    end
    assert.same(known, documented)
  end)
end)

describe("lua/meta/rcmcp/testkit.lua", function()
  it("has every function of the kit, and no other", function()
    local documented, known = { DEPLOYMENT = true, null = true, json = true, in_process = true }, {}
    for name in read("lua/meta/rcmcp/testkit.lua"):gmatch "\nfunction kit%.([%l_]+)" do documented[name] = true end
    for name in pairs(require "rcmcp.testkit") do known[name] = true end
    assert.same(documented, known)
  end)
end)
