local child = require "spec.support.child"
local host = require "core.host"
local loop = require "core.loop"
local process = require "core.process"

describe("core.process", function()
  it("gives the child its input and takes its output and status", function()
    local cat <close> = child.spawn("sh", { "-c", "cat; echo oops >&2; exit 3" })
    cat:write("one\n")
    cat:write("two\n")
    cat:close_stdin()
    assert.equal(3, (cat:wait()))
    assert.equal("one\ntwo\n", cat.out)
    assert.equal("oops\n", cat.err)
  end)

  it("tells the processor time of a child that runs", function()
    local busy <close> = child.spawn("sh", { "-c", "while :; do :; done" })
    if not busy.handle:cpu() then return pending "this system does not tell it" end
    busy:poll_until(function() return busy.handle:cpu() > 0.02 end)
    busy.handle:kill("KILL")
    busy:wait()
    assert.is_nil(busy.handle:cpu())
  end)

  it("ends a child by signal", function()
    local sleeper <close> = child.spawn("sleep", { "60" })
    assert.is_true(sleeper.handle:kill("TERM"))
    local _, signal = sleeper:wait()
    assert.equal(15, signal)
  end)

  for failures = 2, 40, 2 do
    it(("tells all of a child, in order and once, where memory runs out for it %d times"):format(failures), function()
      local heard = table.pack(table.unpack({}, 1, 100))
      heard.n = 0
      local function hear(what)
        return function(...)
          local told = { what, ... } -- needs memory
          heard.n = heard.n + 1
          heard[heard.n] = told
        end
      end
      local _ <close> = assert(process.spawn {
        file = "sh", args = { "-c", "echo one; echo two >&2; exit 3" },
        on_stdout = hear "out", on_stderr = hear "err", on_exit = hear "exit",
      })
      host.fail_allocations(0, failures)
      while heard.n < 5 do loop.step(true) end
      assert.equal(0, host.fail_allocations(0, 0))
      local texts, ends, status = { out = "", err = "" }, {}, {}
      for i = 1, heard.n do
        local what, value = heard[i][1], heard[i][2]
        if what == "exit" then
          status[#status + 1] = value
        elseif value then
          assert.is_nil(ends[what])
          texts[what] = texts[what] .. value
        else
          assert.is_nil(ends[what])
          ends[what] = true
        end
      end
      assert.same({ out = "one\n", err = "two\n" }, texts)
      assert.same({ out = true, err = true }, ends)
      assert.same({ 3 }, status)
    end)
  end

  it("kills the child when it is closed", function()
    local pid
    do
      local sleeper <close> = child.spawn("sleep", { "60" })
      pid = sleeper.handle:pid()
    end
    local gone = "while kill -0 " .. pid .. " 2>/dev/null; do :; done"
    local probe <close> = child.spawn("sh", { "-c", gone })
    assert.equal(0, (probe:wait()))
  end)

  it("lets go of a child whose output was closed twice, once it has ended", function()
    local c <close> = child.spawn("sh", { "-c", "read line; exit 4" })
    c.handle:close_stdout()
    c.handle:close_stdout()
    c:write("go\n")
    c:wait_until(function(it) return it.status ~= nil end)
    assert.equal(4, c.status)
    assert.is_nil((c.handle:write("late")))
  end)

  it("returns nil and a code for a program that does not exist", function()
    local handle, _, code = process.spawn { file = "/proc/no-such-program-anywhere", args = {} }
    assert.is_nil(handle)
    assert.equal("ENOENT", code)
  end)

  it("gives exactly the environment it is told", function()
    local env <close> = child.spawn("sh", { "-c", "echo $RCMCP_SPEC" }, { env = { "RCMCP_SPEC=here" } })
    env:wait()
    assert.equal("here\n", env.out)
  end)

  it("refuses options of the wrong type", function()
    assert.error_matches(function() process.spawn { file = "true" } end, "args must be a list")
    assert.error_matches(function() process.spawn { file = "true", args = { 1 } } end, "hold strings")
    assert.error_matches(function() process.spawn { file = "true", args = {}, on_exit = 1 } end, "functions")
  end)
end)
