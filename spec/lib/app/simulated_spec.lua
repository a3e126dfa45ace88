local effects = require "lib.calls.effects"
local errors = require "lib.errors"
local json = require "core.json"
local registry = require "lib.features.registry"
local simulated = require "lib.app.simulated"

local function declaration(run)
  return {
    name = "t", description = "d", run = run, input = { { "n", "integer", "N", optional = true } },
    output = json.ordered({ "type", "properties" }, { type = "object", properties = { ok = { type = "boolean" } } }),
  }
end

local function call(run, input, about_server, undeclared)
  local fields = declaration(run)
  if undeclared then fields.output = nil end
  local tool = assert(registry.compile(fields))
  tool.about_server = about_server
  return registry.call(tool, input or {}, { effects = effects.chain { simulated.link() } })
end

describe("lib.app.simulated", function()
  it("marks text and data of every result", function()
    local result = call(function() return { text = "Done.", data = { ok = true } } end)
    assert.same({ ok = true, simulated = true }, result.data)
    assert.equal("Done.\n" .. simulated.SENTENCE, result.text)
    assert.equal(simulated.SENTENCE, call(function() return { data = { ok = true } } end).text)
  end)

  it("marks data that is kept as bytes", function()
    local result = call(function() return { text = "", data = json.raw '{"seed":18446744073709551615,"list":[]}' } end, {}, false, true)
    assert.equal('{"seed":18446744073709551615,"list":[],"simulated":true}', json.encode(result.data))
  end)

  it("marks errors, with data of their own or without", function()
    local result = call(function() return nil, errors.new("No.", { code = "c", data = { ok = false } }) end)
    assert.is_true(result.is_error)
    assert.equal("No.\n" .. simulated.SENTENCE, result.text)
    assert.same({ ok = false, simulated = true }, result.data)
    assert.same({ ok = false, error = "No.", simulated = true }, call(function() return nil, errors.new("No.") end).data)
  end)

  it("does not mark what has reached no simulator, nor what tells of the server", function()
    local refused = call(function() return { data = { ok = true } } end, { n = "x" })
    assert.is_true(refused.is_error)
    assert.not_matches("SIMULATED", refused.text, 1, true)
    assert.same({ ok = true }, call(function() return { text = "t", data = { ok = true } } end, {}, true).data)
  end)

  it("marks a result that is told later, and executes nothing for it", function()
    local tool = assert(registry.compile(declaration(function() error "executed" end)))
    local ctx = { effects = effects.chain { simulated.link() } }
    local result = assert(registry.report(tool, { data = { ok = true }, pending = true }, nil, ctx))
    assert.same({ ok = true, simulated = true }, result.data)
  end)

  it("declares the mark in the output schema, of the copy alone", function()
    local original = declaration(function() end)
    local marked = simulated.tool(original)
    assert.equal("boolean", marked.output.properties.simulated.type)
    assert.is_nil(original.output.properties.simulated)
    assert.equal('{"type":"object","properties":{"ok":{"type":"boolean"}}}', json.encode(original.output))
  end)
end)
