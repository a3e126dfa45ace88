local fiber = require "lib.async.fiber"
local terminal_listener = require "cli.shared.terminal_listener"

local Line = {}
Line.__index = Line
function Line:show(text) table.insert(self.shown, text) end
function Line:clear() self.shown = {} end

-- A context whose listener is a terminal that a spec looks at.
local function new(answer)
  local line = setmetatable({ shown = {} }, Line)
  local questions = { follow = function(self, requests) self.requests = requests end, put = answer }
  local ctx, listener = terminal_listener.context { command = "run", line = line, questions = questions, quiet = true }
  return ctx, listener, line, questions
end

describe("cli.terminal_listener", function()
  it("shows progress, and keeps what is logged for the end", function()
    local ctx, listener, line = new()
    ctx:progress(1, 2, "half")
    ctx:progress(2, 2) -- says nothing
    ctx:log("warning", "odd")
    assert.same({ "half" }, line.shown)
    assert.same({ "odd" }, listener.notes)
    assert.equal("rcmcp run", ctx.client.name)
  end)

  it("shows nothing any more once the call is given up", function()
    local ctx, _, line = new()
    ctx.cancelled = true
    ctx:progress(1, 2, "half")
    assert.same({}, line.shown)
  end)

  it("puts questions to the person, and asks again where the answer does not fit", function()
    local messages = {}
    local ctx, _, _, questions = new(function(_, ask)
      table.insert(messages, ask.message)
      ask:answer("accept", { n = #messages })
    end)
    local values
    fiber.spawn(function() values = ctx:elicit { message = "n?", input = { { "n", "integer", "N", minimum = 2 } } } end)
    assert.equal(2, values.n)
    assert.equal("n?", messages[1])
    assert.matches("^That does not fit: .*\nn%?$", messages[2])
    assert.equal(ctx.requests, questions.requests)
  end)
end)
