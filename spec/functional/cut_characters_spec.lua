-- Recipes that cut a text inside a character, as s:sub(1, 40) does: whatever they hand it to, the call goes on.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local SOURCE = [[
local rc = require "rc"
local cut = ("a fox in the snow 🦊"):sub(1, 20)

local ways = {
  progress = function(ctx) ctx:progress(1, 2, cut) end,
  log = function(ctx) ctx:log("warning", cut) rc.log("warning", cut) print(cut) end,
  text = function() return rc.text(cut) end,
  message = function() return cut end,
  link = function() return rc.link("https://x.example/a", { name = cut, title = cut, description = cut }) end,
  confirm = function(ctx) return { sure = ctx:confirm(cut) } end,
  elicit = function(ctx)
    return { n = ctx:elicit({ message = cut, input = { { "n", "string", cut, enum = { cut, "other" } } } }).n }
  end,
  fail = function() rc.fail(cut, { prompt = cut, [cut] = { cut } }) end,
  error = function() error(cut, 0) end,
  error_value = function() error({ message = cut, code = "mine", data = { prompt = cut } }, 0) end,
  cleanup = function() rc.finally(function() error(cut, 0) end) return "fine" end,
  unknown_tool = function() rc.tools[cut]() end,
  bad_key = function() rc.tools.get_deployment { [cut] = print } end,
  bad_url = function() rc.http { url = cut } end,
  bad_module = function() require(cut) end,
}

return {
  rc.tool { name = "cut", description = "Cuts.", input = { { "way", "string", "How" } },
    run = function(input, ctx) return ways[input.way](ctx) end },
  rc.prompt { name = "cut", description = "Cuts.", run = function() return { { content = cut }, { content = rc.text(cut) } } end },
  rc.resource { uri = "recipe://fails", name = "fails", read = function() error(cut, 0) end },
}
]]

local START = "a fox in the snow \u{FFFD}"

describe("a character that a recipe cut in two", function()
  local place, server, count
  setup(function()
    place, count = folder.new(), 0
    place:write("cut.lua", SOURCE)
    server = child.rcmcp({ "serve", "--recipes", place.path, "--log-level", "info" }, { env = { "RUNCOMFY_API_KEY=none" } })
    server:write(json.encode { jsonrpc = "2.0", id = "init", method = "initialize", params = {
      protocolVersion = "2025-11-25", capabilities = { elicitation = {} }, clientInfo = { name = "spec", version = "1" },
    } } .. '\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    json.decode(server:line())
  end)
  teardown(function()
    server:close()
    place:remove()
  end)

  -- The answer, and what came before it: progress and questions.
  local function request(method, params, reply)
    count = count + 1
    params._meta = { progressToken = count }
    server:write(json.encode { jsonrpc = "2.0", id = count, method = method, params = params } .. "\n")
    local before = {}
    while true do
      local message = json.decode(server:line())
      if message.id == count and not message.method then return message, before end
      table.insert(before, message.params)
      if message.id then
        server:write(json.encode { jsonrpc = "2.0", id = message.id, result = { action = "accept", content = reply } } .. "\n")
      end
    end
  end

  local function call(way, reply)
    local answer, before = request("tools/call", { name = "cut", arguments = { way = way } }, reply)
    assert.is_nil(answer.error, way)
    return answer.result, before
  end

  it("stands as one U+FFFD in progress, and the call succeeds", function()
    local result, before = call "progress"
    assert.is_false(result.isError)
    assert.equal(START, before[1].message)
  end)

  it("does not end a call that logs it", function()
    assert.is_false(call("log").isError)
    -- Beside what other calls have logged, which may come late.
    server:wait_until(function() return select(2, server.err:gsub("cut: a fox in the snow", "")) >= 3 end)
    assert.is_truthy(utf8.len(server.err))
  end)

  it("stands so in texts and links", function()
    assert.equal(START, call("text").content[1].text)
    assert.equal(START, call("message").content[1].text)
    local link = call("link").content[1]
    assert.same({ START, START, START }, { link.name, link.title, link.description })
  end)

  it("stands so in questions, and the answer counts", function()
    local result, before = call("confirm", { confirm = true })
    assert.equal(START, before[1].message)
    assert.is_true(result.structuredContent.sure)
    result, before = call("elicit", { n = "other" })
    assert.equal(START, before[1].requestedSchema.properties.n.description)
    assert.equal("other", result.structuredContent.n)
  end)

  it("stands so in errors of all kinds and in their data", function()
    local failed = call "fail"
    assert.is_true(failed.isError)
    assert.equal(START, failed.content[1].text)
    assert.equal(START, failed.structuredContent.prompt)
    assert.same({ START }, failed.structuredContent[START])
    assert.matches("^" .. START, call("error").content[1].text)
    assert.equal(START, call("error_value").structuredContent.prompt)
    assert.matches("a clean%-up failed: " .. START, call("cleanup").content[1].text)
    for _, way in ipairs { "unknown_tool", "bad_key", "bad_url", "bad_module" } do
      local result = call(way)
      assert.is_true(result.isError)
      assert.matches("a fox in the snow", result.content[1].text, 1, true)
    end
  end)

  it("stands so in prompts, and in what a resource says when it fails", function()
    local prompt = request("prompts/get", { name = "cut" }).result
    assert.same({ START, START }, { prompt.messages[1].content.text, prompt.messages[2].content.text })
    assert.matches(START, request("resources/read", { uri = "recipe://fails" }).error.message, 1, true)
  end)
end)
