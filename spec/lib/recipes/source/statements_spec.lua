local scan = require "lib.recipes.source.scan"

local function uses(list)
  local out = {}
  for i, use in ipairs(list) do out[i] = use.name .. (use.write and "=" or "") .. ":" .. use.line end
  return out
end

local function endless(text)
  return uses(scan.scan(text).endless)
end

local function unreachable(text)
  return uses(scan.scan(text).unreachable)
end

describe("lib.recipes.source.statements", function()
  it("reads every statement of Lua", function()
    local scanned = scan.scan [[
      ; local a <const>, b = 1
      ::top::
      if a then b = 2 elseif c then goto top else return end
      while a do break end
      for i = 1, 2, 3 do local _ = i end
      for k, v in pairs(a) do local _ = k, v end
      repeat local done = a until done
      function a.b.c:d() end
      local function f() return f end
      do f() end
      x, y.z = a, b
      return a, b;
    ]]
    assert.same({ "c:3", "pairs:6", "y:11", "x=:11" }, uses(scanned.globals))
  end)

  it("tells a loop that nothing leaves", function()
    assert.same({ "while:1" }, endless "while true do end")
    assert.same({ "while:1" }, endless "while true do for _ = 1, 2 do break end end")
    assert.same({ "while:2" }, endless "local rc = require 'rc'\nwhile true do rc.sleep(1) end")
  end)

  it("tells none that anything may leave", function()
    for _, text in ipairs {
      "while x do end", "while true do break end", "while true do return end", "while true do error('x') end",
      "while true do h():g() end", "while true do local t = {} t.f() end", "while true do goto out end ::out::",
      "while true do while true do return end end", "while true do if x then break end end",
      "while true do g(function() error('x') end) end",
    } do
      assert.same({}, endless(text), text)
    end
  end)

  it("tells what stands behind an end", function()
    assert.same({ "error:2" }, unreachable "error('x')\nprint(1)")
    assert.same({ "the loop:2" }, unreachable "while true do end\nprint(1)")
    assert.same({ "rc.fail:2" }, unreachable "local rc = require 'rc' rc.fail('x')\nprint(1)")
  end)

  it("lets an end be sealed", function()
    for _, seal in ipairs { "return", "return nil", "return;", "break", "goto top", ";" } do
      assert.same({}, unreachable(("while x do ::top:: error('x') %s end"):format(seal)), seal)
    end
  end)

  it("knows no local by what it was, once it was given something else", function()
    local function rc_uses(text) return #scan.scan("local rc = require 'rc' " .. text).rc end
    assert.equal(1, rc_uses "local r = rc return r.now()")
    assert.equal(0, rc_uses "rc = nil return rc.now()")
    assert.equal(0, rc_uses "local r = rc r = nil return r.now()")
  end)

  it("notes members that are written to a local of one's own", function()
    local scanned = scan.scan "local t = {} t.a = 1 t['b'] = 2 function t.c() end function t:d() end return t.a"
    local variable
    for _, access in ipairs(scanned.accesses) do variable = variable or access.variable end
    assert.is_true(variable.extended)
    assert.same({ a = true, b = true, c = true, d = true }, variable.written)
  end)

  it("notes values that nobody takes, and methods that are called so", function()
    local scanned = scan.scan "local rc = require 'rc' local job = rc.job('a', 'b') job:wait() rc.now() local _ = job:status()"
    assert.equal(2, #scanned.dropped)
    assert.equal(1, #scanned.thrown)
    assert.equal("wait", scanned.thrown[1].name)
  end)

  it("notes a loop that counts from zero where its number is an index", function()
    local function misused(text) return uses(scan.scan(text).misused) end
    assert.same({ "0-based:1" }, misused "for i = 0, #t - 1 do f(t[i]) end")
    assert.same({ "0-based:1" }, misused "for i = 0, #t do f(t[i]) end")
    assert.same({}, misused "for i = 0, #t - 1 do f(t[i + 1]) end")
    assert.same({}, misused "for i = 1, #t do f(t[i]) end")
  end)

  it("raises where something ends nothing", function()
    assert.error_matches(function() scan.scan "local a = 1\nend" end, "line 2: 'end' ends nothing")
  end)
end)
