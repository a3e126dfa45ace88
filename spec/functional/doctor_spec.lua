local child = require "spec.support.child"
local folders = require "spec.support.folder"
local json = require "core.json"

-- A folder that could be made; doctor only looks.
local ROOM = { "RCMCP_OUTPUT_FOLDER=" .. (os.getenv "TMPDIR" or "/tmp") .. "/rcmcp-spec-outputs" }
local KEY = "0123456789abcdef0123456789abcdef0123"

local function check_named(report, name)
  for _, check in ipairs(report.checks) do
    if check.name == name then return check end
  end
end

local function setting_named(report, name)
  for _, setting in ipairs(report.settings) do
    if setting.name == name then return setting end
  end
end

local function doctor(env, ...)
  local status, out, err = child.run({ "doctor", "--json", ... }, { env = env })
  assert.equal(1, select(2, out:gsub("\n", "\n")), out .. err)
  return status, json.decode(out), out, err
end

describe("rcmcp doctor", function()
  it("finds all well on the simulator", function()
    local status, report = doctor(ROOM, "--simulate")
    assert.equal(0, status)
    assert.is_true(report.ok)
    assert.is_true(report.simulated)
    assert.is_true(check_named(report, "key").ok)
    assert.is_true(check_named(report, "api").ok)
    assert.matches("3 deployments", check_named(report, "api").text)
    for _, name in ipairs { "rcmcp", "lua", "libuv", "libcurl" } do assert.matches("^%d+%.%d+", report.versions[name]) end
  end)

  it("ends with 77 without a key, and says where to get one", function()
    local status, report = doctor {}
    assert.equal(77, status)
    assert.equal(77, report.exit_status)
    assert.is_false(report.ok)
    assert.matches("https://www.runcomfy.com/profile", check_named(report, "key").advice, 1, true)
    assert.matches("there is no key", check_named(report, "api").text)
  end)

  it("ends with 69 when nobody answers, and never shows the key", function()
    local status, report, out, err = doctor { "RUNCOMFY_API_KEY=" .. KEY, "RUNCOMFY_SERVERLESS_BASE_URL=http://127.0.0.1:1" }
    assert.equal(69, status)
    assert.is_false(check_named(report, "api").ok)
    assert.equal("set (36 characters), from environment RUNCOMFY_API_KEY", check_named(report, "key").text)
    assert.equal("set (36 characters)", setting_named(report, "api_key").value)
    assert.is_nil((out .. err):find(KEY:sub(1, 8), 1, true))
  end)

  it("shows where each setting comes from", function()
    local folder = os.tmpname()
    os.remove(folder)
    require("core.fs").mkdir(folder .. "/rcmcp")
    local file = assert(io.open(folder .. "/rcmcp/config.lua", "w"))
    file:write "return {\n  queue_prefix = 'v2',\n  log_level = 'error',\n}\n"
    file:close()
    local _, report = doctor({ "XDG_CONFIG_HOME=" .. folder, "RCMCP_WAIT_SLICE=50" }, "--simulate", "--log-level", "info")
    assert.equal("file " .. folder .. "/rcmcp/config.lua:2", setting_named(report, "queue_prefix").origin)
    assert.equal("v2", setting_named(report, "queue_prefix").value)
    assert.equal("environment RCMCP_WAIT_SLICE", setting_named(report, "wait_slice").origin)
    assert.equal("flag --log-level", setting_named(report, "log_level").origin)
    assert.equal("default", setting_named(report, "base_url").origin)
    assert.equal(folder .. "/rcmcp/config.lua", report.config_file)
    os.remove(folder .. "/rcmcp/config.lua")
    os.remove(folder .. "/rcmcp")
    os.remove(folder)
  end)

  it("says the same in words", function()
    local status, out = child.run({ "doctor", "--simulate" }, { env = ROOM })
    assert.equal(0, status)
    assert.matches("\n  base_url +https://api.runcomfy.net  from default\n", out)
    assert.matches("\n  ok   api +answered in %d+ ms; 3 deployments\n", out)
  end)

  it("reports wrong settings as JSON, too", function()
    local status, report = doctor { "RUNCOMFY_API_KEY=Bearer " .. KEY }
    assert.equal(78, status)
    assert.is_false(report.ok)
    assert.matches('begins with "Bearer"', report.error, 1, true)
    assert.is_nil(report.error:find(KEY, 1, true))
  end)

  describe("looks at all that it can", function()
    local files, home

    before_each(function()
      files = folders.new()
      home = files.path .. "/home"
      files:write("home/.keep", "")
    end)
    after_each(function() files:remove() end)

    local function at_home(env, ...)
      local args = { "HOME=" .. home, table.unpack(env) }
      for _, word in ipairs { child.program, "doctor", "--json", ... } do args[#args + 1] = word end
      local asked <close> = child.spawn("env", args)
      local status = asked:wait()
      return status, json.decode(asked.out), asked.out .. asked.err
    end

    it("when the key file is missing", function()
      local status, report = at_home { "RUNCOMFY_API_KEY_FILE=" .. home .. "/no-key" }
      assert.equal(78, status)
      assert.matches("cannot read " .. home .. "/no-key", check_named(report, "key").text, 1, true)
      assert.is_string(check_named(report, "key").advice)
      assert.matches("not asked", check_named(report, "api").text, 1, true)
      for _, name in ipairs { "certificates", "recipes", "outputs", "clients" } do assert.is_table(check_named(report, name), name) end
      assert.is_true(#report.settings > 10)
    end)

    it("when the configuration is broken, with what is right of it", function()
      files:write("home/.config/rcmcp/config.lua", "return { wait_slic = 5, recipe_calls = 7, queue_prefix = 'v9' }")
      local status, report = at_home { "RUNCOMFY_API_KEY=" .. KEY }
      assert.equal(78, status)
      assert.matches("unknown setting 'wait_slic', did you mean 'wait_slice'?", check_named(report, "settings").text, 1, true)
      assert.matches("queue_prefix", check_named(report, "settings").text, 1, true)
      assert.is_true(check_named(report, "key").ok)
      assert.matches("RUNCOMFY_API_KEY", check_named(report, "key").text, 1, true)
      assert.equal("not asked: the settings that are wrong may say where it is", check_named(report, "api").text)
      for _, setting in ipairs(report.settings) do
        if setting.name == "recipe_calls" then assert.equal(7, setting.value) end
      end
    end)

    it("when the API is named beside a broken configuration", function()
      files:write("home/.config/rcmcp/config.lua", "return {")
      local status, report = at_home({ "RUNCOMFY_API_KEY=" .. KEY }, "--base-url", "http://127.0.0.1:1")
      assert.equal(78, status)
      assert.matches("no connection to 127.0.0.1:1", check_named(report, "api").text, 1, true)
    end)

    it("when the certificates are not where they are said to be", function()
      local place = home .. "/no-bundle"
      local _, report = at_home({ "SSL_CERT_FILE=" .. place }, "--simulate")
      assert.is_false(check_named(report, "certificates").ok)
      assert.matches(place, check_named(report, "certificates").text, 1, true)
    end)

    it("when the configuration is broken", function()
      files:write("home/.config/rcmcp/config.lua", "return { queue_prefix = 'v9' }")
      local status, report = at_home {}
      assert.equal(78, status)
      assert.matches("queue_prefix", check_named(report, "settings").text, 1, true)
      assert.matches("queue_prefix", report.error, 1, true)
      assert.is_true(check_named(report, "outputs").ok)
      status, report = at_home({}, "--simulate")
      assert.equal(78, status)
      assert.is_true(check_named(report, "api").ok)
    end)

    it("among recipes: what is broken, who else may write, what is missing", function()
      files:write("home/.config/rcmcp/recipes/good.lua", 'local rc = require "rc"\n'
        .. 'return rc.tool { name = "good", description = "G.", run = function() return {} end }')
      local status, report = at_home({}, "--simulate")
      assert.equal(0, status)
      assert.matches("1 recipe in " .. home, check_named(report, "recipes").text, 1, true)
      files:write("home/.config/rcmcp/recipes/bad.lua", "return rc.tool {")
      os.execute("chmod 0666 '" .. files:write("home/.config/rcmcp/recipes/open.lua", "return 1") .. "'")
      status, report = at_home({}, "--simulate", "--recipes", files.path .. "/none")
      assert.equal(1, status)
      local check = check_named(report, "recipes")
      assert.is_false(check.ok)
      for _, words in ipairs { "bad.lua", "writable by everyone", "/none" } do assert.matches(words, check.text, 1, true) end
    end)

    it("at the output folder: what is in its place, whether it is there, and its room", function()
      local _, report = at_home({}, "--simulate")
      assert.matches("^" .. home:gsub("%p", "%%%0") .. "/rcmcp%-outputs %(the first download makes it%); [%d.]+ GB free$",
        check_named(report, "outputs").text)
      local status
      status, report = at_home({ "RCMCP_OUTPUT_FOLDER=" .. files:write("taken", "x") .. "/out" }, "--simulate")
      assert.equal(1, status)
      assert.matches("taken is no folder", check_named(report, "outputs").text, 1, true)
    end)

    it("at the clients that start rcmcp, without showing what else their files hold", function()
      local secret = "sk-1234567890abcdef"
      local function server(command)
        return { mcpServers = { rc = { command = command, args = { "serve" }, env = { TOKEN = secret } } } }
      end
      files:write("home/.cursor/mcp.json", json.encode(server(child.program)))
      files:write("home/.claude.json", json.encode { projects = { ["/work"] = server "/opt/gone/rcmcp" }, note = secret })
      files:write("home/.gemini/settings.json", json.encode(server "rcmcp"))
      files:write("home/.config/opencode/opencode.json", json.encode { mcp = { rc = { command = { child.program, "serve" } } } })
      files:write("home/.codex/config.toml", "# mine\n[mcp_servers.rc]\ncommand = '/usr/bin/rcmcp'\n")
      files:write("home/.kiro/settings/mcp.json", json.encode { mcpServers = { other = { command = "/usr/bin/other" } } })
      files:write("home/.lmstudio/mcp.json", "{ rcmcp: broken")
      local status, report, all = at_home({}, "--simulate")
      assert.equal(1, status)
      local found = {}
      for _, entry in ipairs(check_named(report, "clients").clients) do found[entry.client] = entry end
      assert.equal(child.program, found.Cursor.command)
      assert.is_nil(found.Cursor.problem)
      assert.matches("no such file", found["Claude Code"].problem, 1, true)
      assert.matches("give the whole path", found["Gemini CLI"].problem, 1, true)
      assert.equal(child.program, found.opencode.command)
      assert.equal(3, found.Codex.line)
      assert.equal(1, found["LM Studio"].line)
      assert.is_nil(found.Kiro)
      assert.is_nil(all:find(secret, 1, true))
      assert.matches("/opt/gone/rcmcp (" .. home .. "/.claude.json): there is no such file", check_named(report, "clients").text, 1, true)
    end)
  end)
end)
