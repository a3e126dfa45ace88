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
    'text:match("a.*b.*c")', 'text:gsub("%s*\\n%s*", " ")', 'text:find("<.->", 1)', 'text:match("(.-)=(.*)")',
    'text:find("%f[%w]%w+%f[%s]")',
    "text:find(BLANKS)", 'text:find("%s*" .. BLANKS)', "text:find(LIST[text])", "text:find(LIST.b)",
  } do
    it("refuses " .. call, function()
      local head = "local text = ...\nlocal BLANKS,\n  LIST = '%s+$', { a = 'x', b = '%d+$' }\nlocal OTHER = 'a'\n"
      local status, out = check(head .. "return " .. call .. "\n")
      assert.equal(1, status, out)
      assert.matches("lua/a.lua:5: the pattern", out, 1, true)
    end)
  end

  for _, call in ipairs {
    'text:gsub("%s+", " ")', 'text:gmatch "[^\\n]+"', 'text:match("^(%a+)%s+(%a+)$")', 'text:find("a*b*", 1, true)',
    'text:match "^[^?#]*"',
    'text:find("^%s*<[%a!]")', 'text:match("<(%a+)>")', 'text:find("x%d?%d?$")', 'text:find("%f[%w]%w+")',
    "text:find(WORD)", "text:match('^' .. WORD)", "text:gsub(utf8.charpattern, '')", "text:find(LIST[text], 1)",
    "object.pattern:match(text)",
  } do
    it("takes " .. call, function()
      local status, out = check("local text, object = ...\nlocal WORD <const> = '%a+'\nlocal LIST = {\n  'a', 'b+',\n}\nreturn " .. call
        .. "\n")
      assert.equal(0, status, out)
      assert.matches("0 problems", out, 1, true)
    end)
  end

  it("takes a line that says why it is linear", function()
    local status, out = check('local text, p = ...\n-- linear: it has ten bytes\ntext:match("%s+$")\n'
      .. 'return text:find "%d+$" -- linear: so\n')
    assert.equal(0, status, out)
  end)

  it("asks for one where a pattern is computed of what is no constant", function()
    for _, source in ipairs { "text:find(p)", "text:find(p .. 'a')", "text:find(p[1])", "text:find(p:gsub('%W', '%%%0'))" } do
      local status, out = check("local text, p = ...\nreturn " .. source .. "\n")
      assert.equal(1, status, out)
      assert.matches("lua/a.lua:2: the pattern is computed", out, 1, true)
    end
  end)

  it("judges each pattern of a table that a loop goes over, and the first of each entry", function()
    local head = "local text = ...\nlocal PLAIN = { 'a+b', '%s+$' }\nlocal RULES = { { 'ab', 'any words+$' }, { '%d+$', 'b' } }\n"
    local status, out = check(head .. "for _, one in ipairs(PLAIN) do\n  if text:find(one) then return end\nend\n")
    assert.equal(1, status, out)
    assert.matches('lua/a.lua:5: the pattern "%s+$"', out, 1, true)
    status, out = check(head .. "for _, rule in ipairs(RULES) do\n  if text:find(rule[1]) then return end\nend\n")
    assert.equal(1, status, out)
    assert.matches('lua/a.lua:5: the pattern "%d+$"', out, 1, true)
    assert.matches("1 problems", out, 1, true)
  end)
end)
