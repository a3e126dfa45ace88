local child = require "spec.support.child"
local json = require "core.json"

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
    local status, report = doctor({}, "--simulate")
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
    local status, out = child.run { "doctor", "--simulate" }
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
end)
