local child = require "spec.support.child"

describe("core.log", function()
  for _, kind in ipairs { "pipe", "socket", "pty" } do
    it(("never waits for a reader of standard error, a %s, and counts what it drops"):format(kind), function()
      local args = { "spec/support/deaf_log.py", kind, child.program, "lua", "spec/support/log_much.lua" }
      local program <close> = child.spawn("python3", args)
      program:close_stdin()
      assert.equal(0, (program:wait()), program.err)
      local blocking, size, status, last = program.out:match "^(%a+)\t(%d+)\t(%d+)\t(.*)\n$"
      assert.equal("True", blocking) -- others share that description
      assert.equal("0", status)
      assert.is_true(tonumber(size) < 600 * 1024)
      local dropped = last:match "^rcmcp: warning: (%d+) lines of the log were dropped: standard error was not read\r?$"
      assert(dropped, last)
      assert.is_true(tonumber(dropped) > 1000)
    end)
  end

  it("writes every line, in order, to a reader that reads", function()
    local program <close> = child.rcmcp { "lua", "spec/support/log_much.lua" }
    program:wait_until(function(p) return p.out == "done\n" end)
    program:close_stdin()
    assert.equal(0, (program:wait()))
    local expected = 0
    for line in program.err:gmatch "[^\n]+" do
      if not line:find("dropped", 1, true) then
        local number = tonumber(line:match "^rcmcp: warning: (%d+) line")
        assert.is_true(number > expected)
        expected = number
      end
    end
    assert.is_true(expected > 1000)
  end)

  it("shows nothing that a terminal would obey, nor bytes that are no UTF-8", function()
    local script = os.tmpname()
    local _ <close> = setmetatable({}, { __close = function() os.remove(script) end })
    local file = assert(io.open(script, "w"))
    file:write [[local log = require "core.log"
      log.write("error", "\27[2J \u{9B}31m \u{9D}0;x\7 \127 \r \xFF é \u{A0} \u{202E}x\u{2069} \u{200F} 😀\tend")]]
    file:close()
    local status, _, err = child.run { "lua", script }
    assert.equal(0, status, err)
    assert.equal("rcmcp: error: ?[2J ?31m ?0;x? ? ? ? é \u{A0} ?x? \u{200F} 😀\tend\n", err)
  end)
end)
