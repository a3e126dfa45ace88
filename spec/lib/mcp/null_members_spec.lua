-- Optional members that are there and null, as languages write them that know no absence: taken as left out, or refused by
-- name; never a silence, never an internal error.
local json = require "core.json"
local kit = require "spec.support.mcp"

local null = json.null
local PREFIX = "io.modelcontextprotocol/"

local function things()
  return {
    prompts = { { name = "p", description = "A prompt.", run = function() return "hello" end } },
    resources = { { uri = "recipe://r", name = "r", read = function() return "text" end } },
    templates = { { uri_template = "recipe://t/{id}", name = "t", read = function() return "text" end } },
    offers = { prompts = true, resources = true },
  }
end

local methods = {
  ["tools/list"] = {}, ["prompts/list"] = {}, ["resources/list"] = {}, ["resources/templates/list"] = {},
  ["tools/call"] = { name = "probe" }, ["prompts/get"] = { name = "p" }, ["resources/read"] = { uri = "recipe://r" },
}

-- Members that any of them has in some revision, and some that none has.
local members = { "cursor", "arguments", "requestState", "inputResponses", "task", "unheard_of" }
local meta_members = { "progressToken", PREFIX .. "clientInfo", PREFIX .. "logLevel", "traceparent", "unheard_of" }

local function connect(version)
  local session, transport = kit.connect({ kit.tool() }, things())
  if version then kit.initialize(session, transport, version) end
  return session, transport
end

local function answer_to(session, transport, method, params)
  local before = #transport.sent
  kit.send(session, { id = before + 1, method = method, params = params })
  kit.wait_for(function() return #transport.sent > before end)
  assert.equal(before + 1, #transport.sent, method)
  return transport.sent[before + 1]
end

local function with(params, name, value)
  local copy = {}
  for key, item in pairs(params) do copy[key] = item end
  copy[name] = value
  return copy
end

describe("members of a request that are null", function()
  for method, required in pairs(methods) do
    it(("are taken as left out by %s of 2026-07-28"):format(method), function()
      local session, transport = connect()
      for _, name in ipairs(members) do
        local params = with(required, name, null)
        params._meta = kit.meta()
        assert.is_table(answer_to(session, transport, method, params).result, name)
      end
      for _, name in ipairs(meta_members) do
        assert.is_table(answer_to(session, transport, method, with(required, "_meta", kit.meta { [name] = null })).result, name)
      end
    end)

    it(("are taken as left out by %s after a handshake"):format(method), function()
      for _, version in ipairs { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25" } do
        local session, transport = connect(version)
        for _, name in ipairs { "_meta", table.unpack(members) } do
          assert.is_table(answer_to(session, transport, method, with(required, name, null)).result, name)
        end
        assert.is_table(answer_to(session, transport, method, with(required, "_meta", { progressToken = null })).result)
      end
    end)
  end

  it("are refused by name where they are required", function()
    local session, transport = connect()
    for method, required in pairs(methods) do
      for name in pairs(required) do
        local params = with(required, name, null)
        params._meta = kit.meta()
        local err = answer_to(session, transport, method, params).error
        assert.equal(-32602, err.code)
        assert.matches("'" .. name .. "'", err.message, 1, true)
      end
      for _, name in ipairs { "protocolVersion", "clientCapabilities" } do
        local err = answer_to(session, transport, method, with(required, "_meta", kit.meta { [PREFIX .. name] = null })).error
        assert.equal(-32602, err.code)
        assert.matches(PREFIX .. name, err.message, 1, true)
      end
    end
  end)

  it("of initialize are taken as left out", function()
    for _, name in ipairs { "protocolVersion", "capabilities", "clientInfo", "_meta" } do
      local session, transport = connect()
      local params = with({ protocolVersion = "2025-06-18", capabilities = {}, clientInfo = { name = "c", version = "1" } }, name, null)
      assert.is_table(answer_to(session, transport, "initialize", params).result, name)
      assert.is_table(answer_to(session, transport, "tools/call", { name = "probe" }).result, name)
    end
    local session, transport = connect()
    assert.is_table(answer_to(session, transport, "initialize", null).result)
  end)

  it("of a subscription's filter are taken as left out", function()
    local session, transport = connect()
    for _, name in ipairs { "toolsListChanged", "resourceSubscriptions", "taskIds" } do
      kit.modern(session, name, "subscriptions/listen", { notifications = { [name] = null } })
      assert.equal("notifications/subscriptions/acknowledged", transport.sent[#transport.sent].method, name)
    end
    session:close()
  end)

  it("of a declared capability count as not declared", function()
    for _, declared in ipairs { { elicitation = null }, { elicitation = { url = null } }, { elicitation = { form = null } } } do
      local session, transport = kit.connect { kit.tool { run = function(_, ctx)
        ctx:elicit { message = "Yes?", input = { { "yes", "boolean", "Yes" } } }
      end } }
      kit.modern(session, 1, "tools/call", { name = "probe" }, { [PREFIX .. "clientCapabilities"] = declared })
      local result = transport.sent[1].result
      assert.equal(declared.elicitation == null and "complete" or "input_required", result.resultType)
      assert.equal(declared.elicitation == null or nil, result.isError)
      session:close()
    end
  end)
end)
