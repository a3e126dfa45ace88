-- What a worker can no longer do.  Each attempt is made in a process of its own, by system calls: spec/support/walls_probe.c.
local child = require "spec.support.child"
local scratch = require "spec.support.scratch"

local KILLED = "signal 31, no core\n" -- SIGSYS

local function run(file, args, env)
  local process <close> = child.spawn(file, args, { env = env })
  process:close_stdin()
  process:wait()
  return process.out, process.err, process.status
end

local function has(program)
  return (run("sh", { "-c", "command -v " .. program })) ~= ""
end

local is_linux = run("uname", { "-s" }) == "Linux\n"
local machine = run("uname", { "-m" })
local has_filter = is_linux and (machine == "x86_64\n" or machine == "aarch64\n")

describe("core.walls", function()
  local folder, probe

  lazy_setup(function()
    folder = scratch.new()
    if not (is_linux and has "cc") then return end
    local file = folder.path .. "/probe"
    local _, problem, status = run("sh", { "-c",
      "exec cc -D_GNU_SOURCE -Isrc -o " .. file .. " spec/support/walls_probe.c src/walls/*.c" })
    assert(status == 0, problem)
    probe = file
  end)

  lazy_teardown(function() folder:__close() end)

  local function outcome(attempt)
    if not probe then return pending "needs Linux and a C compiler" end
    if not has_filter then return pending("no filter of system calls on " .. machine) end
    return (run(probe, { attempt }, { "SECRET=key" }))
  end

  for attempt, expected in pairs {
    open = "refused EPERM\n", create = "refused EPERM\n", access = "refused EPERM\n", socket = "refused EPERM\n",
    connect = "refused EPERM\n", kill = "refused EPERM\n", aim = "refused EPERM\n", code = "refused EPERM\n",
    dup = "refused EPERM\n", pipe = "refused EPERM\n", limit = "refused EPERM\n",
    memory = "refused ENOMEM\n", environment = "refused ENOENT\n",
    unknown = "refused ENOSYS\n", exec = KILLED, fork = KILLED, ptrace = KILLED, core = "signal 6, no core\n",
  } do
    it(("lets nothing through: %s"):format(attempt), function()
      local found = outcome(attempt)
      if found then assert.equal(expected, found) end
    end)
  end

  -- Runs a script behind the walls; its standard output is a pipe, which is open before.
  local function behind(script, env)
    local path = folder:write("script.lua", [[
      io.stdout:setvbuf "no"
      local walls = require("core.walls").raise(1024 * 1024 * 1024)
    ]] .. script)
    return run(child.program, { "lua", path }, env)
  end

  it("tells each wall in words", function()
    local out = behind [[ for _, wall in ipairs(walls) do print(wall.name, type(wall.stands), #wall.text > 0) end ]]
    local names = {}
    for name, kind, has_text in out:gmatch "(%l[%l ]*)\t(%l+)\t(%l+)\n" do
      names[#names + 1] = name
      assert.equal("boolean true", kind .. " " .. has_text)
    end
    assert.same({ "environment", "descriptors", "memory", "core dumps", "files", "processes", "parent", "tracing", "privileges",
      "system calls" }, names)
  end)

  it("leaves time, memory and the loop to what goes on", function()
    local out, err, status = behind [[
      local kept = {}
      for i = 1, 200 do kept[i] = ("x"):rep(100000) .. i end
      kept = nil
      collectgarbage()
      local loop, timer = require "core.loop", require "core.timer"
      timer.after(1, loop.stop)
      loop.run()
      print(os.time() > 0, os.clock() > 0, require("core.clock").monotonic() > 0)
    ]]
    assert.equal("true\ttrue\ttrue\n", out)
    assert.equal("", err)
    assert.equal(0, status)
  end)

  it("leaves nothing in the environment but the time zone, which still holds", function()
    local out = behind([[ print(os.getenv "SECRET", os.getenv "PATH", os.getenv "TZ", os.date("%H", 0)) ]],
      { "SECRET=key", "TZ=XYZ-3" })
    assert.equal("nil\tnil\tXYZ-3\t03\n", out)
  end)

  it("says why the address space has no ceiling where a tool needs more", function()
    local out = behind [[ print(walls[3].stands, walls[3].text) ]]
    assert.is_true(out == "true\t1024 MiB of address space\n" or out:find "^false\tno ceiling: %u?%l+" ~= nil, out)
  end)

  it("is no worker with arguments: walls are raised for none of these", function()
    local status, out, err = child.run { "worker", "x" }
    assert.equal(64, status)
    assert.equal("", out)
    assert.matches("it takes no arguments", err, 1, true)
    status, out = child.run { "worker", "--help" }
    assert.equal(0, status)
    assert.matches("usage: rcmcp worker", out, 1, true)
  end)

  it("refuses to be a worker that nobody has started", function()
    local status, out, err = child.run { "worker" }
    assert.equal(64, status)
    assert.equal("", out)
    assert.equal("rcmcp: error: worker: only rcmcp itself starts this, for the recipes that it runs\n", err)
  end)
end)
