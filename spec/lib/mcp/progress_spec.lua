local calls = require "lib.calls.call"
local core_clock = require "core.clock"
local kit = require "spec.support.mcp"
local progress = require "lib.mcp.progress"

-- The context of a call to which a request listens that asked for progress; with what writes that.
local function new(options)
  local transport = kit.transport()
  options = options or {}
  local notifier = progress.new(transport, options.token or '"t"', options.messages ~= false)
  local listener = {
    progress = function(_, entry) notifier:report(entry) end,
    begun = function(_, receipt) notifier:announce(receipt) end,
  }
  local call = calls.new { feature = { name = "probe" }, work = function() end, listener = listener }
  return call.ctx, transport, notifier, call
end

local function values(transport)
  local list = {}
  for i, message in ipairs(transport.sent) do list[i] = message.params.progress end
  return list
end

-- Stands still until it is closed: how long the machine takes between two reports must not matter.
local function standing_clock()
  local monotonic = core_clock.monotonic
  local now = monotonic()
  core_clock.monotonic = function() return now end
  return setmetatable({}, { __close = function() core_clock.monotonic = monotonic end })
end

describe("mcp.progress", function()
  it("goes out with the token, its type kept", function()
    local ctx, transport = new { token = "5" }
    ctx:progress(1, 10, "one of ten")
    assert.same({ jsonrpc = "2.0", method = "notifications/progress",
      params = { progressToken = 5, progress = 1, total = 10, message = "one of ten" } }, transport.sent[1])
  end)

  it("goes nowhere without a token", function()
    local tool = kit.tool { run = function(_, ctx)
      ctx:progress(1, 2, "three")
      return { text = "done" }
    end }
    local session, transport = kit.connect { tool }
    kit.modern(session, 1, "tools/call", { name = "probe" })
    assert.same({ 1, 1 }, { #transport.sent, transport.sent[1].id })
  end)

  it("has no text before 2025-03-26, and no total where none was given", function()
    local ctx, transport = new { messages = false }
    ctx:progress(1, nil, "text")
    assert.same({ progressToken = "t", progress = 1 }, transport.sent[1].params)
  end)

  it("only grows", function()
    local ctx, transport, notifier = new()
    for _, value in ipairs { 2, 2, 1, 3, 0, 3, 4 } do
      ctx:progress(value)
      notifier:finish()
    end
    assert.same({ 2, 3, 4 }, values(transport))
  end)

  it("is sent at most every tenth of a second, the newest of what came between", function()
    local ctx, transport, notifier = new()
    do
      local _ <close> = standing_clock()
      for value = 1, 50 do ctx:progress(value) end
    end
    assert.same({ 1 }, values(transport))
    kit.wait_for(function() return #transport.sent == 2 end)
    assert.same({ 1, 50 }, values(transport))
    assert.is_true(transport.times[2] - transport.times[1] >= 0.099)
    ctx:progress(51)
    notifier:finish()
    assert.same({ 1, 50, 51 }, values(transport))
  end)

  it("does not lose the last value", function()
    local ctx, transport, notifier = new()
    ctx:progress(1)
    ctx:progress(2)
    notifier:finish()
    assert.same({ 1, 2 }, values(transport))
  end)

  it("stops when the call is given up", function()
    local ctx, transport, notifier, call = new()
    do
      local _ <close> = standing_clock()
      ctx:progress(1)
      ctx:progress(2)
    end
    notifier:close()
    call:cancel()
    ctx:progress(3)
    notifier:finish()
    assert.is_true(ctx.cancelled)
    assert.same({ 1 }, values(transport))
  end)

  it("is not sent to a transport that is closed", function()
    local ctx, transport = new()
    transport:close()
    ctx:progress(1)
    assert.same({}, transport.sent)
  end)

  it("refuses what is no number", function()
    local ctx = new()
    assert.error_matches(function() ctx:progress("1") end, "finite number")
    assert.error_matches(function() ctx:progress(0 / 0) end, "finite number")
    assert.error_matches(function() ctx:progress(1, math.huge) end, "finite number")
  end)
end)

describe("mcp.server's progress", function()
  it("comes before the result, with time between them for clients that need it", function()
    local tool = kit.tool { run = function(_, ctx)
      for i = 1, 5 do ctx:progress(i, 5, "step " .. i) end
      return { text = "done" }
    end }
    local session, transport = kit.connect { tool }
    kit.modern(session, 1, "tools/call", { name = "probe" }, { progressToken = 0 })
    kit.wait_for(function() return session:pending() == 0 end)
    assert.same({ 1, 5 }, { transport.sent[1].params.progress, transport.sent[2].params.progress })
    assert.equal("done", transport.sent[3].result.content[1].text)
    assert.equal(3, #transport.sent)
    assert.is_true(transport.times[3] - transport.times[2] >= 0.049)
  end)

  it("needs a token that is a string or an integer", function()
    local tool = kit.tool { run = function(_, ctx) ctx:progress(1) return { text = "" } end }
    local session, transport = kit.connect { tool }
    for i, token in ipairs { 1.5, true, {} } do
      kit.modern(session, i, "tools/call", { name = "probe" }, { progressToken = token })
      assert.equal(i, transport.sent[i].id)
    end
  end)
end)

describe("mcp.progress's receipts", function()
  local function texts(transport)
    local list = {}
    for i, message in ipairs(transport.sent) do list[i] = message.params.message end
    return list
  end

  local function job(n) return { deployment_id = "d", request_id = "r" .. n } end

  it("stand in the progress that comes next", function()
    local ctx, transport, notifier = new()
    ctx:receipt(job(1))
    ctx:progress(5, nil, "in queue")
    assert.same({ "submitted request r1 of deployment d; in queue" }, texts(transport))
    notifier:finish()
    assert.equal(1, #transport.sent)
  end)

  it("are not dropped with the progress that was held back", function()
    local ctx, transport, notifier = new()
    ctx:progress(1, 3, "begun")
    for n = 1, 3 do
      ctx:receipt(job(n))
      ctx:progress(1 + n / 10, 3, "step " .. n)
    end
    notifier:finish()
    assert.same({ "begun", "submitted request r1 of deployment d, request r2 of deployment d, request r3 of deployment d; step 3" },
      texts(transport))
  end)

  it("go out by themselves where no progress follows, with a value that grows", function()
    local ctx, transport, notifier = new()
    ctx:progress(2, 3, "begun")
    ctx:receipt(job(1))
    ctx:progress(2, 3, "no news") -- dropped: it does not grow
    kit.wait_for(function() return #transport.sent == 2 end)
    assert.equal("submitted request r1 of deployment d", transport.sent[2].params.message)
    assert.is_true(transport.sent[2].params.progress > 2 and transport.sent[2].params.progress < 2.001)
    assert.equal(3, transport.sent[2].params.total)
    ctx:progress(2.5, 3, "on")
    notifier:finish()
    assert.equal("on", transport.sent[3].params.message)
  end)

  it("of a crowd are counted from the twentieth on", function()
    local ctx, transport, notifier = new()
    for n = 1, 25 do ctx:receipt(job(n)) end
    notifier:finish()
    assert.matches("request r20 of deployment d, 5 more", transport.sent[1].params.message, 1, true)
    assert.equal(25, #ctx.receipts.list)
  end)

  it("are kept, and not sent, where nobody listens", function()
    for _, options in ipairs { {}, { messages = false, listens = true } } do
      local ctx, transport, notifier, call = new(options)
      if not options.listens then call:detach(call.listener) end
      ctx:receipt(job(1))
      notifier:finish()
      assert.same({ 0, 1 }, { #transport.sent, #ctx.receipts.list })
    end
  end)
end)
