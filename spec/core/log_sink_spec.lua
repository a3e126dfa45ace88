-- Where lines of the log go, whatever standard error is.
local child = require "spec.support.child"
local folder = require "spec.support.folder"

local LINES = 8000
local SCRIPT = "spec/support/log_twice.lua"

-- Runs the script with its standard error as a shell is told to, and gives what the shell prints.
local function in_shell(command)
  local program <close> = child.spawn("bash", { "-c", command, "bash", child.program, SCRIPT })
  program:close_stdin()
  assert.equal(0, (program:wait()), program.err)
  return program.out
end

local function numbers_of(text)
  local list = {}
  for number in text:gmatch "rcmcp: warning: (%d+) line" do list[#list + 1] = tonumber(number) end
  return list
end

describe("the sink of the log", function()
  it("drops no line on its way to a file, and adds to what is there", function()
    local place <close> = folder.new()
    local path = place.path .. "/log"
    place:write("log", "before\n")
    assert.equal("done\n", in_shell(('echo go | "$1" lua "$2" 2>>%s'):format(path)))
    local file <close> = assert(io.open(path))
    local text = file:read "a"
    assert.equal("before\n", text:sub(1, 7))
    local numbers = numbers_of(text)
    assert.equal(LINES, #numbers)
    for i, number in ipairs(numbers) do assert.equal(i, number) end
    assert.matches("rcmcp: error: the last one\n$", text)
  end)

  for name, target in pairs { ["a device that is full"] = "2>/dev/full", ["nothing"] = "2>&-", ["/dev/null"] = "2>/dev/null" } do
    it("lets the program go on where standard error is " .. name, function()
      assert.equal("done\n0\n", in_shell(('echo go | ("$1" lua "$2" %s; echo $?)'):format(target)))
    end)
  end

  for _, kind in ipairs { "blocking", "nonblocking" } do
    it(("keeps what a reader of a %s pipe does not take, then counts what is missing where it is missing"):format(kind), function()
      local program <close> = child.spawn("python3", { "spec/support/late_reader.py", kind, child.program, "lua", SCRIPT })
      program:close_stdin()
      assert.equal(0, (program:wait()), program.err)
      local before, dropped, behind = program.out:match(
        "^(.*)rcmcp: warning: (%d+) lines of the log were dropped: standard error was not read\n(.*)$")
      assert(before, program.out:sub(-300))
      local numbers = numbers_of(before)
      for i, number in ipairs(numbers) do assert.equal(i, number) end
      assert.equal(LINES, #numbers + tonumber(dropped))
      assert.is_true(#before > 256 * 1024 - 200 and #numbers < LINES)
      assert.equal("rcmcp: error: the last one\n0\n", behind)
    end)
  end

  it("lets the program go on whose reader has gone", function()
    local program <close> = child.spawn("python3", { "spec/support/late_reader.py", "gone", child.program, "lua", SCRIPT })
    program:close_stdin()
    assert.equal(0, (program:wait()), program.err)
    assert.equal("0\n", program.out)
  end)
end)
