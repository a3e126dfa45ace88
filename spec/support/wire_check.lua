--- Follows a conversation with a server and checks every message that it sends: against the rules of wire_rules, and against
--- the specification's own schema where that lies beside the project.  The kits of specs have it in their transports.

local fs = require "core.fs"
local json = require "core.json"
local meter = require "lib.async.meter"
local rules = require "spec.support.wire_rules"
local schema = require "lib.schema"

local M = {}

local FOLDER = "../shared/schema/"
local VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
local MODERN = "2026-07-28"

local RESULTS = {
  initialize = "InitializeResult", ["server/discover"] = "DiscoverResult", ping = "EmptyResult",
  ["tools/list"] = "ListToolsResult", ["tools/call"] = "CallToolResult", ["prompts/list"] = "ListPromptsResult",
  ["prompts/get"] = "GetPromptResult", ["resources/list"] = "ListResourcesResult",
  ["resources/templates/list"] = "ListResourceTemplatesResult", ["resources/read"] = "ReadResourceResult",
  ["subscriptions/listen"] = "SubscriptionsListenResult",
}

local SENT = {
  ["notifications/progress"] = "ProgressNotification", ["notifications/cancelled"] = "CancelledNotification",
  ["notifications/tools/list_changed"] = "ToolListChangedNotification",
  ["notifications/prompts/list_changed"] = "PromptListChangedNotification",
  ["notifications/resources/list_changed"] = "ResourceListChangedNotification",
  ["notifications/subscriptions/acknowledged"] = "SubscriptionsAcknowledgedNotification", ["elicitation/create"] = "ElicitRequest",
}

-- Checks --------------------------------------------------------------------------------------------

local documents, own, checks = {}, {}, {}

-- The specification's schema of a revision; false where it is not at hand.
local function document(version)
  if documents[version] == nil then
    local file = io.open(FOLDER .. "mcp-" .. version .. ".schema.json", "rb")
    local value = file and assert(json.decode(file:read "a")) or false
    if file then file:close() end
    if value then value["$schema"] = nil end -- the older ones name a draft whose keywords in use mean the same
    documents[version] = value
  end
  return documents[version]
end

--- Whether the specification's own schemas are at hand.
M.has_schemas = fs.stat(FOLDER) ~= nil

local function compile(version, name)
  local list = {}
  own[version] = own[version] or rules.of(version)
  if own[version][name] then list[1] = assert(schema.compile(own[version][name])) end
  local published = document(version)
  local key = published and (published["$defs"] and "$defs" or "definitions")
  if published and published[key][name] then
    list[#list + 1] = assert(schema.compile({ ["$ref"] = "mcp:schema#/" .. key .. "/" .. name },
      { documents = { ["mcp:schema"] = published } }))
  end
  return list
end

--- What is wrong with a value under a name of the specification; nil: nothing.
---@param version string
---@param name string
---@param value any
---@return string?
function M.problem(version, name, value)
  local key = version .. " " .. name
  checks[key] = checks[key] or compile(version, name)
  for _, check in ipairs(checks[key]) do
    local ok, message = check(value, meter.new { still = true })
    if not ok then return ("%s of %s: %s"):format(name, version, message) end
  end
end

-- Conversations -------------------------------------------------------------------------------------

---@class WireCheck
---@field problem? string                   the first, with the message
---@field package asked table<string, { method: string, version: string? }[]>  open, by id, as JSON text
---@field package legacy? string            the revision that `initialize` agreed on
---@field package modern? boolean           some request was of 2026-07-28
local WireCheck = {}
WireCheck.__index = WireCheck

---@return WireCheck
function M.new()
  return setmetatable({ asked = {} }, WireCheck)
end

local function each(message, visit)
  if type(message) ~= "table" then return end
  if getmetatable(message) ~= json.array then return visit(message) end
  for _, item in ipairs(message) do
    if type(item) == "table" then visit(item) end
  end
end

local function version_of(message)
  local params = message.params
  local meta = type(params) == "table" and params._meta
  local version = type(meta) == "table" and meta[VERSION_KEY]
  return type(version) == "string" and version or nil
end

--- Takes down what the client sends.
---@param text string
function WireCheck:received(text)
  local ok, message = pcall(json.decode, text, true)
  if not ok then return end
  each(message, function(one)
    if type(one.method) ~= "string" or type(one.id) ~= "string" and type(one.id) ~= "number" then return end
    local version = version_of(one)
    self.modern = self.modern or version == MODERN
    local id = json.encode(one.id)
    self.asked[id] = self.asked[id] or {}
    table.insert(self.asked[id], { method = one.method, version = version })
  end)
end

local function result_problem(self, message, request)
  local result = message.result
  if request.method == "initialize" and not request.version then
    self.legacy = type(result) == "table" and result.protocolVersion or nil
  end
  -- A ping before anything else is of the older revisions: the newest has none.
  local version = request.version or self.legacy or (request.method == "ping" and "2025-11-25") or MODERN
  local name = RESULTS[request.method]
  if type(result) == "table" and result.resultType == "input_required" then name = "InputRequiredResult" end
  return M.problem(version, "JSONRPCMessage", message) or name and M.problem(version, name, result)
end

-- What is no answer, or one to a line that nobody here could read, may be of either era where the client speaks both.
local function own_problem(self, message)
  local versions, problem = { self.legacy }, nil
  if self.modern or not self.legacy then versions[#versions + 1] = MODERN end
  if message.result ~= nil and not self.legacy then versions[#versions + 1] = "2025-11-25" end
  for _, version in ipairs(versions) do
    problem = M.problem(version, "JSONRPCMessage", message) or SENT[message.method] and M.problem(version, SENT[message.method], message)
    if not problem then return nil end
  end
  return problem
end

-- Ids may be used again: it must fit one of the requests that are open under its id.
local function answer_problem(self, message, requests)
  local first
  for i, request in ipairs(requests) do
    local problem = result_problem(self, message, request)
    if not problem then
      table.remove(requests, i)
      return nil
    end
    first = first or problem
  end
  return first
end

local function problem_of(self, message)
  local requests = message.result ~= nil and self.asked[json.encode(message.id)]
  if requests and #requests > 0 then return answer_problem(self, message, requests) end
  if message.error ~= nil then -- of an unknown version, or a line that is no message: any era's envelope
    return M.problem(MODERN, "JSONRPCMessage", message)
  end
  return own_problem(self, message)
end

--- Checks what the server sends.
---@param text string
function WireCheck:sent(text)
  local message, why = json.decode(text)
  if message == nil then
    self.problem = self.problem or "no JSON: " .. why .. "\n" .. text:sub(1, 2000)
  end
  each(message, function(one)
    local problem = problem_of(self, one)
    if problem and not self.problem then self.problem = problem .. "\n" .. text:sub(1, 2000) end
  end)
end

return M
