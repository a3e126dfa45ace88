local context = require "lib.mcp.context"
local core_clock = require "core.clock"
local kit = require "spec.support.mcp"
local log = require "core.log"

local function new(options)
  local transport = kit.transport()
  options = options or {}
  options.tool, options.transport, options.token = "probe", transport, options.token or '"t"'
  if options.messages == nil then options.messages = true end
  return context.new(options), transport
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

describe("mcp.context's progress", function()
  it("goes out with the token, its type kept", function()
    local ctx, transport = new { token = "5" }
    ctx:progress(1, 10, "one of ten")
    assert.same({ jsonrpc = "2.0", method = "notifications/progress",
      params = { progressToken = 5, progress = 1, total = 10, message = "one of ten" } }, transport.sent[1])
  end)

  it("goes nowhere without a token", function()
    local ctx = context.new { tool = "probe" }
    ctx:progress(1, 2, "three")
    assert.is_nil(ctx:finish())
  end)

  it("has no text before 2025-03-26, and no total where none was given", function()
    local ctx, transport = new { messages = false }
    ctx:progress(1, nil, "text")
    assert.same({ progressToken = "t", progress = 1 }, transport.sent[1].params)
  end)

  it("only grows", function()
    local ctx, transport = new()
    for _, value in ipairs { 2, 2, 1, 3, 0, 3, 4 } do
      ctx:progress(value)
      ctx:finish()
    end
    assert.same({ 2, 3, 4 }, values(transport))
  end)

  it("is sent at most every tenth of a second, the newest of what came between", function()
    local ctx, transport = new()
    do
      local _ <close> = standing_clock()
      for value = 1, 50 do ctx:progress(value) end
    end
    assert.same({ 1 }, values(transport))
    kit.wait_for(function() return #transport.sent == 2 end)
    assert.same({ 1, 50 }, values(transport))
    assert.is_true(transport.times[2] - transport.times[1] >= 0.099)
    ctx:progress(51)
    ctx:finish()
    assert.same({ 1, 50, 51 }, values(transport))
  end)

  it("does not lose the last value", function()
    local ctx, transport = new()
    ctx:progress(1)
    ctx:progress(2)
    ctx:finish()
    assert.same({ 1, 2 }, values(transport))
  end)

  it("stops when the call is given up", function()
    local ctx, transport = new()
    do
      local _ <close> = standing_clock()
      ctx:progress(1)
      ctx:progress(2)
    end
    ctx:give_up()
    ctx:progress(3)
    ctx:finish()
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

describe("mcp.context's log", function()
  it("writes lines that name the tool, in the levels of the log", function()
    local lines, write = {}, log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function(level, text) lines[#lines + 1] = level .. " " .. text end
    local ctx = new()
    ctx:log("notice", "half way")
    ctx:log("critical", "no way")
    assert.same({ "info probe: half way", "error probe: no way" }, lines)
    assert.error_matches(function() ctx:log("loud", "x") end, "unknown log level 'loud'")
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

describe("mcp.context, when the client leaves", function()
  it("tells the one who asked to hear of it, once, also when that came too late", function()
    local ctx, told = new(), 0
    ctx:on_leaving(function() told = told + 1 end)
    ctx:leave()
    ctx:leave()
    assert.equal(1, told)
    ctx:on_leaving(function() told = told + 10 end)
    assert.equal(11, told)
  end)
end)

describe("mcp.context's receipts", function()
  local function texts(transport)
    local list = {}
    for i, message in ipairs(transport.sent) do list[i] = message.params.message end
    return list
  end

  local function job(n) return { deployment_id = "d", request_id = "r" .. n } end

  it("stand in the progress that comes next", function()
    local ctx, transport = new()
    ctx:receipt(job(1))
    ctx:progress(5, nil, "in queue")
    assert.same({ "submitted request r1 of deployment d; in queue" }, texts(transport))
    ctx:finish()
    assert.equal(1, #transport.sent)
  end)

  it("are not dropped with the progress that was held back", function()
    local ctx, transport = new()
    ctx:progress(1, 3, "begun")
    for n = 1, 3 do
      ctx:receipt(job(n))
      ctx:progress(1 + n / 10, 3, "step " .. n)
    end
    ctx:finish()
    assert.same({ "begun", "submitted request r1 of deployment d, request r2 of deployment d, request r3 of deployment d; step 3" },
      texts(transport))
  end)

  it("go out by themselves where no progress follows, with a value that grows", function()
    local ctx, transport = new()
    ctx:progress(2, 3, "begun")
    ctx:receipt(job(1))
    ctx:progress(2, 3, "no news") -- dropped: it does not grow
    kit.wait_for(function() return #transport.sent == 2 end)
    assert.equal("submitted request r1 of deployment d", transport.sent[2].params.message)
    assert.is_true(transport.sent[2].params.progress > 2 and transport.sent[2].params.progress < 2.001)
    assert.equal(3, transport.sent[2].params.total)
    ctx:progress(2.5, 3, "on")
    ctx:finish()
    assert.equal("on", transport.sent[3].params.message)
  end)

  it("of a crowd are counted from the twentieth on", function()
    local ctx, transport = new()
    for n = 1, 25 do ctx:receipt(job(n)) end
    ctx:finish()
    assert.matches("request r20 of deployment d, 5 more", transport.sent[1].params.message, 1, true)
    assert.equal(25, #ctx.receipts.list)
  end)

  it("are kept, and not sent, where nobody listens", function()
    for _, options in ipairs { { token = false }, { messages = false } } do
      local transport = kit.transport()
      local ctx = context.new { tool = "probe", transport = transport, token = options.token ~= false and "1" or nil,
        messages = options.messages ~= false }
      ctx:receipt(job(1))
      ctx:finish()
      assert.same({ 0, 1 }, { #transport.sent, #ctx.receipts.list })
    end
  end)
end)
