local settings = require "lib.config.settings"

local function check(name, value)
  return settings.check(settings.by_name[name], value)
end

local function refused(name, value)
  local taken, expected = check(name, value)
  assert.is_nil(taken, ("%s took %s"):format(name, tostring(value)))
  return expected
end

describe("lib.config.settings", function()
  it("has each setting once, each way to set it once, and a default that it takes itself", function()
    local seen = {}
    for _, setting in ipairs(settings.list) do
      for _, name in ipairs { setting.name, setting.env or "", setting.flag or "" } do
        assert.is_nil(seen[name], name .. " is there twice")
        seen[name] = name ~= "" or nil
      end
      if setting.default ~= nil then assert.same(setting.default, (settings.check(setting, setting.default))) end
      assert.equal(setting, settings.by_name[setting.name])
    end
    assert.equal(#settings.list, #settings.names())
  end)

  it("gives a secret no option, for the command line is visible to all", function()
    for _, setting in ipairs(settings.list) do
      if setting.secret then assert.is_nil(setting.flag, setting.name) end
    end
  end)

  it("takes numbers as numbers and as text, at both ends of their range and no further", function()
    for _, value in ipairs { 10, "10", "600000", 600000.0, "0x10" } do
      assert.equal(math.tointeger(tonumber(value)), (check("recipe_cpu_ms", value)))
    end
    for _, value in ipairs { 9, 600001, "1e9", "", "ten", 10.5, 0 / 0, math.huge, true, {} } do
      assert.equal("a whole number from 10 to 600000", refused("recipe_cpu_ms", value))
    end
    assert.equal(0.5, (check("wait_slice", "0.5")))
    assert.equal("a number from 0 to 86400", refused("wait_slice", "-1"))
    refused("wait_slice", "nan")
    refused("wait_slice", "inf")
  end)

  it("takes the words for true and false, in any case", function()
    for text, value in pairs { TRUE = true, yes = true, On = true, ["1"] = true, no = false, OFF = false, ["0"] = false } do
      assert.equal(value, (check("hot_reload", text)))
    end
    for _, value in ipairs { "", "maybe", 1, "2" } do assert.equal("true or false", refused("hot_reload", value)) end
  end)

  it("takes a choice as it is written, and nothing near it", function()
    assert.equal("debug", (check("log_level", "debug")))
    assert.equal("one of error, warning, info, debug", refused("log_level", "Debug"))
    refused("log_level", "")
    refused("queue_prefix", "v3")
  end)

  it("takes lists as tables and as text with commas", function()
    assert.same({ "a", "b c" }, (check("http_hosts", " a ,b c")))
    assert.same({ "a" }, (check("http_hosts", { "a" })))
    for _, value in ipairs { "", {}, { "" }, { 1 }, { a = "b" }, { "a", b = "c" }, ",", " , ", 1 } do
      assert.matches("a list of texts", refused("http_hosts", value))
    end
    assert.equal(1000, #check("http_hosts", ("a,"):rep(1000)))
    assert.matches("at most 1000", refused("http_hosts", ("a,"):rep(1001)))
  end)

  it("takes an address that keeps the key safe", function()
    assert.equal("https://a.b/c", (check("base_url", "https://a.b/c//")))
    for _, url in ipairs { "http://localhost:8080", "http://127.0.0.1", "http://127.8.9.10:1/x", "http://[::1]:9" } do
      assert.equal(url, (check("base_url", url)))
    end
    for _, url in ipairs { "http://a.b", "http://127.0.0.1.evil.com", "http://localhost.evil.com", "http://[::2]" } do
      assert.matches("the key would cross the network unprotected", refused("base_url", url), 1, true)
    end
    for _, url in ipairs {
      "", "a.b", "ftp://a.b", "https://", "https://user@a.b", "https://a.b?x", "https://a.b#x", "https://a b", "https://a\\b", 1,
    } do
      assert.matches("an https URL such as", refused("base_url", url), 1, true)
    end
  end)

  it("takes no empty text", function()
    refused("api_key", "")
    refused("output_folder", "")
    refused("output_folder", 1)
    assert.equal("/x", (check("output_folder", "/x")))
  end)
end)
