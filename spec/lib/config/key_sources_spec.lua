local config = require "lib.config"
local scratch = require "spec.support.scratch"

local KEY = "0123456789abcdef0123456789abcdef0123"

describe("lib.config.key_sources", function()
  local function load_from(values)
    return config.load { file = false, env = function(name) return values[name] end }
  end

  -- What is found with a token.json in the folder of the official command line.
  local function found(text, more)
    local dir <close> = scratch.new()
    dir:write("runcomfy/token.json", text)
    assert(os.execute(("chmod 600 '%s/runcomfy/token.json'"):format(dir.path)))
    local values = { XDG_CONFIG_HOME = dir.path, HOME = "/nonexistent" }
    for name, value in pairs(more or {}) do values[name] = value end
    local settings = assert(load_from(values))
    for i, warning in ipairs(settings.warnings) do settings.warnings[i] = warning:gsub(dir.path:gsub("%W", "%%%0"), "DIR") end
    return settings, dir.path
  end

  it("takes the key that `runcomfy login` saved, where nothing else is set", function()
    local settings, folder = found(('{"access_token":"%s","refresh_token":null,"expires_at":null,"user_email":null}'):format(KEY))
    assert.equal(KEY, settings.api_key)
    assert.equal("file " .. folder .. "/runcomfy/token.json (runcomfy login)", settings.origin.api_key)
    assert.same({}, settings.warnings)
    assert.equal("from-token", found('{"access_token":"x"}', { RUNCOMFY_TOKEN = "from-token" }).api_key)
  end)

  it("looks where the official command line looks", function()
    local dir <close> = scratch.new()
    local text = ('{"access_token":"%s"}'):format(KEY)
    dir:write("own/token.json", text)
    assert.equal(KEY, load_from({ RUNCOMFY_CONFIG_DIR = dir.path .. "/own", HOME = "/nonexistent" }).api_key)
    dir:write(".config/runcomfy/token.json", text)
    assert.equal(KEY, load_from({ HOME = dir.path }).api_key)
    assert.is_nil(load_from({ HOME = "/nonexistent" }).api_key)
  end)

  it("passes over a file of another program that it cannot use, with a warning that shows nothing of it", function()
    local prefix = "DIR/runcomfy/token.json, where RunComfy's own command line keeps its key, "
    for text, what in pairs {
      ["{"] = "holds no access_token", ["[]"] = "holds no access_token", ['{"access_token":5}'] = "holds no access_token",
      ['{"access_token":"' .. KEY .. " " .. KEY .. '"}'] = "holds no key that can be one",
      ['{"access_token":" "}'] = "holds an empty key", [""] = "holds no access_token",
    } do
      local settings = found(text)
      assert.is_nil(settings.api_key, text)
      assert.same({ prefix .. what .. "; it is passed over" }, settings.warnings)
    end
  end)

  it("says when the saved key has expired", function()
    local settings = found(('{"access_token":"%s","expires_at":1000}'):format(KEY))
    assert.equal(KEY, settings.api_key)
    assert.same({ "the key in DIR/runcomfy/token.json has expired; run `runcomfy login` again, or set RUNCOMFY_API_KEY" },
      settings.warnings)
    assert.same({}, found(('{"access_token":"%s","expires_at":99999999999}'):format(KEY)).warnings)
  end)

  it("does not fall back to the key of another account where a machine's own cannot be read", function()
    local settings, err = load_from {
      RUNCOMFY_API_TOKEN_FILE = "/nonexistent/token", RUNCOMFY_TOKEN = "of-somebody-else", HOME = "/nonexistent",
    }
    assert.is_nil(settings)
    assert.matches("^api_key_file %(from environment RUNCOMFY_API_TOKEN_FILE%): cannot read /nonexistent/token", err.message)
  end)

  it("reads a file of one only as far as a key may reach, and says so", function()
    local settings, err = load_from { RUNCOMFY_API_TOKEN_FILE = "/dev/zero", HOME = "/nonexistent" }
    assert.is_nil(settings)
    assert.matches("cannot read /dev/zero: it has more than the 65536 bytes", err.message, 1, true)
  end)
end)
