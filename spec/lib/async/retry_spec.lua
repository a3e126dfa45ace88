local clock = require "lib.async.clock"
local errors = require "lib.errors"
local retry = require "lib.async.retry"

local function response(status, retry_after)
  return { status = status, header = function() return retry_after end }
end

local function failure(code, sent)
  return { err = errors.new(code, { code = code, sent = sent }) }
end

-- Calls with these outcomes one after another; returns the outcome, the number of attempts, the pauses.
local function run(method, outcomes, options)
  local attempts, pauses = 0, {}
  options = options or {}
  options.on_retry = function(notice)
    assert.equal(attempts, notice.attempt)
    pauses[#pauses + 1] = notice.pause
  end
  local time <close> = clock.virtual()
  local begin = clock.now()
  local result, err = time:run(retry.call, method, options, function()
    attempts = attempts + 1
    local outcome = outcomes[math.min(attempts, #outcomes)]
    if outcome.err then return nil, outcome.err end
    return outcome
  end)
  local waited = 0
  for _, pause in ipairs(pauses) do waited = waited + pause end
  assert.is_true(math.abs(clock.now() - begin - waited) < 1e-6, "it waits as long as it says")
  return result or err, attempts, pauses
end

describe("lib.async.retry", function()
  it("repeats a GET on lost connections, cut answers, 429 and 5xx until it succeeds", function()
    for _, trouble in ipairs {
      failure("connect", false), failure("truncated", true), failure("network", true), response(429), response(500), response(503),
    } do
      local result, attempts = run("GET", { trouble, trouble, response(200) })
      assert.equal(200, result.status)
      assert.equal(3, attempts)
    end
  end)

  it("gives up after four attempts and returns the last outcome", function()
    local result, attempts, pauses = run("GET", { response(500), response(502), response(503), response(504) })
    assert.equal(504, result.status)
    assert.equal(4, attempts)
    assert.equal(3, #pauses)
    for i, pause in ipairs(pauses) do
      local full = 0.5 * 2 ^ (i - 1)
      assert.is_true(pause >= full / 2 and pause <= full, "pause " .. i .. " is " .. pause)
    end
  end)

  it("does not repeat what is final", function()
    for _, outcome in ipairs {
      response(200), response(302), response(400), response(401), response(404), response(422),
      failure("timeout", true), failure("too_large", true), failure("tls", false), failure("protocol", true),
      failure("file", false), failure("memory", true), failure("library", false),
    } do
      local _, attempts = run("GET", { outcome })
      assert.equal(1, attempts)
    end
  end)

  it("repeats a POST, PATCH, PUT or DELETE only where nothing was sent", function()
    for _, method in ipairs { "POST", "PATCH", "PUT", "DELETE" } do
      for _, outcome in ipairs {
        response(429), response(500), response(503), failure("truncated", true), failure("network", true),
        failure("connect", true), failure("timeout", true), { err = errors.new("unknown", { code = "connect" }) },
      } do
        local _, attempts = run(method, { outcome })
        assert.equal(1, attempts)
      end
      local result, attempts = run(method, { failure("connect", false), response(500) })
      assert.equal(500, result.status)
      assert.equal(2, attempts)
    end
  end)

  it("obeys Retry-After, in seconds or as a date, up to a minute", function()
    local _, attempts, pauses = run("GET", { response(429, "60"), response(200) })
    assert.equal(2, attempts)
    assert.same({ 60 }, pauses)

    _, attempts = run("GET", { response(429, "61"), response(200) })
    assert.equal(1, attempts)

    local date = os.date("!%a, %d %b %Y %H:%M:%S GMT", math.ceil(clock.wall()) + 30)
    _, attempts, pauses = run("GET", { response(503, date), response(200) })
    assert.equal(2, attempts)
    assert.is_true(pauses[1] > 20 and pauses[1] <= 31, "pause is " .. pauses[1])
  end)

  it("never waits less than its own pause for the sake of Retry-After", function()
    local _, _, pauses = run("GET", { response(429, "0"), response(200) })
    assert.is_true(pauses[1] >= 0.25)
    local past = "Sun, 06 Nov 1994 08:49:37 GMT"
    _, _, pauses = run("GET", { response(429, past), response(200) })
    assert.is_true(pauses[1] >= 0.25 and pauses[1] <= 0.5)
  end)

  it("takes a Retry-After that makes no sense for none", function()
    local _, attempts, pauses = run("GET", { response(429, "soon"), response(200) })
    assert.equal(2, attempts)
    assert.is_true(pauses[1] <= 0.5)
  end)

  it("reads HTTP dates", function()
    assert.equal(784111777, retry.http_date("Sun, 06 Nov 1994 08:49:37 GMT"))
    assert.equal(951782400, retry.http_date("Tue, 29 Feb 2000 00:00:00 GMT"))
    assert.equal(0, retry.http_date("Thu, 01 Jan 1970 00:00:00 GMT"))
    assert.is_nil(retry.http_date("1994-11-06"))
    assert.is_nil(retry.http_date("Sun, 06 Foo 1994 08:49:37 GMT"))
  end)
end)
