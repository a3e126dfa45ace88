local context = require "lib.calls.context"
local elicitation = require "lib.calls.elicitation"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local redaction = require "lib.redaction"

local QUESTION = {
  message = "Where to?",
  input = {
    { "city", "string", "The city", min_length = 2, max_length = 20, default = "Bern" },
    { "days", "integer", "How long", minimum = 1, maximum = 9 },
    { "car", "boolean", "With a car", default = false },
    { "stars", "integer", "Of the hotel", enum = { 3, 4, 5 }, default = 4 },
    { "note", "string", "Anything else", optional = true },
  },
}

-- A tool that asks; what came of it is in `outcome`.
local function asking(question, outcome)
  return kit.tool { name = "ask", run = function(_, ctx)
    local values, action = ctx:elicit(question or QUESTION)
    outcome.values, outcome.action = values, action
    return { text = action }
  end }
end

local sessions = {}

local function connect(tool, capabilities, version, options)
  local session, transport, server = kit.connect({ tool }, options)
  sessions[#sessions + 1] = session
  kit.send(session, { id = "init", method = "initialize", params = {
    protocolVersion = version or "2025-11-25", capabilities = capabilities, clientInfo = { name = "the-client", version = "1" },
  } })
  kit.send(session, { method = "notifications/initialized" })
  transport.sent, transport.texts = {}, {}
  return session, transport, server
end

local function call(session, id)
  kit.send(session, { id = id or 1, method = "tools/call", params = { name = "ask" } })
end

-- Begins a call that asks; gives the session, the transport and the outcome, filled later.
local function begin(question, version, capabilities, options)
  local outcome = {}
  local session, transport = connect(asking(question, outcome), capabilities or { elicitation = {} }, version, options)
  call(session)
  return session, transport, outcome
end

local function reply(session, result)
  kit.send(session, { id = "s1", result = result })
end

local function error_text(transport)
  local result = transport.sent[#transport.sent].result
  assert.is_true(result.isError)
  return result.content[1].text
end

describe("mcp.elicitation", function()
  after_each(function() -- a question left open keeps its timer for ten minutes
    for _, session in ipairs(sessions) do session:close() end
    sessions = {}
  end)

  it("asks the client for a form, in the words of 2025-11-25", function()
    local _, transport = begin()
    assert.equal(1, #transport.sent)
    assert.same({
      jsonrpc = "2.0", id = "s1", method = "elicitation/create",
      params = {
        mode = "form", message = "Where to?",
        requestedSchema = {
          type = "object", required = { "days" },
          properties = {
            city = { type = "string", description = "The city", minLength = 2, maxLength = 20, default = "Bern" },
            days = { type = "integer", description = "How long", minimum = 1, maximum = 9 },
            car = { type = "boolean", description = "With a car", default = false },
            stars = { type = "string", description = "Of the hotel", enum = { "3", "4", "5" }, default = "4" },
            note = { type = "string", description = "Anything else" },
          },
        },
      },
    }, transport.sent[1])
    assert.matches('"properties":{"city".*"days".*"car".*"stars".*"note"', transport.texts[1])
  end)

  it("shows no secret, and takes a default that it does not show all the same", function()
    local secret = "comfyui-0a1b2c3d4e5f"
    redaction.secrets { api_key_comfy_org = secret }
    local session, transport, outcome = begin {
      message = "Pay with " .. secret .. "?",
      input = {
        { "card", "string", "Not " .. secret, default = secret }, { "which", "string", "One", enum = { "other", "x " .. secret } },
      },
    }
    assert.is_nil(transport.texts[1]:find(secret, 1, true))
    local params = transport.sent[1].params
    assert.equal("Pay with [redacted]?", params.message)
    assert.same({ card = { type = "string", description = "Not [redacted]" },
                  which = { type = "string", description = "One", enum = { "other" } } }, params.requestedSchema.properties)
    reply(session, { action = "accept", content = { which = "other" } })
    kit.wait_for(function() return session:pending() == 0 end)
    assert.same({ card = secret, which = "other" }, outcome.values)
    local _, other = begin { message = "Which?", input = { { "which", "string", "One", enum = { secret } } } }
    assert.matches("each choice of 'which' holds what is secret", error_text(other), 1, true)
  end)

  it("leaves out what 2025-06-18 does not know", function()
    local _, transport = begin(nil, "2025-06-18")
    local params = transport.sent[1].params
    assert.is_nil(params.mode)
    local properties = params.requestedSchema.properties
    assert.same({ nil, nil, false }, { properties.city.default, properties.stars.default, properties.car.default })
  end)

  it("gives the values, made what was declared, defaults filled in", function()
    local session, transport, outcome = begin()
    reply(session, { action = "accept", content = { days = 3, stars = "5", extra = "x" } })
    kit.wait_for(function() return session:pending() == 0 end)
    assert.same({ city = "Bern", days = 3, car = false, stars = 5 }, outcome.values)
    assert.equal("accept", transport.sent[2].result.content[1].text)
  end)

  it("tells a no and a dismissal from a yes", function()
    for _, action in ipairs { "decline", "cancel" } do
      local session, _, outcome = begin()
      reply(session, { action = action })
      assert.same({ 0, nil, action }, { session:pending(), outcome.values, outcome.action })
    end
  end)

  it("gives each question an id of its own, and each answer to its question", function()
    local outcomes = { {}, {} }
    local tool = kit.tool { name = "ask", input = { { "n", "integer", "Which" } }, run = function(input, ctx)
      outcomes[input.n].values = ctx:elicit(QUESTION)
      return { text = "done" }
    end }
    local session, transport = connect(tool, { elicitation = {} })
    for n = 1, 2 do
      kit.send(session, { id = n, method = "tools/call", params = { name = "ask", arguments = { n = n } } })
    end
    assert.same({ "s1", "s2" }, { transport.sent[1].id, transport.sent[2].id })
    kit.send(session, { id = "s2", result = { action = "accept", content = { days = 2 } } })
    kit.send(session, { id = "s1", result = { action = "accept", content = { days = 1 } } })
    assert.same({ 1, 2 }, { outcomes[1].values.days, outcomes[2].values.days })
  end)

  it("drops answers to nothing", function()
    local session, transport, outcome = begin()
    for _, id in ipairs { "s2", "1", 1, 2.5 } do kit.send(session, { id = id, result = { action = "decline" } }) end
    session:receive '{"jsonrpc":"2.0","id":null,"result":{}}'
    assert.same({ 1, 1 }, { #transport.sent, session:pending() })
    reply(session, { action = "accept", content = { days = 1 } })
    reply(session, { action = "decline" })
    assert.equal("accept", outcome.action)
    assert.equal(2, #transport.sent)
  end)

  local WRONG = {
    ["'days' must be from 1 to 9"] = { action = "accept", content = { days = 30 } },
    ["'days' is required"] = { action = "accept" },
    ["'days' must be an integer"] = { action = "accept", content = { days = json.as_array {} } },
  }

  it("asks again where an answer does not fit, with why, three times in all", function()
    for why, wrong in pairs(WRONG) do
      local session, transport, outcome = begin()
      local first = transport.sent[1].params.message
      for try = 2, 3 do
        kit.send(session, { id = "s" .. try - 1, result = wrong })
        local question = transport.sent[try]
        assert.equal("elicitation/create", question.method)
        assert.matches("^That does not fit: .*" .. why:gsub("%p", "%%%0"), question.params.message)
        assert.equal(first, question.params.message:sub(-#first))
      end
      kit.send(session, { id = "s3", result = { action = "accept", content = { days = 3 } } })
      kit.wait_for(function() return session:pending() == 0 end)
      assert.equal(3, outcome.values.days)

      session, transport = begin()
      for try = 1, 3 do kit.send(session, { id = "s" .. try, result = wrong }) end
      assert.matches(why, error_text(transport), 1, true)
    end
  end)

  it("takes a no to a question that is asked again", function()
    local session, _, outcome = begin()
    reply(session, { action = "accept", content = { days = 30 } })
    kit.send(session, { id = "s2", result = { action = "decline" } })
    assert.same({ 0, nil, "decline" }, { session:pending(), outcome.values, outcome.action })
  end)

  it("says what is wrong with an answer that is none", function()
    local session, transport = begin()
    reply(session, { action = "maybe" })
    assert.matches("none of the actions accept, decline and cancel", error_text(transport), 1, true)
    session, transport = begin()
    session:receive '{"jsonrpc":"2.0","id":"s1","result":[]}'
    assert.matches("none of the actions", error_text(transport), 1, true)
  end)

  it("tells the client's error", function()
    for answer, expected in pairs {
      ['{"code":-32601,"message":"Method not found"}'] = "answered the question with error -32601: Method not found",
      ['{"code":-1,"message":"User rejected"}'] = "answered the question with error -1: User rejected",
      ['"broken"'] = "answered the question with error",
    } do
      local session, transport = begin()
      session:receive('{"jsonrpc":"2.0","id":"s1","error":' .. answer .. "}")
      assert.matches("The client 'the-client' " .. expected, error_text(transport), 1, true)
    end
  end)

  it("waits no longer than the server's patience, and takes the question back", function()
    local session, transport = begin(nil, nil, nil, { ask_seconds = 0.01 })
    kit.wait_for(function() return session:pending() == 0 end)
    assert.same({ "notifications/cancelled", "s1" }, { transport.sent[2].method, transport.sent[2].params.requestId })
    assert.equal("Nobody answered the question in time.", error_text(transport))
  end)

  it("takes the question back when the call is cancelled", function()
    local session, transport, outcome = begin()
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.same({ 0, 2 }, { session:pending(), #transport.sent })
    assert.same({ "notifications/cancelled", "s1" }, { transport.sent[2].method, transport.sent[2].params.requestId })
    reply(session, { action = "accept", content = { days = 1 } })
    assert.same({}, outcome)
  end)

  it("ends when the client will answer nothing more", function()
    local session, transport = begin()
    session:drain()
    assert.matches("has closed the connection", error_text(transport), 1, true)
    call(session, 2)
    assert.matches("has closed the connection", error_text(transport), 1, true)
    assert.equal(3, #transport.sent)
  end)

  it("sends nothing over a closed connection", function()
    local session, transport = begin()
    transport.closed = true
    session:close("gone")
    assert.equal(1, #transport.sent)
  end)

  it("says what the client lacks, and asks nothing", function()
    for _, case in ipairs {
      { {}, nil, "The client 'the-client' cannot ask the person: it did not declare the capability 'elicitation'" },
      { nil, nil, "did not declare the capability 'elicitation'" },
      { { elicitation = json.null }, nil, "did not declare the capability 'elicitation'" },
      { { elicitation = { url = {} } }, nil, "declared the capability 'elicitation' for URLs only" },
      { { elicitation = {} }, "2025-03-26", "The client 'the-client' speaks MCP 2025-03-26, in which nobody can be asked" },
      { { elicitation = {} }, "2024-11-05", "speaks MCP 2024-11-05" },
    } do
      local session, transport = connect(asking(nil, {}), case[1], case[2])
      call(session)
      assert.equal(1, #transport.sent)
      assert.matches(case[3], error_text(transport), 1, true)
    end
    local session, transport = kit.connect { asking(nil, {}) }
    kit.modern(session, 1, "tools/call", { name = "ask" })
    assert.matches("The client cannot ask the person: it did not declare the capability 'elicitation' in this request",
      error_text(transport), 1, true)
  end)

  it("asks in forms where the client declares both ways", function()
    local _, transport = begin(nil, nil, { elicitation = { form = {}, url = {} } })
    assert.equal("elicitation/create", transport.sent[1].method)
  end)

  it("raises where no client is connected, and the caller has no other way", function()
    local ctx = context.new { tool = "probe" }
    local ok, err = pcall(ctx.elicit, ctx, QUESTION)
    assert.is_false(ok)
    assert.same({ "cannot_ask", "Nobody can be asked here: no client is connected." }, { err.code, err.message })
    ctx.ask = function() return "decline" end
    assert.same({ nil, "decline" }, { ctx:elicit(QUESTION) })
  end)

  it("asks in another way where the caller has one", function()
    local ctx = context.new { tool = "probe", ask = function(form) return "accept", { days = #form.input } end }
    assert.equal(5, elicitation.elicit(ctx, QUESTION).days)
  end)

  it("raises errors with a code", function()
    local ctx = context.new { tool = "probe" }
    local function code_of(question)
      local ok, err = pcall(ctx.elicit, ctx, question)
      assert.is_false(ok)
      assert.is_true(errors.is(err))
      return err.code
    end
    assert.equal("cannot_ask", code_of(QUESTION))
    assert.equal("bad_question", code_of {})
    assert.equal("bad_question", code_of("really?"))
    assert.equal("bad_question", code_of { message = "x", input = { { "list", "array", "A list" } } })
    assert.equal("bad_declaration", code_of { message = "x", input = { { "list", "text", "A list" } } })
  end)

  it("confirms only what was clearly agreed to", function()
    for result, expected in pairs {
      ['{"action":"accept","content":{"confirm":true}}'] = true,
      ['{"action":"accept","content":{"confirm":false}}'] = false,
      ['{"action":"accept","content":{}}'] = false,
      ['{"action":"accept"}'] = false,
      ['{"action":"decline","content":{"confirm":true}}'] = false,
      ['{"action":"cancel"}'] = false,
    } do
      local agreed
      local session, transport = connect(kit.tool { name = "ask", run = function(_, ctx)
        agreed = ctx:confirm("Delete it?")
        return { text = "x" }
      end }, { elicitation = {} })
      call(session)
      assert.equal("Delete it?", transport.sent[1].params.message)
      session:receive('{"jsonrpc":"2.0","id":"s1","result":' .. result .. "}")
      assert.equal(expected, agreed)
    end
  end)

  it("works from a fiber that the tool started", function()
    local values
    local session = connect(kit.tool { name = "ask", run = function(_, ctx)
      local _, answer = fiber.spawn(function() return ctx:elicit(QUESTION) end):join()
      values = answer
      return { text = "done" }
    end }, { elicitation = {} })
    call(session)
    reply(session, { action = "accept", content = { days = 7 } })
    assert.equal(7, values.days)
  end)
end)
