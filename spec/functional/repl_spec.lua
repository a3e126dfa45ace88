-- rcmcp repl over pipes.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local sim = require "lib.sim.server"
local terminals = require "spec.support.terminal"

local function repl(lines, ...)
  return child.run({ "repl", "--simulate", "--speed", "600", ... }, { input = table.concat(lines, "\n") .. "\n" })
end

describe("rcmcp repl", function()
  it("shows the values of expressions, and keeps globals", function()
    local status, out, err = repl { "1 + 1", '"two", { 3, four = { 5 } }', "x = 20", "x + 1", "local y = 1", "y" }
    assert.same({ 0, "" }, { status, err })
    assert.equal('2\n"two"\t{ 3, four = { 5 } }\n21\n', out)
  end)

  it("goes on in the next line where one is not complete", function()
    local status, out = repl { "function double(n)", "  return 2 * n", "end", "double(", "21)" }
    assert.equal(0, status)
    assert.equal("42\n", out)
  end)

  it("has rc, its waits included", function()
    local status, out = repl {
      'job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }', "job:wait().status",
      "#rc.tools.list_deployments({}).deployments" }
    assert.equal(0, status)
    assert.equal('"succeeded"\n3\n', out)
  end)

  it("says what went wrong, goes on, and ends with 1", function()
    local status, out, err = repl { "local = 1", 'error("oops")', "nothing.here", ":nope", "1" }
    assert.equal(1, status)
    assert.equal("1\n", out)
    for _, text in ipairs { "repl:1: <name> expected near '='", "repl:1: oops", "global 'nothing'", "there is no :nope" } do
      assert.matches(text, err, 1, true)
    end
  end)

  it("completes words", function()
    local _, out = repl { "?rc.tools.get_req", "?string.re", "t = { able = 1 }", "?t.a", "?delete" }
    assert.equal("rc.tools.get_request_result\nrc.tools.get_request_status\nstring.rep\nstring.reverse\nt.able\n"
      .. "rc.tools.delete_deployment\n", out)
  end)

  it("lists tools, reads recipes again, and ends at :quit", function()
    local files <close> = folder.new()
    files:write("here.lua", "return 1")
    local session <close> = child.rcmcp { "repl", "--simulate", "--recipes", files.path }
    session:write ":tools\n"
    session:wait_until(function() return session.out:find "update_deployment" ~= nil end)
    files:write("here.lua", [[local rc = require "rc"
      return rc.tool { name = "here", description = "H.", run = function() return { here = true } end }]])
    session:write "kept = 7\n:reload\nrc.tools.here {}, kept\n:quit\n99\n"
    session:close_stdin()
    session:wait()
    assert.matches("{ here = true, simulated = true }\t7\n$", session.out)
  end)

  it("greets and prompts on a terminal", function()
    if terminals.missing() then return pending(terminals.missing()) end
    local command = child.program .. " repl --simulate"
    local terminal <close> = terminals.spawn(command)
    terminal:wait_until(function() return terminal.out:find "\n> $" ~= nil end)
    assert.matches("on the simulator: nothing is real", terminal.out, 1, true)
    terminal:write "(function()\n"
    terminal:wait_until(function() return terminal.out:find "\n>> $" ~= nil end)
    terminal:write "return 40 + 2 end)()\n"
    terminal:wait_until(function() return terminal.out:find "42\r?\n> $" ~= nil end)
    terminal:write ":quit\n"
    assert.equal(0, (terminal:wait()))
  end)

  it("ends what runs on Ctrl-C, with its clean-ups, and goes on", function()
    local simulator <close> = assert(sim.start { key = "some-key-of-the-spec" })
    local session <close> = child.rcmcp({ "repl" },
      { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
    session:write 'job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }\n'
    session:write 'rc.finally(function() print "cleaned up" end) return job:wait()\n'
    session:wait_until(function() return simulator.received >= 2 end)
    session.handle:kill "INT"
    session:wait_until(function() return session.err:find "interrupted" ~= nil end)
    session:write "6 * 7\n"
    session:close_stdin()
    session:wait()
    assert.equal("cleaned up\n42\n", session.out)
  end)
end)
