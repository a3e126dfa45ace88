--- Runs of recipes in the background, asked for by a client: the test bed of their specs.

local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local kit = require "spec.support.mcp"
local recipes = require "spec.support.recipes"
local runcomfy = require "spec.support.runcomfy"
local server = require "lib.mcp.server"
local under_way = require "lib.recipes.run.under_way"

local M = {}

M.ID = recipes.TEXT_TO_IMAGE
M.SLICE = 45 -- seconds after which its requests are answered with pending

M.FILES = {
  maker = [[
local rc = require "rc"
return rc.tool { name = "maker", description = "Makes a picture.", uses = { "submit_request", "update_deployment" },
  input = { { "how", "string", "How", default = "wait" }, { "more", "object", "More", optional = true } },
  run = function(input, ctx)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    ctx:progress(1, 3, "begun")
    if input.how == "sleep" then rc.sleep(70) return { slept = true } end
    if input.how == "slow" then rc.sleep(100) return { slept = true } end
    if input.how == "long" then rc.sleep(3000) return { slept = true } end
    if input.how == "quick" then return { quick = true } end
    if input.how == "big" then rc.sleep(70) return { text = ("x"):rep(1000) } end
    if input.how == "fail" then rc.sleep(70) rc.submit { deployment_id = id } rc.fail "no luck" end
    if input.how == "undo" then
      local _ <close> = rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
      rc.sleep(300)
    end
    if input.how == "made" then
      rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0, name = "n" } end)
      return { url = rc.submit({ deployment_id = id }):wait().output_urls[1].url }
    end
    if input.how == "made_quick" then
      local done = rc.submit({ deployment_id = id }):wait()
      ctx:progress(3, 3, "at the end")
      return { done = done.request_id }
    end
    if input.how == "undo_late" then
      rc.finally(function() rc.tools.update_deployment { deployment_id = id, min_instances = 0 } end)
      rc.sleep(70)
      ctx:confirm "Go on?"
    end
    if input.how == "ask" then
      if not ctx:confirm "Go on?" then return { asked = false } end
      rc.sleep(70)
      return { asked = true }
    end
    if input.how == "ask_late" then
      rc.sleep(70)
      local ok, err = pcall(ctx.confirm, ctx, "Go on?")
      rc.sleep(70)
      return { ok = ok, message = not ok and err.message or nil }
    end
    return { url = rc.submit({ deployment_id = id }):wait().output_urls[1].url }
  end }]],
  outer = [[
local rc = require "rc"
return rc.tool { name = "outer", description = "Calls the maker.", uses = { "maker" },
  run = function() return { inner = rc.tools.maker { how = "sleep" } } end }]],
  typed = [[
local rc = require "rc"
return rc.tool { name = "typed", description = "Has an output.", input = { { "n", "integer", "Any", default = 1 } },
  output = { { "url", "string", "A URL" }, { "ok", "boolean", "true" } },
  run = function() rc.sleep(70) return { ok = true, url = "u" } end }]],
  narrow = [[
local rc = require "rc"
return rc.tool { name = "narrow", description = "Has a narrow output.",
  output = { type = "object", additionalProperties = { type = "number" } },
  run = function() rc.sleep(70) return { a = 1 } end }]],
  listed = [[
local rc = require "rc"
return rc.tool { name = "listed", description = "Gives a list.", output = { type = "array", items = { type = "integer" } },
  run = function() rc.sleep(70) return rc.json.array { 1, 2 } end }]],
}

M.CAN_ASK = { ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} } }

local Client = {}
Client.__index = Client

-- Sends a request, under its number.
function Client:send(method, params, meta)
  self.last = self.last + 1
  if self.legacy then
    params._meta = meta
    kit.send(self.session, { id = self.last, method = method, params = params })
  else
    kit.modern(self.session, self.last, method, params, meta)
  end
  return self.last
end

function Client:begin(name, arguments, more, meta)
  local params = { name = name, arguments = arguments or {} }
  for key, value in pairs(more or {}) do params[key] = value end
  return self:send("tools/call", params, meta)
end

function Client:answer(id)
  for _, message in ipairs(self.transport.sent) do
    if message.id == id and not message.method then return message.result or message.error end
  end
end

-- The answer to a request, and how many seconds it took.
function Client:wait(id)
  local began = clock.now()
  for _ = 1, 20000 do
    local answer = self:answer(id)
    if answer then return answer, clock.now() - began end
    clock.sleep(0.5)
  end
  error "no answer"
end

function Client:call(...)
  return self:wait(self:begin(...))
end

function Client:collect(run)
  return self:call("run_recipe", { collect = run })
end

function Client:progress(id)
  local texts = {}
  for _, message in ipairs(self.transport.sent) do
    if message.method == "notifications/progress" and message.params.progressToken == id then texts[#texts + 1] = message.params.message end
  end
  return texts
end

--- A client with a connection of its own.
function M.connect(bench, options)
  options = options or {}
  local instance = server.new {
    snapshot = bench.catalog:snapshot(), version = "0", account = runcomfy.account, ask_seconds = 600,
    patience = options.patience or function() return M.SLICE end,
  }
  local transport = kit.transport()
  local session = kit.attach(instance, transport)
  local client = setmetatable({ session = session, transport = transport, last = 0, legacy = options.version }, Client)
  if options.version then
    local params = { protocolVersion = options.version, capabilities = { elicitation = {} } }
    kit.send(session, { id = "init", method = "initialize", params = params })
    transport.sent = {}
  end
  return client
end

--- Runs `fn(bench, client, place)` with the recipes above, a client, and their folder; all is over at the end.
function M.with(options, fn)
  if not fn then options, fn = {}, options end
  local place <close> = folder.new()
  for name, text in pairs(M.FILES) do place:write(name .. ".lua", text) end
  recipes.with({ folder = place.path, sim = options.sim, settings = options.settings }, function(bench)
    fn(bench, M.connect(bench, options), place)
    under_way.stop()
    clock.sleep(10)
    assert(under_way.count() == 0, "a call goes on")
  end)
end

---@return integer
function M.submits(bench) return bench:count("POST", "/inference") end

return M
