-- The first revision, and what the later ones make of it: the same answers, written otherwise.
local json = require "core.json"
local prompts = require "lib.features.prompts"
local registry = require "lib.features.registry"
local resources = require "lib.features.resources"
local first = require "lib.mcp.revisions.2024_11_05"
local versions = require "lib.mcp.versions"

local IDENTITY = { name = "a \"server\"", version = "1.2", title = "T", instructions = "Do\nthis.", ttl_ms = 60000 }

local function of(version, changes)
  local identity = {}
  for key, value in pairs(IDENTITY) do identity[key] = value end
  for key, value in pairs(changes or {}) do identity[key] = value or nil end
  return require("lib.mcp.revisions." .. versions.module(version)):of(identity)
end

local function decoded(...) return assert(json.decode(table.concat { ... })) end

local TOOL = {
  name = "t", title = "A tool", description = "Says \"hi\".", input = { { "a", "integer", "A" }, { "b", "string", "B", optional = true } },
  output = { { "z", "string", "Z" } }, annotations = { readOnlyHint = true, openWorldHint = false }, run = function() end,
}
local function nothing() return "" end

local PROMPT = {
  name = "p", title = "A prompt", description = "P.", arguments = { { "n", "string", "N" }, { "o", "string", "O", optional = true } },
  run = nothing,
}
local RESOURCE = { uri = "recipe://r", name = "r", title = "R", description = "About r.", mime_type = "text/plain", read = nothing }
local TEMPLATE = { uri_template = "recipe://r/{id}", name = "rt", title = "RT", read = nothing }

describe("mcp.revisions.2024_11_05", function()
  local revision = of "2024-11-05"

  it("is the first, and knows least", function()
    assert.equal("2024-11-05", revision.version)
    for _, flag in ipairs { "progress_messages", "structured", "any_structure", "audio", "links", "last_modified", "asks", "input_required",
                            "rich_questions" } do
      assert.is_false(revision[flag], flag)
    end
    assert.is_true(revision.batches)
    assert.equal(-32002, revision.not_found)
  end)

  it("initializes with what there is, and no title", function()
    local result = decoded(revision:initialize_result { prompts = false, resources = false })
    assert.same({
      protocolVersion = "2024-11-05", capabilities = { tools = {} }, serverInfo = { name = 'a "server"', version = "1.2" },
      instructions = "Do\nthis.",
    }, result)
    assert.is_nil(decoded(of("2024-11-05", { instructions = false }):initialize_result { prompts = false, resources = false }).instructions)
  end)

  it("says of each kind that its list may change, where it may", function()
    local changing = of("2024-11-05", { list_changed = true })
    assert.same({ tools = { listChanged = true }, prompts = { listChanged = true }, resources = { listChanged = true } },
      decoded(changing:capabilities { prompts = true, resources = true }))
    assert.same({ tools = {}, resources = {} }, decoded(revision:capabilities { prompts = false, resources = true }))
  end)

  it("leaves out of an object what is not there, and escapes its names", function()
    assert.equal([[{"a\"b":1,"c":{}}]], first.object { { 'a"b', "1" }, { "x", nil }, { "c", "{}" } })
    assert.equal("{}", first.object {})
  end)

  it("shows of a tool its name, description and schema", function()
    local tool = assert(registry.compile(TOOL))
    local list = decoded(revision:list_result("tools", { tool }))
    assert.same({ "description", "inputSchema", "name" }, require("lib.tables").sorted_keys(list.tools[1]))
    assert.equal('Says "hi".', list.tools[1].description)
    assert.same({ "a" }, list.tools[1].inputSchema.required)
    assert.equal('{"tools":[]}', revision:list_result("tools", {}))
  end)

  it("shows a schema of true and false in words that the clients of the time know", function()
    local input = '{"type":"object","properties":{"any":true}}'
    local tool = assert(registry.compile { name = "t", description = "T", input = input, run = nothing })
    local schema = decoded(revision:list_result("tools", { tool })).tools[1].inputSchema
    assert.equal("table", type(schema.properties.any))
    assert.is_true(decoded(of("2026-07-28"):list_result("tools", { tool })).tools[1].inputSchema.properties.any)
  end)

  it("shows prompts with their arguments, resources and templates", function()
    local prompt = decoded(revision:list_result("prompts", { assert(prompts.compile(PROMPT)) })).prompts[1]
    assert.same({
      name = "p", description = "P.",
      arguments = { { name = "n", description = "N", required = true }, { name = "o", description = "O", required = false } },
    }, prompt)
    local bare = assert(prompts.compile { name = "q", description = "Q.", run = function() return "" end })
    assert.is_nil(decoded(revision:list_result("prompts", { bare })).prompts[1].arguments)
    local resource = decoded(revision:list_result("resources", { assert(resources.compile(RESOURCE)) })).resources[1]
    assert.same({ uri = "recipe://r", name = "r", description = "About r.", mimeType = "text/plain" }, resource)
    local templates = decoded(revision:list_result("resourceTemplates", { assert(resources.compile_template(TEMPLATE)) }))
    assert.same({ uriTemplate = "recipe://r/{id}", name = "rt" }, templates.resourceTemplates[1])
  end)

  it("writes results in pieces that make one object", function()
    assert.same({ content = { { type = "text", text = "x" } }, isError = false },
      decoded(revision:call_result('[{"type":"text","text":"x"}]', '{"a":1}', false)))
    assert.same({ content = {}, isError = true, _meta = { simulated = true } },
      decoded(revision:call_result("[]", nil, true, '"simulated":true')))
    assert.same({ contents = {} }, decoded(revision:read_result "[]"))
    assert.same({ description = 'a"b', messages = {} }, decoded(revision:prompt_result('a"b', "[]")))
  end)

  it("makes revisions that differ from it, and leaves it alone", function()
    local other = first:extend { version = "x", structured = true }
    local own = other:of(IDENTITY)
    assert.same({ "x", true, true, -32002 }, { own.version, own.structured, own.batches, own.not_found })
    assert.same({ "2024-11-05", false }, { first.version, first.structured })
    assert.equal("x", decoded(own:initialize_result { prompts = false, resources = false }).protocolVersion)
  end)
end)

describe("the later revisions", function()
  local tool = assert(registry.compile(TOOL))

  it("show what they have come to know, and nothing sooner", function()
    local seen = {
      ["2024-11-05"] = "description inputSchema name", ["2025-03-26"] = "annotations description inputSchema name",
      ["2025-06-18"] = "annotations description inputSchema name outputSchema title",
    }
    seen["2025-11-25"], seen["2026-07-28"] = seen["2025-06-18"], seen["2025-06-18"]
    for _, version in ipairs(versions.all) do
      local shown = decoded(of(version):list_result("tools", { tool })).tools[1]
      assert.equal(seen[version], table.concat(require("lib.tables").sorted_keys(shown), " "), version)
      if shown.annotations then
        assert.same({ readOnlyHint = true, destructiveHint = true, idempotentHint = false, openWorldHint = false }, shown.annotations)
      end
      for kind, thing in pairs { prompts = prompts.compile(PROMPT), resources = resources.compile(RESOURCE),
                                 resourceTemplates = resources.compile_template(TEMPLATE) } do
        local title = decoded(of(version):list_result(kind, { thing }))[kind][1].title
        assert.equal(version >= "2025-06-18" and thing.title or nil, title, version .. " " .. kind)
      end
    end
  end)

  it("carry structured content from 2025-06-18 on", function()
    for _, version in ipairs(versions.all) do
      local result = decoded(of(version):call_result("[]", '{"a":1}', false))
      assert.same(version >= "2025-06-18" and { a = 1 } or nil, result.structuredContent, version)
      assert.is_false(result.isError)
      result = decoded(of(version):call_result("[]", nil, true, '"m":1'))
      assert.same({ true, 1 }, { result.isError, result._meta.m }, version)
      assert.is_nil(result.structuredContent)
    end
  end)

  it("say from 2026-07-28 on what kind of result it is, who answers and how long it holds", function()
    local offers = { prompts = false, resources = false }
    for _, version in ipairs(versions.all) do
      local revision = of(version)
      for name, result in pairs {
        call = decoded(revision:call_result("[]", nil, false)), list = decoded(revision:list_result("tools", {})),
        read = decoded(revision:read_result "[]"), prompt = decoded(revision:prompt_result("d", "[]")),
      } do
        local is_modern = version == versions.MODERN
        assert.equal(is_modern and "complete" or nil, result.resultType, version .. name)
        assert.equal(is_modern and IDENTITY.name or nil, result._meta and result._meta["io.modelcontextprotocol/serverInfo"].name)
        local ttl = name == "list" and 60000 or name == "read" and 0 or nil
        assert.equal(is_modern and ttl or nil, result.ttlMs, version .. name)
      end
      assert.equal(version == versions.MODERN, revision.methods["server/discover"] ~= nil)
      assert.equal(version ~= versions.MODERN, revision.methods.ping ~= nil)
      if version ~= versions.MODERN then
        assert.equal(version >= "2025-06-18" and "T" or nil, decoded(revision:initialize_result(offers)).serverInfo.title)
      end
    end
  end)
end)
