local child = require "spec.support.child"
local fs = require "core.fs"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function examples()
  local list = {}
  for _, folder in ipairs { "recipes", "recipes/scripts" } do
    for _, name in ipairs(fs.list(folder)) do
      if name:find("%.lua$") then list[#list + 1] = folder .. "/" .. name end
    end
  end
  return list
end

describe("the examples", function()
  it("are twelve recipes and two scripts", function()
    assert.equal(14, #examples())
  end)

  for _, path in ipairs(examples()) do
    local text = read(path)
    local name = path:match("([^/]+)%.lua$")

    it(("%s begins with its manual, and is short"):format(name), function()
      local header = text:match("^%-%-%- [^\n]*\n[%-\n].-\n\n")
      assert.matches("^%-%-%- " .. name .. ": %l", header)
      for _, word in ipairs { "When: ", "Costs: ", "Call: ", "rcmcp run " } do assert.matches(word, header, 1, true) end
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines >= 20 and lines <= 80, lines .. " lines")
    end)

    it(name .. " has its spec", function()
      local spec = path:find("/scripts/") and "spec/functional/examples_spec.lua" or ("spec/recipes/%s_spec.lua"):format(name)
      assert.is_truthy(read(spec):find(name, 1, true))
    end)
  end

  it("pass rcmcp check without a remark", function()
    for _, path in ipairs { "recipes", "recipes/scripts/nightly_batch.lua", "recipes/scripts/smoke_test.lua" } do
      local status, out, err = child.run { "check", path }
      assert.equal(0, status, out .. err)
      assert.matches(": 0 errors, 0 warnings", out .. err)
    end
  end)
end)
