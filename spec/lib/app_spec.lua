local accounts = require "lib.account"
local apps = require "lib.app"
local folder = require "spec.support.folder"
local host = require "core.host"
local log = require "core.log"

local KEY, OTHER = "rc-app-00112233445566", "rc-app-66554433221100"

local function config(key, more)
  return ("return { api_key = %q, base_url = 'http://127.0.0.1:1', log_level = 'error', %s }"):format(key, more or "")
end

describe("lib.app", function()
  local files, path

  before_each(function()
    files = folder.new()
    path = files:write("config.lua", config(KEY))
  end)

  after_each(function()
    files:remove()
    log.set_level "warning"
    host.set_memory_ceiling(0)
  end)

  local function open(options)
    options = options or {}
    options.file = path
    return apps.open(options)
  end

  local function id_of(key) return assert(accounts.new { key = key, base_url = "http://127.0.0.1:1" }).id end

  it("has the account of its settings, made once", function()
    local app <close> = assert(open())
    assert.is_nil(app.writes)
    local account = app:account()
    assert.equal(account, app:account())
    assert.equal(id_of(KEY), account.id)
    assert.equal(app.settings, account.settings)
    assert.equal("http://127.0.0.1:1", account.runcomfy.base_url)
    assert.same({}, app:unfinished())
    assert.equal(0, app.writes:count())
  end)

  it("takes what the command line says before what the file says", function()
    local app <close> = assert(open { flags = { wait_slice = "7" }, cancel_remote = true })
    assert.equal(7, app.settings.wait_slice)
    assert.is_true(app:cancels_remote())
    assert.is_true(app:account().runcomfy.cancel_remote_on_client_cancel)
  end)

  it("returns what is wrong, and says nothing itself", function()
    local lines, write = {}, log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function(_, text) lines[#lines + 1] = text end
    for _, case in ipairs {
      { { speed = "2" }, "usage", "--speed is the simulator's" }, { { speed = "fast", simulate = true }, "usage", "0.1 to 100000" },
      { { flags = { wait_slice = "soon" } }, nil, "wait" },
    } do
      local none, err = open(case[1])
      assert.is_nil(none)
      if case[2] then assert.equal(case[2], err.code) else assert.matches("^flag", err.origin) end
      assert.matches(case[3], err.message, 1, true)
    end
    assert.same({}, lines)
  end)

  it("opens without the settings that are wrong where that is asked for", function()
    files:write("config.lua", config(KEY, "wait_slice = 'soon'"))
    local none, err = open()
    assert.is_nil(none)
    assert.matches("wait_slice", err.message, 1, true)
    local app <close> = assert(open { forgiving = true })
    assert.equal(1, #app.settings.problems)
    assert.equal("http://127.0.0.1:1", app.settings.base_url)
  end)

  it("gives calls that begin after a reload another account, and leaves those before alone", function()
    local app <close> = assert(open())
    local before = app:account()
    files:write("config.lua", config(OTHER, "wait_slice = 9"))
    assert(app:reload())
    local after = app:account()
    assert.are_not.equal(before, after)
    assert.equal(id_of(OTHER), after.id)
    assert.equal(9, after.settings.wait_slice)
    assert.is_nil(before.settings.wait_slice)
    assert.equal(id_of(KEY), before.id)
    files:write("config.lua", config(OTHER))
    assert(app:reload())
    assert.are_not.equal(after, app:account())
    assert.equal(after.id, app:account().id)
    assert.equal(after.runcomfy.recent, app:account().runcomfy.recent)
    assert.are_not.equal(before.runcomfy.recent, app:account().runcomfy.recent)
  end)

  it("keeps settings and account where the new settings are wrong", function()
    local app <close> = assert(open())
    local settings, account = app.settings, app:account()
    files:write("config.lua", "return { wait_slice = 'soon' }")
    local ok, err = app:reload()
    assert.is_nil(ok)
    assert.matches("wait_slice", err.message, 1, true)
    assert.equal(settings, app.settings)
    assert.equal(account, app:account())
  end)

  it("stands the simulator in for RunComfy, and gives it no key of the settings", function()
    local app <close> = assert(open { simulate = true, speed = "1" })
    assert.is_true(app.simulated)
    assert.matches("^http://127%.0%.0%.1:%d+$", app:account().runcomfy.base_url)
    assert.are_not.equal("http://127.0.0.1:1", app:account().runcomfy.base_url)
    assert.are_not.equal(id_of(KEY), app:account().id)
  end)
end)
