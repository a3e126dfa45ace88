-- Lists and single values as structured content, which is an object before 2026-07-28.

local json = require "core.json"
local kit = require "spec.support.mcp"
local registry = require "lib.features.registry"
local wrapping = require "lib.features.wrapping"

local OLDER = { "2025-06-18", "2025-11-25" }
local WITHOUT = { "2024-11-05", "2025-03-26" }

local function tool(data, output, changes)
  changes = changes or {}
  changes.output, changes.name = output, "probe"
  changes.run = changes.run or function() return { data = data } end
  return assert(registry.compile(kit.tool(changes), { strict = true }))
end

-- The results of tools/list and of a call of the only tool, under a revision.
local function ask(one, version)
  local server = require("lib.mcp.server").new { snapshot = registry.snapshot_of { one }, version = "0" }
  local transport = kit.transport()
  local session = kit.attach(server, transport)
  if version == "2026-07-28" then
    kit.modern(session, 1, "tools/list")
    kit.modern(session, 2, "tools/call", { name = "probe" })
  else
    kit.initialize(session, transport, version)
    kit.send(session, { id = 1, method = "tools/list" })
    kit.send(session, { id = 2, method = "tools/call", params = { name = "probe" } })
  end
  kit.wait_for(function() return session:pending() == 0 end)
  return transport.sent[1].result.tools[1], transport.sent[2].result
end

local function text(value) return json.encode(value) end

describe("a result that is no object", function()
  local list = function() return json.as_array { 10, 20 } end

  it("is wrapped where structured content must be an object", function()
    for _, version in ipairs(OLDER) do
      for expected, data in pairs {
        ['{"result":[10,20]}'] = list(), ['{"result":[]}'] = json.as_array {}, ['{"result":7}'] = 7, ['{"result":false}'] = false,
        ['{"result":null}'] = json.null, ['{"result":[{"a":1}]}'] = { { a = 1 } }, ['{"result":[[1]]}'] = json.raw "[[1]]",
      } do
        local definition, result = ask(tool(data), version)
        assert.is_nil(definition.outputSchema)
        assert.equal(expected, text(result.structuredContent))
        assert.equal(expected, result.content[1].text)
      end
    end
  end)

  it("goes as it is where structured content may be anything, or is not known", function()
    local _, modern = ask(tool(list()), "2026-07-28")
    assert.equal("[10,20]", text(modern.structuredContent))
    for _, version in ipairs(WITHOUT) do
      local _, result = ask(tool(list()), version)
      assert.is_nil(result.structuredContent)
      assert.equal("[10,20]", result.content[1].text)
    end
  end)

  it("has a schema that says the same", function()
    local schema = { type = "array", items = { type = "integer" } }
    for _, version in ipairs(OLDER) do
      local definition, result = ask(tool(list(), schema), version)
      assert.same({ type = "object", properties = { result = schema } }, definition.outputSchema)
      assert.same({ result = { 10, 20 } }, result.structuredContent)
    end
    local definition, result = ask(tool(list(), schema), "2026-07-28")
    assert.same(schema, definition.outputSchema)
    assert.equal("[10,20]", text(result.structuredContent))
    assert.is_nil((ask(tool(list(), schema), "2025-03-26")).outputSchema)
  end)

  it("has it also as JSON text, and where the schema names several types", function()
    local raw = '{"anyOf":[{"type":"object"},{"type":"array"}],"title":"Either"}'
    for _, data in ipairs { list(), { a = 1 } } do
      local definition, result = ask(tool(data, raw), "2025-11-25")
      assert.equal('{"type":"object","properties":{"result":' .. raw .. "}}", text(definition.outputSchema))
      assert.equal(text { result = data }, text(result.structuredContent))
      definition, result = ask(tool(data, raw), "2026-07-28")
      assert.equal(raw, text(definition.outputSchema))
      assert.equal(text(data), text(result.structuredContent))
    end
  end)

  it("leaves out the data of an error where they do not fit the schema", function()
    local failing = function() return nil, "no" end
    local one = tool(nil, { type = "array" }, { run = failing })
    local _, modern = ask(one, "2026-07-28")
    assert.is_true(modern.isError)
    assert.is_nil(modern.structuredContent)
    assert.equal("no", modern.content[1].text)
    local _, legacy = ask(one, "2025-11-25")
    assert.same({ ok = false, error = "no" }, legacy.structuredContent)
  end)

  it("has the label of the simulator beside it", function()
    local function labelled() return { data = list(), label_beside = true } end
    local _, modern = ask(tool(nil, nil, { run = labelled }), "2026-07-28")
    assert.equal("[10,20]", text(modern.structuredContent))
    assert.is_true(modern._meta.simulated)
    assert.is_table(modern._meta["io.modelcontextprotocol/serverInfo"])
    for _, version in ipairs(OLDER) do
      local _, result = ask(tool(nil, nil, { run = labelled }), version)
      assert.same({ result = { 10, 20 }, simulated = true }, result.structuredContent)
    end
    for _, version in ipairs(WITHOUT) do assert.is_true(select(2, ask(tool(nil, nil, { run = labelled }), version))._meta.simulated) end
  end)
end)

describe("mcp.wrapping", function()
  it("leads references to where the schema has gone", function()
    local schema = json.decode [[{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"array","items":{"$ref":"#/$defs/a"},
      "$defs":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#named"},{"type":"null"}]},"b":{"$anchor":"named","type":"string"},
      "c":{"$id":"https://x.test/c","$ref":"#/type"}},"examples":[{"$ref":"#/x"}]}]]
    local wrapped = wrapping.schema(schema)
    local inner = wrapped.properties.result
    assert.equal("https://json-schema.org/draft/2020-12/schema", wrapped["$schema"])
    assert.is_nil(inner["$schema"])
    assert.equal("#/properties/result/$defs/a", inner.items["$ref"])
    assert.equal("#/properties/result", inner["$defs"].a.anyOf[1]["$ref"])
    assert.equal("#named", inner["$defs"].a.anyOf[2]["$ref"])
    assert.equal("#/type", inner["$defs"].c["$ref"])
    assert.equal("#/x", inner.examples[1]["$ref"])
    assert.equal("#/$defs/a", schema.items["$ref"])
    inner["$defs"].c = nil -- leads nowhere, for the sake of the case above
    local check = assert(require("lib.schema").compile(wrapped))
    assert.is_true(check { result = json.decode '["x",null,[["y"]]]' })
    assert.is_nil((check { result = json.decode '["x",[[1]]]' }))
  end)

  it("spells out true and false among the properties, which older revisions do not know", function()
    local input = json.decode '{"type":"object","properties":{"b":true,"a":false,"c":{"type":"string"}}}'
    local one = tool(1, nil, { input = input })
    for _, version in ipairs { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" } do
      assert.equal('{"type":"object","properties":{"b":{},"a":{"not":{}},"c":{"type":"string"}}}', text((ask(one, version)).inputSchema))
    end
    assert.equal(text(input), text((ask(one, "2026-07-28")).inputSchema))
    local written = tool({ a = 1 }, '{"type":"object","properties":{"z":true,"a":{}}}')
    assert.equal('{"type":"object","properties":{"z":{},"a":{}}}', text((ask(written, "2025-06-18")).outputSchema))
  end)
end)
