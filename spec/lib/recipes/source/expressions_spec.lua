local scan = require "lib.recipes.source.scan"

-- The value that a file returns, as far as it is known.
local function value_of(expression)
  return scan.scan("local rc = require 'rc' return " .. expression).returned.values[1]
end

local function kind_of(expression)
  return value_of(expression).is
end

local function globals(text)
  local names = {}
  for i, use in ipairs(scan.scan(text).globals) do names[i] = use.name end
  return names
end

describe("lib.recipes.source.expressions", function()
  it("knows what stands there as it is", function()
    assert.equal("number", kind_of "1")
    assert.equal("string", kind_of "'a'")
    assert.equal("string", kind_of "('a')")
    assert.equal("nil", kind_of "nil")
    assert.is_true(value_of("true").value)
    assert.equal("function", kind_of "function() end")
    assert.same({ is = "number", text = "-1" }, value_of "-1")
    assert.equal("unknown", kind_of "...")
    assert.equal("unknown", kind_of "not x")
    assert.equal("unknown", kind_of "-x")
    assert.equal("unknown", kind_of "1 + 2")
  end)

  it("knows of a join how its text begins, and of nothing else", function()
    assert.same({ is = "text", text = "https://" }, value_of "'https://' .. host")
    assert.equal("unknown", kind_of "host .. '/a'")
    assert.equal("unknown", kind_of "#'a' .. 'b'")
  end)

  it("reads tables: by name, in their place, and under keys that are worked out", function()
    local node = value_of "{ a = 1, ['b c'] = 2, [3] = 4, [k] = 5; 'x', f() }"
    assert.equal("1", node.fields.a.text)
    assert.equal("2", node.fields["b c"].text)
    assert.equal(2, #node.items)
    assert.is_true(node.open)
    assert.equal("3", node.numbers[1].text)
    assert.equal(2, #node.values)
    assert.is_nil(value_of("{ a = 1 }").open)
  end)

  it("follows chains of members, indexes, methods and calls of each form", function()
    assert.same({ "a", "b", "c", "d" }, globals "return a.x[b]:m(c){d}'e'")
    assert.same({ "f" }, globals "return f'text'.field")
    assert.same({ "f", "x" }, globals "return f{ x }")
  end)

  it("sees every name in every operand", function()
    assert.same({ "a", "b", "c", "d", "e", "f" }, globals "return not a and -b or #c .. d ^ -e == ~f")
  end)

  it("knows a function's parameters inside it, and nowhere else", function()
    assert.same({ "b", "a", "f", "self" }, globals "local function g(a, ...) return a, b end return a, f(self)")
    assert.same({}, globals "local t = {} function t:m(a) return self, a end")
  end)

  it("notes a text that is added, and texts that are joined", function()
    local function misused(text) return #scan.scan(text).misused end
    assert.equal(1, misused "return 'a' + b")
    assert.equal(1, misused "return b + 'a'")
    assert.equal(0, misused "return '1' + b")
    assert.equal(0, misused "return 'a' .. b")
  end)

  it("notes comparisons of whole values alone", function()
    local function compared(text)
      local list = scan.scan("return " .. text).compared
      return #list, list[1]
    end
    local count, first = compared "not a == 'x'"
    assert.equal(1, count)
    assert.is_true(first.negated)
    assert.equal("x", first.right.text)
    assert.equal(1, (compared "a == b and c"))
    assert.equal(0, (compared "a + 1 == b"))
    assert.equal(0, (compared "a == b .. c"))
    assert.equal(0, (compared "a == -b"))
  end)

  it("takes a value beside an operator for that operator's", function()
    local operations = scan.scan("return a + 1 .. 'b', #c, -d * 2").operations
    local seen = {}
    for i, operation in ipairs(operations) do seen[i] = operation.operator end
    assert.same({ "+", "..", "#", "*" }, seen)
    assert.equal("1", operations[1].right.text)
    assert.is_nil(operations[4].left, "it is worked with by the minus")
  end)

  it("ends where an expression is cut", function()
    for _, text in ipairs { "return (", "return {", "return f(", "return a.", "return function(" } do
      assert.is_false((pcall(scan.scan, text)), text)
    end
  end)
end)
