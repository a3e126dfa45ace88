--- The kit for specs of lua/lib/mcp: a transport that keeps what is sent, a server with tools for tests.

local clock = require "core.clock"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local loop = require "core.loop"
local registry = require "lib.features.registry"
local server = require "lib.mcp.server"
local wire_check = require "spec.support.wire_check"

local M = {}

local FakeTransport = {}
FakeTransport.__index = FakeTransport

-- A spec that looks at what was sent finds out when a message breaks the rules of its revision.
local function spoil(self)
  local function complain() error("a message that clients throw away: " .. self.wire.problem, 2) end
  self.sent = setmetatable({}, { __index = complain, __len = complain, __pairs = complain })
end

function FakeTransport:send(text)
  self.texts[#self.texts + 1] = text
  self.times[#self.times + 1] = clock.monotonic()
  if self.wire.problem then return end
  self.sent[#self.sent + 1] = assert(json.decode(text))
  if self.unchecked then return end
  self.wire:sent(text)
  if self.wire.problem then spoil(self) end
end

function FakeTransport:close() self.closed = true end
function FakeTransport:is_closed() return self.closed end

--- A transport: `sent` has the messages decoded, `texts` as sent, `times` when.
function M.transport()
  return setmetatable({ sent = {}, texts = {}, times = {}, closed = false, wire = wire_check.new() }, FakeTransport)
end

--- Connects a server to such a transport; each message that it sends is checked against its revision.
---@param instance Server
---@param transport table
---@return Session
function M.attach(instance, transport)
  local session = instance:connect(transport)
  local receive = session.receive
  session.receive = function(self, text, ...)
    transport.wire:received(text)
    return receive(self, text, ...)
  end
  return session
end

--- A snapshot of the declarations given.
function M.snapshot(declarations)
  local tools = registry.new()
  for _, declaration in ipairs(declarations) do assert(tools:add(declaration)) end
  return tools:snapshot()
end

-- Compiles each declaration; absent lists stay absent.
local function compiled(declarations, compile, set)
  if not declarations then return nil end
  local list = {}
  for i, declaration in ipairs(declarations) do list[i] = assert(compile(declaration)) end
  return set(list)
end

--- Adds prompts, resources and templates, by their declarations, to a snapshot.
function M.furnish(snapshot, things)
  local prompts, resources = require "lib.features.prompts", require "lib.features.resources"
  snapshot.prompts = compiled(things.prompts, prompts.compile, prompts.set)
  snapshot.resources = compiled(things.resources, resources.compile, resources.set)
  snapshot.templates = compiled(things.templates, resources.compile_template, resources.template_set)
  return snapshot
end

--- A tool declaration, with what the spec changes.
function M.tool(changes)
  local tool = { name = "probe", description = "A tool for specs.", run = function() return { text = "ok" } end }
  for key, value in pairs(changes or {}) do tool[key] = value end
  return tool
end

---@param declarations? ToolDeclaration[]
---@param options? table  of the server; and prompts, resources, templates: declarations; unchecked: memory is short
---@return Session session, table transport, Server server
function M.connect(declarations, options)
  options = options or {}
  options.snapshot, options.version = M.furnish(M.snapshot(declarations or {}), options), "9.8.7"
  options.account = options.account or function() return require("spec.support.runcomfy").account() end
  local transport, instance = M.transport(), server.new(options)
  transport.unchecked = options.unchecked
  return M.attach(instance, transport), transport, instance
end

--- The `_meta` of a modern request, with what the spec changes; `false` removes.
function M.meta(changes)
  local meta = {
    ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
    ["io.modelcontextprotocol/clientCapabilities"] = {},
  }
  for key, value in pairs(changes or {}) do meta[key] = value or nil end
  return meta
end

--- Sends a message given as a table.
function M.send(session, message)
  message.jsonrpc = "2.0"
  session:receive(json.encode(message))
end

--- Sends a request with modern metadata.
function M.modern(session, id, method, params, meta_changes)
  params = params or {}
  params._meta = M.meta(meta_changes)
  M.send(session, { id = id, method = method, params = params })
end

--- Negotiates a legacy revision and forgets the answer.
function M.initialize(session, transport, version)
  M.send(session, { id = "init", method = "initialize", params = { protocolVersion = version } })
  transport.sent, transport.texts, transport.times = {}, {}, {}
end

--- A tool "wait" whose calls wait until the spec answers them by `state.answer`.
---@return table tool, table state  open, closed: how many
function M.gate()
  local state = { open = 0, closed = 0 }
  local tool = M.tool { name = "wait", run = function()
    local _ <close> = setmetatable({}, { __close = function() state.closed = state.closed + 1 end })
    state.open = state.open + 1
    local text = fiber.await(function(callback)
      state.answer = callback
      return setmetatable({}, { __close = function() end })
    end)
    return { text = text }
  end }
  return tool, state
end

--- Runs the loop until `done()` is true; raises when nothing is left that could make it so.
function M.wait_for(done)
  while not done() do
    if not loop.step(true) and not done() then error("nothing left to wait for", 2) end
  end
end

return M
