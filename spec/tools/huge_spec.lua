-- Results that no memory holds, and results that do not come to their end: what of them can be had is delivered.

local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local loop = require "core.loop"
local recipes = require "spec.support.recipes"
local responder = require "spec.support.responder"
local results = require "lib.runcomfy.results"

local KIB, MIB = 1024, 1024 * 1024
local TARGET = "GET /prod/v1/deployments/d/requests/r/"
local HEAD = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
local STATUS = '{"request_id":"r","status":"completed","instance_id":"i"}'
local FILES = '"9":{"images":[{"url":"https://x/1.png","filename":"1.png"},{"url":"https://x/2.png","filename":"2.png"}]}}}'

-- Bytes of a text and its repetitions.
local function size_of(parts)
  local bytes = 0
  for i = 1, #parts, 2 do bytes = bytes + #parts[i] * parts[i + 1] end
  return bytes
end

-- Runs `fn()` where the API gives such a result; `fate`: what follows it.
local function with_result(parts, fate, fn, time)
  local server <close> = responder.start {
    [TARGET .. "status"] = { responder.answer(200, STATUS), "keep" },
    [TARGET .. "result"] = { parts, fate },
    ["POST /prod/v1/deployments/d/inference"] = { responder.answer(200, '{"request_id":"r"}'), "keep" },
  }
  local _ <close> = bed.use { base_url = server.url }
  if time then
    local virtual <close> = clock.virtual()
    virtual:run(fn)
  else
    local task = fiber.spawn(fn)
    while task.status ~= "done" do loop.step(true) end
    local ok, err = task:join()
    if not ok then error(err, 0) end
  end
end

local IDS = { deployment_id = "d", request_id = "r" }
local WAIT = { deployment_id = "d", wait_for_completion = true, timeout_seconds = 60 }

local function urls_of(data)
  local urls = {}
  for i, entry in ipairs(data.output_urls) do urls[i] = entry.url end
  return urls
end

describe("a result over 64 MiB", function()
  local BEGIN = '{"request_id":"r","status":"succeeded","outputs":{"1":{"text":['
  local BALLAST = {
    ["one text"] = { '"', 1, ("x"):rep(KIB), 80 * KIB, '"', 1 },
    ["many pictures as texts"] = { '"data:image/png;base64,' .. ("QUJD"):rep(10 * KIB) .. '",', 2200, "1", 1 },
    ["escapes"] = { '"', 1, ("\\ud83e\\udd8a"):rep(KIB), 7000, '"', 1 },
  }
  for name, ballast in pairs(BALLAST) do
    it("has the URLs that stand behind, and says what it has not: " .. name, function()
      local parts = { HEAD .. BEGIN }
      table.move(ballast, 1, #ballast, 2, parts)
      parts[#parts + 1] = "]}," .. FILES
      local most = size_of(ballast)
      for _, case in ipairs { { "get_request_result", IDS }, { "submit_request", WAIT } } do
        with_result(parts, "close", function()
          local answer = bed.call(case[1], case[2])
          assert.is_true(answer.ok, answer.text)
          assert.same({ "https://x/1.png", "https://x/2.png" }, urls_of(answer.data))
          assert.equal("succeeded", answer.data.result.status)
          local missing = tonumber(answer.data.note:match "(%d+) bytes of its longest texts were left out")
          assert.is_true(missing < most and missing > most - 40 * MIB)
          assert.matches("bytes left out]", answer.json, 1, true)
          assert.is_true(#answer.json < most - missing + 128 * KIB)
        end)
      end
    end)
  end

  it("says so where what comes first is all that can be had", function()
    local parts = { HEAD .. BEGIN, ("1,"):rep(KIB), 35 * KIB, "1]}," .. FILES }
    with_result(parts, "close", function()
      local answer = bed.call("get_request_result", IDS)
      assert.is_true(answer.ok, answer.text)
      assert.matches("larger than the 64 MiB that are read", answer.data.note, 1, true)
    end)
  end)

  it("reaches a recipe, by its job and by the tool", function()
    local own <close> = folder.new()
    own:write("one.lua", [[
      local rc = require "rc"
      return rc.tool {
        name = "one", description = "Reads.", uses = { "submit_request", "get_request_result" },
        run = function(_, ctx)
          local done = rc.tools.get_request_result { deployment_id = "d", request_id = "r" }
          local ended = rc.job("d", "r"):wait()
          return { done.output_urls[2].url, ended.output_urls[2].url, done.note, ended.note }
        end,
      }]])
    recipes.with({ folder = own.path }, function(bench)
      local server <close> = responder.start {
        [TARGET .. "status"] = { responder.answer(200, STATUS), "keep" },
        [TARGET .. "result"] = { { HEAD .. BEGIN, '"' .. ("x"):rep(10 * KIB) .. '",', 500, '"', 1, ("x"):rep(KIB), 70 * KIB,
          '"]},' .. FILES, 1 }, "close" },
      }
      local _ <close> = bed.use { base_url = server.url }
      local answer = bench:call "one"
      assert.is_true(answer.ok, answer.text)
      local data = answer.data.result or answer.data
      assert.same({ "https://x/2.png", "https://x/2.png" }, { data[1], data[2] })
      assert.matches("were left out", data[3], 1, true)
      assert.equal(data[3], data[4])
    end)
  end)
end)

describe("a result that does not come to its end", function()
  local PART = HEAD .. '{"request_id":"r","status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/1.png"},{"url":"https://x/2'
  local longest, shortest = results.LONGEST_MS, results.SHORTEST_MS
  after_each(function() results.LONGEST_MS, results.SHORTEST_MS = longest, shortest end)

  it("is told as far as it had come when the time is up", function()
    -- The last try of the wait is too short for anything to come.
    for _, case in ipairs { { "get_request_result", IDS }, { "submit_request", { deployment_id = "d", wait_for_completion = true,
      timeout_seconds = 4 } } } do
      results.LONGEST_MS, results.SHORTEST_MS = 2000, 2000
      with_result(PART, "hold", function()
        local answer = bed.call(case[1], case[2])
        assert.is_true(answer.ok, answer.text)
        assert.same({ "https://x/1.png" }, urls_of(answer.data))
        assert.matches("ended early %(no complete answer from .* within", answer.data.note)
        assert.matches("ended early", answer.text, 1, true)
      end)
    end
  end)

  it("is told as far as it had come when the connection breaks each time", function()
    local broken = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" .. PART:sub(#HEAD + 1)
    for _, case in ipairs { { "get_request_result", IDS }, { "submit_request", WAIT } } do
      with_result(broken, "close", function()
        local answer = bed.call(case[1], case[2])
        assert.is_true(answer.ok, answer.text)
        assert.same({ "https://x/1.png" }, urls_of(answer.data))
        assert.matches("ended early", answer.data.note, 1, true)
      end, true)
    end
  end)

  it("reaches a recipe that waits", function()
    local own <close> = folder.new()
    own:write("one.lua", [[
      local rc = require "rc"
      return rc.tool {
        name = "one", description = "Waits.", uses = { "submit_request" },
        run = function()
          local ended = rc.job("d", "r"):wait { timeout = 30 }
          return { url = ended.output_urls[1].url, count = #ended.output_urls, note = ended.note }
        end,
      }]])
    results.LONGEST_MS, results.SHORTEST_MS = 2000, 2000
    recipes.with({ folder = own.path }, function(bench)
      local server <close> = responder.start {
        [TARGET .. "status"] = { responder.answer(200, STATUS), "keep" }, [TARGET .. "result"] = { PART, "hold" },
      }
      local _ <close> = bed.use { base_url = server.url }
      local answer = bench:call "one"
      assert.is_true(answer.ok, answer.text)
      assert.same({ "https://x/1.png", 1 }, { answer.data.url, answer.data.count })
      assert.matches("ended early", answer.data.note, 1, true)
    end)
  end)
end)
