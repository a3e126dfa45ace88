-- rcmcp serve over real pipes, whose worker is killed at every effect of every shipped recipe: the client is answered the same, and
-- RunComfy is sent the same.
local cases = require "spec.support.shipped_calls"
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local HELLO = '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
  .. '"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local Bench = {}
Bench.__index = Bench

function Bench:ask(method, params)
  self.last = self.last + 1
  self.server:write(json.encode { jsonrpc = "2.0", id = self.last, method = method, params = params } .. "\n")
  return self.last
end

function Bench:ask_tool(name, arguments)
  return self:ask("tools/call", { name = name, arguments = arguments })
end

function Bench:answer(id)
  while true do
    local message = json.decode(self.server:line())
    if message.id == id then return message end
  end
end

function Bench:call(name, arguments)
  return { data = self:answer(self:ask_tool(name, arguments)).result.structuredContent }
end

-- Ends the server; gives what the simulator was sent, and how often a worker ended.
function Bench:finish(ledger)
  self.server:close_stdin()
  assert.same({ 0, 0 }, { self.server:wait() })
  return json.decode(read(ledger))
end

-- A server with the recipes of a folder, on a clock that jumps.
local function start(place, when)
  local server = child.rcmcp {
    "lua", "spec/support/mortal_server.lua", place.path .. "/ledger", when, "serve", "--simulate",
    "--recipes", place.path .. "/recipes", "--output-folder", place.path, "--recipe-seconds", "86400",
  }
  server:write(HELLO)
  server:line()
  return setmetatable({ server = server, last = 0 }, Bench)
end

-- What is another in each run.
local function plain(text, place)
  local at = text:find(place, 1, true)
  while at do
    text = text:sub(1, at - 1) .. "FOLDER" .. text:sub(at + #place)
    at = text:find(place, at, true)
  end
  return (text:gsub("%x+%-%x+%-%x+%-%x+%-%x+", "ID"):gsub("127%.0%.0%.1:%d+", "SIM"):gsub("%d+%-%d+/%x+%-", "FILE-")
    :gsub('"test_seconds":[%d.]+', "SECONDS"))
end

local function lines_of(writes, place)
  local lines = {}
  for i, write in ipairs(writes) do lines[i] = plain(("%s %s %s"):format(write.method, write.path, write.body), place) end
  table.sort(lines) -- what is sent beside each other has no order
  return lines
end

local Run = {}
Run.__index = Run

function Run:__close()
  self.bench.server:close()
  self.place:remove()
end

-- Recipes of recipes, beside each other.
local NESTED = [[
local rc = require "rc"
local DEPLOYMENT = "a1b2c3d4-0000-4000-8000-000000000001"
return {
  rc.tool { name = "nested", description = "Calls makers.", uses = { "maker", "update_deployment" }, run = function()
    rc.finally(function() rc.tools.update_deployment { deployment_id = DEPLOYMENT, min_instances = 0 } end)
    rc.tools.update_deployment { deployment_id = DEPLOYMENT, min_instances = 1 }
    return { made = rc.map({ 1, 2 }, function(seed) return rc.tools.maker { seed = seed }.seed end) }
  end },
  rc.tool { name = "maker", description = "Makes a picture.", input = { { "seed", "integer", "Seed" } },
    uses = { "submit_request", "update_deployment" },
    run = function(input)
      rc.finally(function() rc.tools.update_deployment { deployment_id = DEPLOYMENT, max_instances = input.seed } end)
      rc.submit({ deployment_id = DEPLOYMENT, overrides = { ["3"] = { inputs = { seed = input.seed } } } }):wait()
      return { seed = input.seed }
    end },
}]]

local INPUTS = { nested = function() return {} end }
for name, input in pairs(cases) do INPUTS[name] = input end

-- A server of its own that is asked to call the recipe.
local function begin(name, when)
  local place = folder.new()
  place:write("recipes/" .. name .. ".lua", cases[name] and read("recipes/" .. name .. ".lua") or NESTED)
  assert(os.execute(("cp -R recipes/lib '%s/recipes/lib'"):format(place.path)))
  local run = setmetatable({ place = place, bench = start(place, when) }, Run)
  run.call = run.bench:ask_tool(name, INPUTS[name](run.bench))
  return run
end

-- What came of it.
local function outcome(run)
  local result, at = run.bench:answer(run.call).result, run.place.path
  local kept = run.bench:finish(at .. "/ledger")
  return { result = plain(json.encode { result.structuredContent, result.isError }, at), ledger = lines_of(kept.writes, at) }, kept
end

local AT_ONCE = 6 -- servers

local Runs = { __close = function(runs)
  for _, run in ipairs(runs) do run:__close() end
end }

local function moments(count)
  local list = {}
  for at = 1, count do
    list[#list + 1] = "before " .. at
    list[#list + 1] = "after " .. at
  end
  return list
end

describe("rcmcp serve whose worker is killed", function()
  local function assert_undisturbed(expected, name, whens)
    local runs <close> = setmetatable({}, Runs)
    for i, when in ipairs(whens) do runs[i] = begin(name, when) end
    for i, when in ipairs(whens) do
      local disturbed, kept = outcome(runs[i])
      assert.equal(1, kept.ends, when)
      assert.same(expected, disturbed, when)
    end
  end

  for name in pairs(INPUTS) do
    it("answers and writes the same, at whichever effect that is: " .. name, function()
      local run <close> = begin(name, "never")
      local undisturbed, kept = outcome(run)
      assert.equal(0, kept.ends)
      assert.is_true(kept.effects > 0)
      local whens = moments(kept.effects)
      for first = 1, #whens, AT_ONCE do
        assert_undisturbed(undisturbed, name, table.move(whens, first, math.min(first + AT_ONCE - 1, #whens), 1, {}))
      end
    end)
  end
end)

local SUBMITS = [[
local rc = require "rc"
local function submit()
  rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
  return "not reached"
end
return {
  rc.tool { name = "submits", description = "Submits.", uses = { "submit_request" }, run = submit },
  rc.prompt { name = "submits", description = "Submits.", uses = { "submit_request" }, run = submit },
}]]

describe("a call that ends its worker each time, with a submit behind it that the recipe has not seen the end of", function()
  local function told_by_tool(message)
    return message.result.content[1].text, message.result.structuredContent
  end

  local function told_by_error(message)
    return message.error.message, message.error.data
  end

  for _, case in ipairs {
    { "tools/call", { name = "submits", arguments = {} }, told_by_tool }, { "prompts/get", { name = "submits" }, told_by_error },
  } do
    it("names what it has submitted to people and to programs: " .. case[1], function()
      local place <close> = folder.new()
      place:write("recipes/submits.lua", SUBMITS)
      local bench = start(place, "each submit")
      local _ <close> = bench.server
      local text, data = case[3](bench:answer(bench:ask(case[1], case[2])))
      local kept = bench:finish(place.path .. "/ledger")
      assert.equal(2, kept.ends)
      assert.equal(1, #kept.writes)
      assert.matches("^recipe 'submits': the worker that ran the recipe has ended: it was killed", text)
      assert.equal("worker_ended", data.code)
      local open = data.open_requests[1]
      assert.equal("a1b2c3d4-0000-4000-8000-000000000001", open.deployment_id)
      assert.matches(("request %s of deployment %s"):format(open.request_id, open.deployment_id), text, 1, true)
      assert.is_nil(data.open_requests[2])
    end)
  end
end)
