-- Every message against the JSON Schema of its revision, where the schemas are at hand beside the project.

local errors = require "lib.errors"
local fs = require "core.fs"
local json = require "core.json"
local kit = require "spec.support.mcp"
local schema = require "lib.schema"

local FOLDER = "../shared/schema/"

local function document(version)
  local file = assert(io.open(FOLDER .. "mcp-" .. version .. ".schema.json", "rb"))
  local text = file:read("a")
  file:close()
  local value = assert(json.decode(text))
  value["$schema"] = nil -- the older ones name a draft whose keywords in use mean the same
  return value
end

local function checker(version)
  local schemas = document(version)
  local key = schemas["$defs"] and "$defs" or "definitions"
  local compiled = {}
  return function(name, value)
    compiled[name] = compiled[name] or assert(schema.compile({ ["$ref"] = "mcp:schema#/" .. key .. "/" .. name },
      { documents = { ["mcp:schema"] = schemas } }))
    local ok, message = compiled[name](value)
    if not ok then error(name .. ": " .. message .. "\n" .. json.encode(value), 2) end
  end, schemas[key]
end

local function tools()
  return {
    kit.tool { name = "plain", title = "Plain", annotations = { readOnlyHint = true },
      input = { { "n", "integer", "A number", default = 1, minimum = 0 }, { "tags", "array", "Tags", items = "string", optional = true } },
      output = { type = "object", properties = { ok = { type = "boolean" } }, required = json.as_array { "ok" } },
      run = function() return { text = "Done.", data = { ok = true } } end },
    kit.tool { name = "fails", run = function() return nil, errors.new("It did not work.") end },
    kit.tool { name = "steps", run = function(_, ctx)
      ctx:progress(1, 2, "one")
      ctx:progress(2, 2, "two")
      return { text = "Done." }
    end },
  }
end

local function request_for(version)
  local modern = version == "2026-07-28"
  return function(session, id, method, params, meta)
    params = params or {}
    params._meta = modern and kit.meta(meta) or meta
    kit.send(session, { id = id, method = method, params = params })
  end, modern
end

-- Sends what a client may send; gives all answers, by id, and the notifications.
local function play(version)
  local session, transport = kit.connect(tools(), { title = "Title", instructions = "Use it." })
  local request, modern = request_for(version)
  if modern then
    request(session, "hello", "server/discover")
  else
    kit.send(session, { id = "hello", method = "initialize", params = { protocolVersion = version } })
  end
  request(session, "list", "tools/list")
  request(session, "plain", "tools/call", { name = "plain", arguments = { n = 3 } })
  request(session, "fails", "tools/call", { name = "fails" })
  request(session, "bad input", "tools/call", { name = "plain", arguments = { n = "x" } })
  request(session, "unknown tool", "tools/call", { name = "none" })
  request(session, "unknown method", "no/such")
  request(session, "steps", "tools/call", { name = "steps" }, { progressToken = "steps" })
  if modern then
    request(session, "version", "tools/list", nil, { ["io.modelcontextprotocol/protocolVersion"] = "v999" })
  end
  kit.wait_for(function() return session:pending() == 0 end)
  local by_id, notifications = {}, {}
  for _, message in ipairs(transport.sent) do
    if message.id then by_id[message.id] = message else notifications[#notifications + 1] = message end
  end
  return by_id, notifications, transport.sent
end

describe("mcp on the wire", function()
  if not fs.stat(FOLDER) then
    pending("the schemas are not at hand in " .. FOLDER)
    return
  end
  for _, version in ipairs { "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28" } do
    it("is valid under the schema of " .. version, function()
      local check, definitions = checker(version)
      local by_id, notifications, sent = play(version)
      for _, message in ipairs(sent) do check("JSONRPCMessage", message) end
      check(version == "2026-07-28" and "DiscoverResult" or "InitializeResult", by_id.hello.result)
      check("ListToolsResult", by_id.list.result)
      for _, id in ipairs { "plain", "fails", "bad input", "steps" } do check("CallToolResult", by_id[id].result) end
      for _, id in ipairs { "unknown tool", "unknown method" } do
        check(definitions.JSONRPCErrorResponse and "JSONRPCErrorResponse" or "JSONRPCError", by_id[id])
      end
      if by_id.version then check("UnsupportedProtocolVersionError", by_id.version) end
      assert.equal(2, #notifications)
      for _, message in ipairs(notifications) do check("ProgressNotification", message) end
    end)

    it("is refused by the schema of " .. version .. " when it is wrong", function()
      local check = checker(version)
      assert.error(function() check("ListToolsResult", { tools = {} }) end)
      assert.error(function() check("CallToolResult", { content = json.as_array { { type = "text" } } }) end)
    end)
  end
end)
