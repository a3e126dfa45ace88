-- The label of simulated results, whatever their tool declares.

local context = require "lib.calls.context"
local effects = require "lib.calls.effects"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local label = require "lib.features.label"
local registry = require "lib.features.registry"

local function call(output, data)
  local tool = assert(registry.compile(kit.tool {
    output = output, run = function() return { data = data } end,
  }, { strict = true }))
  local ctx, result = context.new { tool = "probe" }, nil
  ctx.effects = effects.chain { function(_, proceed, scope)
    local given, err = proceed()
    if given then label.put(scope.tool.label_rules, given) end
    return given, err
  end }
  fiber.spawn(function() result = registry.call(tool, {}, ctx) end)
  return result, tool
end

describe("the label of a simulated result", function()
  it("stands among the data, declared or not", function()
    for _, output in ipairs {
      false, { { "url", "string", "Where" } }, { type = "object", additionalProperties = false, properties = { url = {} } },
      '{"type":"object","additionalProperties":false,"properties":{"url":{"type":"string"},"simulated":{"type":"boolean"}}}',
    } do
      local result = call(output or nil, { url = "u" })
      assert.is_false(result.is_error, result.text)
      assert.same({ url = "u", simulated = true }, result.data)
      assert.is_nil(result.label_beside)
    end
  end)

  it("stands beside the data that it does not fit into", function()
    for _, output in ipairs {
      { type = "object", properties = { url = {} }, unevaluatedProperties = false }, { type = "object", maxProperties = 1 },
      { type = "object", propertyNames = { maxLength = 3 } }, { type = "object", additionalProperties = { type = "string" } },
      { type = "object", allOf = { { properties = { url = {} }, additionalProperties = false } } },
    } do
      local result = call(output, { url = "u" })
      assert.is_false(result.is_error, result.text)
      assert.same({ url = "u" }, result.data)
      assert.is_true(result.label_beside)
    end
    for _, data in ipairs { json.as_array {}, { 1 }, 5, false, json.null, { simulated = "partly" } } do
      local before = json.encode(data)
      local result = call(nil, data)
      assert.equal(before, json.encode(result.data))
      assert.is_true(result.label_beside)
    end
  end)

  it("does no harm where it came along from another tool", function()
    local result = call({ { "url", "string", "Where" } }, { url = "u", simulated = true })
    assert.is_false(result.is_error, result.text)
    assert.same({ url = "u", simulated = true }, result.data)
  end)

  it("is kept to what the tool itself declares of it", function()
    local result = call({ { "simulated", "boolean", "Whether it is" } }, {})
    assert.is_true(result.is_error)
    assert.matches("must have the member 'simulated'", result.text, 1, true)
  end)

  it("keeps the order of the data", function()
    local data = json.decode '{"z":1,"a":2}'
    assert.equal('{"z":1,"a":2,"simulated":true}', json.encode(call(nil, data).data))
    assert.equal('{"z":1,"simulated":true}', json.encode(call(nil, json.raw '{"z":1}').data))
  end)
end)
