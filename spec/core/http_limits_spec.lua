local client = require "spec.support.client"
local http = require "core.http"
local httpd = require "core.httpd"
local json = require "core.json"
local loop = require "core.loop"
local responder = require "spec.support.responder"

local fetch, get = client.fetch, client.get

describe("core.http limits", function()
  -- The process stands still, as in SIGSTOP, a suspended machine or a long turn, while the answer comes and the time passes.
  for _, case in ipairs { { "small", "answer", 2 }, { "larger than one read of libcurl", "answer", 1000000 } } do
    it(("takes an answer that lies in the socket when its time is over, a %s one"):format(case[1]), function()
      local server <close> = require("spec.support.wire").start()
      local body = ("x"):rep(case[3])
      server:set(case[2], responder.answer(200, body))
      local response, message
      local done = false
      assert(http.start({ method = "POST", url = server.url, body = "b", total_ms = 400 }, function(...)
        response, message = ...
        done = true
      end))
      server:wait_until(function() return server:requests() == 1 end)
      os.execute "sleep 0.6"
      while not done do loop.step(true) end
      assert(response, message)
      assert.equal(#body, #response.body)
    end)
  end

  it("ends a transfer at its time where nothing has come, or only a part", function()
    local server <close> = require("spec.support.wire").start()
    for _, answer in ipairs { "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxxx" } do
      server:set("keep", answer)
      local response, message, code, sent = fetch { method = "POST", url = server.url, body = "b", total_ms = 200 }
      assert.is_nil(response)
      assert.equal("timeout", code)
      assert.matches("no complete answer from 127%.0%.0%.1:%d+ within 0%.2 s", message)
      assert.is_true(sent)
    end
  end)

  it("ends a transfer that is hurried with what has come, where its answer has begun, and leaves others alone", function()
    local server <close> = require("spec.support.wire").start()
    local function hurried(answer, begins)
      local outcome
      server:set("keep", answer)
      local before = server:answered()
      local transfer = assert(http.start({ method = "POST", url = server.url, body = "b" }, function(...) outcome = table.pack(...) end))
      transfer:hurry()
      server:wait_until(function() return server:answered() > before end)
      for _ = 1, 3 do transfer:hurry() end
      if begins then
        server:wait_until(function()
          transfer:hurry() -- the answer may have been seen only now
          return outcome ~= nil
        end)
      end
      for _ = 1, 40 do
        if not outcome then loop.step(false) require("core.timer").after(5, function() end) loop.step(true) end
      end
      transfer:cancel()
      return outcome
    end
    local outcome = hurried("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxxx", true)
    assert.same({ "timeout", true, 200, "xxx" }, { outcome[3], outcome[4], outcome[5].status, outcome[5].body })
    assert.matches("had not come to its end when it was wanted", outcome[2], 1, true)
    assert.equal("xxx", hurried(responder.answer(200, "xxx"), true)[1].body)
    for _, answer in ipairs { "", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 103 Early\r\n\r\n" } do assert.is_nil(hurried(answer)) end
  end)

  it("takes an answer of exactly the limit, and refuses one byte more", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, ("x"):rep(1000)), "keep" } }
    assert.equal(1000, #assert(get(server.url, { max_bytes = 1000 })).body)
    local response, message, code, sent = get(server.url, { max_bytes = 999 })
    assert.is_nil(response)
    assert.equal("too_large", code)
    assert.matches("larger than the limit of 999 bytes", message, 1, true)
    assert.is_true(sent)
  end)

  it("takes up to 64 MiB where nothing else is said", function()
    local function promise(bytes) return { ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nx"):format(bytes), "close" } end
    local server <close> = responder.start { ["GET /fits"] = promise(64 << 20), ["GET /over"] = promise((64 << 20) + 1) }
    assert.equal("truncated", (select(3, get(server.url .. "/fits"))))
    local _, message, code = get(server.url .. "/over")
    assert.equal("too_large", code)
    assert.matches("67108864", message, 1, true)
  end)

  it("refuses an endless answer that promises no size", function()
    local server <close> = responder.start {
      ["*"] = { { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", ("x"):rep(1000), 10000 }, "hold" },
    }
    local _, _, code = get(server.url, { max_bytes = 100000 })
    assert.equal("too_large", code)
  end)

  it("takes the beginning of a larger answer where that is asked for, and says that there was more", function()
    local server <close> = responder.start {
      ["GET /promised"] = { responder.answer(200, ("y"):rep(1000)), "keep" },
      ["GET /endless"] = { { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", ("x"):rep(1000), 10000 }, "hold" },
      ["POST /post"] = { responder.answer(201, ("z"):rep(500)), "keep" },
    }
    local response = assert(get(server.url .. "/promised", { max_bytes = 999, keep_head = true }))
    assert.same({ 999, true, 200 }, { #response.body, response.cut, response.status })
    response = assert(get(server.url .. "/promised", { max_bytes = 1000, keep_head = true }))
    assert.same({ 1000, false }, { #response.body, response.cut })
    response = assert(get(server.url .. "/endless", { max_bytes = 123456, keep_head = true }))
    assert.same({ 123456, true }, { #response.body, response.cut })
    response = assert(fetch { method = "POST", url = server.url .. "/post", body = "b", max_bytes = 10, keep_head = true })
    assert.same({ ("z"):rep(10), true, 201 }, { response.body, response.cut, response.status })
  end)

  it("shortens the long texts of a larger answer, and keeps all else of it", function()
    local head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    local server <close> = responder.start {
      ["GET /texts"] = { { head .. '{"a":"', "long ", 20000, '","b":["', 1, "long ", 20000, '",1.50],"c":"é\\"x"}', 1 }, "close" },
      ["GET /halves"] = { { head .. '["x', "\\ud83e\\udd8a", 5000, '"]', 1 }, "close" },
      ["GET /characters"] = { { head .. '["x', "日", 30000, '"]', 1 }, "close" },
      ["GET /numbers"] = { { head .. "[", "1,", 50000, "1]", 1 }, "close" },
    }
    local response = assert(get(server.url .. "/texts", { max_bytes = 50000, keep_head = true }))
    local value = assert(json.decode(response.body))
    assert.matches("^long .*… %[83616 bytes left out%]$", value.a)
    assert.equal(value.a, value.b[1])
    assert.same({ 'é"x', false, 2 * 83616 }, { value.c, response.cut, response.left_out })
    assert.equal(83616, 5 * 20000 - 16384)
    assert.matches(',1.50],"c":', response.body, 1, true)
    for _, path in ipairs { "/halves", "/characters" } do -- no character is cut in two
      response = assert(get(server.url .. path, { max_bytes = 50000, keep_head = true }))
      assert.matches("^x.*… %[%d+ bytes left out%]$", assert(json.decode(response.body))[1])
    end
    response = assert(get(server.url .. "/numbers", { max_bytes = 50000, keep_head = true }))
    assert.same({ 50000, true, 0 }, { #response.body, response.cut, response.left_out })
    response = assert(get(server.url .. "/texts", { keep_head = true }))
    assert.same({ 0, 200034 }, { response.left_out, #response.body })
  end)

  it("does not save the beginning of a larger answer as a file", function()
    local server <close> = responder.start { ["*"] = { responder.answer(200, ("y"):rep(1000)), "keep" } }
    local path = os.tmpname()
    os.remove(path)
    local _, _, code = get(server.url, { max_bytes = 999, keep_head = true, save_as = path })
    assert.equal("too_large", code)
    assert.is_nil(io.open(path))
  end)

  it("counts an answer's bytes after decompression", function()
    -- 100,000 zeros
    local bomb = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0"
      .. ("\0"):rep(96) .. "\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00"
    local server <close> = responder.start { ["*"] = { responder.answer(200, bomb, "Content-Encoding: gzip\r\n"), "keep" } }
    local _, _, code = get(server.url, { max_bytes = 1000 })
    assert.equal("too_large", code)
  end)

  it("ends a transfer whose answer does not come in time", function()
    local server <close> = responder.start { ["*"] = { "", "hold" } }
    local response, message, code, sent = fetch { method = "POST", url = server.url, body = "x", total_ms = 50 }
    assert.is_nil(response)
    assert.equal("timeout", code)
    assert.matches("no complete answer from 127.0.0.1:" .. server.port .. " within 0.05 s", message, 1, true)
    assert.is_true(sent)
  end)

  it("ends a transfer that moves no byte", function()
    local server <close> = responder.start { ["*"] = { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "hold" } }
    local _, message, code, sent = get(server.url, { idle_ms = 40 })
    assert.equal("timeout", code)
    assert.matches("not a byte to or from 127.0.0.1:" .. server.port .. " for 0.04 s", message, 1, true)
    assert.is_true(sent)
    assert.equal(0, http.active())
  end)

  it("lets a slow transfer go on while it moves", function()
    local timer = require "core.timer"
    local server <close> = assert(httpd.listen({}, function(request)
      local stream, left = request:stream(200), 10
      local function more()
        stream:write("x")
        left = left - 1
        if left == 0 then stream:finish() else timer.after(10, more) end
      end
      more()
    end))
    assert.equal(("x"):rep(10), assert(get("http://127.0.0.1:" .. server.port, { idle_ms = 2000 })).body)
  end)

  it("says of a handshake that never ends that nothing was sent", function()
    local server <close> = responder.start { ["*"] = { "", "hold" } }
    local _, message, code, sent = fetch {
      method = "POST", url = "https://127.0.0.1:" .. server.port, body = "x", connect_ms = 50,
    }
    assert.equal("connect", code)
    assert.matches("within 0.05 s", message, 1, true)
    assert.is_false(sent)
  end)

  it("runs 256 transfers at once and the others in order behind them", function()
    local waiting, finished, order = {}, 0, {}
    local server <close> = assert(httpd.listen({}, function(request) waiting[#waiting + 1] = request end))
    local url = "http://127.0.0.1:" .. server.port .. "/"
    for i = 1, 300 do
      assert(http.start({ method = "GET", url = url .. i }, function(response)
        assert.equal(200, response.status)
        finished = finished + 1
      end))
    end
    assert.equal(300, http.active())
    assert.equal(44, http.stats().queued)
    while #waiting < 256 do loop.step(true) end
    local answered = 0
    while finished < 300 do
      while answered < #waiting do
        answered = answered + 1
        order[answered] = math.tointeger(waiting[answered].path:sub(2))
        waiting[answered]:respond(200, {}, "done")
      end
      assert.is_true(httpd.pending() <= 256)
      loop.step(true)
    end
    table.move(order, 257, 300, 1, order)
    for i = 1, 44 do assert.is_true(order[i] > 256) end
    assert.equal(0, http.active())
    assert.equal(0, http.stats().queued)
  end)

  it("says what is too long, not that memory is out", function()
    local server <close> = responder.start {
      ["GET /line"] = { { "HTTP/1.1 200 OK\r\nX-Long: ", "x", 150000, "\r\nContent-Length: 2\r\n\r\nok" }, "close" },
    }
    for _, size in ipairs { 2000000, 9000000 } do
      local response, message, code, sent = get(server.url .. "/" .. ("x"):rep(size))
      assert.is_nil(response)
      assert.equal("protocol", code, message)
      assert.matches("address", message, 1, true)
      assert.is_not_true(sent)
    end
    local _, message, code = get(server.url .. "/line")
    assert.equal("protocol", code)
    assert.matches("a header line of more than 100 KiB", message, 1, true)
  end)
end)
