local exit_status = require "cli.shared.exit_status"
local json = require "core.json"

describe("cli.shared.exit_status", function()
  it("tells a refused key, an unwell API and a wrong input from other errors", function()
    for expected, errors in pairs {
      [77] = { { status_code = 401 }, { status_code = 403 }, { code = "no_key" } },
      [69] = { { status_code = 429 }, { status_code = 500 }, { status_code = 503 }, { code = "connect" },
               { code = "timeout", status_code = json.null },
               { code = "network" }, { code = "truncated" }, { code = "tls" }, { code = "library" } },
      [65] = { { code = "invalid_input" }, { code = "bad_input" } },
      [78] = { { code = "config" } },
      [1] = { { status_code = 404 }, { status_code = 422, code = "http_status" }, { code = "job_failed" }, { code = "timeout" }, {} },
    } do
      for _, err in ipairs(errors) do assert.equal(expected, exit_status.of_error(err), json.encode(err)) end
    end
  end)

  it("takes a null for no status", function()
    assert.equal(69, exit_status.of_error { status_code = json.null, code = "connect" })
  end)

  it("gives each meaning a number of its own", function()
    local seen = {}
    for name, status in pairs(exit_status) do
      if type(status) == "number" then
        assert.is_nil(seen[status], name)
        seen[status] = name
      end
    end
  end)
end)
