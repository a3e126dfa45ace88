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

local image = { type = "image", data = "AAAA", mimeType = "image/png", annotations = { audience = { "user" }, priority = 1 } }
local audio = { type = "audio", data = "AAAA", mimeType = "audio/wav" }
local link = { type = "resource_link", uri = "recipe://page", name = "page", title = "Page", size = 3 }
local embedded = { type = "resource", resource = { uri = "recipe://page", mimeType = "text/plain", text = "x" } }

-- What a server has beside tools, and a tool whose answer has content of all kinds.
local function things()
  return {
    prompts = {
      { name = "greet", title = "Greet", description = "Greets.", arguments = { { "who", "string", "Whom" } },
        run = function(input)
          return { { content = "Hello " .. input.who }, { role = "assistant", content = audio }, { content = link } }
        end },
      { name = "plain", description = "Says x.", run = function() return "x" end },
    },
    resources = {
      { uri = "recipe://page", name = "page", title = "Page", description = "A page.", mime_type = "text/markdown",
        read = function() return "# Page" end },
      { uri = "recipe://bytes", name = "bytes", read = function() return "\xFF" end },
    },
    templates = { { uri_template = "recipe://jobs/{id}", name = "job", title = "Job", read = function(v) return v end } },
  }
end

local function rich_tool()
  return kit.tool { name = "rich", run = function() return { data = { ok = true }, content = { image, audio, link, embedded } } end }
end

local function play_things(version)
  local options = things()
  options.list_changed = true
  local session, transport = kit.connect({ rich_tool() }, options)
  local request, modern = request_for(version)
  if modern then
    request(session, "hello", "server/discover")
  else
    kit.send(session, { id = "hello", method = "initialize", params = { protocolVersion = version } })
  end
  request(session, "rich", "tools/call", { name = "rich" })
  request(session, "prompts", "prompts/list")
  request(session, "greet", "prompts/get", { name = "greet", arguments = { who = "Ann" } })
  request(session, "plain", "prompts/get", { name = "plain" })
  request(session, "nobody", "prompts/get", { name = "nobody" })
  request(session, "resources", "resources/list")
  request(session, "templates", "resources/templates/list")
  request(session, "page", "resources/read", { uri = "recipe://page" })
  request(session, "bytes", "resources/read", { uri = "recipe://bytes" })
  request(session, "job", "resources/read", { uri = "recipe://jobs/7" })
  request(session, "none", "resources/read", { uri = "recipe://none" })
  local by_id = {}
  for _, message in ipairs(transport.sent) do by_id[message.id] = message end
  return by_id, transport.sent
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

    it("is valid with prompts, resources and content of all kinds under the schema of " .. version, function()
      local check, definitions = checker(version)
      local by_id, sent = play_things(version)
      for _, message in ipairs(sent) do check("JSONRPCMessage", message) end
      check(version == "2026-07-28" and "DiscoverResult" or "InitializeResult", by_id.hello.result)
      check("CallToolResult", by_id.rich.result)
      check("ListPromptsResult", by_id.prompts.result)
      for _, id in ipairs { "greet", "plain" } do check("GetPromptResult", by_id[id].result) end
      check("ListResourcesResult", by_id.resources.result)
      check("ListResourceTemplatesResult", by_id.templates.result)
      for _, id in ipairs { "page", "bytes", "job" } do check("ReadResourceResult", by_id[id].result) end
      for _, id in ipairs { "none", "nobody" } do
        check(definitions.JSONRPCErrorResponse and "JSONRPCErrorResponse" or "JSONRPCError", by_id[id])
      end
    end)

    it("is refused by the schema of " .. version .. " when it is wrong", function()
      local check = checker(version)
      assert.error(function() check("ListToolsResult", { tools = {} }) end)
      assert.error(function() check("CallToolResult", { content = json.as_array { { type = "text" } } }) end)
    end)
  end

  local function question_tool()
    return kit.tool { run = function(_, ctx)
      ctx:elicit { message = "Where to?", input = {
        { "city", "string", "The city", min_length = 2, max_length = 20, default = "Bern" },
        { "days", "integer", "How long", minimum = 1 },
        { "price", "number", "At most", maximum = 99.5, optional = true },
        { "car", "boolean", "With a car", default = false },
        { "stars", "integer", "Of the hotel", enum = { 3, 4, 5 } },
      } }
      return { text = "x" }
    end }
  end

  it("asks the person as the schema of 2026-07-28 has it", function()
    local check = checker "2026-07-28"
    local session, transport = kit.connect { question_tool() }
    kit.modern(session, 1, "tools/call", { name = "probe" },
      { ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} } })
    session:close()
    assert.equal(1, #transport.sent)
    check("JSONRPCMessage", transport.sent[1])
    check("InputRequiredResult", transport.sent[1].result)
    check("ElicitRequest", transport.sent[1].result.inputRequests.question)
  end)

  for _, version in ipairs { "2025-06-18", "2025-11-25" } do
    it("asks the person as the schema of " .. version .. " has it", function()
      local check = checker(version)
      local session, transport = kit.connect { question_tool() }
      kit.send(session, { id = 0, method = "initialize", params = { protocolVersion = version, capabilities = { elicitation = {} } } })
      kit.send(session, { id = 1, method = "tools/call", params = { name = "probe" } })
      kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } })
      assert.equal(3, #transport.sent)
      check("JSONRPCRequest", transport.sent[2])
      check("ElicitRequest", transport.sent[2])
      check("CancelledNotification", transport.sent[3])
    end)
  end
end)
