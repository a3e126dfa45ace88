-- rcmcp serve as a process: start, signals, end.  The protocol itself has specs of its own.
local child = require "spec.support.child"
local fs = require "core.fs"
local json = require "core.json"
local folders = require "spec.support.folder"
local responder = require "spec.support.responder"
local terminals = require "spec.support.terminal"

local INITIALIZE = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
  .. '"clientInfo":{"name":"spec","version":"1"}}}\n'

local function call_line(id, name, arguments)
  return json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = { name = name, arguments = arguments or {} } } .. "\n"
end

local function started(args, options)
  local server = child.rcmcp({ "serve", table.unpack(args) }, options)
  server:write(INITIALIZE)
  return server, json.decode(server:line()).result
end

describe("rcmcp serve", function()
  it("serves without a key, and each tool says how to set one", function()
    local server <close>, hello = started {}
    assert.equal("rcmcp", hello.serverInfo.name)
    assert.matches("list_deployments", hello.instructions)
    assert.is_nil(hello.instructions:find("simulat"))
    server:write(call_line(2, "list_deployments"))
    local result = json.decode(server:line()).result
    assert.is_true(result.isError)
    for _, word in ipairs { "RUNCOMFY_API_KEY", "RUNCOMFY_API_KEY_FILE", "RUNCOMFY_TOKEN", "--simulate", "runcomfy.com/profile" } do
      assert.matches(word, result.content[1].text, 1, true)
    end
  end)

  it("says in instructions, text and data that it is simulated", function()
    local server <close>, hello = started { "--simulate" }
    assert.matches("^This server runs on rcmcp's built%-in simulator", hello.instructions)
    server:write(call_line(2, "list_deployments"))
    local result = json.decode(server:line()).result
    assert.is_true(result.structuredContent.simulated)
    assert.matches("SIMULATED", result.content[1].text)
    server:write(call_line(3, "get_deployment", { deployment_id = "none" }))
    result = json.decode(server:line()).result
    assert.is_true(result.isError)
    assert.is_true(result.structuredContent.simulated)
  end)

  it("ends with 0 at the end of its input", function()
    local server <close> = started {}
    server:close_stdin()
    assert.equal(0, (server:wait()))
    assert.equal("", server.err)
  end)

  for _, signal in ipairs { "INT", "TERM" } do
    it("ends with 0 at SIG" .. signal .. ", also in the middle of a wait", function()
      local server <close> = started { "--simulate", "--speed", "1" }
      server:write(call_line(2, "submit_request",
        { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", wait_for_completion = true }))
      server:write(call_line(3, "list_deployments"))
      assert.equal(3, json.decode(server:line()).id)
      server.handle:kill(signal)
      assert.equal(0, (server:wait()))
    end)
  end

  it("ends with 74 where its output cannot be written, and with 0 where its reader has gone", function()
    local function ended(target)
      local server <close> = child.spawn("sh", { "-c", ('exec "$0" serve --simulate > %s'):format(target), child.program })
      server:write '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
      return server:wait(), server.err
    end
    local status, err = ended "/dev/full"
    assert.equal(74, status)
    assert.matches("cannot write to standard output: no space left on device", err, 1, true)
    local server <close> = child.spawn("sh", { "-c",
      [[( "$0" serve --simulate; echo "status $?" >&2 ) | { head -c 1 >/dev/null; exec 0<&-; echo gone >&2; }]], child.program })
    server:write '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    server:wait_until(function(s) return s.err:find("gone", 1, true) ~= nil end)
    server:write '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    server:wait_until(function(s) return s.err:find("status 0", 1, true) ~= nil end)
  end)

  it("waits for the answer of a submit that has left when SIGTERM comes, and says its id", function()
    local wire <close> = require("spec.support.wire").start()
    local body = '{"request_id":"r-17"}'
    wire:set("drip", ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body))
    local server <close> = started({}, { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. wire.url } })
    server:write(call_line(2, "submit_request", { deployment_id = "a-b" }))
    wire:wait_until(function() return wire:requests() == 1 end)
    server.handle:kill "TERM"
    assert.equal(0, (server:wait()))
    assert.equal(1, wire:requests())
    assert.equal("r-17", json.decode(server:line()).result.structuredContent.submission.request_id)
  end)

  it("sends no submit that SIGTERM meets before it has left", function()
    local wire <close> = require("spec.support.wire").start()
    wire:set "deaf"
    local base = "https://127.0.0.1:" .. wire.port
    local server <close> = started({}, { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. base } })
    server:write(call_line(2, "submit_request", { deployment_id = "a-b" }))
    wire:wait_until(function() return wire:connections() == 1 end)
    server.handle:kill "TERM"
    assert.equal(0, (server:wait()))
    assert.matches("cancelled before a byte of it left: nothing was sent", server.err, 1, true)
    assert.equal(0, wire:requests())
  end)

  it("says which write was under way when it was ended", function()
    local api <close> = responder.start { ["*"] = { "", "hold" } }
    local server <close> = started({}, { env = { "RUNCOMFY_API_KEY=key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. api.url } })
    server:write(call_line(2, "submit_request", { deployment_id = "a-b" }) .. call_line(3, "list_deployments"))
    api:wait_requests(2)
    server.handle:kill "TERM"
    assert.equal(0, (server:wait()))
    assert.matches("while a submit (POST " .. api.url .. "/prod/v1/deployments/a-b/inference) was under way", server.err, 1, true)
    assert.matches("If the request arrived it runs and is billed", server.err, 1, true)
    assert.is_nil(server.err:find("GET", 1, true))
    assert.is_nil(server.err:find("key-of-the-spec", 1, true))
  end)

  it("reads the configuration again at SIGHUP, and keeps the old one when the new is wrong", function()
    local folder = os.tmpname()
    os.remove(folder)
    fs.mkdir(folder)
    local path = folder .. "/config.lua"
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end

    write "return { log_level = 'info' }"
    local server <close> = started { "--config", path }
    write "return { api_key = 'Bearer wrong' }"
    server.handle:kill "HUP"
    server:wait_until(function() return server.err:find "not reloaded" ~= nil end)
    assert.matches("begins with \"Bearer\"", server.err, 1, true)
    write "return { api_key = 'key-of-the-spec', base_url = 'http://127.0.0.1:1', log_level = 'info' }"
    assert(os.execute("chmod 600 " .. path))
    server.handle:kill "HUP"
    server:wait_until(function() return server.err:find "configuration reloaded" ~= nil end)
    server:write(call_line(2, "delete_deployment", { deployment_id = "x" }))
    assert.matches("127.0.0.1:1", json.decode(server:line()).result.content[1].text, 1, true)
    os.remove(path)
    os.remove(folder)
  end)

  it("has only the protocol on standard output", function()
    local server <close> = started({ "--simulate" }, { env = { "RCMCP_LOG_LEVEL=debug" } })
    server:write(call_line(2, "list_deployments"))
    server:line()
    server:close_stdin()
    server:wait()
    for line in server.out:gmatch "[^\n]+" do assert.equal("2.0", json.decode(line).jsonrpc) end
  end)

  -- SIGHUP alone reads settings and recipes again; with the terminal the input goes, too.
  it("ends as at the end of its input when its terminal closes", function()
    if terminals.missing() then return pending(terminals.missing()) end
    local files <close> = folders.new()
    local log = files.path .. "/log"
    local terminal <close> = terminals.spawn(("trap : HUP; %s serve --simulate 2>%s; echo ended $? >>%s"):format(child.program, log, log))
    terminal:write(INITIALIZE)
    terminal:wait_until(function() return terminal.out:find('"serverInfo"', 1, true) ~= nil end)
    terminal.handle:kill "KILL" -- script, which holds the terminal's other end
    local text
    terminal:poll_until(function()
      local file <close> = assert(io.open(log))
      text = file:read "a"
      return text:find "ended %d+" ~= nil
    end)
    assert.equal("ended 0", text:match "ended %d+")
  end)
end)
