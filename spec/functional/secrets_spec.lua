-- Neither the key nor an extra_data is shown by the program itself: on both streams, in files, over MCP.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local sim = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"
local KEY = "rc-key-of-the-spec-77"
local PARTNER = "comfyui-partner-secret-42"

local LEAKY = [[
local rc = require "rc"
return rc.tool {
  name = "leaky", description = "Shows what it has.",
  input = { { "deployment_id", "string", "Deployment" }, { "secret", "string", "Secret" },
    { "fails", "boolean", "Fails", default = false } },
  uses = { "submit_request" },
  run = function(input, ctx)
    local extra = { api_key_comfy_org = input.secret, pin = "4711" }
    local job = rc.submit { deployment_id = input.deployment_id, extra_data = extra,
      overrides = { ["6"] = { inputs = { text = "the secret is " .. input.secret } } } }
    print("with", input.secret)
    ctx:log("warning", "with " .. input.secret:gsub("%-", "%%2D"))
    ctx:progress(1, 2, "with " .. input.secret)
    if input.fails then rc.fail("refused " .. input.secret, { given = extra, note = input.secret }) end
    return { extra_data = extra, given = input.secret, url = "https://cdn.example/" .. input.secret .. ".png" },
      "as JSON: " .. rc.json.encode { extra_data = extra }
  end,
}
]]

describe("what is secret", function()
  local files, simulator, path

  before_each(function()
    files = folder.new()
    path = files:write("leaky.lua", LEAKY)
    simulator = assert(sim.start { key = KEY })
  end)
  after_each(function()
    simulator:stop()
    files:remove()
  end)

  local function run(...)
    return child.run({ "run", path, "deployment_id=" .. ID, "secret=" .. PARTNER, ... },
      { env = { "RUNCOMFY_API_KEY=" .. KEY, "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
  end

  local function assert_hidden(text)
    text = text:gsub("https://cdn%.example/[%w-]+%.png", "")
    for _, secret in ipairs { KEY, PARTNER, "4711", "partner%2Dsecret" } do assert.is_nil(text:find(secret, 1, true), text) end
  end

  it("is in neither stream of a dry run", function()
    local status, out, err = run "--dry-run"
    assert.equal(0, status)
    local plan = json.decode(out)
    assert.equal("[redacted]", plan.calls[1].input.extra_data)
    assert.equal("the secret is [redacted]", plan.calls[1].input.overrides["6"].inputs.text)
    assert.matches("submit_request (costs)", err, 1, true)
    assert_hidden(out .. err)
  end)

  it("is in neither stream of a run, but where a URL holds it", function()
    local status, out, err = run()
    assert.equal(0, status)
    assert.equal("https://cdn.example/" .. PARTNER .. ".png", json.decode(out).url)
    assert.matches("leaky: with\t[redacted]", err, 1, true)
    assert_hidden(out .. err)
  end)

  it("is not in a recipe's failure, nor on its tape", function()
    local tape = files.path .. "/tape"
    local status, out, err = run("fails=true", "--json", "--record", tape)
    assert.equal(1, status)
    assert.matches('"error":"refused [redacted]"', out, 1, true)
    assert_hidden(out .. err)
    local file = assert(io.open(tape, "rb"))
    local text = file:read "a"
    file:close()
    assert.matches('"extra_data":"[redacted]"', text, 1, true)
    assert_hidden(text)
  end)

  it("is not in the log of a server at debug, nor in what its client gets", function()
    local server <close> = child.rcmcp({ "serve", "--recipes", files.path, "--log-level", "debug" },
      { env = { "RUNCOMFY_API_KEY=" .. KEY, "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
    server:write '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    server:write '"clientInfo":{"name":"c","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
    for id, fails in ipairs { false, true } do
      server:write(json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = {
        name = "leaky", arguments = { deployment_id = ID, secret = PARTNER, fails = fails }, _meta = { progressToken = id },
      } } .. "\n")
      server:wait_until(function() return server.out:find('"id":' .. id .. ',"result"', 1, true) ~= nil end)
    end
    server:close_stdin()
    server:wait()
    assert.matches("with [redacted]", server.out, 1, true)
    assert.matches("refused [redacted]", server.out, 1, true)
    assert_hidden(server.out .. server.err)
  end)

  it("is not in the message that refuses an extra_data, or words that hold one", function()
    for _, words in ipairs { { 'extra_data="' .. PARTNER .. '"' }, { 'extra_data: {"api_key_comfy_org":"' .. PARTNER .. '"}' },
                             { "--args", '{"deployment_id":"d","extra_data":"{' .. PARTNER .. '"}' },
                             { "--args", json.encode(json.encode { extra_data = { PARTNER } }) } } do
      local status, out, err = child.run { "call", "submit_request", "--simulate", "--json", table.unpack(words) }
      assert.is_true(status ~= 0)
      assert_hidden(out .. err)
    end
  end)
end)
