-- The command line as a person meets it: the real program over real pipes.
local child = require "spec.support.child"
local host = require "core.host"
local json = require "core.json"
local scratch = require "spec.support.scratch"
local terminal = require "cli.shared.terminal"

local COMMANDS = {
  "call", "check", "doctor", "lua", "new", "recipes", "repl", "run", "serve", "simulate", "test", "tools",
}

describe("the command line", function()
  it("says what it is and which commands there are", function()
    local status, out, err = child.run { "--help" }
    assert.equal(0, status)
    assert.equal("", err)
    for _, name in ipairs(COMMANDS) do assert.matches("\n  " .. name .. " ", out) end
    assert.is_nil(out:find "completion")
    assert.equal(out, select(2, child.run { "help" }))
    assert.equal(out, select(2, child.run { "-h" }))
  end)

  it("prints its version", function()
    assert.same({ 0, "rcmcp " .. host.version .. "\n", "" }, { child.run { "--version" } })
  end)

  it("ends with 64 and help on standard error when nothing is asked", function()
    local status, out, err = child.run {}
    assert.equal(64, status)
    assert.equal("", out)
    assert.matches("Usage: rcmcp COMMAND", err, 1, true)
  end)

  it("ends with 74 when its output cannot be written", function()
    for _, words in ipairs { "--help", "tools", "tools submit_request", "call list_deployments --simulate -q" } do
      local shell = child.spawn("sh", { "-c", 'exec "$0" ' .. words .. " >/dev/full", child.program })
      assert.same({ 74, 0 }, { shell:wait() }, words)
      assert.equal("rcmcp: standard output could not be written in full\n", shell.err)
      shell:close()
    end
  end)

  it("does not mind a reader that has read enough", function()
    local shell <close> = child.spawn("sh", { "-c", '{ sleep 0.2; "$0" tools submit_request; echo "status $?" >&2; } | :', child.program })
    shell:wait()
    assert.equal("status 0\n", shell.err)
  end)

  it("suggests the command that was meant", function()
    local status, out, err = child.run { "serv" }
    assert.equal(64, status)
    assert.equal("", out)
    assert.equal("rcmcp: unknown command 'serv', did you mean 'serve'?\nTry: rcmcp --help\n", err)
  end)

  it("takes no file of its own for a command", function()
    for _, name in ipairs { "cli", "shared.options", "shared", "../main", "" } do
      assert.equal(64, (child.run { name }), name)
    end
  end)

  it("has help for each command", function()
    for _, name in ipairs(COMMANDS) do
      local status, out, err = child.run { name, "--help" }
      assert.equal(0, status, name)
      assert.equal("", err)
      assert.matches("[Uu]sage: rcmcp " .. name, out)
      assert.equal(out, select(2, child.run { "help", name }))
    end
  end)

  it("refuses options that it does not have with 64", function()
    for _, args in ipairs {
      { "serve", "--bad" }, { "call" }, { "call", "x", "--queue-prefix", "v3" }, { "doctor", "x" }, { "tools", "a", "b" },
      { "serve", "--speed", "2" }, { "serve", "--simulate", "--speed", "0" }, { "doctor", "--wait-slice", "-1" }, { "lua" },
    } do
      local status, out, err = child.run(args)
      assert.equal(64, status, table.concat(args, " "))
      assert.equal("", out)
      assert.is_true(#err > 0)
    end
  end)

  it("says once what is wrong with the settings, in words, and with --json as data, too", function()
    local folder <close> = scratch.new()
    local config = folder:write("config.lua", "return { wait_slice = 'soon' }")
    for _, command in ipairs { { "call", "list_deployments" }, { "run", "x.lua" }, { "doctor" } } do
      local status, _, err = child.run { command[1], "--config", config, command[2] }
      assert.equal(78, status)
      assert.equal(1, select(2, err:gsub("wait_slice", "")), err)
    end
    local status, out = child.run { "call", "list_deployments", "--json", "--config", config }
    assert.equal(78, status)
    assert.matches("wait_slice", json.decode(out).error, 1, true)
  end)

  it("refuses wrong settings with 78 and says where they come from", function()
    for _, name in ipairs { "serve", "recipes", "doctor" } do
      local status, out, err = child.run({ name }, { env = { "RCMCP_WAIT_SLICE=soon" } })
      assert.equal(78, status)
      if name ~= "doctor" then assert.equal("", out) else assert.matches("FAIL settings +wait_slice", out) end
      assert.matches("wait_slice (from environment RCMCP_WAIT_SLICE): must be a number", err, 1, true)
    end
  end)

  describe("tools", function()
    it("lists the ten tools", function()
      local status, out = child.run { "tools" }
      assert.equal(0, status)
      assert.equal(10, select(2, out:gsub("\n", "\n")))
      assert.matches("^call_instance_proxy +%u", out)
    end)

    it("shows what one takes", function()
      local status, out = child.run { "tools", "create_deployment" }
      assert.equal(0, status)
      assert.matches("hardware  string %(one of TURING_16, .*default AMPERE_48%)", out)
      assert.matches("min_instances  integer %(0 to 30; default 0%)", out)
      assert.matches("name  string %(required%)", out)
    end)

    it("prints declarations as JSON", function()
      local list = json.decode((select(2, child.run { "tools", "--json" })))
      assert.equal(10, #list)
      local one = json.decode((select(2, child.run { "tools", "delete_deployment", "--json" })))
      assert.equal("object", one.inputSchema.type)
      assert.equal("object", one.outputSchema.type)
      assert.is_true(one.annotations.destructiveHint)
    end)

    it("suggests the tool that was meant", function()
      local status, _, err = child.run { "tools", "delete_deploiment" }
      assert.equal(64, status)
      assert.matches("did you mean 'delete_deployment'?", err, 1, true)
    end)
  end)

  describe("completion", function()
    it("knows commands and options in each shell", function()
      for _, shell in ipairs { "bash", "zsh", "fish" } do
        local status, out = child.run { "completion", shell }
        assert.equal(0, status)
        for _, word in ipairs { "serve", "doctor", "wait-slice", "simulate" } do assert.matches(word, out, 1, true) end
      end
    end)

    it("is a script that bash takes", function()
      local _, out = child.run { "completion", "bash" }
      local bash <close> = child.spawn("bash", { "-n" })
      bash:write(out)
      bash:close_stdin()
      assert.equal(0, (bash:wait()), bash.err)
    end)
  end)

  it("refuses an option given twice that takes one value", function()
    for _, args in ipairs { { "simulate", "--port", "1", "--port", "2" }, { "serve", "--log-level", "info", "--log-level=debug" } } do
      local status, _, err = child.run(args)
      assert.equal(64, status)
      assert.matches(args[2], err, 1, true)
    end
  end)

  it("says so where too few files may be open", function()
    for _, limit in ipairs { 4, 5, 8, 20 } do
      local command = ("ulimit -n %d; exec %s --version"):format(limit, child.program)
      local process <close> = child.spawn("sh", { "-c", command })
      assert.equal(71, (process:wait()))
      assert.matches("too few files may be open (ulimit -n)", process.err, 1, true)
    end
  end)

  local EVIL = "\27]0;title\7\27[31m\u{9B}2J\u{202E}x\127"

  for name, args in pairs {
    ["a command"] = { EVIL }, ["a tool"] = { "call", EVIL }, ["an option"] = { "call", "list_deployments", "--" .. EVIL },
    ["a word"] = { "call", "list_deployments", EVIL .. "=1" }, ["an id"] = { "call", "get_deployment", "deployment_id=" .. EVIL .. "/" },
    ["a file of arguments"] = { "call", "submit_request", "deployment_id=d", "overrides=@/nonexistent/" .. EVIL },
    ["a recipe"] = { "run", EVIL }, ["a script"] = { "run", "/proc/nonexistent/" .. EVIL .. ".lua" }, ["a name"] = { "new", EVIL },
    ["a folder"] = { "new", "poster", "--dir", "/proc/nonexistent/" .. EVIL },
    ["a configuration"] = { "doctor", "--config", "/proc/nonexistent/" .. EVIL },
    ["a key's file"] = { "doctor", "--api-key-file", "/proc/nonexistent/" .. EVIL },
    ["a URL"] = { "doctor", "--base-url", "http://x/" .. EVIL },
    ["a speed"] = { "call", "list_deployments", "--simulate", "--speed", EVIL }, ["a place"] = { "check", "/proc/nonexistent/" .. EVIL },
    ["a help"] = { "help", EVIL }, ["a shell"] = { "completion", EVIL },
  } do
    it("shows nothing of " .. name .. " that a terminal would obey", function()
      local _, out, err = child.run(args)
      assert.equal(terminal.plain(out .. err), out .. err)
    end)
  end
end)
