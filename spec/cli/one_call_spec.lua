local errors = require "lib.errors"
local exit_status = require "cli.shared.exit_status"
local one_call = require "cli.shared.one_call"
local open_requests = require "lib.recipes.run.open_requests"
local redaction = require "lib.redaction"
local simulated = require "lib.app.simulated"

-- What is written while an outcome is reported: standard output, standard error, and the status.
local function reported(args, outcome, full)
  local written = { stdout = "", stderr = "" }
  local before = { stdout = io.stdout, stderr = io.stderr }
  for name in pairs(before) do
    local stream = {}
    function stream.write(_, ...) written[name] = written[name] .. table.concat { ... } end
    function stream.flush() return not full end
    rawset(io, name, stream)
  end
  local ok, status = pcall(one_call.report, args, outcome)
  for name, stream in pairs(before) do rawset(io, name, stream) end
  assert.is_true(ok, tostring(status))
  return written.stdout, written.stderr, status
end

describe("cli.one_call", function()
  it("prints data on standard output as one line, words on standard error", function()
    assert.same({ '{"a":1,"b":"x\\ny"}\n', "Fine.\n", 0 }, { reported({}, { status = 0, text = "Fine.", data = { a = 1, b = "x\ny" } }) })
    assert.same({ "", "Two\nlines.\n", 1 }, { reported({}, { status = 1, text = "Two\nlines.\n" }) })
    assert.same({ "", "", 75 }, { reported({}, { status = 75 }) })
  end)

  it("is silent where it is to be, unless the call fails; --json has no words at all", function()
    local fine, failed = { status = 0, text = "Fine.", data = {} }, { status = 1, text = "Failed.", data = {} }
    assert.equal("", select(2, reported({ quiet = true }, fine)))
    assert.equal("Failed.\n", select(2, reported({ quiet = true }, failed)))
    assert.equal("", select(2, reported({ json = true }, failed)))
    assert.equal("{}\n", (reported({ json = true }, failed)))
  end)

  it("shows nothing that a terminal would obey, and no secret", function()
    local _ <close> = redaction.add_key "rc-key-of-the-spec-12345"
    local data = { t = "rc-key-of-the-spec-12345 \u{9B}" }
    local out, err = reported({}, { status = 0, text = "\27[2J rc-key-of-the-spec-12345", data = data })
    assert.is_nil((out .. err):find "[\27]")
    assert.is_nil((out .. err):find("12345", 1, true))
    assert.is_nil(out:find("\u{9B}", 1, true))
  end)

  it("says that a list is simulated which has no room for it, once", function()
    assert.equal(simulated.SENTENCE .. "\n", select(2, reported({ json = true }, { status = 0, data = { 1 }, unlabelled = true })))
    assert.equal("Told.\n", select(2, reported({}, { status = 0, text = "Told.", data = { 1 }, unlabelled = true })))
  end)

  it("names what was submitted where standard output did not take the data", function()
    local outcome = { status = 0, data = {}, submitted = "request r of deployment d" }
    assert.equal("rcmcp: submitted request r of deployment d\n", select(2, reported({ quiet = true }, outcome, true)))
    assert.equal("", select(2, reported({ quiet = true }, outcome)))
  end)

  it("has data for an error before the call where JSON is wanted in any case", function()
    local err = errors.new("no such tool", { code = "usage" })
    assert.same({ status = 64, text = "rcmcp call: no such tool" }, one_call.refused("call", {}, err, 64))
    assert.same({ ok = false, error = "no such tool", code = "usage" }, one_call.refused("call", { json = true }, err, 64).data)
    assert.same({ status = 78 }, one_call.not_opened("call", {}, err, 78)) -- the log has said it
    assert.same({ status = 64 }, one_call.not_opened("call", { json = true }, nil, 64))
    assert.same({ 64, 65 }, { one_call.refused_status(err), one_call.refused_status(errors.new("x", { code = "bad_input" })) })
  end)

  it("reads arguments from words or from --args, and not from both", function()
    local parameters = { { "n", "integer", "N" }, { "t", "string", "T", optional = true } }
    assert.same({ n = "7", t = "a=b" }, one_call.read_arguments({ words = { "n=7", "t=a=b" } }, parameters))
    assert.same({ n = 7 }, one_call.read_arguments({ words = {}, args = '{"n":7}' }, parameters))
    assert.equal("usage", select(2, one_call.read_arguments({ words = { "n=7" }, args = "{}" }, parameters)).code)
    for _, text in ipairs { "[]", "7", "{", "" } do
      local none, err = one_call.read_arguments({ words = {}, args = text }, parameters)
      assert.same({ nil, "bad_input" }, { none, err.code }, text)
    end
  end)

  it("names at a signal what it has logged, what has not ended and what goes on, each id once", function()
    local requests = open_requests.new()
    requests:add { deployment_id = "d", request_id = "r1" }
    requests:add { deployment_id = "d", request_id = "r2" }
    local app = { unfinished = function() return { "recipe 'x' is still running" } end }
    local words = open_requests.describe { deployment_id = "d", request_id = "r1" }
    local lines = one_call.last_words(app, { requests = requests }, { "cancelling " .. words }, "interrupted")
    local other = open_requests.describe { deployment_id = "d", request_id = "r2" }
    assert.same({ "interrupted", "cancelling " .. words, other .. " goes on" }, lines)
    lines = one_call.last_words(app, { requests = open_requests.new() }, {}, "cut")
    assert.same({ "interrupted", "recipe 'x' is still running" }, lines)
  end)

  it("has one exit status for each kind of end", function()
    assert.equal(exit_status.auth, exit_status.of_error { status_code = 401 })
    assert.equal(exit_status.unavailable, exit_status.of_error { status_code = 503 })
    assert.equal(exit_status.bad_input, exit_status.of_error { code = "invalid_input" })
    assert.equal(exit_status.tool_error, exit_status.of_error { code = "timeout" })
  end)
end)
