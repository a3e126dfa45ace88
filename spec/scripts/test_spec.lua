local child = require "spec.support.child"
local fs = require "core.fs"
local scratch = require "spec.support.scratch"

describe("scripts/test", function()
  local place, started

  -- The script in a project of its own, in which building does nothing and the program is a stub.
  local function project(program)
    for name, text in pairs {
      ["scripts/setup"] = "exit 0", ["bin/cmake"] = "exit 0", ["bin/busted"] = "exit 0", ["build/rcmcp"] = program,
    } do
      local path = place:write(name, "#!/bin/sh\n" .. text .. "\n")
      assert(os.execute(("chmod +x '%s'"):format(path)))
    end
    place:write("build/CMakeCache.txt", "")
    local file = assert(io.open("scripts/test", "rb"))
    local script = place:write("scripts/test", file:read "a")
    file:close()
    started = child.spawn("bash", { script, "spec/some_spec.lua" },
      { env = { "PATH=" .. place.path .. "/bin:" .. os.getenv "PATH", "TMPDIR=" .. place.path } })
    started:close_stdin()
    return started
  end

  before_each(function() place = scratch.new() end)
  after_each(function()
    if started then started = started:close() end
    place = place:__close()
  end)

  it("counts what passed, failed and was skipped", function()
    local run = project "echo '3 successes / 0 failures / 0 errors / 1 pending : 0.1 seconds'"
    assert.equal(0, run:wait(), run.err)
    assert.matches("3 passed, 0 failed, 1 skipped\n$", run.out)
  end)

  it("fails when a spec fails, and when the run dies after its count", function()
    local run = project "echo '3 successes / 1 failure / 1 error / 0 pending : 0.1 seconds'; exit 2"
    assert.equal(1, run:wait())
    assert.matches("3 passed, 2 failed, 0 skipped\n$", run.out)
    run:close()
    run = project "echo '3 successes / 0 failures / 0 errors / 0 pending : 0.1 seconds'; kill -SEGV $$"
    assert.equal(1, run:wait())
    assert.matches("3 passed, 1 failed, 0 skipped\n$", run.out)
  end)

  for signal, status in pairs { INT = 130, TERM = 143, HUP = 129 } do
    it("ends with all that it started on SIG" .. signal, function()
      local run = project 'sleep 600 & echo "began"; wait'
      run:wait_until(function() return run.out:find "began" ~= nil end)
      run.handle:kill(signal)
      assert.equal(status, (run:wait())) -- which waits for all that can still write, the sleeper, too
      assert.matches("stopped by SIG" .. signal, run.err)
      for _, name in ipairs(fs.list(place.path)) do assert.is_nil(name:find "^tmp", name .. " was left behind") end
    end)
  end
end)
