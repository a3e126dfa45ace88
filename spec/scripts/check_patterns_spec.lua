-- scripts/check-patterns.lua against small trees.
local child = require "spec.support.child"
local fs = require "core.fs"

describe("scripts/check-patterns", function()
  local root

  before_each(function()
    root = os.tmpname()
    os.remove(root)
    assert(fs.mkdir(root .. "/lua"))
    assert(fs.mkdir(root .. "/recipes"))
  end)

  after_each(function()
    assert(child.spawn("rm", { "-r", root }):wait() == 0)
  end)

  local function check(source)
    local file = assert(io.open(root .. "/lua/a.lua", "w"))
    file:write(source)
    file:close()
    return child.run { "lua", "scripts/check-patterns.lua", root }
  end

  for _, call in ipairs {
    'text:match("^%s*(.-)%s*$")', 'text:gsub("%s+$", "")', 'text:find "[^/]*$"', 'string.match(text, "(%d+)%.")',
    "text:gmatch([[<([^>]*)>]])",
    'text:match("a.*b.*c")', 'text:gsub("%s*\\n%s*", " ")', 'text:find("<.->", 1)', 'text:match("(.-)=(.*)")', 'text:find("%f[%w]%w+")',
  } do
    it("refuses " .. call, function()
      local status, out = check("local text = ...\nreturn " .. call .. "\n")
      assert.equal(1, status, out)
      assert.matches("lua/a.lua:2: the pattern", out, 1, true)
    end)
  end

  for _, call in ipairs {
    'text:gsub("%s+", " ")', 'text:gmatch "[^\\n]+"', 'text:match("^(%a+)%s+(%a+)$")', 'text:find("a*b*", 1, true)',
    'text:match "^[^?#]*"',
    'text:find("^%s*<[%a!]")', 'text:match("<(%a+)>")', 'text:find("x%d?%d?$")',
  } do
    it("takes " .. call, function()
      local status, out = check("local text = ...\nreturn " .. call .. "\n")
      assert.equal(0, status, out)
      assert.matches("0 computed ones, 0 problems", out, 1, true)
    end)
  end

  it("takes a line that says why it is linear, and counts what is computed", function()
    local status, out = check('local text, p = ...\n-- linear: it has ten bytes\ntext:match("%s+$")\n'
      .. 'return text:find "%d+$" -- linear: so\n')
    assert.equal(0, status, out)
    status, out = check("local text, p = ...\nreturn text:find(p)\n")
    assert.equal(0, status, out)
    assert.matches("1 computed ones", out, 1, true)
  end)
end)
