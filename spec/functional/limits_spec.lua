-- What the system gives the program: stack, threads, memory, libraries.  Too little is told by name.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local PING, PONG = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n', '{"jsonrpc":"2.0","id":1,"result":{}}\n'

-- What nests as deep as Lua lets it: patterns, comparisons, coroutines.
local DEEP = [[
local rc = require "rc"
return rc.tool {
  name = "deep", description = "Nests calls as deep as they go.", input = {},
  run = function()
    local function pattern() string.gsub("x", "x", pattern) end
    local function compare() table.sort({ 3, 2, 1 }, function(a, b) compare() return a < b end) end
    local function wrap() coroutine.wrap(wrap)() end
    local ends = {}
    for i, nest in ipairs { pattern, compare, wrap } do
      local ok, message = pcall(nest)
      ends[i] = not ok and tostring(message):match "C stack overflow" or "no end"
    end
    return { ends = ends }
  end,
}
]]

describe("a limit of the system", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  local function run(limit, words, env)
    local shell <close> = child.spawn("bash", { "-c", ('ulimit %s; exec "$0" %s'):format(limit, words), child.program }, { env = env })
    local status, signal = shell:wait()
    return status, shell.out, shell.err, signal
  end

  it("on the stack is raised where that is allowed, else told: no recipe must end the program by nesting", function()
    local recipe = files:write("deep.lua", DEEP)
    for _, kib in ipairs { 64, 256, 1000 } do
      assert.same({ 71, "", "rcmcp: error: cannot start: the stack is too small (ulimit -s): at least 1024 KiB are needed\n", 0 },
        { run("-s " .. kib, "--version") })
      local status, out, err = run("-S -s " .. kib, "run " .. recipe .. " --simulate -q")
      assert.equal(0, status, err)
      assert.same({ "C stack overflow", "C stack overflow", "C stack overflow" }, json.decode(out).ends)
    end
    assert.equal(0, (run("-s 1024", "run " .. recipe .. " --simulate -q")))
  end)

  it("on memory that leaves no room for further threads ends no server that reads a file", function()
    local limit = "-v 40000"
    local _, version = run(limit, "--version")
    if version == "" then return pending "this build needs more address space" end
    local input = files:write("input", PING:rep(20000))
    local status, out, err, signal = run(limit, "serve --simulate <" .. input)
    assert.same({ 0, 0 }, { status, signal }, err)
    assert.equal(20000 * #PONG, #out)
  end)

  it("on processes is told where a host's name cannot be looked up for it", function()
    local status, out = run("-u 1", "call list_deployments", {
      "RUNCOMFY_API_KEY=0123456789abcdef", "RUNCOMFY_SERVERLESS_BASE_URL=https://host.invalid",
    })
    assert.equal(69, status)
    if not out:find("thread", 1, true) then return pending "this user may have any number of processes" end
    assert.matches("host.invalid could not be looked up (getaddrinfo() thread failed to start)", json.decode(out).message, 1, true)
  end)

  it("on files that may be open says how many are needed", function()
    for _, count in ipairs { 5, 12, 20 } do
      local status, _, err = run("-n " .. count, "serve --simulate </dev/null")
      assert.equal(71, status)
      assert.matches("too few files may be open (ulimit -n): at least 32 are needed", err, 1, true)
    end
  end)
end)

describe("a library that is there and cannot be opened", function()
  it("is not said to be missing", function()
    local files <close> = folder.new()
    files:write("libcurl.so.4", "no library")
    files:write("libmicrohttpd.so.12", "no library, either")
    local env = { "LD_LIBRARY_PATH=" .. files.path, "RUNCOMFY_API_KEY=0123456789abcdef", "RUNCOMFY_SERVERLESS_BASE_URL=http://127.0.0.1:1" }
    local status, out = child.run({ "call", "list_deployments" }, { env = env })
    assert.equal(69, status)
    local message = json.decode(out).message
    assert.matches("libcurl cannot be opened: " .. files.path .. "/libcurl.so.4: ", message, 1, true)
    assert.is_nil(message:find("install", 1, true))
    local _, _, err = child.run({ "simulate", "--port", "0" }, { env = env })
    assert.matches(files.path .. "/libmicrohttpd.so.12: ", err, 1, true)
  end)
end)
