local clock = require "lib.async.clock"
local patience = require "lib.mcp.patience"

describe("mcp.patience", function()
  after_each(function() clock.set_speed(1) end)

  it("is 45 seconds for a client of which nothing is known", function()
    for _, client in ipairs { { name = "somebody" }, { name = "codex-mcp-client" }, { name = "claude-ai" }, { name = 5 }, {} } do
      assert.equal(45, patience.seconds(nil, client, true))
    end
    assert.equal(45, patience.seconds(nil, nil, false))
  end)

  it("is longer for clients that are known to wait", function()
    assert.equal(240, patience.seconds(nil, { name = "gemini-cli-mcp-client" }, false))
    assert.equal(240, patience.seconds(nil, { name = "gemini-cli-mcp-client-runcomfy" }, false))
    assert.equal(240, patience.seconds(nil, { name = "goose" }, true))
  end)

  it("is longer for one that waits while it hears of progress only where it asks for it", function()
    assert.equal(240, patience.seconds(nil, { name = "claude-code" }, true))
    assert.equal(45, patience.seconds(nil, { name = "claude-code" }, false))
  end)

  it("is the setting's, whoever the client is; 0 is without end", function()
    for _, client in ipairs { { name = "claude-code" }, {} } do
      assert.equal(20, patience.seconds(20, client, true))
      assert.is_nil(patience.seconds(0, client, true))
    end
  end)

  it("runs on the client's own time, however fast the program's clock is", function()
    clock.set_speed(60)
    assert.equal(45 * 60, patience.seconds(nil, {}, false))
    assert.equal(20, patience.seconds(20, {}, false))
  end)

  it("has a source for each client", function()
    for _, known in ipairs(patience.KNOWN) do assert.is_true(#known.source > 10, known.name) end
  end)
end)
