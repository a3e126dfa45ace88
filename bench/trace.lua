--- Traces what one call costs in Lua: how many calls of Lua functions, in how many files, with how many changes of file.
---
---   rcmcp lua bench/trace.lua
---
--- A call is traced from the message that asks for it to the message that answers it, once it is warm.  The simulator is not
--- counted, nor is what runs inside of a recipe's budget.

local budgets = require "core.budget"
local host = require "core.host"
local loop = require "core.loop"

local counted, files, changes, last, on = 0, {}, 0, nil, false

local function is_ours(source)
  return source:find("lib/", 1, true) or source:find("tools/", 1, true)
end

local function is_simulator(info)
  return info and info.source:find("lib/sim/", 1, true)
end

local function hook()
  if not on then return end
  local info = debug.getinfo(2, "S")
  if info.what == "C" or not is_ours(info.source) or is_simulator(info) or is_simulator(debug.getinfo(3, "S")) then return end
  counted = counted + 1
  files[info.source] = true
  if info.source ~= last then changes = changes + 1 end
  last = info.source
end

-- Fibers are coroutines of C's making: each needs the hook of its own.
local create_plain = budgets.create_plain
function budgets.create_plain(fn)
  local thread = create_plain(fn)
  debug.sethook(thread, hook, "c")
  return thread
end

local accounts = require "lib.account"
local catalog = require "lib.recipes.link.catalog"
local json = require "core.json"
local registry = require "lib.features.registry"
local server = require "lib.mcp.server"
local simulator = require "lib.sim.server"

local answered
local transport = {
  send = function(_, text) if text:find('"result"', 1, true) then answered = text end end,
  close = function() end,
  is_closed = function() return false end,
}

local function builtin_tools()
  local tools = registry.new()
  for _, module in ipairs(host.modules "tools.") do assert(tools:add(require(module))) end
  return tools:snapshot().list
end

local function request(name, arguments)
  return json.encode {
    jsonrpc = "2.0", id = 1, method = "tools/call", params = { name = name, arguments = arguments, _meta = {
      ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["io.modelcontextprotocol/clientCapabilities"] = {},
    } },
  }
end

local function run(session, line)
  answered = nil
  session:receive(line)
  while not answered do loop.step(true) end
  assert(not answered:find('"isError":true', 1, true), answered)
end

local function trace(session, what, name, arguments)
  local line = request(name, arguments)
  for _ = 1, 3 do run(session, line) end -- warm
  counted, files, changes, last, on = 0, {}, 0, nil, true
  run(session, line)
  on = false
  local number = 0
  for _ in pairs(files) do number = number + 1 end
  print(("%-44s %4d Lua calls in %2d files with %3d changes of file"):format(what, counted, number, changes))
end

local RECIPE = [[
local rc = require "rc"
return rc.tool { name = "traced", description = "Submits and looks once.", uses = { "submit_request" },
  run = function()
    local job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
    return { status = job:status().status }
  end }
]]

local Folder = {}
function Folder.__close(self)
  os.remove(self.path .. "/traced.lua")
  os.remove(self.path)
end

local function recipe_folder()
  local path = os.tmpname()
  os.remove(path)
  assert(require("core.fs").mkdir(path, 448))
  local file <close> = assert(io.open(path .. "/traced.lua", "w"))
  file:write(RECIPE)
  return setmetatable({ path = path }, Folder)
end

local function main()
  local sim <close> = assert(simulator.start {})
  local folder <close> = recipe_folder()
  local account <close> = assert(accounts.new { key = "key-0123456789", base_url = sim.base_url })
  local recipes <close> = catalog.new {
    folders = { { path = folder.path, label = "trace" } }, registry_tools = builtin_tools(), settings = {}, lenient = true, quiet = true,
  }
  recipes:scan()
  local instance = server.new {
    snapshot = recipes:snapshot(), version = "0", patience = function() return 45 end, account = function() return account end,
  }
  local session = instance:connect(transport)
  debug.sethook(hook, "c")
  trace(session, "list_deployments", "list_deployments", {})
  trace(session, "a recipe with one submit and one status", "traced", {})
  session:close()
end

main()
