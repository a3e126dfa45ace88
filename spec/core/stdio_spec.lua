local child = require "spec.support.child"

local function echo(max)
  return child.rcmcp { "lua", "spec/support/echo_lines.lua", tostring(max or 100) }
end

describe("core.stdio", function()
  it("delivers lines without LF or CR LF, the last one also without an end", function()
    local c <close> = echo()
    c:write("one\r\ntwo\n\nfo")
    c:write("ur")
    c:close_stdin()
    assert.equal(0, (c:wait()))
    assert.equal("3:one\n3:two\n0:\n4:four\n", c.out)
  end)

  it("keeps everything but the protocol off standard output", function()
    local c <close> = echo()
    c:close_stdin()
    c:wait()
    assert.equal("", c.out)
    assert.matches("a print goes to standard error", c.err, 1, true)
    assert.matches("so does io.write", c.err, 1, true)
  end)

  it("skips a line over the limit and goes on with the next", function()
    local c <close> = echo(10)
    c:write(("x"):rep(11) .. "\n" .. ("y"):rep(10) .. "\r\n" .. ("z"):rep(200000) .. "\nnext\n")
    c:close_stdin()
    c:wait()
    assert.equal("too_long\n10:yyyyyyyyyy\ntoo_long\n4:next\n", c.out)
  end)

  it("writes in order whatever the reader's speed, and pauses and resumes reading", function()
    local c <close> = echo()
    c:write("flood\npause\nafter\n")
    c:close_stdin()
    assert.equal(0, (c:wait()))
    local expected = "5:flood\n" .. (("x"):rep(9999) .. "\n"):rep(200) .. "5:pause\n5:after\n"
    assert.is_true(c.out == expected)
  end)

  it("keeps what it has read while it is paused, and gives all of it in order", function()
    local c <close> = echo()
    local lines = {}
    for i = 1, 300 do lines[i] = i % 3 == 0 and "breathe" or tostring(i) end
    c:write(table.concat(lines, "\n") .. "\nlast, without an end")
    c:close_stdin()
    assert.equal(0, (c:wait()))
    for i, line in ipairs(lines) do lines[i] = #line .. ":" .. line end
    assert.equal(table.concat(lines, "\n") .. "\n20:last, without an end\n", c.out)
  end)

  it("delivers nothing more once it is paused, not even lines that came along", function()
    local c <close> = echo()
    c:write("stop\nnever\n")
    assert.equal("4:stop", c:line())
    c:write("never\n")
    c.handle:kill("TERM")
    c:wait()
    assert.equal("4:stop\n", c.out)
  end)

  it("notices while it is paused that the other side has ended, and what that wrote comes first", function()
    local c <close> = echo()
    c:write("stop\n" .. ("x\n"):rep(50000) .. "stop\nlast\n")
    assert.equal("4:stop", c:line())
    c:close_stdin()
    assert.equal(0, (c:wait()))
    assert.is_true(c.out == "4:stop\n" .. ("1:x\n"):rep(50000) .. "4:stop\n4:last\n")
  end)

  it("notices the same where it reads from a socket that is closed for writing only", function()
    local script = "import socket, subprocess, sys\n"
      .. "ours, theirs = socket.socketpair()\n"
      .. "child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=subprocess.PIPE)\n"
      .. "ours.sendall(b'stop\\n')\n"
      .. "assert child.stdout.readline() == b'4:stop\\n'\n"
      .. "ours.sendall(b'after\\n')\n"
      .. "ours.shutdown(socket.SHUT_WR)\n"
      .. "print(child.stdout.read().decode(), child.wait())\n"
    local c <close> = child.spawn("python3", { "-c", script, child.program, "lua", "spec/support/echo_lines.lua", "100" })
    assert.equal(0, (c:wait()))
    assert.equal("5:after\n 0\n", c.out)
  end)

  it("tells when the reader of its output is gone, and the program can end", function()
    local c <close> = echo()
    c:write("one\n")
    c:line()
    c.handle:close_stdout()
    c:write("two\n")
    c:wait_until(function(it) return it.status ~= nil end)
    assert.equal(0, c.status)
    assert.matches("broken", c.err, 1, true)
  end)

  it("reads standard input from a file", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write("from a file\n")
    f:close()
    local command = "exec \"$0\" lua spec/support/echo_lines.lua 100 < " .. path
    local c <close> = child.spawn("sh", { "-c", command, child.program })
    assert.equal(0, (c:wait()))
    assert.equal("11:from a file\n", c.out)
    os.remove(path)
  end)

  it("is paused within a file, too", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(("breathe\nx\n"):rep(100))
    f:close()
    local c <close> = child.spawn("sh", { "-c", "exec \"$0\" lua spec/support/echo_lines.lua 100 < " .. path, child.program })
    assert.equal(0, (c:wait()))
    assert.equal(("7:breathe\n1:x\n"):rep(100), c.out)
    os.remove(path)
  end)

  it("tells of each line that memory ran out for, in their order, and of the end after them", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write([[
      local host, loop, stdio = require "core.host", require "core.loop", require "core.stdio"
      local heard, refused = {}, 0
      stdio.read_lines(1000, function(line, why, kind, id)
        if refused < 9 then
          refused = refused + 1
          host.fail_allocations(0, 2)
          return { line }
        end
        heard[#heard + 1] = table.concat({ tostring(line), why, kind, tostring(id) }, " ")
      end)
      loop.run()
      print(table.concat(heard, "; "))
    ]])
    f:close()
    local c <close> = child.spawn(child.program, { "lua", path })
    c:write('{"id":1,"method":"a"}\n{"id":"two","method":"b"}\n')
    c:close_stdin()
    assert.equal(0, (c:wait()))
    os.remove(path)
    assert.equal('nil no_memory request 1; nil no_memory request "two"; nil eof unknown nil\n', c.out)
  end)
end)
