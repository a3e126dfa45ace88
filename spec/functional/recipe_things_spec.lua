-- Recipes that are prompts, resources and templates, that show more than text, and that ask the person.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local SOURCE = [[
local rc = require "rc"
local PNG = "\x89PNG\r\n\x1a\n0000"
return {
  rc.tool { name = "show", description = "Shows.", run = function()
    return { n = 1 }, rc.image(PNG), rc.link("https://x.example/a", { name = "a" })
  end },
  rc.tool { name = "ask", description = "Asks.", run = function(_, ctx)
    local values = ctx:elicit { message = "Which?", input = { { "n", "integer", "A number" } } }
    return { n = values and values.n or 0, sure = ctx:confirm("Sure?") }
  end },
  rc.prompt { name = "greet", description = "Greets.", arguments = { { "who", "string", "Whom" } },
    run = function(arguments) return "Hello " .. arguments.who end },
  rc.prompt { name = "look", description = "Shows.",
    run = function() return { { content = "Look:" }, { role = "assistant", content = rc.image(PNG) } } end },
  rc.resource { uri = "recipe://page", name = "page", read = function() return "# Page" end },
  rc.resource { uri = "recipe://gone", name = "gone", read = function() return nil end },
  rc.resource { uri = "recipe://bytes", name = "bytes", mime_type = "image/png", read = function() return PNG end },
  rc.resource { uri = "recipe://content", name = "content", read = function() return rc.text("x") end },
  rc.template { uri_template = "recipe://jobs/{id}", name = "job", read = function(variables)
    if variables.id == "0" then rc.fail("there is no job 0", { code = "not_found" }) end
    return { id = variables.id }
  end },
}
]]

local PNG = "iVBORw0KGgowMDAw"

-- Sends requests and gives the answers by id, once all are there; `reply` answers the server's own.
local function talk(place, requests, reply)
  local server <close> = child.rcmcp({ "serve", "--recipes", place.path }, { env = { "RUNCOMFY_API_KEY=none" } })
  local function send(message)
    message.jsonrpc = "2.0"
    server:write(json.encode(message) .. "\n")
  end
  send { id = "init", method = "initialize", params = {
    protocolVersion = "2025-11-25", capabilities = { elicitation = {} }, clientInfo = { name = "spec", version = "1" },
  } }
  send { method = "notifications/initialized" }
  for id, request in pairs(requests) do send { id = id, method = request[1], params = request[2] or {} } end
  local answers, open = {}, 1
  for _ in pairs(requests) do open = open + 1 end
  while open > 0 do
    local message = json.decode(server:line())
    if message.method and message.id then
      send { id = message.id, result = reply(message) }
    elseif message.id then
      answers[message.id], open = message, open - 1
    end
  end
  return answers
end

describe("recipes", function()
  local place
  setup(function()
    place = folder.new()
    place:write("things.lua", SOURCE)
  end)
  teardown(function() place:remove() end)

  it("are prompts, resources and templates", function()
    local answers = talk(place, {
      prompts = { "prompts/list" }, resources = { "resources/list" }, templates = { "resources/templates/list" },
      greet = { "prompts/get", { name = "greet", arguments = { who = "Ann" } } },
      nobody = { "prompts/get", { name = "greet" } },
      look = { "prompts/get", { name = "look" } },
      page = { "resources/read", { uri = "recipe://page" } },
      gone = { "resources/read", { uri = "recipe://gone" } },
      bytes = { "resources/read", { uri = "recipe://bytes" } },
      content = { "resources/read", { uri = "recipe://content" } },
      job = { "resources/read", { uri = "recipe://jobs/7" } },
      none = { "resources/read", { uri = "recipe://jobs/0" } },
    })
    assert.equal(2, #answers.prompts.result.prompts)
    assert.equal("recipe://jobs/{id}", answers.templates.result.resourceTemplates[1].uriTemplate)
    local uris = {}
    for i, resource in ipairs(answers.resources.result.resources) do uris[i] = resource.uri end
    assert.same({ "rcmcp://recipes", "recipe://bytes", "recipe://content", "recipe://gone", "recipe://page" }, uris)
    assert.same({ { role = "user", content = { type = "text", text = "Hello Ann" } } }, answers.greet.result.messages)
    assert.equal(-32602, answers.nobody.error.code)
    assert.same({
      { role = "user", content = { type = "text", text = "Look:" } },
      { role = "assistant", content = { type = "image", data = PNG, mimeType = "image/png" } },
    }, answers.look.result.messages)
    assert.equal("# Page", answers.page.result.contents[1].text)
    assert.same({ -32002, "recipe://gone" }, { answers.gone.error.code, answers.gone.error.data.uri })
    assert.same({ uri = "recipe://bytes", mimeType = "image/png", blob = PNG }, answers.bytes.result.contents[1])
    assert.equal(-32603, answers.content.error.code)
    assert.same({ id = "7" }, json.decode(answers.job.result.contents[1].text))
    assert.same({ -32002, "there is no job 0" }, { answers.none.error.code, answers.none.error.message })
  end)

  it("are told of in rcmcp://recipes", function()
    local answers = talk(place, { report = { "resources/read", { uri = "rcmcp://recipes" } } })
    local report = json.decode(answers.report.result.contents[1].text)
    assert.same({ "things", "loaded" }, { report.recipes[1].name, report.recipes[1].state })
  end)

  it("show images and links, and the data", function()
    local result = talk(place, { show = { "tools/call", { name = "show" } } }).show.result
    local kinds = {}
    for i, block in ipairs(result.content) do kinds[i] = block.type end
    assert.same({ "image", "resource_link", "text" }, kinds)
    assert.same({ n = 1 }, result.structuredContent)
  end)

  it("ask the person", function()
    local answers = talk(place, { ask = { "tools/call", { name = "ask" } } }, function(message)
      local is_confirmation = message.params.message == "Sure?"
      return { action = "accept", content = is_confirmation and { confirm = true } or { n = 5 } }
    end)
    assert.same({ n = 5, sure = true }, answers.ask.result.structuredContent)
  end)

  it("ask the person in 2026-07-28, where the answer comes with the request made again", function()
    local server <close> = child.rcmcp({ "serve", "--recipes", place.path }, { env = { "RUNCOMFY_API_KEY=none" } })
    local function ask(id, state, content)
      server:write(json.encode { jsonrpc = "2.0", id = id, method = "tools/call", params = {
        name = "ask", requestState = state, inputResponses = content and { question = { action = "accept", content = content } },
        _meta = {
          ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
          ["io.modelcontextprotocol/clientCapabilities"] = { elicitation = {} },
        },
      } } .. "\n")
      return json.decode(server:line()).result
    end
    local which = ask(1)
    assert.equal("Which?", which.inputRequests.question.params.message)
    local sure = ask(2, which.requestState, { n = 7 })
    assert.equal("Sure?", sure.inputRequests.question.params.message)
    assert.same({ n = 7, sure = true }, ask(3, sure.requestState, { confirm = true }).structuredContent)
    ask(4)
    server:close_stdin()
    assert.equal(0, server:wait(20))
  end)
end)
