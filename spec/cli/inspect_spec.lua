local inspect = require "cli.shared.inspect"

describe("cli.shared.inspect", function()
  it("writes values as Lua does", function()
    assert.equal("nil", inspect.text(nil))
    assert.equal('"a\\n\\"b"', inspect.text 'a\n"b')
    assert.equal("{}", inspect.text {})
    assert.equal('{ 1, 2, [10] = 3, ["a b"] = 4, c = 5 }', inspect.text { 1, 2, [10] = 3, ["a b"] = 4, c = 5 })
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
