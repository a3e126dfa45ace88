-- `rcmcp simulate` as its own process.
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local http = require "core.http"
local httpd = require "core.httpd"
local json = require "core.json"
local loop = require "core.loop"

local T2I = "a1b2c3d4-0000-4000-8000-000000000001"

-- Runs `fn` in a fiber, with the loop, to its end.
local function run(fn)
  local task = fiber.spawn(fn)
  task.quiet = true
  while task.status ~= "done" do loop.step(true) end
  assert(task.ok, task.values[1])
end

local function send(method, url, body)
  local answer = assert(fiber.await(http.start, { method = method, url = url, body = body and json.encode(body),
    headers = { "Authorization: Bearer k", "Content-Type: application/json" } }))
  return json.decode(answer.body), answer.status
end

describe("rcmcp simulate", function()
  it("prints its base URL, serves a request from submit to webhook and result, and ends at SIGINT with status 0", function()
    local c <close> = child.rcmcp { "simulate", "--port", "0", "--speed", "5000", "--key", "k", "--seed", "3" }
    local base = c:line()
    assert.matches("^http://127%.0%.0%.1:%d+$", base)
    local on_told
    local receiver <close> = assert(httpd.listen({}, function(request)
      request:respond(200)
      on_told(json.decode(request.body))
    end))
    run(function()
      local hook = ("http%%3A%%2F%%2F127.0.0.1%%3A%d%%2Fhook"):format(receiver.port)
      local told = fiber.spawn(function()
        return fiber.await(function(callback)
          on_told = callback
          return setmetatable({}, { __close = function() end })
        end)
      end)
      local sent, status = send("POST", ("%s/prod/v2/deployments/%s/inference?webhook=%s"):format(base, T2I, hook), {})
      assert.equal(200, status)
      local _, event = told:join()
      assert.same({ sent.request_id, "succeeded" }, { event.request_id, event.status })
      assert.equal("succeeded", (send("GET", sent.result_url)).status)
    end)
    c.handle:kill("INT")
    assert.equal(0, (c:wait()))
    assert.equal(base .. "\n", c.out)
    assert.matches("Nothing here is real", c.err, 1, true)
    assert.matches("rcmcp call list_deployments", c.err, 1, true)
  end)

  it("complains about numbers out of range, and about a port that is taken", function()
    local status, _, err = child.run { "simulate", "--port", "70000" }
    assert.equal(64, status)
    assert.matches("--port must be a whole number from 0 to 65535, got '70000'", err, 1, true)
    status, _, err = child.run { "simulate", "--speed", "fast" }
    assert.equal(64, status)
    assert.matches("--speed must be a number from 0.1 to 100000", err, 1, true)
    local taken <close> = assert(httpd.listen({}, function() end))
    status, _, err = child.run { "simulate", "--port", tostring(taken.port) }
    assert.equal(69, status)
    assert.matches("cannot listen on 127.0.0.1 port " .. taken.port, err, 1, true)
  end)
end)
