local hosts = require "lib.recipes.effects.hosts"

local function state(declared, allowed)
  return { name = "r", hosts = declared, settings = { http_hosts = allowed }, ctx = {} }
end

local function check(declared, allowed, text)
  return hosts.check(state(declared, allowed), assert(hosts.parse(text)))
end

describe("lib.recipes.effects.hosts", function()
  it("reads URLs", function()
    assert.same({ scheme = "https", host = "x.test", port = 443, text = "https://X.test./a?b" }, hosts.parse "https://X.test./a?b")
    assert.equal(8080, hosts.parse("http://[::1]:8080/").port)
    assert.equal("::1", hosts.parse("http://[::1]:8080/").host)
    for _, text in ipairs { "ftp://x", "https://", "https://a b/", "https://u:p@x.test/",
      "https://x.test\\@y/", "//x", "https://ü.test/" } do
      assert.is_nil(hosts.parse(text), text)
    end
  end)

  it("wants a host declared and allowed", function()
    assert.same({ public_only = false }, check({ "x.test" }, { "x.test" }, "https://x.test/"))
    local _, err = check({}, { "x.test" }, "https://x.test/")
    assert.matches("its 'hosts' does not name it", err.message, 1, true)
    _, err = check({ "x.test" }, nil, "https://x.test/")
    assert.matches("the setting http_hosts", err.message, 1, true)
    _, err = check({ "x.test" }, { "x.test" }, "https://evil-x.test/")
    assert.equal("not_allowed", err.code)
  end)

  it("takes a star for all below, and looks at addresses then", function()
    assert.same({ public_only = true }, check({ "a.x.test" }, { "*.x.test" }, "https://a.x.test/"))
    assert.is_nil((check({ "x.test" }, { "*.x.test" }, "https://x.test/")))
    assert.is_nil((check({ "ax.test" }, { "*.x.test" }, "https://ax.test/")))
  end)

  it("takes a port where one is named", function()
    assert.is_table(check({ "x.test" }, { "x.test:8443" }, "https://x.test:8443/"))
    assert.is_nil((check({ "x.test" }, { "x.test:8443" }, "https://x.test/")))
    assert.is_table(check({ "127.0.0.1" }, { "127.0.0.1" }, "http://127.0.0.1:5/"))
  end)

  it("knows RunComfy's own, over https alone", function()
    local function is_own(text) return hosts.is_runcomfy(state {}, assert(hosts.parse(text))) end
    assert.is_true(is_own "https://outputs.runcomfy.net/x.png")
    assert.is_true(is_own "https://www.runcomfy.com/x.png")
    for _, text in ipairs { "http://outputs.runcomfy.net/", "https://runcomfy.net.evil.test/", "https://evilruncomfy.net/" } do
      assert.is_false(is_own(text), text)
    end
  end)
end)
