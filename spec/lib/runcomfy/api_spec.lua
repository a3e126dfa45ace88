local api = require "lib.runcomfy.api"
local bed = require "spec.support.runcomfy"

describe("lib.runcomfy.api", function()

  it("refuses settings that cannot be meant", function()
    for _, bad in ipairs { { base_url = "ftp://x" }, { base_url = "https://" }, { base_url = "https://x/?q" }, { queue_prefix = "v3" },
                           { key = "two words" }, { key = "line\r\nX-Evil: 1" }, { key = "schlüssel" } } do
      local ok, err = api.new(bad)
      assert.is_nil(ok)
      assert.equal("bad_setting", err.code)
      assert.is_nil(err.message:find("X-Evil", 1, true))
    end
  end)

  it("takes an empty key as none, and a base URL with a slash at its end", function()
    local way = assert(api.new { key = "", base_url = "http://127.0.0.1:1/" })
    assert.equal("http://127.0.0.1:1/prod/v2/deployments", way.deployments_url)
    assert.equal("http://127.0.0.1:1/prod/v1/deployments/", way.queue_url)
    local _, err = way:get(way.deployments_url)
    assert.equal("no_key", err.code)
  end)

  it("leaves answers alone that are no errors, whatever the key is", function()
    bed.with({ key = "simulated" }, function(sim)
      bed.answer_with(sim, '{"request_id":"r","simulated":true}', { count = 2 })
      assert.matches('"simulated":true', bed.call("submit_request", { deployment_id = "d" }).json, 1, true)
      assert.matches('"simulated":true', bed.call("get_request_status", { deployment_id = "d", request_id = "r" }).json, 1, true)
    end)
  end)

  it("does not wait for a Retry-After of more than a minute, and says so by ending", function()
    bed.with({}, function(sim, time)
      local begun = time.time
      assert(sim:fault { kind = "status", status = 429, retry_after = 3600, forever = true })
      local _, err = bed.runcomfy():list_deployments()
      assert.equal(429, err.status_code)
      assert.equal(60, err.retry_after)
      assert.equal(1, #sim:requests())
      assert.is_true(time.time - begun < 1)
    end)
  end)
end)
