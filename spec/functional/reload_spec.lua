-- SIGHUP: calls that begin then have the new key, place and settings; those that run go on with the old ones.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local simulator = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local function config(key, sim)
  return ("return { api_key = %q, base_url = %q, log_level = 'info' }"):format(key, sim.base_url)
end

local function call(server, id, name, arguments)
  server:write(json.encode {
    jsonrpc = "2.0", id = id, method = "tools/call", params = { name = name, arguments = arguments or {} },
  } .. "\n")
end

-- The keys with which a simulator was asked.
local function keys_of(sim)
  local seen = {}
  for _, request in ipairs(sim:requests()) do seen[request.headers.authorization] = true end
  return seen
end

describe("SIGHUP", function()
  it("makes a new account for the calls that begin then, and one that waits goes on with its own", function()
    local files <close> = folder.new()
    local old <close> = assert(simulator.start { cold_start = 2, run_time = 1 })
    local new <close> = assert(simulator.start())
    local path = files:write("config.lua", config("rc-old-00112233445566", old))
    local server <close> = child.rcmcp { "serve", "--config", path }
    server:write('{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
      .. '"clientInfo":{"name":"spec","version":"1"}}}\n')
    server:line()
    call(server, 1, "submit_request", { deployment_id = ID, wait_for_completion = true })
    server:wait_until(function() return #old:requests { path = "/status" } > 0 end)
    files:write("config.lua", config("rc-new-66554433221100", new))
    server.handle:kill "HUP"
    server:wait_until(function() return server.err:find("configuration reloaded", 1, true) ~= nil end)
    call(server, 2, "list_deployments")
    local listed = json.decode(server:line())
    assert.equal(2, listed.id)
    assert.is_false(listed.result.isError)
    local polls = #old:requests { path = "/status" }
    local waited = json.decode(server:line())
    assert.equal(1, waited.id)
    assert.equal(1, #waited.result.structuredContent.output_urls)
    assert.is_true(#old:requests { path = "/status" } > polls)
    assert.same({ ["Bearer rc-old-00112233445566"] = true }, keys_of(old))
    assert.same({ ["Bearer rc-new-66554433221100"] = true }, keys_of(new))
    assert.equal(1, #new:requests())
    server:close_stdin()
    assert.equal(0, (server:wait()))
  end)
end)
