local gaps = require "lib.recipes.worker.gaps"
local kept_log = require "spec.support.log"

local function wall(name, stands, text, refused)
  return { name = name, stands = stands, refused = refused == true, text = text }
end

describe("walls of a worker that do not stand", function()
  it("are those alone that a recipe is kept by", function()
    local memory, calls = wall("memory", false, "no ceiling: none was asked for"), wall("system calls", false, "only on Linux")
    local processes = wall("processes", false, "no limit holds for root")
    assert.same({ memory, calls }, gaps.of { processes, memory, wall("files", true, "none grows"), calls })
    assert.same({}, gaps.of { wall("memory", true, "1024 MiB of address space"), wall("system calls", true, "no files") })
  end)

  it("are told in the log, as a warning where the system refused what it has elsewhere", function()
    local lines = kept_log.lines_of(function()
      gaps.report {
        wall("memory", false, "no ceiling: none was asked for"),
        wall("system calls", false, "not filtered: Function not implemented", true),
      }
      gaps.report { wall("system calls", false, "only on Linux") }
      gaps.report { wall("system calls", false, "not filtered: valgrind makes calls of its own") }
      gaps.report { wall("memory", false, "the system refused it: Operation not permitted", true) }
      gaps.report { wall("system calls", true, "no files") }
    end)
    assert.same({
      "info: the worker of recipes lacks a wall: memory: no ceiling: none was asked for. " .. gaps.ADVICE,
      "warning: the worker of recipes lacks a wall: system calls: not filtered: Function not implemented. " .. gaps.ADVICE,
      "info: the worker of recipes lacks a wall: system calls: only on Linux. " .. gaps.ADVICE,
      "info: the worker of recipes lacks a wall: system calls: not filtered: valgrind makes calls of its own. " .. gaps.ADVICE,
      "warning: the worker of recipes lacks a wall: memory: the system refused it: Operation not permitted. " .. gaps.ADVICE,
    }, lines)
  end)
end)
