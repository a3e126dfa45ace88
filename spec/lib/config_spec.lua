local config = require "lib.config"

local KEY = "0123456789abcdef0123456789abcdef0123"

-- An environment of its own, so that the tester's settings do not matter, nor the tester's home.
local function environment(values)
  return function(name) return values[name] or name == "HOME" and "/nonexistent" or nil end
end

local function load_with(sources)
  return config.load { file = sources.file, flags = sources.flags, env = environment(sources.env or {}) }
end

describe("lib.config", function()
  local paths = {}

  local function file_with(text)
    local path = os.tmpname()
    paths[#paths + 1] = path
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return path
  end

  after_each(function()
    for _, path in ipairs(paths) do os.remove(path) end
    paths = {}
  end)

  local function message_for(text)
    local settings, err = load_with { file = file_with(text) }
    assert.is_nil(settings)
    return (err.message:gsub(paths[#paths]:gsub("%W", "%%%0"), "FILE"))
  end

  it("shows neither password nor query of a URL that it refuses", function()
    for given, shown in pairs {
      ["http://user:geheim@127.0.0.1:1"] = "http://[hidden]@127.0.0.1:1", ["https://geheim@x@host/"] = "https://[hidden]@host/",
      ["ftp://host/?token=geheim"] = "ftp://host/?[hidden]", ["user:geheim@host"] = "[hidden]@host",
      ["https://h#geheim"] = "https://h#[hidden]",
    } do
      local settings, err = load_with { file = false, env = { RUNCOMFY_SERVERLESS_BASE_URL = given } }
      assert.is_nil(settings)
      assert.is_nil(err.message:find("geheim", 1, true))
      assert.matches(('got "%s"'):format(shown), err.message, 1, true)
    end
  end)

  it("has defaults, and no key is no error", function()
    local settings = assert(load_with { file = false })
    assert.equal("https://api.runcomfy.net", settings.base_url)
    assert.equal("v1", settings.queue_prefix)
    assert.is_nil(settings.wait_slice)
    assert.is_false(settings.cancel_remote_on_client_cancel)
    assert.equal("warning", settings.log_level)
    assert.equal(16 * 1024 * 1024, settings.max_line_bytes)
    assert.equal(2 * 1024 * 1024 * 1024, settings.memory_bytes)
    assert.is_nil(settings.api_key)
    assert.equal("default", settings.origin.base_url)
    assert.same({}, settings.warnings)
  end)

  it("lets the environment win over the file and flags over both, and says so", function()
    local path = file_with 'return {\n  queue_prefix = "v2",\n  wait_slice = 50,\n  log_level = "info",\n}\n'
    local settings = assert(load_with {
      file = path,
      env = { RCMCP_WAIT_SLICE = "40", RCMCP_LOG_LEVEL = "error" },
      flags = { log_level = "debug" },
    })
    assert.equal("v2", settings.queue_prefix)
    assert.equal("file " .. path .. ":2", settings.origin.queue_prefix)
    assert.equal(40, settings.wait_slice)
    assert.equal("environment RCMCP_WAIT_SLICE", settings.origin.wait_slice)
    assert.equal("debug", settings.log_level)
    assert.equal("flag --log-level", settings.origin.log_level)
    assert.equal(path, settings.file)
  end)

  it("takes blank environment variables for unset ones", function()
    local settings = assert(load_with { file = false, env = { RCMCP_WAIT_SLICE = "", RUNCOMFY_API_KEY = "  " } })
    assert.is_nil(settings.wait_slice)
    assert.is_nil(settings.api_key)
  end)

  it("finds the user's file by XDG_CONFIG_HOME, else in ~/.config, and does without it", function()
    assert.equal("/x/rcmcp/config.lua", config.default_file(environment { XDG_CONFIG_HOME = "/x", HOME = "/h" }))
    assert.equal("/h/.config/rcmcp/config.lua", config.default_file(environment { HOME = "/h" }))
    assert.equal("/h/.config/rcmcp/config.lua", config.default_file(environment { XDG_CONFIG_HOME = "rel", HOME = "/h" }))
    assert.equal(require("core.host").home() .. "/.config/rcmcp/config.lua", config.default_file(function() end))
    assert.is_nil(assert(load_with { env = { HOME = "/nonexistent" } }).file)
    local settings = assert(load_with { env = { HOME = file_with "no folder" } })
    assert.is_nil(settings.file)
    assert.same({}, settings.warnings)
  end)

  it("insists on a file that was asked for", function()
    local settings, err = load_with { file = "/nonexistent/config.lua" }
    assert.is_nil(settings)
    assert.matches("/nonexistent/config.lua", err.message, 1, true)
    assert.equal("config", err.code)
  end)

  it("refuses an unknown setting by name, file and line, with what was meant", function()
    assert.equal("FILE:3: unknown setting 'wait_slise', did you mean 'wait_slice'?",
      message_for "-- wait_slise = 1\nreturn {\n  wait_slise = 50,\n}\n")
    assert.equal("FILE:1: unknown setting 'colour'", message_for "return { colour = 'red' }")
    assert.equal("FILE: unknown setting '1'", message_for "return { 50 }")
  end)

  it("refuses a wrong value by name, place and what is allowed", function()
    assert.equal('wait_slice (from file FILE:1): must be a number from 0 to 86400, got "soon"',
      message_for "return { wait_slice = 'soon' }")
    assert.equal("wait_slice (from file FILE:2): must be a number from 0 to 86400, got -1",
      message_for "return {\n  wait_slice = -1 }")
    assert.equal(0, assert(load_with { file = file_with "return { wait_slice = 0 }" }).wait_slice)
    assert.equal("max_line_bytes (from file FILE:1): must be a whole number from 4096 to 268435456, got 5000.5",
      message_for "return { max_line_bytes = 5000.5 }")
    for _, bytes in ipairs { 64 * 1024 * 1024 - 1, (1 << 40) + 1 } do
      assert.equal("memory_bytes (from file FILE:1): must be a whole number from 67108864 to 1099511627776, got " .. bytes,
        message_for(("return { memory_bytes = %d }"):format(bytes)))
    end
    assert.equal('queue_prefix (from file FILE:1): must be one of v1, v2, got "v3"',
      message_for "return { queue_prefix = 'v3' }")
    local _, err = load_with { file = false, env = { RCMCP_CANCEL_REMOTE_ON_CLIENT_CANCEL = "perhaps" } }
    assert.equal('cancel_remote_on_client_cancel (from environment RCMCP_CANCEL_REMOTE_ON_CLIENT_CANCEL): '
      .. 'must be true or false, got "perhaps"', err.message)
  end)

  it("names the line of a syntax error and of one at run time", function()
    assert.matches("^FILE:2: ", message_for "return {\n  wait_slice 50 }")
    assert.matches("^FILE:1: .*nil value %(global 'os'%)", message_for "return { wait_slice = os.time() }")
    assert.matches("^FILE: must return a table of settings", message_for "wait_slice = 50")
  end)

  it("stops a file that does not end or that grows, and names the file", function()
    -- A loop's first instruction counts to the line before: Lua steps back by one where a hook yields.
    assert.matches("^FILE:[12]: takes more than the 500 ms of processor time that a configuration may take$",
      message_for "local n = 0\nwhile true do n = n + 1 end")
    -- In a process of its own: here the collector walks what all the specs hold, and may use up the time first.
    local growing = file_with "local t = {}\nwhile true do\n  t[#t + 1] = {} end"
    local status, _, said = require("spec.support.child").run { "recipes", "--config", growing }
    assert.equal(78, status)
    assert.matches("takes more than the 16 MiB of memory that a configuration may take", said, 1, true)
    assert.matches("^FILE", message_for "return { output_folder = ('x'):rep(1e9) }")
    assert.matches("^FILE:1: ", message_for "return { output_folder = ('a'):rep(1e5):find(('a*'):rep(30) .. 'b') }")
    local settings = assert(load_with { file = file_with "return { wait_slice = 50 }" })
    assert.equal(50, settings.wait_slice)
  end)

  it("takes only text, no bytecode", function()
    assert.matches("attempt to load a binary chunk", message_for(string.dump(function() return {} end)))
  end)

  describe("base_url", function()
    local function base_url(url)
      return load_with { file = false, env = { RUNCOMFY_SERVERLESS_BASE_URL = url } }
    end

    it("is taken without its last slash; plain http on this machine", function()
      assert.equal("https://api.example.com", base_url("https://api.example.com/").base_url)
      assert.equal("https://api.example.com/gate", base_url("https://api.example.com/gate").base_url)
      assert.equal("http://127.0.0.1:8188", base_url("http://127.0.0.1:8188").base_url)
      assert.equal("http://localhost:1", base_url("http://localhost:1").base_url)
      assert.equal("http://[::1]:1", base_url("http://[::1]:1").base_url)
    end)

    it("never sends the key over plain http to another machine, nor to a disguised one", function()
      for _, url in ipairs {
        "http://api.runcomfy.net", "http://127.0.0.1.example.com", "http://localhost.example.com",
        "http://localhost@example.com", "https://user:pass@example.com", "https://example.com?x=1",
        "https://example.com#x", "ftp://example.com", "example.com", "https://", "https://exa mple.com",
        "http://127.0.0.1\\.example.com",
      } do
        local settings, err = base_url(url)
        assert.is_nil(settings, url)
        assert.matches("^base_url %(from environment RUNCOMFY_SERVERLESS_BASE_URL%): must be an https URL", err.message)
      end
    end)
  end)

  describe("api_key", function()
    it("comes from the first of its places, and says from which", function()
      local path = file_with("from-the-file\n")
      local machine = file_with("from-the-machine\n")
      local env = {
        RUNCOMFY_SERVERLESS_API_KEY = "from-serverless", RUNCOMFY_API_KEY = "from-variable", RUNCOMFY_API_KEY_FILE = path,
        RUNCOMFY_API_TOKEN = "from-machine", RUNCOMFY_API_TOKEN_FILE = machine, RUNCOMFY_TOKEN = "from-token",
      }
      local own = file_with "return { api_key = 'from-config' }"

      local function found()
        local settings = assert(load_with { file = own, env = env })
        return settings.api_key, settings.origin.api_key
      end

      assert.same({ "from-serverless", "environment RUNCOMFY_SERVERLESS_API_KEY" }, { found() })
      env.RUNCOMFY_SERVERLESS_API_KEY = nil
      assert.same({ "from-variable", "environment RUNCOMFY_API_KEY" }, { found() })
      env.RUNCOMFY_API_KEY = nil
      assert.same({ "from-the-file", "file " .. path .. " (environment RUNCOMFY_API_KEY_FILE)" }, { found() })
      env.RUNCOMFY_API_KEY_FILE = nil
      assert.same({ "from-machine", "environment RUNCOMFY_API_TOKEN" }, { found() })
      env.RUNCOMFY_API_TOKEN = nil
      assert.same({ "from-the-machine", "file " .. machine .. " (environment RUNCOMFY_API_TOKEN_FILE)" }, { found() })
      env.RUNCOMFY_API_TOKEN_FILE = nil
      assert.same({ "from-token", "environment RUNCOMFY_TOKEN" }, { found() })
      env.RUNCOMFY_TOKEN = nil
      assert.same({ "from-config", "file " .. own .. ":1" }, { found() })
    end)

    it("comes from the file that a flag names, before all others", function()
      local path = file_with("  from-the-file  \r\n")
      local settings = assert(load_with {
        file = false, flags = { api_key_file = path }, env = { RUNCOMFY_API_KEY = "from-variable" },
      })
      assert.equal("from-the-file", settings.api_key)
    end)

    it("may lie in the home folder", function()
      local path = file_with(KEY)
      local folder, name = path:match("^(.*)/([^/]*)$")
      local settings = assert(load_with { file = false, env = { HOME = folder, RUNCOMFY_API_KEY_FILE = "~/" .. name } })
      assert.equal(KEY, settings.api_key)
    end)

    it("brings a warning when others may read its file", function()
      local path = file_with(KEY)
      local function warnings(mode, sources)
        assert(os.execute(("chmod %s '%s'"):format(mode, path)))
        return assert(load_with(sources)).warnings
      end
      local by_flag = { file = false, flags = { api_key_file = path } }
      assert.same({}, warnings("600", by_flag))
      assert.same({ path .. " holds an API key and others may read it (mode 0640); run: chmod 600 " .. path },
        warnings("640", by_flag))
      local file = assert(io.open(path, "w"))
      file:write("return { api_key = 'from-config' }")
      file:close()
      assert.equal(1, #warnings("604", { file = path }))
      assert.same({}, warnings("600", { file = path }))
    end)

    it("is refused when it cannot be one, and is never repeated in the message", function()
      for _, wrong in ipairs {
        "Bearer " .. KEY, "bearer\t" .. KEY, KEY .. " " .. KEY, KEY .. "\n" .. KEY, KEY .. "\u{e9}",
        "${RUNCOMFY_API_KEY}", "<your key>", "YOUR_API_KEY", "$RUNCOMFY_API_KEY", "{{key}}",
      } do
        local settings, err = load_with { file = false, env = { RUNCOMFY_API_KEY = wrong } }
        assert.is_nil(settings, wrong)
        assert.matches("^api_key %(from environment RUNCOMFY_API_KEY%): ", err.message)
        assert.is_nil(err.message:find(KEY, 1, true))
        assert.is_nil(err.message:find(wrong, 1, true))
      end
    end)

    it("names the file that holds none", function()
      local empty = file_with("\n")
      local _, err = load_with { file = false, flags = { api_key_file = empty } }
      assert.equal("api_key_file (from flag --api-key-file): " .. empty .. " is empty", err.message)
      _, err = load_with { file = false, env = { RUNCOMFY_API_KEY_FILE = "/nonexistent/key" } }
      assert.matches("^api_key_file %(from environment RUNCOMFY_API_KEY_FILE%): cannot read /nonexistent/key", err.message)
    end)
  end)

  it("takes a list as a text with commas, and as a table in the file", function()
    local settings = assert(load_with { file = false, env = { RCMCP_HTTP_HOSTS = "a.test, *.b.test" } })
    assert.same({ "a.test", "*.b.test" }, settings.http_hosts)
    local check = require("lib.config.settings").check
    local setting = require("lib.config.settings").by_name.http_hosts
    assert.same({ "x", "y,z" }, check(setting, { "x", "y,z" }))
    for _, value in ipairs { "", { 5 }, { a = "b" }, {}, 7, { "" } } do
      assert.equal("a list of texts, separated by commas", select(2, check(setting, value)))
    end
  end)

  it("documents each setting", function()
    for _, setting in ipairs(require("lib.config.settings").list) do
      assert.is_true(#setting.description > 10, setting.name)
      assert.is_truthy(setting.env, setting.name)
      assert.equal(not setting.secret, setting.flag ~= nil, setting.name)
    end
  end)
end)
