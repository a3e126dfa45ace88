-- What the kits of specs hold every message of a server to: the rules see what official clients throw away.

local json = require "core.json"
local kit = require "spec.support.mcp"
local rules = require "spec.support.wire_rules"
local schema = require "lib.schema"
local wire_check = require "spec.support.wire_check"

local VERSIONS = { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28" }

local function breaks(version, name, text)
  return not assert(schema.compile(rules.of(version)[name]))(json.decode(text))
end

-- A message, its rule, and the revisions under which it is wrong.
local wrong = {
  { "CallToolResult", '{"content":[],"structuredContent":[1]}', { "2025-06-18", "2025-11-25" } },
  { "CallToolResult", '{"content":[],"structuredContent":7}', { "2025-06-18", "2025-11-25" } },
  { "CallToolResult", '{"content":[],"structuredContent":{}}', { "2024-11-05", "2025-03-26" } },
  { "CallToolResult", '{"content":{}}', VERSIONS }, { "CallToolResult", '{"content":[{"type":"text"}]}', VERSIONS },
  { "CallToolResult", '{"content":[{"type":"video","data":""}]}', VERSIONS },
  { "CallToolResult", '{"content":[{"type":"audio","data":"","mimeType":"audio/wav"}]}', { "2024-11-05" } },
  { "CallToolResult", '{"content":[{"type":"resource_link","uri":"a:b","name":"b"}]}', { "2024-11-05", "2025-03-26" } },
  { "CallToolResult", '{"content":[],"resultType":"complete"}', { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" } },
  { "CallToolResult", '{"content":[]}', { "2026-07-28" } },
  { "ListToolsResult", '{"tools":[{"name":"a","inputSchema":{"type":"object","properties":[]}}]}', { "2024-11-05", "2025-11-25" } },
  { "ListToolsResult", '{"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"x":true}}}]}', { "2024-11-05", "2025-11-25" } },
  { "ListToolsResult", '{"tools":[{"name":"a","inputSchema":{"type":"object","required":{}}}]}', { "2025-06-18", "2025-11-25" } },
  { "ListToolsResult", '{"tools":[{"name":"a","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}]}',
    { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" } },
  { "ListToolsResult", '{"tools":[{"name":"a","inputSchema":{"type":"array"}}]}', VERSIONS },
  { "ListToolsResult", '{"tools":[{"name":"a","description":null,"inputSchema":{"type":"object"}}]}', VERSIONS },
  { "ListToolsResult", '{"tools":[]}', { "2026-07-28" } }, { "ListToolsResult", '{"tools":{}}', VERSIONS },
  { "ListPromptsResult", '{"prompts":[],"nextCursor":null}', VERSIONS },
  { "ReadResourceResult", '{"contents":[{"uri":"a:b"}]}', VERSIONS },
  { "GetPromptResult", '{"messages":[{"role":"user","content":[]}]}', VERSIONS },
  { "ProgressNotification", '{"method":"notifications/progress","params":{"progressToken":1,"progress":"1"}}', VERSIONS },
  { "JSONRPCMessage", '{"jsonrpc":"2.0","id":null,"result":{}}', VERSIONS },
  { "JSONRPCMessage", '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}', VERSIONS },
  { "JSONRPCMessage", '{"id":1,"result":{}}', VERSIONS },
}

describe("spec.support.wire_rules", function()
  for _, case in ipairs(wrong) do
    local name, text, versions = table.unpack(case)
    it(("finds what is wrong with %s %s"):format(name, text), function()
      for _, version in ipairs(versions) do assert.is_true(breaks(version, name, text), version) end
    end)
  end

  it("has the rules that the published schemas have", function()
    if not wire_check.has_schemas then
      pending "the published schemas are not at hand in ../shared/schema; the rules alone were checked"
      return
    end
    for _, case in ipairs(wrong) do
      for _, version in ipairs(case[3]) do assert.is_string(wire_check.problem(version, case[1], json.decode(case[2]))) end
    end
  end)
end)

describe("the kit of specs", function()
  it("lets no spec look at a message that clients throw away", function()
    local session, transport = kit.connect { kit.tool() }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { id = 1, method = "tools/call", params = { name = "probe" } })
    assert.equal("ok", transport.sent[1].result.content[1].text)
    kit.send(session, { id = 2, method = "tools/call", params = { name = "none" } })
    assert.equal(-32602, transport.sent[2].error.code)
    transport.wire:received '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"probe"}}'
    transport:send '{"jsonrpc":"2.0","id":3,"result":{"content":[],"structuredContent":[1]}}'
    local ok, message = pcall(function() return transport.sent[3] end)
    assert.is_false(ok)
    assert.matches("CallToolResult of 2025-11-25: structuredContent must be an object, not an array", message, 1, true)
  end)
end)
