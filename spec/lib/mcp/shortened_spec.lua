-- A result that is longer than a message may be and, once shortened, breaks the schema that clients check: an error for
-- them, with all that fits of it.

local json = require "core.json"
local kit = require "spec.support.mcp"
local registry = require "lib.features.registry"
local server = require "lib.mcp.server"

local MIB = 1024 * 1024
local OUTPUT = {
  type = "object", required = { "urls", "log" }, additionalProperties = false,
  properties = {
    urls = { type = "array", items = { type = "string" } }, log = { type = "string", minLength = 9 * MIB },
    seed = { type = "integer" },
  },
}

local begun = {}
function begun.text() return "Still open: r-1" end
function begun.name_in(_, err)
  err.message, err.data.open_requests = err.message .. "\nStill open: r-1", json.as_array { "r-1" }
  return err
end

local function call(version, log)
  local tool = assert(registry.compile({
    name = "one", description = "A tool.", output = OUTPUT,
    run = function()
      return { text = "Done.", begun = begun,
        data = { urls = json.as_array { "https://x/1.png", "https://x/2.png" }, seed = 7, log = log } }
    end,
  }, { strict = true }))
  local transport = kit.transport()
  local session = kit.attach(server.new { snapshot = registry.snapshot_of { tool }, version = "1" }, transport)
  kit.initialize(session, transport, version)
  kit.send(session, { method = "notifications/initialized" })
  kit.send(session, { id = 5, method = "tools/call", params = { name = "one", arguments = {} } })
  kit.wait_for(function() return transport.sent[1] end)
  assert.is_true(#transport.texts[#transport.texts] <= 8 * MIB)
  return transport.sent[#transport.sent].result
end

describe("a shortened result that breaks its schema", function()
  for _, version in ipairs { "2025-06-18", "2025-11-25" } do
    for name, log in pairs { plain = ("x"):rep(10 * MIB), escapes = ('"\\'):rep(5 * MIB), wide = ("é"):rep(9 * MIB) } do
      it(("is an error that has all that fits: %s, %s"):format(version, name), function()
        local result = call(version, log)
        assert.is_true(result.isError)
        local text = result.content[1].text
        assert.matches("This result was shortened", text, 1, true)
        assert.matches("shortened, it breaks the tool's output schema: log ", text, 1, true)
        assert.matches("Done.", text, 1, true)
        assert.matches("Still open: r-1", text, 1, true)
        local parts = {}
        for i, block in ipairs(result.content) do parts[i] = block.text end
        assert.matches("https://x/1.png", table.concat(parts, "\n"), 1, true)
        local data = result.structuredContent
        assert.same({ false, "bad_result", 7 }, { data.ok, data.code, data.returned.seed })
        assert.same({ "https://x/1.png", "https://x/2.png" }, data.returned.urls)
        assert.same({ "r-1" }, data.open_requests)
        assert.matches("^[x\"\\é]+… %[%d+ bytes in all%]$", data.returned.log)
      end)
    end
  end

  it("is a result for clients that see text only: they check nothing", function()
    for _, version in ipairs { "2024-11-05", "2025-03-26" } do
      local result = call(version, ("x"):rep(10 * MIB))
      assert.is_falsy(result.isError)
      assert.matches('"urls":["https://x/1.png","https://x/2.png"]', result.content[2].text, 1, true)
    end
  end)

  it("is a result where it still fits", function()
    local tool_output = OUTPUT.properties.log
    tool_output.minLength = 5
    local result = call("2025-11-25", ("x"):rep(10 * MIB))
    tool_output.minLength = 9 * MIB
    assert.is_falsy(result.isError)
    assert.equal(7, result.structuredContent.seed)
  end)
end)
