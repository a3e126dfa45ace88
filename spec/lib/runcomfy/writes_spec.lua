-- Every write of the API against a server that breaks in every way: how often it was sent, and what is said of it.
local bed = require "spec.support.runcomfy"
local client = require "core.http"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local loop = require "core.loop"
local log = require "spec.support.log"
local wire = require "spec.support.wire"
local writes = require "lib.runcomfy.writes"

local WRITES = {
  submit = function() return bed.runcomfy():submit("d", { overrides = {} }) end,
  cancel = function() return bed.runcomfy():cancel("d", "r") end,
  create = function() return bed.runcomfy():create_deployment { name = "n" } end,
  update = function() return bed.runcomfy():update_deployment("d", { name = "n" }) end,
  delete = function() return bed.runcomfy():delete_deployment("d") end,
  proxy = function() return bed.runcomfy():proxy("d", "i", "api/free") end,
}

local function names_of(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function answer(status, body, headers)
  return ("HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s"):format(status, #body, headers or "", body)
end

local OK = '{"request_id":"r-17","id":"d-17"}'

-- Name, mode, bytes, what delivery says ("ok": it succeeded; false: the API said no), requests.
local FAULTS = {
  { "is reset before it is read", "reset-early", "", "unknown", 0 },
  { "is reset once it is read", "reset-late", "", "unknown", 1 },
  { "is left without an answer", "close", "", "unknown", 1 },
  { "gets half an answer", "answer", answer(200, OK):sub(1, -18), "unknown", 1 },
  { "gets a refusal whose end is lost", "answer", answer(413, '{"detail":"too large"}'):sub(1, -4), false, 1 },
  { "gets trouble whose end is lost", "answer", answer(502, "<html><title>Bad"):sub(1, -2), "unknown", 1 },
  { "gets half a head", "answer", "HTTP/1.1 200 OK\r\nContent-Le", "unknown", 1 },
  { "gets its answer a byte at a time", "drip", answer(200, OK), "ok", 1 },
  { "gets 429", "answer", answer(429, "{}"), false, 1 },
  { "gets 429 with Retry-After", "answer", answer(429, "{}", "Retry-After: 1\r\n"), false, 1 },
  { "gets 500", "answer", answer(500, "{}"), "unknown", 1 },
  { "gets 502 with a page", "answer", answer(502, "<html><title>Bad Gateway</title></html>"), "unknown", 1 },
  { "gets 503", "answer", answer(503, "{}", "Retry-After: 1\r\n"), "unknown", 1 },
  { "gets 504", "answer", answer(504, ""), "unknown", 1 },
  { "gets 200 with an error_code", "answer", answer(200, '{"error_code":10001,"message":"no funds"}'), false, 1 },
  { "is redirected, for good", "answer", answer(301, "", "Location: /elsewhere\r\n"), "unknown", 1 },
  { "is redirected with its method", "answer", answer(307, "", "Location: /elsewhere\r\n"), "unknown", 1 },
  { "gets 101, which it did not ask for", "keep", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "unknown", 1 },
  { "gets what is not HTTP", "answer", "SSH-2.0-OpenSSH_9\r\n", "unknown", 1 },
  { "gets a page of somebody else", "answer", answer(200, "<html><title>Login</title></html>"), "unknown", 1 },
}

local function way() return bed.runcomfy().api end

describe("lib.runcomfy.writes", function()
  local server

  setup(function() server = wire.start() end)
  teardown(function() server:close() end)

  -- Runs `fn` to its end in a fiber, on a clock that jumps; returns what it returned, and the lines logged.
  local function run(fn)
    local value, err
    local lines = log.lines_of(function()
      local time <close> = clock.virtual()
      time:run(function() value, err = fn() end)
    end)
    return value, err, lines
  end

  for _, name in ipairs(names_of(WRITES)) do
    for _, fault in ipairs(FAULTS) do
      it(("sends a %s that %s once, and says what is known"):format(name, fault[1]), function()
        local _ <close> = bed.use { base_url = server.url }
        server:set(fault[2], fault[3])
        local before, connections = server:requests(), server:connections()
        local value, err, lines = run(WRITES[name])
        server:settle()
        assert.equal(fault[5], server:requests() - before)
        assert.equal(1, server:connections() - connections)
        if fault[4] == "ok" then
          assert(value, err and err.message)
          assert.matches("^info: ", lines[1])
        else
          assert.is_nil(value)
          assert.equal(fault[4] or nil, err.delivery)
          assert.matches("^warning: ", lines[1])
        end
        assert.equal(1, #lines)
        assert.equal(0, bed.runcomfy().writes:count())
      end)
    end

    it(("says of a %s that finds nobody that nothing was sent"):format(name), function()
      local _ <close> = bed.use { base_url = "http://127.0.0.1:1" }
      local value, err, lines = run(WRITES[name])
      assert.is_nil(value)
      assert.equal("not_sent", err.delivery)
      assert.equal(1, #lines)
      assert.matches(": not sent: ", lines[1], 1, true)
    end)
  end

  -- Starts the write, cancels it as soon as `ready` says so, and waits for its end: true: its answer came all the same.
  local function cancelled(write, ready)
    local ok, value, err
    local lines = log.lines_of(function()
      local task = fiber.spawn(write)
      task.quiet = true
      if ready then server:wait_until(ready) end
      task:cancel("client")
      local done = false
      fiber.spawn(function()
        ok, value, err = task:join()
        done = true
      end)
      server:wait_until(function() return done end)
    end)
    return ok, value, err, lines
  end

  local function nothing_was_sent(ok, value, lines)
    assert.is_false(ok)
    assert.is_true(fiber.is_cancelled(value))
    assert.equal("not_sent", value.delivery)
    assert.equal(1, #lines)
    assert.matches("cancelled before a byte of it left: nothing was sent", lines[1], 1, true)
    assert.equal(0, bed.runcomfy().writes:count())
    for _ = 1, 5 do loop.step(false) end
    server:settle()
  end

  for _, name in ipairs(names_of(WRITES)) do
    local write = WRITES[name]

    it(("never sends a %s that is cancelled behind 256 transfers"):format(name), function()
      local _ <close> = bed.use { base_url = server.url }
      server:set "deaf"
      local transfers, before = {}, server:requests()
      for i = 1, 256 do transfers[i] = assert(client.start({ method = "GET", url = server.url }, function() end)) end
      local ok, value, _, lines = cancelled(write)
      for _, transfer in ipairs(transfers) do transfer:cancel() end
      nothing_was_sent(ok, value, lines)
      assert.equal(before, server:requests())
    end)

    it(("never sends a %s that is cancelled between two tries to connect"):format(name), function()
      local _ <close> = bed.use { base_url = "http://127.0.0.1:1" }
      local ok, value, _, lines = cancelled(write, function() return client.active() == 0 end)
      nothing_was_sent(ok, value, lines)
    end)

    it(("never sends a %s that is cancelled while the name is looked up"):format(name), function()
      local _ <close> = bed.use { base_url = "http://no-such-host.invalid" }
      local ok, value, _, lines = cancelled(write)
      nothing_was_sent(ok, value, lines)
    end)

    it(("never sends a %s that is cancelled in the TLS handshake"):format(name), function()
      local _ <close> = bed.use { base_url = "https://127.0.0.1:" .. server.port }
      server:set "deaf"
      local before, connections = server:requests(), server:connections()
      local ok, value, _, lines = cancelled(write, function() return server:connections() > connections end)
      nothing_was_sent(ok, value, lines)
      assert.equal(before, server:requests())
    end)

    it(("carries a %s that is cancelled behind its first byte to its answer, once, and logs it"):format(name), function()
      local _ <close> = bed.use { base_url = server.url }
      server:set("drip", answer(200, OK))
      local before = server:requests()
      local ok, value, err, lines = cancelled(write, function() return server:requests() > before end)
      assert.is_true(ok)
      assert(value, err)
      assert.equal(OK, value:text())
      assert.equal(before + 1, server:requests())
      assert.equal(1, #lines)
      assert.matches("^warning: .*HTTP 200, request_id r%-17, id d%-17, .*its caller no longer waits for it$", lines[1])
    end)

    it(("logs a %s whose caller has gone and whose answer is lost"):format(name), function()
      local _ <close> = bed.use { base_url = server.url }
      server:set("drip", answer(200, OK):sub(1, -18))
      local before = server:requests()
      local ok, value, err, lines = cancelled(write, function() return server:requests() > before end)
      assert.is_true(ok)
      assert.is_nil(value)
      assert.equal("unknown", err.delivery)
      assert.equal(before + 1, server:requests())
      assert.equal(1, #lines)
      assert.matches("^warning: .*outcome unknown: .*its caller no longer waits for it$", lines[1])
    end)
  end

  -- Answers that hold the id and break behind it.
  local BROKEN = {
    ["a Content-Length that is too large"] = "HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n" .. OK,
    ["no end of its chunks"] = ("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n"):format(#OK, OK),
    ["a chunk that is none"] = ("HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\nzz\r\n"):format(#OK, OK),
    ["half of its JSON"] = answer(202, OK):sub(1, -2),
  }
  local MADE = { submit = true, create = true } -- by what it answers alone can it be found again

  for _, how in ipairs(names_of(BROKEN)) do
    for _, name in ipairs(names_of(WRITES)) do
      it(("takes the id out of the answer to a %s that has %s, or calls it unknown"):format(name, how), function()
        local _ <close> = bed.use { base_url = server.url }
        server:set("answer", BROKEN[how])
        local before = server:requests()
        local value, err, lines = run(WRITES[name])
        server:settle()
        assert.equal(before + 1, server:requests())
        assert.equal(1, #lines)
        if not MADE[name] then return assert.equal("unknown", err.delivery) end
        assert(value, err and err.message)
        assert.equal(name == "submit" and "r-17" or "d-17", value:value(name == "submit" and "request_id" or "id"))
        assert.matches("^info: .*r%-17", lines[1])
      end)
    end
  end

  for _, name in ipairs(names_of(WRITES)) do
    it(("tells where the answer to a %s points to, for that may hold an id, and follows it not"):format(name), function()
      local _ <close> = bed.use { base_url = server.url }
      server:set("answer", answer(303, "", "Location: /prod/v1/deployments/d/requests/r-17/status?k=key-0123456789\r\n"))
      local before = server:requests()
      local _, err, lines = run(WRITES[name])
      server:settle()
      assert.equal(before + 1, server:requests())
      assert.equal("unknown", err.delivery)
      for _, text in ipairs { err.message, lines[1] } do
        assert.matches("a redirect to /prod/v1/deployments/d/requests/r-17/status?k=[redacted], which", text, 1, true)
      end
    end)
  end

  it("logs an id as it was written, numbers of any size and long ones, too", function()
    local _ <close> = bed.use { base_url = server.url }
    local long = ("x"):rep(256)
    for written, shown in pairs { ["18446744073709551615"] = "18446744073709551615", ["1e3"] = "1e3", ['"' .. long .. '"'] = long } do
      server:set("answer", answer(200, ('{"request_id":%s}'):format(written)))
      local _, _, lines = run(WRITES.submit)
      assert.matches("HTTP 200, request_id " .. shown .. ", ", lines[1], 1, true)
    end
  end)

  it("tells where an answer without an id points to", function()
    local _ <close> = bed.use { base_url = server.url }
    for _, name in ipairs { "create", "submit" } do
      server:set("answer", answer(201, "", "Location: /prod/v1/deployments/d/requests/r-17\r\n"))
      local _, err, lines = run(WRITES[name])
      assert.equal("unknown", err.delivery)
      assert.equal("/prod/v1/deployments/d/requests/r-17", err.location)
      assert.matches("it points to /prod/v1/deployments/d/requests/r-17", lines[1], 1, true)
    end
    server:set("answer", answer(201, "", "Location: /requests/r-17\r\n"))
    local text = select(2, run(function() return nil, bed.call("submit_request", { deployment_id = "d" }).text end))
    assert.matches("The answer points to /requests/r-17.", text, 1, true)
  end)

  it("carries a write on of which only half has left, and calls its outcome unknown", function()
    local _ <close> = bed.use { base_url = server.url }
    server:set "deaf"
    local connections = server:connections()
    local operation = { name = "create", unknown = "Look." }
    local body = '"' .. ("x"):rep(16 * 1024 * 1024) .. '"'
    local ok, value, err = cancelled(function()
      return way():send("POST", way().deployments_url, operation, body, { total_ms = 700 })
    end, function() return server:connections() > connections and client.active() == 1 and bed.runcomfy().writes:sent() == 1 end)
    assert.is_true(ok)
    assert.is_nil(value)
    assert.equal("unknown", err.delivery)
    assert.equal(connections + 1, server:connections())
  end)

  it("shows neither query nor password in the log", function()
    local _ <close> = bed.use { base_url = (server.url:gsub("//", "//user:password@")) }
    server:set("answer", answer(200, OK))
    local _, _, lines = run(function()
      return bed.runcomfy():submit("d", { overrides = {}, webhook_url = "https://hook.example/?token=geheim" })
    end)
    assert.matches("HTTP 200", lines[1], 1, true)
    for _, secret in ipairs { "geheim", "hook", "pass", "word", "user" } do assert.is_nil(lines[1]:find(secret, 1, true)) end
  end)

  describe("at the end of the program", function()
    local function lingered(seconds, write)
      local lost
      log.lines_of(function()
        local task = fiber.spawn(write)
        task.quiet = true
        server:wait_until(function() return bed.runcomfy().writes:sent() == 1 end)
        task:cancel("end")
        bed.runcomfy().writes:linger(seconds, function(what) lost = what end)
        server:wait_until(function() return lost ~= nil end)
      end)
      return lost
    end

    it("waits for the answers of writes that have left", function()
      local _ <close> = bed.use { base_url = server.url }
      server:set("drip", answer(200, OK))
      assert.same({}, lingered(60, WRITES.submit))
      assert.equal(0, bed.runcomfy().writes:count())
    end)

    it("takes what has come of an answer that has begun", function()
      local _ <close> = bed.use { base_url = server.url }
      server:set("keep", "HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n" .. OK)
      local value
      assert.same({}, lingered(1, function() value = WRITES.submit() end))
      assert.equal("r-17", value:value "request_id")
      assert.equal(0, bed.runcomfy().writes:count())
    end)

    it("names those whose answer does not come in time", function()
      local _ <close> = bed.use { base_url = server.url }
      server:set "hold"
      local lost = lingered(0.1, function()
        return way():send("DELETE", way().deployments_url .. "/d", { name = "delete", unknown = "Look." }, nil, { total_ms = 500 })
      end)
      assert.equal(1, #lost)
      assert.matches("^the end came while a delete %(DELETE .*/d%) was under way%. Whether this delete took effect is unknown", lost[1])
      log.lines_of(function() server:wait_until(function() return bed.runcomfy().writes:count() == 0 end) end)
    end)

    it("is over in the next turn where nothing is under way", function()
      local lost
      writes.new():linger(60, function(what) lost = what end)
      assert.is_nil(lost)
      server:wait_until(function() return lost ~= nil end)
      assert.same({}, lost)
    end)
  end)
end)
