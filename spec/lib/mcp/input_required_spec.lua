local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local timers = require "spec.support.timers"

local CAN_ASK = { ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} } }
local QUESTION = { message = "How many?", input = { { "n", "integer", "A number", minimum = 1, default = 2 } } }

-- A tool that asks `count` questions one after the other, and counts how often it began.
local function asker(state, count)
  state.begun, state.closed = 0, 0
  return kit.tool { name = "ask", input = { { "x", "integer", "Any", optional = true } }, run = function(_, ctx)
    state.begun = state.begun + 1
    local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
    local sum = 0
    for _ = 1, count or 1 do
      local values = ctx:elicit(QUESTION)
      sum = sum + (values and values.n or 0)
    end
    return { text = "done", data = { sum = sum } }
  end }
end

local sessions = {}

local function connect(tool, options)
  local session, transport, server = kit.connect({ tool }, options)
  sessions[#sessions + 1] = session
  local client = { session = session, transport = transport, server = server, last = 0 }

  -- Makes the call; `state` and `answer` are of an earlier question.
  function client.call(state, answer, changes, meta)
    client.last = client.last + 1
    local params = { name = "ask", requestState = state, inputResponses = answer and { question = answer } }
    for key, value in pairs(changes or {}) do params[key] = value end
    kit.modern(session, client.last, "tools/call", params, meta or CAN_ASK)
    return transport.sent[#transport.sent]
  end
  return client
end

local function accept(n) return { action = "accept", content = { n = n } } end

describe("mcp.input_required", function()
  after_each(function() -- a question left open keeps its timer for ten minutes
    for _, session in ipairs(sessions) do session:close() end
    sessions = {}
  end)

  it("answers with the question, and goes on with the answer where the call stands", function()
    local state = {}
    local client = connect(asker(state))
    local asked = client.call()
    assert.equal(1, asked.id)
    local result = asked.result
    assert.same({ "input_required", "string" }, { result.resultType, type(result.requestState) })
    assert.is_nil(result.content)
    assert.same({ question = { method = "elicitation/create", params = {
      mode = "form", message = "How many?",
      requestedSchema = { type = "object", properties = {
        n = { type = "integer", description = "A number", minimum = 1, default = 2 } } },
    } } }, result.inputRequests)
    assert.equal("rcmcp", result._meta["io.modelcontextprotocol/serverInfo"].name)

    local answered = client.call(result.requestState, accept(5))
    assert.same({ 2, "complete", 5 }, { answered.id, answered.result.resultType, answered.result.structuredContent.sum })
    assert.same({ 1, 1, 0, 2 }, { state.begun, state.closed, client.session:pending(), #client.transport.sent })
  end)

  it("asks one question after the other, each with a state of its own", function()
    local state = {}
    local client = connect(asker(state, 3))
    local first = client.call().result.requestState
    local second = client.call(first, accept(1)).result.requestState
    local third = client.call(second, accept(2)).result.requestState
    assert.is_true(first ~= second and second ~= third)
    assert.equal(6, client.call(third, accept(3)).result.structuredContent.sum)
    assert.equal(1, state.begun)
  end)

  it("asks questions of one moment one by one", function()
    local got = {}
    local tool = kit.tool { name = "ask", run = function(_, ctx)
      local fibers = {}
      for i = 1, 3 do
        fibers[i] = fiber.spawn(function() got[i] = ctx:elicit({ message = "Question " .. i, input = QUESTION.input }).n end)
      end
      for _, each in ipairs(fibers) do each:join() end
      return { text = "done" }
    end }
    local client = connect(tool)
    local result = client.call().result
    for i = 1, 3 do
      assert.equal("Question " .. i, result.inputRequests.question.params.message)
      result = client.call(result.requestState, accept(10 * i)).result
    end
    assert.same({ 10, 20, 30 }, got)
    assert.equal("complete", result.resultType)
  end)

  it("tells a no from a yes", function()
    for _, action in ipairs { "decline", "cancel" } do
      local client = connect(asker {})
      assert.equal(0, client.call(client.call().result.requestState, { action = action }).result.structuredContent.sum)
    end
  end)

  it("asks again where the answer is left out, and ignores others", function()
    local client = connect(asker {})
    local first = client.call().result.requestState
    local again = client.call(first, nil, { inputResponses = { other = accept(1) } }).result
    assert.same({ "input_required", "How many?" }, { again.resultType, again.inputRequests.question.params.message })
    assert.is_true(again.requestState ~= first)
    again = client.call(again.requestState).result
    assert.equal(7, client.call(again.requestState, accept(7)).result.structuredContent.sum)
  end)

  it("refuses an answer that is none, and still takes the right one", function()
    local client = connect(asker {})
    local state = client.call().result.requestState
    for _, responses in ipairs { { question = { action = "maybe" } }, { question = "yes" }, json.as_array { 1 }, "x" } do
      local err = client.call(state, nil, { inputResponses = responses }).error
      assert.equal(-32602, err.code)
      assert.matches("inputResponses", err.message, 1, true)
    end
    assert.equal(7, client.call(state, accept(7)).result.structuredContent.sum)
  end)

  it("asks again where an answer does not fit, and tells the tool of the third", function()
    local client = connect(asker {})
    local result = client.call().result
    for _ = 1, 2 do
      result = client.call(result.requestState, accept(0)).result
      assert.equal("input_required", result.resultType)
      assert.matches("^That does not fit: .*'n' must be 1 or more", result.inputRequests.question.params.message)
    end
    local state = result.requestState
    result = client.call(state, accept(0)).result
    assert.is_true(result.isError)
    assert.matches("'n' must be 1 or more", result.content[1].text, 1, true)
  end)

  it("takes a state once, from the same request, and no other", function()
    local client = connect(asker {})
    local state = client.call().result.requestState
    for _, changes in ipairs { { arguments = { x = 1 } }, { requestState = "guessed" }, { requestState = 5 } } do
      assert.equal(-32602, client.call(state, accept(1), changes).error.code)
    end
    assert.equal("complete", client.call(state, accept(1)).result.resultType)
    local err = client.call(state, accept(1)).error
    assert.equal(-32602, err.code)
    assert.matches("Unknown 'requestState'", err.message, 1, true)
    assert.equal(0, client.session:pending())
  end)

  it("does not take the state of a tool for a prompt of the same name", function()
    local prompt = { name = "ask", description = "Asks.", run = function() return "x" end }
    local client = connect(asker {}, { prompts = { prompt } })
    local state = client.call().result.requestState
    kit.modern(client.session, "p", "prompts/get", { name = "ask", requestState = state }, CAN_ASK)
    assert.matches("belongs to another request", client.transport.sent[2].error.message, 1, true)
  end)

  it("asks for prompts and resources, too", function()
    local function text(_, ctx) return "n is " .. ctx:elicit(QUESTION).n end
    local client = connect(asker {}, {
      prompts = { { name = "p", description = "Asks.", run = text } },
      templates = { { uri_template = "recipe://n/{id}", name = "t", read = text } },
    })
    for method, params in pairs { ["prompts/get"] = { name = "p" }, ["resources/read"] = { uri = "recipe://n/1" } } do
      kit.modern(client.session, method .. 1, method, params, CAN_ASK)
      params.requestState = client.transport.sent[#client.transport.sent].result.requestState
      params.inputResponses = { question = accept(4) }
      kit.modern(client.session, method .. 2, method, params, CAN_ASK)
      assert.matches("n is 4", client.transport.texts[#client.transport.texts], 1, true)
    end
  end)

  it("needs the capability in each request", function()
    local client = connect(asker({}, 2))
    local state = client.call().result.requestState
    local result = client.call(state, accept(1), nil, {}).result
    assert.is_true(result.isError)
    assert.matches("did not declare the capability 'elicitation' in this request", result.content[1].text, 1, true)
  end)

  it("waits no longer than the server's patience; the next request gets what became of the call", function()
    local time <close> = timers.take()
    local state = {}
    local client = connect(asker(state), { ask_seconds = 7 })
    local token = client.call().result.requestState
    assert.equal(7000, time:ring())
    kit.wait_for(function() return state.closed == 1 end)
    assert.same({ 0, 1 }, { client.session:pending(), #client.transport.sent })
    local late = client.call(token, accept(1))
    assert.same({ 2, true }, { late.id, late.result.isError })
    assert.equal("Nobody answered the question in time.", late.result.content[1].text)
    assert.equal(-32602, client.call(token, accept(1)).error.code)
  end)

  it("forgets that, too, after a while", function()
    local time <close> = timers.take()
    local state = {}
    local client = connect(asker(state), { ask_seconds = 7 })
    local token = client.call().result.requestState
    time:ring()
    kit.wait_for(function() return state.closed == 1 end)
    assert.equal(7000, time:ring()) -- of what became of it
    assert.matches("Unknown 'requestState'", client.call(token, accept(1)).error.message, 1, true)
  end)

  it("keeps the result of a call that needs the answer no more", function()
    local go
    local tool = kit.tool { name = "ask", run = function(_, ctx)
      local asking = fiber.spawn(function() ctx:elicit(QUESTION) end)
      asking.quiet = true
      fiber.await(function(callback)
        go = callback
        return setmetatable({}, { __close = function() end })
      end)
      asking:cancel()
      return { text = "without" }
    end }
    local client = connect(tool)
    local state = client.call().result.requestState
    go()
    assert.equal(0, client.session:pending())
    assert.equal("without", client.call(state, accept(1)).result.content[1].text)
    assert.equal(2, #client.transport.sent)
  end)

  it("reports progress to the request that is open, and to none while none is", function()
    local step
    local tool = kit.tool { name = "ask", run = function(_, ctx)
      ctx:progress(1)
      local asking = fiber.spawn(function() ctx:elicit(QUESTION) end)
      ctx:progress(2)
      step = function() ctx:progress(3) end
      asking:join()
      ctx:progress(4)
      return { text = "done" }
    end }
    local client = connect(tool)
    local function meta(token)
      return { ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} }, progressToken = token }
    end
    local sent = client.transport.sent
    client.call(nil, nil, nil, meta("a"))
    assert.same({ 2, "a", 1 }, { #sent, sent[1].params.progressToken, sent[1].params.progress })
    step()
    client.call(sent[2].result.requestState, accept(1), nil, meta("b"))
    kit.wait_for(function() return client.session:pending() == 0 end)
    assert.same({ 4, "b", 4 }, { #sent, sent[3].params.progressToken, sent[3].params.progress })
  end)

  it("ends its calls with the connection, and when the client asks nothing more", function()
    local state = {}
    local client = connect(asker(state))
    client.call()
    assert.equal(1, client.session:pending())
    client.session:drain()
    assert.same({ 1, 0, 1 }, { state.closed, client.session:pending(), #client.transport.sent })

    client = connect(asker(state))
    client.call()
    client.session:close("gone")
    assert.same({ 1, 0, 1 }, { state.closed, client.session:pending(), #client.transport.sent })
  end)

  it("answers what goes wrong after an answer under the new request", function()
    local tool = kit.tool { name = "ask", run = function(_, ctx)
      ctx:elicit(QUESTION)
      return nil, errors.new("too late")
    end }
    local client = connect(tool)
    local answered = client.call(client.call().result.requestState, accept(1))
    assert.same({ 2, "too late" }, { answered.id, answered.result.content[1].text })
  end)

  it("can be cancelled after an answer", function()
    local closed = false
    local client = connect(kit.tool { name = "ask", run = function(_, ctx)
      ctx:elicit(QUESTION)
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      fiber.sleep(1000)
    end })
    client.call(client.call().result.requestState, accept(1))
    kit.send(client.session, { method = "notifications/cancelled", params = { requestId = 2 } })
    assert.same({ true, 0, 1 }, { closed, client.session:pending(), #client.transport.sent })
  end)

  -- A tool that submits, asks, and submits once more.
  local function spender()
    return kit.tool { name = "ask", run = function(_, ctx)
      ctx:receipt { deployment_id = "d", request_id = "first" }
      local ok = pcall(ctx.elicit, ctx, QUESTION)
      ctx:receipt { deployment_id = "d", request_id = ok and "answered" or "unanswered" }
      return { text = "done" }
    end }
  end

  it("names all that its call has begun when it is used twice", function()
    local client = connect(spender())
    local state = client.call().result.requestState
    client.call(state, accept(1))
    local err = client.call(state, accept(1)).error
    assert.matches("request first of deployment d, request answered of deployment d", err.message, 1, true)
    assert.same({ "first", "answered" }, { err.data.submitted[1].request_id, err.data.submitted[2].request_id })
  end)

  it("names that, too, once the result is forgotten that nobody asked for in time", function()
    local time <close> = timers.take()
    local client = connect(spender(), { ask_seconds = 7 })
    local state = client.call().result.requestState
    time:ring()
    kit.wait_for(function() return client.session:pending() == 0 end)
    time:ring() -- of the result
    assert.matches("request unanswered of deployment d", client.call(state, accept(1)).error.message, 1, true)
  end)

  it("names it on another connection, and after a cancellation", function()
    local client = connect(spender())
    local state = client.call().result.requestState
    assert.matches("request first of deployment d", connect(spender()).call(state, accept(1)).error.message, 1, true)
    client = connect(kit.tool { name = "ask", run = function(_, ctx)
      ctx:elicit(QUESTION)
      ctx:receipt { deployment_id = "d", request_id = "late" }
      fiber.sleep(1000)
    end })
    state = client.call().result.requestState
    client.call(state, accept(1))
    kit.send(client.session, { method = "notifications/cancelled", params = { requestId = 2 } })
    assert.matches("request late of deployment d", client.call(state, accept(1)).error.message, 1, true)
  end)

  it("takes null for what is left out, and refuses a state that is no text", function()
    local client = connect(asker {})
    assert.equal("input_required", client.call(json.null).result.resultType)
    local state = client.call(nil, nil, { inputResponses = json.null }).result.requestState
    for _, responses in ipairs { json.null, { question = json.null } } do
      state = client.call(state, nil, { inputResponses = responses }).result.requestState
      assert.is_string(state)
    end
    for _, wrong in ipairs { false, true, 5, 2.5, {}, json.as_array {} } do
      local err = client.call(nil, nil, { requestState = wrong }).error
      assert.equal(-32602, err.code)
      assert.matches("'requestState' must be a string", err.message, 1, true)
    end
    assert.equal(7, client.call(state, accept(7)).result.structuredContent.sum)
  end)
end)
