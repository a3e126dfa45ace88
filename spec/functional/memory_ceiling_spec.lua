-- A server near the ceiling of its memory: the call that asks for more fails, by name; the others do not.
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local host = require "core.host"
local json = require "core.json"
local kept_log = require "spec.support.log"
local kit = require "spec.support.mcp"
local loop = require "core.loop"
local responder = require "spec.support.responder"

local KEY = "RUNCOMFY_API_KEY=0123456789abcdef0123456789abcdef0123"
local MIB = 1048576
local CEILING = 64 * MIB -- the least that may be set

local HELLO = { protocolVersion = "2025-06-18", capabilities = json.decode "{}", clientInfo = { name = "spec", version = "1" } }

-- An answer whose text is so long.
local function long(head, size, tail, promised)
  local length = #head + size + #tail
  return { ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(promised or length) .. head, "x", size, tail }
end

local function serve(url, ...)
  local server = child.rcmcp({ "serve", "--memory-bytes", tostring(CEILING), "--base-url", url, ... }, { env = { KEY } })
  local last, answers = 0, {}
  local self = { process = server }
  function self.send(method, params)
    last = last + 1
    server:write(json.encode { jsonrpc = "2.0", id = last, method = method, params = params } .. "\n")
    return last
  end
  function self.call(name, arguments) return self.send("tools/call", { name = name, arguments = arguments }) end
  function self.answer(id)
    while not answers[id] do
      local message = json.decode(server:line())
      answers[message.id] = message
    end
    return answers[id]
  end
  self.answer(self.send("initialize", HELLO))
  return setmetatable(self, { __close = function() server:close() end })
end

local SMALL = { responder.answer(200, "[]"), "keep" }

describe("a server near the ceiling of its memory", function()
  for _, size in ipairs { 20, 45, 60 } do
    it(("answers others while an answer of %d MiB does not fit, and names a submit whose answer did not"):format(size), function()
      local api <close> = responder.start {
        ["GET /prod/v2/deployments"] = SMALL,
        ["POST /prod/v1/deployments/big/inference"] = { long('{"request_id":"r-123","pad":"', size * MIB, '"}'), "close" },
        ["GET /prod/v1/deployments/big/requests/r-7/result"] = { long('{"status":"succeeded","pad":"', size * MIB, '"}'), "close" },
      }
      local server <close> = serve(api.url)
      local submit = server.call("submit_request", { deployment_id = "big" })
      local large = {}
      for i = 1, 2 do large[i] = server.call("get_request_result", { deployment_id = "big", request_id = "r-7" }) end
      local small, ping = server.call("list_deployments", {}), server.send("ping", nil)
      assert.is_table(server.answer(ping).result)
      assert.is_false(server.answer(small).result.isError)
      local submitted = json.encode(server.answer(submit))
      assert.matches("r-123", submitted, 1, true)
      assert.is_nil(submitted:find("valid JSON", 1, true)) -- it was
      local refused = 0
      for _, id in ipairs(large) do
        local text = json.encode(server.answer(id))
        if text:find("not enough memory", 1, true) then refused = refused + 1 end
      end
      assert.is_true(refused >= 1)
      assert.equal(1, select(2, table.concat(api:lines(), "\n"):gsub("POST", "")))
      -- It is as good as new.
      assert.is_false(server.answer(server.call("list_deployments", {})).result.isError)
    end)
  end

  for _, size in ipairs { 20, 60 } do
    it(("names the request of a finished wait whose result of %d MiB does not fit"):format(size), function()
      local api <close> = responder.start {
        ["POST /prod/v1/deployments/big/inference"] = { responder.answer(200, '{"request_id":"r-123"}'), "close" },
        ["GET /prod/v1/deployments/big/requests/r-123/status"] = {
          responder.answer(200, '{"request_id":"r-123","status":"completed"}'), "close",
        },
        ["*"] = { long('{"status":"succeeded","pad":"', size * MIB, '"}'), "close" },
      }
      local server <close> = serve(api.url)
      local answer = server.answer(server.call("submit_request",
        { deployment_id = "big", wait_for_completion = true, timeout_seconds = 60 }))
      assert.matches("r-123", json.encode(answer), 1, true)
      assert.matches("not enough memory", json.encode(answer), 1, true)
      assert.equal(1, select(2, table.concat(api:lines(), "\n"):gsub("POST", "")))
    end)
  end

  it("is told by its log and by doctor", function()
    local api <close> = responder.start {
      ["GET /prod/v2/deployments"] = SMALL,
      ["*"] = { long('{"pad":"', 50 * MIB, "", 51 * MIB), "hold" },
    }
    local server <close> = serve(api.url)
    server.call("get_request_result", { deployment_id = "big", request_id = "r-7" })
    server.process:wait_until(function() return server.process.err:find "memory: %d+ of 64 MiB are held, %d+ %%: soon" ~= nil end)
    local pid = server.process.handle:pid()
    local function report()
      local _, out = child.run({ "doctor", "--json", "--memory-bytes", tostring(CEILING), "--base-url", api.url }, { env = { KEY } })
      for _, check in ipairs(json.decode(out).checks) do
        if check.name == "memory" then return check end
      end
    end
    local check
    repeat check = report() until not check.ok -- the answer is still coming
    assert.matches(("\nserver %d holds %%d+ MiB, %%d+ %%%%"):format(pid), check.text)
    assert.matches("raise memory_bytes (RCMCP_MEMORY_BYTES)", check.advice, 1, true)
  end)

  it("answers ping and small calls at 95 %, and refuses a large result, by name", function()
    local ballast = ("x"):rep(64 * MIB)
    local session, transport = kit.connect {
      kit.tool { name = "small", run = function()
        fiber.next_turn()
        return { text = "small" }
      end },
      kit.tool { name = "large", run = function(_, ctx)
        table.insert(ctx.receipts.list, { deployment_id = "d", request_id = "r-9" })
        fiber.next_turn()
        return { text = ("x"):rep(200000) }
      end },
    }
    local function ask(id, method, params)
      session:receive(json.encode { jsonrpc = "2.0", id = id, method = method, params = params }, transport)
      while #transport.sent < id do loop.step(true) end
      return json.encode(transport.sent[id])
    end
    local function call(id, name) return ask(id, "tools/call", { name = name, arguments = json.decode "{}" }) end
    ask(1, "initialize", HELLO)
    kept_log.lines_of(function()
      call(2, "small") -- all is loaded from here on
      call(3, "large")
      collectgarbage()
      host.set_memory_ceiling(select(3, host.memory()) * 100 // 95)
      local ok, err = pcall(function()
        local refused = call(4, "large")
        assert.matches("not enough memory", refused, 1, true)
        assert.matches("r-9", refused, 1, true)
        for id = 5, 21, 2 do
          local pong = ask(id, "ping")
          assert.is_nil(pong:find("error", 1, true), pong)
          assert.matches('"small"', call(id + 1, "small"), 1, true)
        end
      end)
      host.set_memory_ceiling(0)
      if not ok then error(err, 0) end
      assert.equal(64 * MIB, #ballast)
    end)
  end)
end)
