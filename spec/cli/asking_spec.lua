local asking = require "cli.shared.asking"
local fiber = require "lib.async.fiber"
local stdio = require "core.stdio"
local terminal_line = require "cli.shared.terminal_line"
local terminal_listener = require "cli.shared.terminal_listener"

local Line = {}
Line.__index = Line
function Line:hold(held) table.insert(self.holds, held) end

---@class Conversation  of a spec with the person at a terminal, or with nobody
local Conversation = {}
Conversation.__index = Conversation

-- Asks in a fiber: the outcome has `values` and `action`, or `err`, once it is `over`.
function Conversation:ask(question)
  local outcome = { over = false }
  outcome.task = fiber.spawn(function()
    local ok, values, action = pcall(self.ctx.elicit, self.ctx, question)
    outcome.over, outcome.values, outcome.action, outcome.err = true, ok and values or nil, action, not ok and values or nil
  end)
  return outcome
end

function Conversation:confirm(message)
  local outcome = { over = false }
  fiber.spawn(function()
    local ok, agreed = pcall(self.ctx.confirm, self.ctx, message)
    outcome.over, outcome.agreed, outcome.err = true, ok and agreed, not ok and agreed or nil
  end)
  return outcome
end

function Conversation:text() return table.concat(self.written) end
function Conversation:ends(tail) return self:text():sub(-#tail) == tail end

-- What the person types next: a line, or nothing and why.
function Conversation:type(line, why)
  local callback = assert(self.reading, "nobody reads")
  self.reading = nil
  callback(line, why)
end

local function read(self)
  return fiber.await(function(callback)
    self.reading = callback
    local function cancel() self.reading = nil end
    return setmetatable({ cancel = cancel }, { __close = cancel })
  end)
end

-- Runs `fn(conversation)` where somebody is at the terminal, or, by `options.nobody`, not.
local function with(options, fn)
  local self = setmetatable({ written = {}, line = setmetatable({ holds = {} }, Line), there = not options.nobody }, Conversation)
  local is_terminal, read_line, stderr, sleep = stdio.is_terminal, terminal_line.read, io.stderr, fiber.sleep
  stdio.is_terminal = function() return self.there end
  terminal_line.read = function() return read(self) end
  fiber.sleep = function(seconds) self.slept = seconds end
  rawset(io, "stderr", { write = function(_, ...) for _, text in ipairs { ... } do table.insert(self.written, text) end end })
  local ok, err = pcall(function()
    self.questions = asking.new { line = self.line, yes = options.yes, answers = options.answers, quiet = options.quiet }
    self.ctx = terminal_listener.context { command = "run", line = self.line, questions = self.questions, quiet = true }
    fn(self)
  end)
  stdio.is_terminal, terminal_line.read, fiber.sleep = is_terminal, read_line, sleep
  rawset(io, "stderr", stderr)
  if not ok then error(err, 0) end
end

local FORM = {
  message = "Which picture?",
  input = {
    { "size", "integer", "Size", minimum = 1 },
    { "style", "string", "Style", enum = { "Wood", "ink" }, default = "ink" },
    { "note", "string", "Note", optional = true },
  },
}

describe("cli.asking at the terminal", function()
  it("takes a yes, in any of its words, for a yes, and all else that it can read for a no", function()
    for typed, agreed in pairs { y = true, Yes = true, TRUE = true, ["1"] = true, n = false, no = false, ["0"] = false, [""] = false } do
      with({}, function(talk)
        local outcome = talk:confirm "Go on?"
        assert.matches("Go on? [y/N] ", talk:text(), 1, true)
        talk:type(typed)
        assert.same({ true, agreed }, { outcome.over, outcome.agreed }, typed)
      end)
    end
  end)

  it("asks again what it cannot read, and says why", function()
    with({}, function(talk)
      local outcome = talk:confirm "Go on?"
      talk:type "perhaps"
      assert.is_false(outcome.over)
      talk:type(nil, "too_long")
      assert.is_false(outcome.over)
      talk:type "y"
      assert.is_true(outcome.agreed)
      assert.equal("Go on? [y/N]   answer y or n\nGo on? [y/N]   that is too long\nGo on? [y/N] ", talk:text())
    end)
  end)

  it("asks for each value with what it may be, one after the other, until it fits", function()
    with({}, function(talk)
      local outcome = talk:ask(FORM)
      assert.equal("Which picture?\n  Size: ", talk:text())
      talk:type ""
      talk:type "big"
      talk:type "0"
      assert.matches("  it needs a value\n  Size:   Field 'size' must be an integer, got 'big'", talk:text(), 1, true)
      talk:type "7"
      assert.is_true(talk:ends "  Style (Wood/ink; default ink): ")
      talk:type "stone"
      assert.is_false(outcome.over)
      talk:type "WOOD"
      assert.is_true(talk:ends "  Note (may be empty): ")
      talk:type ""
      assert.same({ true, { size = 7, style = "Wood" }, "accept" }, { outcome.over, outcome.values, outcome.action })
    end)
  end)

  it("fills in a default for what is left empty", function()
    with({}, function(talk)
      local outcome = talk:ask(FORM)
      talk:type "3"
      talk:type ""
      talk:type "a note"
      assert.same({ size = 3, style = "ink", note = "a note" }, outcome.values)
    end)
  end)

  it("shows yes and no for a truth value, with its default", function()
    with({}, function(talk)
      local outcome = talk:ask { message = "How?", input = { { "tiled", "boolean", "Tiled", default = true } } }
      assert.matches("  Tiled (y/n; default yes): ", talk:text(), 1, true)
      talk:type "no"
      assert.same({ tiled = false }, outcome.values)
    end)
  end)

  it("takes the end of the input for a no, on a line of its own", function()
    with({}, function(talk)
      local confirmed = talk:confirm "Go on?"
      talk:type(nil, "eof")
      assert.is_false(confirmed.agreed)
      assert.equal("Go on? [y/N] \n  the input has ended: taken as a no\n", talk:text())
      local asked = talk:ask(FORM)
      talk:type "1"
      talk:type(nil, "eof")
      assert.same({ true, nil, "decline" }, { asked.over, asked.values, asked.action })
    end)
  end)

  it("takes a terminal that has gone for no answer", function()
    with({}, function(talk)
      local outcome = talk:confirm "Go on?"
      talk.there = false
      talk:type(nil, "eof")
      assert.equal("cannot_ask", outcome.err.code)
      assert.matches("The terminal has gone", outcome.err.message, 1, true)
      assert.equal(1, talk.slept) -- the time in which the signal of its end comes
    end)
  end)

  it("puts one question after the other, and holds progress as long as one is open", function()
    with({}, function(talk)
      local first, second, third = talk:confirm "First?", talk:confirm "Second?", talk:confirm "Third?"
      assert.equal("First? [y/N] ", talk:text())
      talk:type "y"
      assert.same({ true, false }, { first.over, second.over })
      assert.matches("Second? [y/N] ", talk:text(), 1, true)
      assert.is_nil(talk:text():find("Third", 1, true))
      talk:type "n"
      talk:type "y"
      assert.same({ true, false, true }, { first.agreed, second.agreed, third.agreed })
      assert.equal(false, talk.line.holds[#talk.line.holds])
      local held = 0
      for _, on in ipairs(talk.line.holds) do
        held = held + (on and 1 or -1)
        assert.is_true(held == 0 or held == 1)
      end
    end)
  end)

  it("lets the next one come where an open question, or one that waits, is taken back", function()
    with({}, function(talk)
      local first, second, third = talk:ask(FORM), talk:ask(FORM), talk:confirm "Third?"
      second.task:cancel "no more"
      assert.is_true(second.over)
      first.task:cancel "no more"
      assert.is_true(first.over)
      assert.is_true(talk:ends "Size: \nThird? [y/N] ")
      talk:type "y"
      assert.is_true(third.agreed)
    end)
  end)

  it("shows what a question does to a terminal as text", function()
    with({}, function(talk)
      local outcome = talk:ask { message = "\27[2Jgone\7", input = { { "a", "string", "\27]0;title\7A" } } }
      talk:type "b"
      assert.same({ a = "b" }, outcome.values)
      assert.is_nil(talk:text():find "[\27\7]")
      assert.matches("gone", talk:text(), 1, true)
    end)
  end)

  it("shows why a question is asked again", function()
    with({}, function(talk)
      local answers = {}
      local form = { message = "n?", input = { { "n", "integer", "N" } }, required = { n = true } }
      talk.questions:put {
        form = form, message = "That does not fit: it is odd\nn?",
        answer = function(_, action, content) answers = { action, content } end, fail = function(_, err) error(err, 0) end,
      }
      assert.matches("That does not fit: it is odd\nn?\n", talk:text(), 1, true)
      talk:type "2"
      assert.same({ "accept", { n = "2" } }, answers)
    end)
  end)
end)

describe("cli.asking with options", function()
  it("agrees by --yes, and says so unless it is to be quiet", function()
    for _, quiet in ipairs { false, true } do
      with({ nobody = true, yes = true, quiet = quiet }, function(talk)
        assert.is_true(talk:confirm("Go on?").agreed)
        assert.equal(quiet and "" or "Go on? yes (--yes)\n", talk:text())
      end)
    end
  end)

  it("lets --answer go before --yes", function()
    with({ nobody = true, yes = true, answers = { confirm = " no " } }, function(talk)
      assert.is_false(talk:confirm("Go on?").agreed)
    end)
  end)

  it("takes values by name, defaults by --yes, and asks for the rest", function()
    with({ yes = true, answers = { style = "wood" } }, function(talk)
      local outcome = talk:ask(FORM)
      assert.equal("Which picture?\n  Size: ", talk:text())
      talk:type "2"
      assert.same({ size = 2, style = "Wood" }, outcome.values)
      assert.matches("  Style: wood (--answer)\n", talk:text(), 1, true)
    end)
  end)

  it("asks the person for a value that does not fit, where somebody is there", function()
    with({ answers = { size = "big", style = "ink", note = "" } }, function(talk)
      local outcome = talk:ask(FORM)
      assert.matches("  --answer size=big: Field 'size' must be an integer", talk:text(), 1, true)
      talk:type "4"
      assert.same({ size = 4, style = "ink" }, outcome.values)
    end)
  end)

  it("fails for a value that does not fit where nobody is there", function()
    with({ nobody = true, answers = { size = "big" } }, function(talk)
      local err = talk:ask(FORM).err
      assert.equal("bad_answer", err.code)
      assert.matches("^%-%-answer size=big does not fit what is asked: Field 'size'", err.message)
    end)
  end)

  it("names the options that answer where nobody is there", function()
    local cases = {
      { {}, "Answer with --answer size=INTEGER, and perhaps --answer style=Wood|ink --answer note=STRING." },
      { { answers = { style = "ink" } }, "Answer with --answer size=INTEGER, and perhaps --answer note=STRING." },
      { { yes = true }, "Answer with --answer size=INTEGER, and perhaps" },
    }
    for _, case in ipairs(cases) do
      case[1].nobody = true
      with(case[1], function(talk)
        local err = talk:ask(FORM).err
        assert.equal("cannot_ask", err.code)
        assert.matches('"Which picture?" is asked, and nobody can be asked here', err.message, 1, true)
        assert.matches(case[2], err.message, 1, true)
      end)
    end
    with({ nobody = true }, function(talk)
      assert.matches("--yes, which agrees to all such questions, or --answer confirm=yes|no", talk:confirm("Go on?").err.message, 1, true)
      local err = talk:ask({ message = "m", input = { { "a", "string", "A", default = "x" } } }).err
      assert.matches("Answer with --yes for the defaults, or --answer a=STRING.", err.message, 1, true)
    end)
  end)

  it("names what was misspelt, and what was submitted before, with that", function()
    with({ nobody = true, answers = { siez = "1" } }, function(talk)
      talk.questions:follow { submitted = function() return "request R of deployment D" end }
      local message = talk:ask(FORM).err.message
      assert.matches("--answer siez is none of what it asks for", message, 1, true)
      assert.matches("size", message:match "siez is none(.*)$", 1, true)
      assert.matches("Submitted before: request R of deployment D.", message, 1, true)
    end)
  end)

  it("knows which answers nothing was asked by", function()
    with({ nobody = true, answers = { siez = "1", size = "2", zzz = "3" }, yes = true }, function(talk)
      assert.equal(3, #talk.questions:unused())
      assert.same({ size = 2, style = "ink" }, talk:ask(FORM).values)
      local unused = talk.questions:unused()
      assert.equal(2, #unused)
      assert.matches("^%-%-answer siez was not asked for.*size", unused[1])
      assert.matches("^%-%-answer zzz was not asked for", unused[2])
    end)
  end)

  it("reads the words of --answer: a name, and all behind the first sign for its value", function()
    assert.same({}, asking.read_answers(nil))
    assert.same({ a = "b=c", d = "", e = "f\ng" }, asking.read_answers { "a=b=c", "d=", "e=f\ng" })
    for _, word in ipairs { "a", "=b", "a b=c", "" } do
      local none, err = asking.read_answers { word }
      assert.same({ nil, "usage" }, { none, err and err.code }, word)
    end
    assert.matches("--answer a is given twice", select(2, asking.read_answers { "a=1", "a=1" }).message, 1, true)
  end)
end)
