local hints = require "lib.recipes.link.hints"
local kit = require "spec.support.mcp"
local registry = require "lib.features.registry"

local function tool(name, annotations)
  return assert(registry.compile(kit.tool { name = name, annotations = annotations }))
end

local HARMLESS = { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false }
local reader = tool("reader", HARMLESS)
local writer = tool("writer", { readOnlyHint = false, destructiveHint = false, idempotentHint = false, openWorldHint = true })
local killer = tool("killer", { readOnlyHint = false, destructiveHint = true, idempotentHint = true, openWorldHint = false })

describe("recipes.hints", function()
  it("are harmless for a recipe that uses nothing", function()
    assert.same(HARMLESS, hints.of({}, {}))
  end)

  it("are the worst of what is used", function()
    assert.same(HARMLESS, hints.of({}, { reader }))
    assert.same({ readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
      hints.of({}, { reader, writer, killer }))
  end)

  it("count a hint that a tool leaves out as the specification does", function()
    assert.same({ readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
      hints.of({}, { tool("silent") }))
  end)

  it("may be declared stricter", function()
    local result = hints.of({ annotations = { destructiveHint = true, readOnlyHint = false } }, { reader })
    assert.same({ readOnlyHint = false, destructiveHint = true, idempotentHint = true, openWorldHint = false }, result)
  end)

  for name, value in pairs { readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = false } do
    it("must not be declared milder: " .. name, function()
      local result, problem = hints.of({ annotations = { [name] = value } }, { reader, writer, killer })
      assert.is_nil(result)
      assert.matches("field 'annotations': " .. name .. " cannot be " .. tostring(value), problem, 1, true)
      assert.matches("it uses '[wk][ri][il][tl]er'", problem)
    end)
  end

  it("are the worst for a recipe with hosts, of which the author may know better, but for the open world", function()
    assert.same({ readOnlyHint = false, destructiveHint = true, idempotentHint = false, openWorldHint = true },
      hints.of({ hosts = { "example.com" } }, { reader }))
    local result = hints.of({ hosts = { "example.com" }, annotations = { readOnlyHint = true, destructiveHint = false } }, { reader })
    assert.is_true(result.readOnlyHint)
    assert.is_true(result.openWorldHint)
    local none, problem = hints.of({ hosts = { "example.com" }, annotations = { openWorldHint = false } }, {})
    assert.is_nil(none)
    assert.matches("reaches the hosts", problem)
    assert.is_nil((hints.of({ hosts = { "example.com" }, annotations = { readOnlyHint = true } }, { writer })))
  end)

  it("say that rc.download writes, and that rc.http reaches the open world", function()
    local saves = hints.of({}, { reader }, { { name = "rc.download", certain = true } })
    assert.same({ readOnlyHint = false, destructiveHint = false, idempotentHint = false, openWorldHint = false }, saves)
    local reaches = hints.of({}, { reader }, { { name = "rc.http", certain = true } })
    assert.same({ readOnlyHint = true, destructiveHint = false, idempotentHint = true, openWorldHint = true }, reaches)
  end)

  it("must not deny what the source does, unless another tool or a module may do it", function()
    local declared = { annotations = { readOnlyHint = true } }
    local none, problem = hints.of(declared, {}, { { name = "rc.download", certain = true } })
    assert.is_nil(none)
    assert.matches("readOnlyHint cannot be true: it calls rc.download, which saves files", problem, 1, true)
    assert.is_true(hints.of(declared, {}, { { name = "rc.download", certain = false } }).readOnlyHint)
    none, problem = hints.of({ annotations = { openWorldHint = false } }, {}, { { name = "rc.http", certain = true } })
    assert.is_nil(none)
    assert.matches("openWorldHint cannot be false: it calls rc.http", problem, 1, true)
  end)

  it("tell which of them denies what is about to be done", function()
    assert.same({ "readOnlyHint", true }, { hints.denies(reader, "rc.download") })
    assert.same({ "openWorldHint", false }, { hints.denies(reader, "rc.http") })
    assert.is_nil((hints.denies(writer, "rc.download")))
    assert.is_nil((hints.denies(writer, "rc.http")))
  end)
end)
