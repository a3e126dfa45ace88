local context = require "lib.calls.context"
local log = require "core.log"

describe("calls.context's log", function()
  it("writes lines that name the tool, in the levels of the log", function()
    local lines, write = {}, log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function(level, text) lines[#lines + 1] = level .. " " .. text end
    local ctx = context.new { tool = "probe" }
    ctx:log("notice", "half way")
    ctx:log("critical", "no way")
    assert.same({ "info probe: half way", "error probe: no way" }, lines)
    assert.error_matches(function() ctx:log("loud", "x") end, "unknown log level 'loud'")
  end)
end)

describe("calls.context, when the client leaves", function()
  it("tells the one who asked to hear of it, once, also when that came too late", function()
    local ctx, told = context.new { tool = "probe" }, 0
    ctx:on_draining(function() told = told + 1 end)
    ctx:drain()
    ctx:drain()
    assert.equal(1, told)
    ctx:on_draining(function() told = told + 10 end)
    assert.equal(11, told)
  end)
end)

describe("calls.context's receipts", function()
  it("are kept, whoever listens", function()
    local ctx = context.new { tool = "probe" }
    ctx:receipt { deployment_id = "d", request_id = "r" }
    assert.equal("r", ctx.receipts.list[1].request_id)
  end)
end)

describe("calls.context's waits", function()
  it("are reported once, however many are under way, to whoever listens", function()
    local heard, owner = {}, {}
    owner.listener = { waits = function(_, waits) table.insert(heard, waits) end }
    local ctx = context.new { tool = "probe", owner = owner }
    local first, second = ctx:wait(), ctx:wait()
    first:__close()
    first:__close() -- once only
    assert.is_true(ctx:is_waiting())
    second:__close()
    assert.same({ true, false }, heard)
    assert.is_false(ctx:is_waiting())
  end)
end)
