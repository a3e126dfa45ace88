local clock = require "lib.async.clock"
local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "spec.support.log"

-- A tool that ends when `state.answer(text)` is called, and one that outlives its requests, whose `pending` says so.
local function tools()
  local state = { runs = 0 }
  local function wait()
    return fiber.await(function(callback)
      state.answer = callback
      return setmetatable({}, { __close = function() state.closed = true end })
    end)
  end
  local slow = kit.tool { name = "slow", run = function(_, ctx)
    state.ctx = ctx
    return { text = wait() }
  end }
  local lasting = kit.tool { name = "lasting", input = { { "join", "boolean", "J", default = false } }, run = function(input, ctx)
    if input.join then return { joined = state.call, note = "It is that one." } end
    state.runs, state.call = state.runs + 1, ctx.owner
    ctx.owner:outlive { key = "k", name = "lasting", began = clock.now(), pending = function(call, note)
      return { text = (note and note .. " " or "") .. "goes on as " .. call.id, data = { pending = true } }
    end }
    local text = wait()
    if text == "fail" then return nil, errors.new("no luck") end
    return { text = text }
  end }
  return { slow, lasting }, state
end

local function connect(options)
  local declarations, state = tools()
  local session, transport, server = kit.connect(declarations, options)
  return session, transport, state, server
end

local function call(session, id, name, arguments, more)
  local params = { name = name, arguments = arguments or {} }
  for key, value in pairs(more or {}) do params[key] = value end
  kit.modern(session, id, "tools/call", params, more and more.meta)
end

local function text_of(message) return message.result.content[1].text end

describe("mcp.request", function()
  it("answers under the id as it was written, whatever it is", function()
    for _, id in ipairs { '"a\\"b"', "7", "-3", "9007199254740993", '""', '"é"' } do
      local session, transport, state = connect()
      session:receive(('{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"slow","_meta":%s}}')
        :format(id, json.encode(kit.meta())))
      assert.equal(0, #transport.texts)
      state.answer "there"
      assert.matches('"id":' .. id, transport.texts[1], 1, true)
      assert.equal("there", text_of(transport.sent[1]))
    end
  end)

  it("reports progress to who asked for it, the last before the answer, and nothing to others", function()
    local session, transport, state = connect()
    call(session, 1, "slow", nil, { meta = { progressToken = "t" } })
    state.ctx:progress(1, 4, "one")
    for n = 2, 4 do state.ctx:progress(n, 4, "more " .. n) end -- some of them are left out where they come close behind one another
    state.answer "done"
    kit.wait_for(function() return session:pending() == 0 end)
    local count = #transport.sent
    assert.same({ 1, "answer" }, { transport.sent[1].params.progress, transport.sent[count].method or "answer" })
    assert.same({ progressToken = "t", progress = 4, total = 4, message = "more 4" }, transport.sent[count - 1].params)
    assert.is_true(transport.times[count] > transport.times[count - 1]) -- some clients drop progress that comes with the answer
    call(session, 2, "slow")
    state.ctx:progress(1, 2, "unheard")
    state.answer "quick"
    assert.equal(count + 1, #transport.sent)
  end)

  it("sends nothing for a call that was given up: no progress, no answer", function()
    local session, transport, state = connect()
    call(session, 1, "slow", nil, { meta = { progressToken = 1 } })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 1, reason = "enough" } })
    assert.is_true(state.closed)
    state.ctx:progress(1, 2, "late")
    assert.same({}, transport.sent)
  end)

  it("is answered with what a lasting call says of itself when the client's patience is over, and the call goes on", function()
    local time <close> = clock.virtual()
    time:run(function()
      local session, transport, state = connect { patience = function() return 20 end }
      call(session, 1, "lasting")
      clock.sleep(19)
      assert.same({}, transport.sent)
      clock.sleep(2)
      assert.equal("goes on as " .. state.call.id, text_of(transport.sent[1]))
      assert.same({ 0, nil }, { session:pending(), state.closed })
      assert.is_true(state.call.told)
      kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } }) -- answered: it cancels nothing
      assert.is_false(state.call.ctx.cancelled)
      call(session, 2, "lasting", { join = true })
      state.answer "the end"
      assert.equal("It is that one.\nthe end", text_of(transport.sent[2]))
      assert.equal(1, state.runs)
    end)
  end)

  it("gives what is there at once to who joins a call that has ended", function()
    local session, transport, state = connect { patience = function() return 0 end }
    call(session, 1, "lasting")
    kit.wait_for(function() return #transport.sent == 1 end)
    log.lines_of(function() state.answer "the end" end)
    call(session, 2, "lasting", { join = true })
    assert.equal("It is that one.\nthe end", text_of(transport.sent[2]))
  end)

  it("is answered when another one takes its place, and says to that one that it goes on", function()
    local session, transport, state = connect { patience = function() return 1000 end }
    call(session, 1, "lasting")
    call(session, 2, "lasting", { join = true })
    assert.same({ 1, "goes on as " .. state.call.id }, { transport.sent[1].id, text_of(transport.sent[1]) })
    assert.equal(1, session:pending())
    state.answer "the end"
    assert.same({ 2, "It is that one.\nthe end" }, { transport.sent[2].id, text_of(transport.sent[2]) })
    assert.equal(0, session:pending())
  end)

  it("cancels the call that it has joined, which nobody else waits for", function()
    local session, transport, state = connect { patience = function() return 1000 end }
    call(session, 1, "lasting")
    call(session, 2, "lasting", { join = true })
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 2 } })
    assert.is_true(state.closed)
    assert.same({ 1, 0 }, { #transport.sent, session:pending() })
  end)

  it("puts its note in front of an error, too", function()
    local session, transport, state = connect { patience = function() return 1000 end }
    call(session, 1, "lasting")
    call(session, 2, "lasting", { join = true })
    state.answer "fail"
    assert.same({ 2, true }, { transport.sent[2].id, transport.sent[2].result.isError })
    assert.equal("It is that one.\nno luck", text_of(transport.sent[2]))
  end)

  it("is an internal error where the answer cannot be written, with what was begun", function()
    local session, transport, state = connect()
    call(session, 1, "slow")
    state.ctx:receipt({ deployment_id = "d", request_id = "r" }, true)
    local request = state.ctx.owner.listener
    request.handler = { write = function() error("no words", 0) end }
    local lines = log.lines_of(function() state.answer "x" end)
    assert.same({ 1, -32603 }, { transport.sent[1].id, transport.sent[1].error.code })
    assert.matches("^Internal error: no words.*request r of deployment d", transport.sent[1].error.message)
    assert.matches("error: the call of 'slow' failed inside the server: no words", lines[1], 1, true)
    assert.equal(0, session:pending())
  end)

  it("says that there was no memory for the answer, where an error can still be sent", function()
    local session, transport, state = connect()
    call(session, 1, "slow")
    local send, tries = transport.send, 0
    function transport.send(self, text)
      tries = tries + 1
      if tries == 1 then error("not enough memory", 0) end
      return send(self, text)
    end
    local lines = log.lines_of(function() state.answer "long" end)
    assert.matches("Internal error: no memory to send the answer.", transport.sent[1].error.message, 1, true)
    assert.matches("the answer to request 1, %d+ bytes, could not be sent: not enough memory", lines[1])
    assert.equal(0, session:pending())
  end)

  it("stays open where not even that can be sent, and is answered when it is looked after", function()
    local session, transport, state = connect()
    call(session, 1, "slow")
    local send = transport.send
    function transport.send() error("not enough memory", 0) end
    log.lines_of(function() state.answer "long" end)
    assert.equal(1, session:pending())
    transport.send = send
    log.lines_of(function() session:look() end)
    assert.same({ 1, 0 }, { transport.sent[1].id, session:pending() })
    assert.matches("not enough memory", transport.sent[1].error.message, 1, true)
    session:look()
    assert.equal(1, #transport.sent)
  end)

  it("asks nobody through a client that cannot be asked", function()
    local outcome
    local session = kit.connect { kit.tool { run = function(_, ctx)
      local ok, err = pcall(ctx.elicit, ctx, { message = "Yes?", input = { { "n", "integer", "N" } } })
      outcome = { ok, err.code, err.message }
      return { text = "" }
    end } }
    kit.modern(session, 1, "tools/call", { name = "probe" })
    assert.same({ false, "cannot_ask" }, { outcome[1], outcome[2] })
    assert.matches("did not declare the capability 'elicitation' in this request", outcome[3], 1, true)
  end)
end)
