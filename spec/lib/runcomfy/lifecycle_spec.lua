local json = require "core.json"
local lifecycle = require "lib.runcomfy.lifecycle"

describe("lib.runcomfy.lifecycle", function()
  it("knows all ends in all spellings, and takes nothing else for one", function()
    local ends = { completed = "completed", Completed = "completed", succeeded = "succeeded", FAILED = "failed", error = "failed",
                   cancelled = "cancelled", canceled = "cancelled", CANCELED = "cancelled" }
    for word, ending in pairs(ends) do assert.equal(ending, lifecycle.outcome(word)) end
    for _, word in ipairs { "in_queue", "in_progress", "cancellation_requested", "", 5, json.null } do
      assert.is_nil(lifecycle.outcome(word))
    end
    assert.is_nil(lifecycle.outcome(nil))
  end)

  it("believes the result more than the status", function()
    assert.equal("failed", lifecycle.ending("completed", "failed"))
    assert.equal("completed", lifecycle.ending("completed", nil))
    assert.equal("cancelled", lifecycle.ending("canceled", json.null))
    assert.equal("completed", lifecycle.ending("completed", "novel"))
  end)

  it("finds the words of a job's error", function()
    local function text(body) return lifecycle.error_text(json.raw(body)) end
    assert.equal("boom", text '{"error":"boom"}')
    assert.equal("boom", text '{"error_message":"boom"}')
    assert.equal("a; b", text '{"error":["a","b"]}')
    assert.equal("", text '{"error":null}')
    assert.equal("", text "{}")
    assert.equal("", lifecycle.error_text(nil))
  end)
end)
