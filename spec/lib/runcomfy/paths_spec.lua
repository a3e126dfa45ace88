local paths = require "lib.runcomfy.paths"

describe("lib.runcomfy.paths", function()
  describe("segment", function()
    it("leaves ids as they are and encodes the rest", function()
      assert.equal("1697cb1a-aa_B", paths.segment("id", "1697cb1a-aa_B"))
      assert.equal("a%20b%25c", paths.segment("id", "a b%c"))
      assert.equal("%C3%A9", paths.segment("id", "é"))
      assert.equal("%252e%252e", paths.segment("id", "%2e%2e"))
    end)

    for _, bad in ipairs { "", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a\nb", "a\0b", "a\127", "https://host", "../x", ("x"):rep(257) } do
      it(("refuses %q, naming the field"):format(bad:sub(1, 20)), function()
        local segment, err = paths.segment("request_id", bad)
        assert.is_nil(segment)
        assert.equal("invalid_input", err.code)
        assert.matches("Field 'request_id' must", err.message, 1, true)
      end)
    end
  end)

  describe("route", function()
    it("strips leading slashes and encodes each part", function()
      assert.equal("api/free", paths.route("p", "///api/free"))
      assert.equal("api/jobs/a%20b/cancel", paths.route("p", "api/jobs/a b/cancel"))
      assert.equal("api/%252e%252e", paths.route("p", "api/%2e%2e"))
    end)

    for _, bad in ipairs { "", "/", "..", "api/../../x", "api/./x", "api//free", "api/free/", "api?x=1", "api#x", "api\\x",
                           "http://host/x", "file:/x", "javascript:x", "api/\nx" } do
      it(("refuses %q, naming the field"):format(bad), function()
        local route, err = paths.route("comfy_backend_path", bad)
        assert.is_nil(route)
        assert.matches("Field 'comfy_backend_path' must", err.message, 1, true)
      end)
    end
  end)
end)
