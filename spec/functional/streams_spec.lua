-- What the standard streams may be: full, closed, open the other way.
local child = require "spec.support.child"
local scratch = require "spec.support.scratch"

local CLOSED = "rcmcp: error: cannot start: standard output is closed, or open for reading only; /dev/null takes what nobody wants\n"
local LOST = "rcmcp: standard output could not be written in full\n"

-- Runs "rcmcp WORDS" with the shell's redirections.
local function run(words, redirections, env)
  local shell <close> = child.spawn("sh", { "-c", 'exec "$0" ' .. words .. " " .. redirections, child.program }, { env = env })
  local status, signal = shell:wait()
  return status, shell.out, shell.err, signal
end

local function ends_with(text, tail)
  return text:sub(-#tail) == tail
end

describe("standard output", function()
  it("that is full makes the status 74, whatever became of the command", function()
    local folder <close> = scratch.new()
    local recipe = folder:write("broken.lua", "return rc.tool {\n")
    local spec = folder:write("red_spec.lua", 'it("fails", function() error "no" end)\n')
    local script = folder:write("exits.lua", 'print "x" os.exit(3)\n')
    for words, status in pairs {
      ["check " .. recipe] = 1, ["check --json " .. recipe] = 1, ["recipes --recipes " .. folder.path] = 1,
      ["test " .. spec] = 1, ["doctor"] = 77, ["doctor --json"] = 77, ["call list_deployments"] = 77,
      ["call list_deployments --json"] = 77, ["run " .. recipe .. " --json"] = 65, ["help submit_request"] = 0,
      ["completion bash"] = 0, ["lua " .. script] = 3, ["recipes --recipes " .. folder.path .. " --json"] = 1,
    } do
      assert.equal(status, (run(words, "")), words)
      local full, _, err = run(words, ">/dev/full")
      assert.equal(74, full, words)
      assert.is_true(ends_with(err, LOST), err)
    end
  end)

  it("that is full ends what would go on unseen", function()
    assert.equal(74, (run("simulate --port 0", ">/dev/full")))
    local status, _, err = run("repl --simulate", ">/dev/full <<'.'\n1\nerror 'a second line'\n.\n")
    assert.equal(74, status)
    assert.not_matches("a second line", err, 1, true)
  end)

  it("that takes nothing ends every command before anything is done", function()
    local folder <close> = scratch.new()
    for _, words in ipairs {
      "--help", "--version", "tools", "help", "check .", "test .", "recipes", "doctor", "call list_deployments --simulate",
      "run x.lua", "new poster --dir " .. folder.path, "repl --simulate", "serve --simulate", "simulate --port 0", "completion bash",
      "lua x.lua", "no-such-command",
    } do
      for _, redirection in ipairs { ">&-", "1</dev/null" } do
        assert.same({ 74, "", CLOSED, 0 }, { run(words, redirection) }, words .. " " .. redirection)
      end
    end
    assert.is_nil(folder:read "poster.lua")
    assert.equal(74, (run("--version", "<&- >&- 2>&-")))
  end)

  it("in a file that may not grow makes the status 74, and no signal ends the program", function()
    local folder <close> = scratch.new()
    for _, words in ipairs { "--help", "tools --json", "doctor", "call list_deployments --simulate", "serve --simulate" } do
      local shell <close> = child.spawn("sh", { "-c", ("ulimit -f 0; echo '%s' | \"$0\" %s >%s/out"):format(
        '{"jsonrpc":"2.0","id":1,"method":"ping"}', words, folder.path), child.program })
      assert.same({ 74, 0 }, { shell:wait() }, words)
    end
  end)
end)

describe("standard error", function()
  it("that takes nothing changes no status and no data", function()
    for words, status in pairs {
      ["tools"] = 0, ["call list_deployments --simulate"] = 0, ["call list_deployments"] = 77, ["nonsense"] = 64,
    } do
      local _, plain = run(words, "2>/dev/null")
      for _, redirection in ipairs { "2>&-", "2>/dev/full", "2</dev/null" } do
        local ended, out = run(words, redirection)
        assert.equal(status, ended, words .. " " .. redirection)
        assert.equal(#plain, #out)
      end
    end
  end)
end)

-- Puts what the Python expression opens in the place of standard input.
local PYTHON = [[
import os, socket, sys
opened = %s
fd = opened if isinstance(opened, int) else opened.fileno()
os.dup2(fd, 0)
os.execv(sys.argv[1], sys.argv[1:])
]]

local PING, PONG = '{"jsonrpc":"2.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","id":1,"result":{}}\n'

local function run_with_input(expression, args)
  local python <close> = child.spawn("python3", { "-c", PYTHON:format(expression), child.program, table.unpack(args) })
  local status = python:wait()
  return status, python.out, python.err
end

local function refused(command, what)
  return { 64, "", ("rcmcp %s: cannot read standard input: %s\n"):format(command, what), 0 }
end

describe("standard input", function()
  it("that cannot be read at all is refused before anything else", function()
    local folder <close> = scratch.new()
    for _, command in ipairs { "serve", "repl" } do
      assert.same(refused(command, "it is a directory"), { run(command .. " --simulate", "</tmp") })
      assert.same(refused(command, "it is open for writing only"), { run(command .. " --simulate", "0>" .. folder.path .. "/file") })
      local status, out, err = run_with_input("socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]", { command, "--simulate" })
      assert.same(refused(command, "it is neither a pipe, a stream socket, a terminal nor a file"), { status, out, err, 0 })
    end
  end)

  it("that fails on the way is an error, not an end", function()
    local folder <close> = scratch.new()
    local path_only = ("os.open(%q, os.O_PATH)"):format(folder:write("input", PING)) -- each read of it fails
    assert.same({ 74, "", "rcmcp: error: cannot read standard input: bad file descriptor\n" },
      { run_with_input(path_only, { "serve", "--simulate" }) })
    assert.same({ 74, "", "rcmcp repl: cannot read standard input: Bad file descriptor\n" },
      { run_with_input(path_only, { "repl", "--simulate" }) })
    assert.equal(65, (run_with_input(path_only, { "call", "list_deployments", "--simulate", "--args", "-" })))
  end)

  it("may be a file, a pipe with a name, a stream socket", function()
    local folder <close> = scratch.new()
    local file, pipe = folder:write("input", PING), folder.path .. "/pipe"
    assert.same({ 0, PONG, "", 0 }, { run("serve --simulate", "<" .. file) })
    assert(os.execute("mkfifo " .. pipe))
    local shell <close> = child.spawn("sh", { "-c", ('echo \'%s\' >%s & exec "$0" serve --simulate <%s'):format(PING, pipe, pipe),
      child.program })
    assert.same({ 0, 0 }, { shell:wait() })
    assert.equal(PONG, shell.out)
    local socket = ("[(pair := socket.socketpair()), pair[1].send(b%q), pair[1].shutdown(1)][0][0]"):format(PING)
    assert.same({ 0, PONG, "" }, { run_with_input(socket, { "serve", "--simulate" }) })
  end)
end)

describe("a stream that another program left non-blocking", function()
  local function run_non_blocking(...)
    local python <close> = child.spawn("python3", { "spec/support/non_blocking.py", child.program, ... })
    return python:wait(), python.out
  end

  it("loses nothing of what is written to a slow reader", function()
    local _, whole = child.run { "tools", "--json" }
    assert.is_true(#whole > 8192)
    assert.same({ 0, whole }, { run_non_blocking("tools", "--json") })
  end)

  it("has not ended where the rest of a line is not typed yet", function()
    assert.same({ 0, "21\n" }, { run_non_blocking() })
  end)
end)
