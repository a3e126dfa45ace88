local clock = require "lib.async.clock"
local kit = require "spec.support.rc"
local log = require "core.log"

local function run(text, ctx)
  local result, err
  kit.with({}, function() result, err = kit.run(text, { ctx = ctx }) end)
  return result, err
end

local function logged(fn)
  local lines, write = {}, log.write
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function(level, text) lines[#lines + 1] = level .. ": " .. text end
  fn()
  return lines
end

describe("ctx", function()
  it("tells of the call", function()
    local ctx = kit.context()
    ctx.client, ctx.simulated = { name = "editor", version = "2" }, true
    kit.with({}, function()
      local data = kit.data([[return {
        cancelled = ctx.cancelled, client = ctx.client, simulated = ctx.simulated, dry_run = ctx.dry_run, left = ctx.deadline - rc.now(),
      }]], { ctx = ctx, settings = { recipe_seconds = 60 } })
      assert.is_true(math.abs(data.left - 60) < 1e-6)
      data.left = nil
      assert.same({ cancelled = false, client = { name = "editor", version = "2" }, simulated = true, dry_run = false }, data)
    end)
  end)

  it("has the caller's deadline where that comes first", function()
    kit.with({}, function()
      local ctx = kit.context()
      ctx.deadline = clock.now() + 5
      assert.is_true(math.abs(kit.data("return { left = ctx.deadline - rc.now() }", { ctx = ctx }).left - 5) < 1e-6)
    end)
  end)

  it("reports progress, and refuses what is none", function()
    local ctx = kit.context()
    run("ctx:progress(1) ctx:progress(2, 4, 'half')", ctx)
    assert.same({ { 1 }, { 2, 4, "half" } }, ctx.reports)
    for text, message in pairs {
      ["ctx:progress('x')"] = "ctx:progress takes numbers", ["ctx.progress(1)"] = "call it as ctx:progress(…)",
      ["ctx:progress(1, 0/0)"] = "total must be a number", ["ctx:progress(1, 2, {})"] = "the message must be a text",
    } do
      local _, err = run(text)
      assert.matches("probe.lua:1: .*" .. message:gsub("%p", "%%%0"), err.message)
    end
  end)

  it("cannot be changed", function()
    local _, err = run "ctx.cancelled = true"
    assert.matches("ctx cannot be changed", err.message, 1, true)
  end)

  it("logs, as rc.log and print do, with the recipe's name", function()
    local lines = logged(function()
      run "ctx:log('warning', 'a') rc.log('info', 'two\\nlines') print('b', 1)"
    end)
    assert.same({ "warning: probe: a", "info: probe: two | lines", "info: probe: b\t1" }, lines)
    local _, err = run "rc.log('loud', 'x')"
    assert.matches("probe.lua:1: rc.log: the level is one of debug, info, warning, error; got loud", err.message, 1, true)
    _, err = run "ctx:log('info', {})"
    assert.matches("probe.lua:1: ctx:log takes a level and a text", err.message, 1, true)
  end)
end)

describe("ctx:confirm and ctx:elicit", function()
  it("say plainly that nobody can be asked", function()
    for _, text in ipairs { "ctx:confirm 'Go on?'", "ctx:elicit { message = 'Which?', input = { { 'a', 'string', 'A' } } }" } do
      local _, err = run(text)
      assert.equal("cannot_ask", err.code)
      assert.matches("Nobody can be asked here", err.message, 1, true)
    end
  end)

  local function asking(action, content)
    local ctx = kit.context()
    ctx.asked = {}
    function ctx.ask(form)
      table.insert(ctx.asked, form)
      return action, content
    end
    return ctx
  end

  it("take only a clear yes", function()
    for _, case in ipairs {
      { "accept", { confirm = true }, true }, { "accept", { confirm = false }, false }, { "accept", nil, false },
      { "decline", nil, false }, { "cancel", { confirm = true }, false },
    } do
      local ctx = asking(case[1], case[2])
      assert.equal(case[3], run("return { yes = ctx:confirm 'Delete it?' }", ctx).data.yes)
      assert.equal("Delete it?", ctx.asked[1].message)
    end
  end)

  it("give the values asked for, checked", function()
    local text = "return ctx:elicit { message = 'How many?', input = { { 'count', 'integer', 'Images', minimum = 1 } } } or { none = true }"
    assert.same({ count = 3 }, run(text, asking("accept", { count = "3" })).data)
    assert.same({ none = true }, run(text, asking "decline").data)
    local _, err = run(text, asking("accept", { count = 0 }))
    assert.equal("bad_answer", err.code)
    _, err = run "ctx:elicit 'x'"
    assert.matches("probe.lua:1: ctx:elicit takes { message", err.message, 1, true)
  end)

  it("reach the person through a recipe that calls another", function()
    local ctx = asking("accept", { confirm = true })
    local tools = { {
      name = "inner", description = "Asks.", run = function(_, inner)
        return { data = { yes = require("lib.calls.elicitation").confirm(inner, "Sure?") } }
      end,
    } }
    kit.with({}, function()
      assert.is_true(kit.data("return { yes = rc.tools.inner().yes }", { ctx = ctx, uses = { "inner" }, tools = tools }).yes)
    end)
  end)
end)
