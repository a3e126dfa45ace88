local child = require "spec.support.child"
local fs = require "core.fs"
local scratch = require "spec.support.scratch"

describe(".ci/run", function()
  local place, started

  -- The script in a project of its own, with stubs for what its steps run.
  local function run(scripts)
    local steps = {}
    for name, text in pairs(scripts) do
      local path = place:write("scripts/check-" .. name, "#!/bin/sh\n" .. text .. "\n")
      assert(os.execute(("chmod +x '%s'"):format(path)))
      steps[#steps + 1] = name
    end
    local file = assert(io.open(".ci/run", "rb"))
    local script = place:write(".ci/run", file:read "a")
    file:close()
    started = child.spawn("bash", { script, table.unpack(steps) }, { env = { "TMPDIR=" .. place.path } })
    started:close_stdin()
    return started
  end

  local function leaves_nothing()
    for _, name in ipairs(fs.list(place.path)) do assert.is_nil(name:find "^tmp", name .. " was left behind") end
  end

  before_each(function() place = scratch.new() end)
  after_each(function()
    if started then started = started:close() end
    place = place:__close()
  end)

  -- Each of the two waits for the other one.
  local function beside(own, other, more)
    return ("echo begun; : >%s; while ! [ -e %s ]; do sleep 0.01; done; echo ended; %s"):format(own, other, more or "")
  end

  it("runs steps side by side, and shows the output of each in one piece", function()
    local ci = run { layers = beside("a", "b"), patterns = beside("b", "a", "echo complaint >&2") }
    assert.equal(0, ci:wait(), ci.out .. ci.err)
    assert.matches("=== layers\nbegun\nended\n--- layers: ok after ", ci.out, 1, true)
    assert.matches("=== patterns\nbegun\nended\ncomplaint\n--- patterns: ok after ", ci.out, 1, true)
    assert.matches("\nlayers +ok +%d+ s, +%d+ s of processor\npatterns +ok ", ci.out)
    assert.equal("", ci.err)
    leaves_nothing()
  end)

  it("goes on after a step that fails, and shows at the end why", function()
    local ci = run { layers = "echo broken; exit 3", patterns = "exit 0", docs = "exit 0" }
    assert.equal(1, (ci:wait()))
    assert.matches("docs: ok", ci.out, 1, true)
    assert.matches("=== layers: its last lines\nbroken\n.*\nlayers +FAILED ", ci.out)
  end)

  it("gives a step the standard streams and nothing else", function()
    local ci = run { docs = "for name in 3 4 5 6 7 8 9; do if (true >&$name); then echo has $name; fi; done 2>/dev/null; exit 0" }
    assert.equal(0, (ci:wait()))
    assert.matches("=== docs\n--- docs: ok", ci.out, 1, true)
  end)

  it("says why a step was skipped", function()
    local ci = run { types = "exit 69" }
    assert.equal(0, (ci:wait()))
    assert.matches("types: skipped (no emmylua_check here)", ci.out, 1, true)
  end)

  for signal, status in pairs { INT = 130, TERM = 143, HUP = 129 } do
    it("ends with all that it started on SIG" .. signal .. ", which ends in its own time", function()
      assert(os.execute(("mkfifo '%s/pipe'"):format(place.path)))
      local reader <close> = child.spawn("cat", { place.path .. "/pipe" }) -- ends with the last that could write
      local function has_both(word)
        reader:wait_until(function() return select(2, reader.out:gsub(word, "")) == 2 end)
      end
      local sleeper = "exec >pipe; trap 'trap \"\" TERM; echo told; until [ -e go ]; do sleep 0.01; done; echo cleaned; exit 1' TERM; "
        .. "sleep 600 & echo began; wait" -- in this order: what is begun behind the signal has not heard of it
      local ci = run { layers = sleeper, patterns = sleeper }
      has_both "began"
      ci.handle:kill(signal)
      has_both "told"
      place:write("go", "")
      has_both "cleaned"
      assert.equal(status, (ci:wait()))
      assert.equal(0, (reader:wait()))
      assert.matches("stopped by SIG" .. signal, ci.err)
      leaves_nothing()
    end)
  end
end)
