local errors = require "lib.errors"
local folder = require "spec.support.folder"
local json = require "core.json"
local redaction = require "lib.redaction"
local tape = require "lib.workbench.tape"

describe("recipes.tape", function()
  local files, path

  before_each(function()
    files = folder.new()
    path = files.path .. "/calls.tape"
  end)
  after_each(function() files:remove() end)

  local function read()
    local file = assert(io.open(path, "rb"))
    local text = file:read "a"
    file:close()
    return text
  end

  local BY_RECIPE = { caller = {} }

  -- What a link makes of a call.
  local function pass(link, effect, proceed) return link(effect, proceed, BY_RECIPE) end

  local function call(name, input) return { kind = "tool", name = name, input = input } end

  it("keeps secrets off, and what only looks like one on", function()
    local _ <close> = redaction.add_key "the-key-of-the-user"
    local recorded = tape.new()
    pass(recorded:recorder(), call("submit_request", {
      api_key_comfy_org = "secret-1", accessToken = "secret-2", password = "secret-3", max_tokens = 5, token_count = "three",
      webhook_url = "https://name:secret-4@example.com/hook?sig=secret-5", note = "key the-key-of-the-user, twice the-key-of-the-user",
    }), function() return { data = { url = "see https://cdn.example/x.png?X-Amz-Signature=secret-6 for it" } } end)
    assert(recorded:save(path))
    local text = read()
    assert.is_nil(text:find "secret%-%d")
    assert.is_nil(text:find("the-key-of-the-user", 1, true))
    for _, kept in ipairs {
      '"max_tokens":5', '"token_count":"three"', "https://example.com/hook", "see https://cdn.example/x.png for it",
    } do
      assert.matches(kept, text, 1, true)
    end
  end)

  it("keeps extra_data off under whatever names, wherever it comes back", function()
    local recorded = tape.new()
    local extra = { comfy = "partner-secret-1", pin = "4711", deep = { { "partner-secret-2" } }, number = 123456789012 }
    pass(recorded:recorder(), call("submit_request", { deployment_id = "d", extra_data = extra, note = "by partner-secret-1" }), function()
      return nil, errors.new("refused: {'extra_data': {'pin': '4711'}} partner-secret-2", {
        data = { input = { comfy = "partner-secret-1", number = 123456789012 }, pin = "4711" },
      })
    end)
    pass(recorded:recorder(), call("get_request_result", { request_id = "r" }), function()
      return { text = "as partner%2Dsecret%2D1", data = { text = "partner-secret-2", outputs = { url = "https://x/partner-secret-1" } } }
    end)
    assert(recorded:save(path))
    local text = read()
    assert.is_nil(text:gsub("https://x/partner%-secret%-1", ""):find "secret")
    assert.matches("https://x/partner-secret-1", text, 1, true)
    assert.is_nil(text:find("4711", 1, true))
    assert.is_nil(text:find("123456789012", 1, true))
    local played = assert(tape.open(path))
    local _, err = pass(played:player(), call("submit_request", { deployment_id = "d", extra_data = extra, note = "by partner-secret-1" }))
    assert.matches("refused", err.message, 1, true)
    _, err = pass(played:player(), call("submit_request", { deployment_id = "d", extra_data = extra }))
    assert.equal("not_on_tape", err.code)
    assert.is_nil(err.message:find("secret", 1, true))
  end)

  it("writes polls that say the same once, and plays them as often", function()
    local recorded, count = tape.new(), 0
    for _ = 1, 5 do
      pass(recorded:recorder(), call("get_request_status", { request_id = "r" }), function()
        count = count + 1
        return { data = { status = count < 5 and "in_queue" or "completed" } }
      end)
    end
    assert(recorded:save(path))
    assert.equal(3, select(2, read():gsub("\n", "\n")))
    local played = assert(tape.open(path))
    for i = 1, 5 do
      local result = assert(pass(played:player(), call("get_request_status", { request_id = "r" })))
      assert.equal(i < 5 and "in_queue" or "completed", result.data.status)
    end
    local result, err = pass(played:player(), call("get_request_status", { request_id = "r" }))
    assert.is_nil(result)
    assert.equal("not_on_tape", err.code)
  end)

  it("gives exact numbers, empty lists and null back", function()
    local recorded = tape.new()
    local data = json.decode '{"seed":18446744073709551615,"list":[],"object":{},"nothing":null,"float":1.0}'
    pass(recorded:recorder(), call("x", {}), function() return { text = "t", data = data } end)
    assert(recorded:save(path))
    local result = assert(pass(assert(tape.open(path)):player(), call("x", {})))
    assert.equal(json.encode(data), json.encode(result.data))
  end)

  it("plays errors with their fields", function()
    local recorded = tape.new()
    pass(recorded:recorder(), call("x", {}), function()
      return nil, errors.new("no such thing", { code = "http_status", status_code = 404, data = { ok = false } })
    end)
    assert(recorded:save(path))
    local played = assert(tape.open(path))
    assert.equal(1, #played:left())
    local result, err = pass(played:player(), call("x", {}))
    assert.is_nil(result)
    assert.same({ "no such thing", 404, { ok = false } }, { err.message, err.status_code, err.data })
    assert.same({}, played:left())
  end)

  it("says what is no tape, and where it is broken", function()
    local _, err = tape.open(files.path .. "/none")
    assert.matches("cannot read the tape", err.message, 1, true)
    _, err = tape.open(files:write("other", '{"a":1}\n'))
    assert.matches("other:1: this is no tape of rcmcp", err.message, 1, true)
    _, err = tape.open(files:write("broken", '{"rcmcp_tape":1}\n{"name":\n'))
    assert.matches("broken:2: ", err.message, 1, true)
  end)

  it("takes down requests without what gives access, and their answers with their bytes", function()
    local recorded = tape.new()
    local request = { kind = "http", name = "POST", input = {
      url = "https://name:secret-1@example.com/a?sig=secret-2", headers = { "Authorization: Bearer secret-3", "X-Own: secret-4" },
      body = "secret-5", timeout = 30,
    } }
    local response = {
      status = 200, headers = "HTTP/1.1 200 OK\r\nSet-Cookie: secret-6\r\nX-Token: secret-7\r\nContent-Type: image/png", body = "\x89PNG\0",
      url = "https://example.com/a?sig=secret-8",
    }
    pass(recorded:recorder(), request, function() return response end)
    assert(recorded:save(path))
    assert.not_matches("secret", read())
    local played = assert(tape.open(path))
    local result = pass(played:player(), request, function() error "sent" end)
    assert.same({ 200, "\x89PNG\0", "https://example.com/a" }, { result.status, result.body, result.url })
    assert.matches("Content%-Type: image/png", result.headers)
    local _, err = pass(played:player(), request, function() error "sent" end)
    assert.equal("not_on_tape", err.code)
    request.input.body = "another"
    _, err = pass(assert(tape.open(path)):player(), request, function() error "sent" end)
    assert.equal("not_on_tape", err.code)
  end)

  it("plays downloads, time and chance; what of these it has no more is executed", function()
    local recorded = tape.new()
    local download = { kind = "download", name = "save", input = { url = "https://example.com/a.png?sig=1", name = "a.png" } }
    pass(recorded:recorder(), download, function() return '{"url":"https://example.com/a.png?sig=1","path":"/out/a.png","size":3}' end)
    local draws = {
      { kind = "random", name = "integer", input = { first = 1, last = 6 } }, { kind = "random", name = "float" },
      { kind = "uuid", name = "v4" }, { kind = "now", name = "cancelled" },
    }
    local answers = { 5, 0.1, "a-uuid", false }
    for i, draw in ipairs(draws) do pass(recorded:recorder(), draw, function() return answers[i] end) end
    assert(recorded:save(path))
    local player = assert(tape.open(path)):player()
    assert.equal("/out/a.png", json.decode(pass(player, download, function() error "downloaded" end)).path)
    for i, draw in ipairs(draws) do assert.equal(answers[i], pass(player, draw, function() error "drawn" end)) end
    assert.equal(9, pass(player, draws[1], function() return 9 end))
  end)

  it("reads tapes of version 1, which have calls of tools alone", function()
    files:write("calls.tape", '{"rcmcp_tape":1}\n{"name":"x","input":{"a":1},"result":{"text":"t","data":{"b":2}}}\n')
    local player = assert(tape.open(path)):player()
    assert.equal(2, pass(player, call("x", { a = 1 }), function() error "called" end).data.b)
    assert.equal("executed", pass(player, { kind = "uuid", name = "v4" }, function() return "executed" end))
    assert.equal("executed", pass(player, { kind = "http", name = "GET", input = {} }, function() return "executed" end))
    files:write("calls.tape", '{"rcmcp_tape":3}\n')
    local none, err = tape.open(path)
    assert.is_nil(none)
    assert.matches("this is no tape", err.message, 1, true)
  end)
end)
