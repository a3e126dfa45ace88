local scan = require "lib.recipes.source.scan"

local function names(list)
  local result = {}
  for i, use in ipairs(list) do result[i] = use.name .. (use.write and "=" or "") end
  return result
end

describe("recipes.lint.scan", function()
  it("finds globals, read and written, and no local", function()
    assert.same({ "a", "f=", "c", "b=", "t", "t2" }, names(scan.scan([[
      local x = a
      function f() return x end
      b = c
      t.field = 1
      function t2.method() end
    ]]).globals))
  end)

  it("ends the scope of a local with its block", function()
    assert.same({ "x", "y", "i" }, names(scan.scan([[
      do local x = 1 end
      local z = x
      if z then local y = 2 end
      local w = y
      for i = 1, 2 do local _ = i end
      return i, w
    ]]).globals))
    assert.same({}, scan.scan("repeat local done = true until done").globals)
    assert.same({ "y" }, names(scan.scan("local y = y return y").globals))
  end)

  it("follows rc through other names", function()
    local scanned = scan.scan [[
      local rc <const> = require("rc")
      local also = rc
      local tools, submit = also.tools, rc.submit
      return tools.one {}, also.tools["two"] {}, submit, rc.tools.three
    ]]
    assert.same({ "one", "two", "three" }, names(scanned.tools))
    assert.same({ "tools", "submit", "tools", "tools" }, names(scanned.rc))
    assert.is_false(scanned.opaque)
  end)

  it("knows when it cannot follow any more", function()
    for _, text in ipairs {
      "f(rc)", "local t = { rc }", "return rc.tools[name]", "for k in pairs(rc.tools) do end", "x = rc", "return require(name)",
    } do
      assert.is_true(scan.scan('local rc = require "rc" ' .. text).opaque, text)
    end
  end)

  it("sees declarations with their name and their function's first parameter", function()
    local scanned = scan.scan [[
      local rc = require "rc"
      local function second(arguments, ctx) return arguments.x, ctx end
      return { rc.tool { name = "one", run = function(input) return input["a"], input.b end },
               rc.tool { name = "two", run = second }, rc.prompt { name = "three" } }
    ]]
    local one, two, three = table.unpack(scanned.declarations)
    assert.same({ "tool", "one", true }, { one.kind, one.name, one.in_sight })
    assert.same({ a = 3, b = 3 }, one.input.fields)
    assert.same({ x = 2 }, two.input.fields)
    assert.same({ "prompt", false }, { three.kind, three.in_sight })
    assert.is_true(scan.declares(scanned))
    assert.is_false(scan.declares(scan.scan 'local rc = require "rc" return rc.tools.x {}'))
  end)

  it("tells parameters that are used as a whole", function()
    for text, whole in pairs {
      ["input.a = 1"] = false, ["return input.a .. input.b"] = false, ["return f(input.a)"] = false,
      ["return f(input)"] = true, ["return input[k]"] = true, ["local x = input"] = true, ["return #input"] = true,
      ["input:m()"] = true, ["return function() return input end"] = true, ["return { input }"] = true,
    } do
      local scanned = scan.scan('local rc = require "rc" return rc.tool { run = function(input) ' .. text .. " end }")
      assert.equal(whole, scanned.declarations[1].input.whole, text)
    end
  end)
end)
