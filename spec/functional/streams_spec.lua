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
