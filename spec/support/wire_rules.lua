--- What the messages of a server must be, revision by revision, as far as a client that reads strictly would throw one away:
--- in the words of JSON Schema, under the names of the specification.  For where its own schemas are not at hand.

local json = require "core.json"

local M = {}

local STRING, NUMBER, BOOLEAN, OBJECT = { type = "string" }, { type = "number" }, { type = "boolean" }, { type = "object" }
local COUNT = { type = "integer", minimum = 0 }

local function object(required, properties)
  return { type = "object", required = json.as_array(required), properties = properties }
end

local function list(items) return { type = "array", items = items } end
local function const(value) return { const = value } end
local function enum(...) return { enum = json.as_array { ... } } end

-- Whether a revision is this one or a later one: their names are dates.
local function since(version, first) return version >= first end

local function content(version)
  local resource = object({ "uri" }, { uri = STRING, mimeType = STRING, text = STRING, blob = STRING })
  resource.anyOf = json.as_array { { required = json.as_array { "text" } }, { required = json.as_array { "blob" } } }
  local kinds = json.as_array {
    object({ "type", "text" }, { type = const "text", text = STRING }),
    object({ "type", "data", "mimeType" }, { type = const "image", data = STRING, mimeType = STRING }),
    object({ "type", "resource" }, { type = const "resource", resource = resource }),
  }
  if since(version, "2025-03-26") then
    kinds[#kinds + 1] = object({ "type", "data", "mimeType" }, { type = const "audio", data = STRING, mimeType = STRING })
  end
  if since(version, "2025-06-18") then
    kinds[#kinds + 1] = object({ "type", "uri", "name" }, {
      type = const "resource_link", uri = STRING, name = STRING, title = STRING, description = STRING, mimeType = STRING, size = NUMBER,
    })
  end
  return { anyOf = kinds }, resource
end

-- Of a tool's schemas: before 2026-07-28 clients know objects alone, and objects among their properties.
local function tool_schema(version)
  if since(version, "2026-07-28") then return OBJECT end
  return object({ "type" }, {
    type = const "object", properties = { type = "object", additionalProperties = OBJECT }, required = list(STRING), ["$schema"] = STRING,
  })
end

local function tool(version)
  local properties = {
    name = STRING, description = STRING, title = STRING, annotations = OBJECT, outputSchema = tool_schema(version),
    inputSchema = since(version, "2026-07-28") and object({ "type" }, { type = const "object" }) or tool_schema(version),
  }
  if not since(version, "2025-03-26") then properties.annotations = false end
  if not since(version, "2025-06-18") then properties.title, properties.outputSchema = false, false end
  return object({ "name", "inputSchema" }, properties)
end

local function named(first, further)
  local properties = { [first] = STRING, name = STRING, title = STRING, description = STRING, mimeType = STRING }
  for name, schema in pairs(further or {}) do properties[name] = schema end
  return object({ first, "name" }, properties)
end

-- What 2026-07-28 puts around each result, and what no result has before.
local function enclosed(version, result, cached)
  local modern = since(version, "2026-07-28")
  result.properties._meta = OBJECT
  result.properties.resultType = modern and STRING or false
  if not modern then return result end
  table.insert(result.required, "resultType")
  if cached then
    result.properties.ttlMs, result.properties.cacheScope = COUNT, enum("public", "private")
    table.insert(result.required, "ttlMs")
    table.insert(result.required, "cacheScope")
  end
  return result
end

local function results(version)
  local block, resource = content(version)
  local structured = since(version, "2026-07-28") or since(version, "2025-06-18") and OBJECT or false
  local argument = object({ "name" }, { name = STRING, description = STRING, required = BOOLEAN })
  local function listing(key, items) return enclosed(version, object({ key }, { [key] = list(items), nextCursor = STRING }), true) end
  return {
    InitializeResult = object({ "protocolVersion", "capabilities", "serverInfo" }, {
      protocolVersion = const(version), capabilities = OBJECT, instructions = STRING,
      serverInfo = object({ "name", "version" }, { name = STRING, version = STRING, title = STRING }),
    }),
    DiscoverResult = enclosed(version, object({ "supportedVersions", "capabilities" }, {
      supportedVersions = list(STRING), capabilities = OBJECT, instructions = STRING,
    }), true),
    ListToolsResult = listing("tools", tool(version)),
    ListPromptsResult = listing("prompts", named("name", { arguments = list(argument) })),
    ListResourcesResult = listing("resources", named "uri"),
    ListResourceTemplatesResult = listing("resourceTemplates", named "uriTemplate"),
    CallToolResult = enclosed(version, object({ "content" }, {
      content = list(block), isError = BOOLEAN, structuredContent = structured,
    })),
    GetPromptResult = enclosed(version, object({ "messages" }, {
      description = STRING, messages = list(object({ "role", "content" }, { role = enum("user", "assistant"), content = block })),
    })),
    ReadResourceResult = enclosed(version, object({ "contents" }, { contents = list(resource) }), true),
    SubscriptionsListenResult = enclosed(version, object({}, {})),
    EmptyResult = since(version, "2026-07-28") and enclosed(version, object({}, {})) or object({}, {}),
    InputRequiredResult = object({ "resultType" }, {
      resultType = const "input_required", requestState = STRING, inputRequests = OBJECT, ttlMs = false, cacheScope = false,
    }),
  }
end

local function method(name, params)
  return object({ "method", "params" }, { method = const(name), params = params })
end

local function messages(version)
  local id = { type = { "string", "integer" } }
  local any_method = object({ "method" }, { method = STRING, params = OBJECT })
  return {
    ProgressNotification = method("notifications/progress", object({ "progressToken", "progress" }, {
      progressToken = id, progress = NUMBER, total = NUMBER, message = since(version, "2025-03-26") and STRING or false,
    })),
    CancelledNotification = method("notifications/cancelled", object({ "requestId" }, { requestId = id, reason = STRING })),
    ElicitRequest = method("elicitation/create", object({ "message", "requestedSchema" }, {
      message = STRING, mode = const "form",
      requestedSchema = object({ "type", "properties" }, {
        type = const "object", properties = { type = "object", additionalProperties = OBJECT },
      }),
    })),
    ToolListChangedNotification = any_method, PromptListChangedNotification = any_method, ResourceListChangedNotification = any_method,
    SubscriptionsAcknowledgedNotification = method("notifications/subscriptions/acknowledged",
      object({ "notifications", "_meta" }, { notifications = OBJECT, _meta = OBJECT })),
  }
end

-- An envelope: a result, an error, a request or a notification.
local function envelope()
  local id = { type = { "string", "integer" } }
  local failure = object({ "code", "message" }, { code = { type = "integer" }, message = STRING })
  return {
    type = "object", required = json.as_array { "jsonrpc" }, properties = { jsonrpc = const "2.0" },
    oneOf = json.as_array {
      object({ "id", "result" }, { id = id, result = OBJECT, error = false, method = false }),
      object({ "error" }, { id = id, error = failure, result = false, method = false }),
      object({ "method" }, { id = id, method = STRING, params = OBJECT, result = false, error = false }),
    },
  }
end

--- The rules of one revision, by name.
---@param version string
---@return table<string, table>
function M.of(version)
  local rules = results(version)
  for name, schema in pairs(messages(version)) do rules[name] = schema end
  rules.JSONRPCMessage = envelope()
  return rules
end

return M
