local era = require "lib.mcp.era"
local json = require "core.json"
local jsonrpc = require "lib.mcp.jsonrpc"
local kit = require "spec.support.mcp"
local server = require "lib.mcp.server"
local versions = require "lib.mcp.versions"

local PREFIX = "io.modelcontextprotocol/"
local LEGACY = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }

local instance = server.new { snapshot = kit.snapshot {}, version = "1" }

local function choose(negotiated, method, meta)
  return era.choose(instance, negotiated, method, meta)
end

describe("mcp.era", function()
  it("takes a request with its own metadata for one of the modern revision, whatever was negotiated", function()
    for _, negotiated in ipairs { false, instance:revision "2025-06-18" } do
      assert.equal(versions.MODERN, choose(negotiated or nil, "tools/list", kit.meta()).version)
    end
  end)

  it("takes one without for one of the revision that was negotiated", function()
    for _, version in ipairs(LEGACY) do
      local negotiated = instance:revision(version)
      for _, meta in ipairs { false, {}, { progressToken = 1 }, { [PREFIX .. "logLevel"] = "debug" } } do
        assert.equal(negotiated, choose(negotiated, "tools/list", meta or nil))
      end
    end
  end)

  it("answers a ping before anything else, and asks of all others for one or the other", function()
    assert.equal("2025-11-25", choose(nil, "ping").version)
    local none, code, message = choose(nil, "tools/list")
    assert.same({ nil, jsonrpc.INVALID_PARAMS }, { none, code })
    assert.matches("or call 'initialize' first", message, 1, true)
  end)

  it("names the member of the metadata that is missing or wrong", function()
    local cases = {
      { { [PREFIX .. "protocolVersion"] = false }, "must have 'io.modelcontextprotocol/protocolVersion', a string" },
      { { [PREFIX .. "clientCapabilities"] = false }, "must have 'io.modelcontextprotocol/clientCapabilities', an object" },
      { { [PREFIX .. "clientCapabilities"] = json.as_array {} }, "clientCapabilities', an object" },
      { { [PREFIX .. "clientCapabilities"] = json.null }, "clientCapabilities', an object" },
      { { [PREFIX .. "protocolVersion"] = 5 }, "protocolVersion', a string" },
      { { [PREFIX .. "logLevel"] = "loud" }, "logLevel' is no log level" },
      { { [PREFIX .. "logLevel"] = 0 / 0 }, "logLevel' is no log level" },
    }
    for _, case in ipairs(cases) do
      local meta = kit.meta(case[1])
      meta[PREFIX .. "clientInfo"] = { name = "c" } -- of the modern era in any case
      local none, code, message = choose(nil, "tools/list", meta)
      assert.same({ nil, jsonrpc.INVALID_PARAMS }, { none, code })
      assert.matches(case[2], message, 1, true)
    end
    for _, level in ipairs { "debug", "emergency", json.null } do
      assert.equal(versions.MODERN, choose(nil, "tools/list", kit.meta { [PREFIX .. "logLevel"] = level }).version)
    end
  end)

  it("says which revisions there are in place of one that it does not speak so", function()
    for requested, supported in pairs { ["2025-06-18"] = { versions.MODERN }, ["2030-01-01"] = versions.all, [""] = versions.all } do
      local none, code, message, data = choose(nil, "ping", kit.meta { [PREFIX .. "protocolVersion"] = requested })
      assert.same({ nil, jsonrpc.UNSUPPORTED_VERSION }, { none, code })
      assert.matches("^Unsupported protocol version: ", message)
      local told = assert(json.decode(data))
      assert.equal(requested, told.requested)
      assert.same(json.encode(json.as_array(supported)), json.encode(told.supported))
    end
  end)

  it("settles by a handshake on what is asked for, else on the latest that has one", function()
    for _, version in ipairs(LEGACY) do assert.equal(version, era.negotiate(instance, version).version) end
    for _, requested in ipairs { versions.MODERN, "2030-01-01", "", 5, json.null, {}, false } do
      assert.equal("2025-11-25", era.negotiate(instance, requested).version)
    end
    assert.equal("2025-11-25", era.negotiate(instance, nil).version)
  end)

  it("keeps of who asks name and version, where they are texts", function()
    assert.same({ name = "c", version = "1" }, era.client_of { name = "c", version = "1", title = "T", icons = {} })
    assert.same({}, era.client_of { name = 5, version = json.null })
    for _, info in ipairs { "text", 5, json.null, json.as_array {} } do assert.is_nil(era.client_of(info)) end
    assert.is_nil(era.client_of(nil))
    assert.is_nil(era.client_in(nil))
    assert.is_nil(era.client_in {})
    assert.equal("c", era.client_in({ [PREFIX .. "clientInfo"] = { name = "c" } }).name)
  end)

  it("tells what a request declares, and whether it names a revision", function()
    assert.is_nil(era.capabilities_in(nil))
    assert.same({ elicitation = {} }, era.capabilities_in { [PREFIX .. "clientCapabilities"] = { elicitation = {} } })
    assert.same({ false, false, true }, { era.names_revision(nil), era.names_revision {}, era.names_revision(kit.meta()) })
    assert.is_falsy(era.is_modern(nil))
    assert.is_falsy(era.is_modern { progressToken = 1 })
    for _, name in ipairs { "protocolVersion", "clientCapabilities", "clientInfo" } do
      assert.is_truthy(era.is_modern { [PREFIX .. name] = json.null })
    end
  end)
end)
