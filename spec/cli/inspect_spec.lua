local inspect = require "cli.shared.inspect"

describe("cli.shared.inspect", function()
  it("writes values as Lua does", function()
    assert.equal("nil", inspect.text(nil))
    assert.equal('"a\\n\\"b"', inspect.text 'a\n"b')
    assert.equal("{}", inspect.text {})
    assert.equal('{ 1, 2, [10] = 3, ["a b"] = 4, c = 5 }', inspect.text { 1, 2, [10] = 3, ["a b"] = 4, c = 5 })
  end)

  it("writes what a terminal would obey as Lua does, too", function()
    for _, value in ipairs { "\27[31m", "a\u{9B}31m", "\u{202E}eteled", "\127\8\r\0" } do
      local text = inspect.text(value)
      assert.equal(text, require("cli.shared.terminal").plain(text))
      assert.equal(value, load("return " .. text)())
      assert.equal('{ ["' .. text:sub(2, -2) .. '"] = 1 }', inspect.text { [value] = 1 })
    end
  end)

  it("breaks what is long over lines, sorted", function()
    local text = inspect.text { b = ("x"):rep(60), a = { ("y"):rep(60) } }
    assert.equal(('{\n  a = { "%s" },\n  b = "%s",\n}'):format(("y"):rep(60), ("x"):rep(60)), text)
  end)

  it("ends with what contains itself, is deep, or is long", function()
    local ring = {}
    ring.me = ring
    assert.equal("{ me = <itself> }", inspect.text(ring))
    local deep = {}
    for _ = 1, 50 do deep = { deep } end
    assert.matches("{…}", inspect.text(deep), 1, true)
    local long = {}
    for i = 1, 1000 do long[i] = i end
    assert.matches("200,\n  …", inspect.text(long), 1, true)
  end)

  it("runs nothing of the value's own, and says what it is", function()
    local value = setmetatable({ id = 1 }, {
      __name = "rc.Job", __metatable = false, __index = error, __pairs = error, __len = error, __tostring = error,
    })
    assert.equal("rc.Job { id = 1 }", inspect.text(value))
  end)
end)
