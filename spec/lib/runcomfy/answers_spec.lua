local answers = require "lib.runcomfy.answers"
local json = require "core.json"

local function read(status, body)
  local value, err = answers.read { status = status, body = body }
  return value, err
end

local function failed(status, body)
  local value, err = read(status, body)
  assert.is_nil(value)
  return err
end

describe("lib.runcomfy.answers", function()
  it("keeps JSON as it is, and text as text", function()
    local body = '{"seed":18446744073709551615,"a":[],"b":{},"c":1.0}'
    assert.equal(body, read(200, body):text())
    assert.equal("", read(204, ""))
    assert.equal("plain", read(200, "plain"))
  end)

  it("shows bytes that are no UTF-8 as replacement characters", function()
    assert.equal("a\u{FFFD}b", read(200, "a\xFFb"))
  end)

  it("writes the official error line, with a hint and all fields", function()
    local err = failed(401, '{"error_code":401001,"error_message":"bad token"}')
    assert.matches("^HTTP 401 | RunComfy error_code=401001 | bad token\n", err.message)
    assert.matches("https://www.runcomfy.com/profile", err.message, 1, true)
    assert.equal('{"error_code":401001,"error_message":"bad token"}', err.data.payload:text())
    assert.equal(401, err.data.status_code)
    assert.equal(401001, err.data.error_code)
    assert.equal("bad token", err.data.message)
    assert.equal(json.null, err.data.detail)
    assert.is_false(err.data.ok)
  end)

  it("takes HTTP 200 with an error_code as an error", function()
    local err = failed(200, '{"error_code":403003,"error_message":"not yours"}')
    assert.matches("^HTTP 200 | RunComfy error_code=403003 | not yours", err.message)
    assert.equal("RunComfy API error", failed(200, '{"error_code":10001}').api_message)
  end)

  it("does not take null, 0, an empty text or a nested error_code for one", function()
    local bodies = { '{"error_code":null}', '{"error_code":0}', '{"error_code":""}', '{"x":{"error_code":5}}', '[{"error_code":5}]' }
    for _, body in ipairs(bodies) do
      assert.equal(body, read(200, body):text())
    end
  end)

  it("takes the first message there is", function()
    assert.equal("a", failed(400, '{"error_message":"a","message":"b"}').api_message)
    assert.equal("b", failed(400, '{"error_message":"","message":"b","error":"c"}').api_message)
    assert.equal("c", failed(400, '{"message":null,"error":"c","detail":"d"}').api_message)
    assert.equal("d", failed(400, '{"detail":"d"}').api_message)
    assert.equal("Bad Request", failed(400, '{}').api_message)
    assert.equal("Bad Gateway", failed(502, "").api_message)
    assert.equal("status 599", failed(599, "").api_message)
  end)

  it("makes FastAPI's detail readable", function()
    local body = '{"detail":[{"loc":["body","overrides"],"msg":"field required"},{"loc":["body","overrides","6",0],"msg":"unknown node"}]}'
    local err = failed(422, body)
    assert.matches("HTTP 422 | body.overrides: field required; body.overrides.6.0: unknown node", err.message, 1, true)
    assert.equal(json.decode(body).detail[2].msg, err.data.detail:value(2, "msg"))
  end)

  it("adds a detail to the message that stands beside it", function()
    local err = failed(422, '{"error_code":422001,"error_message":"Validation Error","detail":[{"loc":["body","x"],"msg":"bad"}]}')
    assert.matches("error_code=422001 | Validation Error\nbody.x: bad\n", err.message, 1, true)
  end)

  it("reads ComfyUI's error object", function()
    local err = failed(400, '{"error":{"type":"prompt_no_outputs","message":"Prompt has no outputs","details":""},"node_errors":{}}')
    assert.matches("Prompt has no outputs (type prompt_no_outputs)", err.message, 1, true)
  end)

  it("finds the title of a page in any spelling, and leaves out what is no text", function()
    assert.equal("502 Bad Gateway", failed(502, "<html>\n<TITLE lang=en>\n 502\tBad  Gateway </TITLE>").api_message)
    assert.equal("Oh no", failed(500, "<html><title></title><script>if (a < b) {}</script><p>Oh<br>no</p><STYLE>p{}").api_message)
    assert.equal("a", failed(500, "<p>a <b").api_message)
  end)

  -- With patterns, 2 kB of the first took 69 s, and the whole server with them.
  it("reads pages that were made to be slow to read", function()
    local n = 1000000
    for _, page in ipairs {
      "<title>" .. (" "):rep(n), "<title>" .. (" </"):rep(n // 3), ("<title>"):rep(n // 7), "<style" .. ("<style"):rep(n // 6),
      "<p>" .. ("<"):rep(n), "<p>" .. (" "):rep(n) .. "x", (" "):rep(n) .. "<", ("<style></style"):rep(n // 14),
      "<p>" .. ("\xE2\x82"):rep(n // 2),
    } do
      local started = os.clock()
      assert.is_true(#failed(502, page).api_message <= 4 * 1001)
      assert.is_true(os.clock() - started < 5)
    end
  end)

  it("shows what an HTML page says, not the page", function()
    local err = failed(502, "<html><head><title>502 Bad Gateway</title></head><body><h1>x</h1></body></html>")
    assert.equal("502 Bad Gateway", err.api_message)
    assert.matches("<html>", err.data.payload, 1, true)
    assert.equal("Oh no", failed(500, "<!doctype html><style>a{}</style><p>Oh  <b>no</b></p>").api_message)
  end)

  it("cuts long text in messages and payloads at whole characters", function()
    local err = failed(500, ("é"):rep(30000))
    assert.equal(1001, utf8.len(err.api_message))
    assert.equal(20001, utf8.len(err.data.payload))
  end)

  local hints = { [402] = "Add funds", [403] = "another account", [404] = "Nothing has this id", [422] = "get_deployment",
                  [429] = "wait a little", [413] = "by URL", [503] = "reading later costs nothing" }
  for status, hint in pairs(hints) do
    it(("says what to do about HTTP %d"):format(status), function()
      assert.matches(hint, failed(status, "{}").message, 1, true)
    end)
  end

  it("knows the gateway's codes", function()
    assert.matches("Add funds", failed(200, '{"error_code":10001}').hint, 1, true)
    assert.matches("is_enabled=true", failed(200, '{"error_code":"10002"}').hint, 1, true)
    assert.matches("was deleted", failed(200, '{"error_code":10003}').hint, 1, true)
  end)

  it("takes a redirect that was not followed as an error", function()
    assert.matches("redirect", failed(307, "").message)
  end)

  it("describes errors of any shape", function()
    local function text(body) return answers.describe(json.raw(body)) end
    assert.equal("out of memory: trace (errorCode 10011)", text '[{"errorCode":10011,"error":"out of memory","debugInfo":"trace"}]')
    assert.equal("boom (node_id 3, node_type KSampler)", text '{"exception_message":"boom","node_id":"3","node_type":"KSampler"}')
    assert.equal("plain", text '"plain"')
    assert.equal('{"odd":1}', text '{"odd":1}')
    assert.equal("", text "null")
  end)
end)
