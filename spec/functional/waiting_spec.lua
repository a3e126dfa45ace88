-- Waits for jobs over real pipes, on the simulator inside the program.
local child = require "spec.support.child"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local simulator = require "lib.sim.server"
local wire = require "spec.support.wire"

local function initialize(c)
  c:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
    .. '"clientInfo":{"name":"spec","version":"1"}}}\n')
  return json.decode(c:line())
end

local function call(c, id, name, arguments)
  c:write(json.encode {
    jsonrpc = "2.0", id = id, method = "tools/call", params = { name = name, arguments = arguments },
  } .. "\n")
end

local function first_deployment(c)
  call(c, "list", "list_deployments", {})
  return json.decode(c:line()).result.structuredContent.deployments[1].id
end

describe("the answer to a submit that has no end", function()
  local ANSWER = 'HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\n{"request_id":"r-17","status":"in_queue"}'
  local server

  before_each(function()
    server = wire.start()
    server:set("keep", ANSWER)
  end)

  after_each(function() server:close() end)

  local function start(command, ...)
    return child.rcmcp({ command, ... }, { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. server.url } })
  end

  for how, options in pairs { ["when the client has waited long enough"] = { "--wait-slice", "1" }, ["when the session ends"] = {} } do
    it("counts as far as it has come " .. how, function()
      local c <close> = start("serve", table.unpack(options))
      initialize(c)
      call(c, 1, "submit_request", { deployment_id = "d" })
      c:wait_until(function() return server:requests() == 1 end)
      if #options == 0 then c:close_stdin() end
      assert.equal("r-17", json.decode(c:line()).result.structuredContent.submission.request_id)
      c:close_stdin()
      assert.equal(0, (c:wait()))
      assert.equal(1, server:requests())
    end)
  end

  it("counts also where the process stood still until the session's end was over", function()
    local c <close> = start "serve"
    initialize(c)
    call(c, 1, "submit_request", { deployment_id = "d" })
    c:wait_until(function() return server:requests() == 1 end)
    c:close_stdin()
    for _, step in ipairs { { 0.2, "STOP" }, { 3.7, "CONT" } } do -- longer than the end takes
      local over = fiber.spawn(fiber.sleep, step[1])
      c:wait_until(function() return over.status == "done" end)
      assert(os.execute(("kill -%s %d"):format(step[2], c.handle:pid())))
    end
    assert.equal("r-17", json.decode(c:line()).result.structuredContent.submission.request_id)
    assert.equal(0, (c:wait()))
    assert.equal("", c.err)
  end)

  it("counts as far as it has come when a command is interrupted", function()
    local c <close> = start("call", "submit_request", "deployment_id=d")
    c:wait_until(function() return server:requests() == 1 end)
    c.handle:kill "INT"
    assert.same({ 130, 0 }, { c:wait() })
    assert.matches("r-17", c.err, 1, true)
  end)
end)

describe("waits for jobs", function()
  it("end with their ids as soon as the client's input ends, and the program with them", function()
    local c <close> = child.rcmcp { "serve", "--simulate", "--speed", "1" }
    initialize(c)
    local deployment = first_deployment(c)
    for id = 1, 50 do
      call(c, id, "submit_request", { deployment_id = deployment, wait_for_completion = true })
    end
    c:close_stdin()
    assert.equal(0, (c:wait()))
    local pending = 0
    for line in c.out:gmatch("[^\n]+") do
      local message = json.decode(line)
      if math.type(message.id) == "integer" then
        local structured = message.result.structuredContent
        assert.is_true(structured.pending, line)
        assert.is_string(structured.submission.request_id)
        pending = pending + 1
      end
    end
    assert.equal(50, pending)
  end)

  it("end so, too, while a poll hangs", function()
    local sim = assert(simulator.start { cold_start = 3000 })
    local _ <close> = setmetatable({}, { __close = function() sim:stop() end })
    assert(sim:fault { kind = "delay", seconds = 600, path = "/status", forever = true })
    local c <close> = child.rcmcp({ "serve" },
      { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. sim.base_url } })
    initialize(c)
    call(c, 1, "submit_request", { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", wait_for_completion = true })
    c:wait_until(function() return #sim:requests { path = "/status" } == 1 end)
    c:close_stdin()
    local structured = json.decode(c:line()).result.structuredContent
    assert.is_true(structured.pending)
    assert.equal(next(sim.model.requests), structured.submission.request_id)
    assert.equal(0, (c:wait()))
  end)

  it("end when the slice is over, counted from the start of the call", function()
    local c <close> = child.rcmcp { "serve", "--simulate", "--speed", "60", "--wait-slice", "20" }
    initialize(c)
    local deployment = first_deployment(c)
    call(c, "slow", "submit_request", { deployment_id = deployment, wait_for_completion = true, timeout_seconds = 3000 })
    local answer = json.decode(c:line())
    assert.equal("slow", answer.id)
    assert.is_true(answer.result.structuredContent.pending)
    assert.is_string(answer.result.structuredContent.submission.request_id)
    assert.matches("is not finished after %d+ s", answer.result.content[1].text)
  end)

  it("do not hold up other requests, and stop without an answer when they are cancelled", function()
    local c <close> = child.rcmcp { "serve", "--simulate", "--speed", "1" }
    initialize(c)
    local deployment = first_deployment(c)
    call(c, "slow", "submit_request", { deployment_id = deployment, wait_for_completion = true })
    call(c, "quick", "list_deployments", {})
    assert.equal("quick", json.decode(c:line()).id)
    c:write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}\n')
    c:write('{"jsonrpc":"2.0","id":"ping","method":"ping"}\n')
    assert.equal("ping", json.decode(c:line()).id)
    c:close_stdin()
    assert.equal(0, (c:wait()))
    assert.is_nil(c.out:find('"slow"', 1, true))
  end)
end)
