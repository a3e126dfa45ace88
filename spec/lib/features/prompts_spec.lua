local errors = require "lib.errors"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"
local prompts = require "lib.features.prompts"

local function greet(changes)
  local prompt = {
    name = "greet", title = "Greet", description = "Greets somebody.",
    arguments = { { "who", "string", "Whom" }, { "how", "string", "In which words", default = "Hello" } },
    run = function(input) return input.how .. ", " .. input.who .. "!" end,
  }
  for key, value in pairs(changes or {}) do prompt[key] = value end
  return prompt
end

local function get(prompt, arguments, version)
  local session, transport = kit.connect({}, { prompts = { prompt } })
  local params = { name = prompt.name, arguments = arguments }
  if version then
    kit.initialize(session, transport, version)
    kit.send(session, { id = 1, method = "prompts/get", params = params })
  else
    kit.modern(session, 1, "prompts/get", params)
  end
  kit.wait_for(function() return session:pending() == 0 end)
  return transport.sent[1]
end

local function quietly(fn, ...)
  local write, lines = log.write, {}
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function(_, line) lines[#lines + 1] = line end
  return fn(...), lines
end

describe("mcp.prompts", function()
  it("are listed by name, with their arguments", function()
    local session, transport = kit.connect({}, { prompts = {
      greet(), greet { name = "adieu", title = json.null ~= nil and "Adieu" or nil, arguments = {} },
    } })
    kit.modern(session, 1, "prompts/list")
    local result = transport.sent[1].result
    assert.same({ "adieu", "greet" }, { result.prompts[1].name, result.prompts[2].name })
    assert.same({
      name = "greet", title = "Greet", description = "Greets somebody.",
      arguments = {
        { name = "who", description = "Whom", required = true },
        { name = "how", description = "In which words", required = false },
      },
    }, result.prompts[2])
    assert.is_nil(result.prompts[1].arguments)
    assert.same({ 60000, "public", "complete" }, { result.ttlMs, result.cacheScope, result.resultType })
  end)

  it("have no title in the revisions before titles", function()
    local session, transport = kit.connect({}, { prompts = { greet() } })
    kit.initialize(session, transport, "2025-03-26")
    kit.send(session, { id = 1, method = "prompts/list" })
    assert.is_nil(transport.sent[1].result.prompts[1].title)
    assert.is_nil(transport.sent[1].result.ttlMs)
  end)

  it("make one message of the user from a text", function()
    local result = get(greet(), { who = "Ann" }).result
    assert.same({ { role = "user", content = { type = "text", text = "Hello, Ann!" } } }, result.messages)
    assert.same({ "Greets somebody.", "complete" }, { result.description, result.resultType })
    assert.is_nil(result.ttlMs)
    assert.is_nil(get(greet(), { who = "Ann" }, "2025-11-25").result.resultType)
  end)

  it("make messages with roles and any content", function()
    local prompt = greet { run = function()
      return {
        { content = "Look:" },
        { role = "assistant", content = { type = "image", data = "AAAA", mimeType = "image/png" } },
        { content = { type = "resource_link", uri = "rc://x", name = "x" } },
      }
    end }
    assert.same({
      { role = "user", content = { type = "text", text = "Look:" } },
      { role = "assistant", content = { type = "image", data = "AAAA", mimeType = "image/png" } },
      { role = "user", content = { type = "resource_link", uri = "rc://x", name = "x" } },
    }, get(prompt, { who = "Ann" }).result.messages)
    assert.same({ type = "text", text = "x: rc://x" }, get(prompt, { who = "Ann" }, "2024-11-05").result.messages[3].content)
  end)

  it("make one message of a block", function()
    local block = { type = "image", data = "AAAA", mimeType = "image/png" }
    assert.same({ { role = "user", content = block } }, get(greet { run = function() return block end }, { who = "A" }).result.messages)
  end)

  it("may be without messages", function()
    assert.same({}, get(greet { run = function() return {} end }, { who = "Ann" }).result.messages)
  end)

  it("run in a fiber, and report progress as tools do", function()
    local prompt = greet { run = function()
      fiber.sleep(0.001)
      return "late"
    end }
    assert.equal("late", get(prompt, { who = "Ann" }).result.messages[1].content.text)
  end)

  it("answer missing, unknown and wrong arguments with -32602 that names them", function()
    local missing = get(greet()).error
    assert.equal(-32602, missing.code)
    assert.matches("'who' is required", missing.message, 1, true)
    local unknown = get(greet(), { who = "Ann", hows = "Hi" }).error
    assert.equal(-32602, unknown.code)
    assert.matches("'hows'", unknown.message, 1, true)
    assert.equal(-32602, get(greet(), { who = 5 }).error.code)
  end)

  it("answer an unknown name, and none, with -32602", function()
    local session, transport = kit.connect({}, { prompts = { greet() } })
    kit.modern(session, 1, "prompts/get", { name = "nobody" })
    kit.modern(session, 2, "prompts/get", {})
    kit.modern(session, 3, "prompts/get", { name = "greet", arguments = json.as_array { 1 } })
    for i = 1, 3 do assert.equal(-32602, transport.sent[i].error.code) end
    assert.equal("Unknown prompt: nobody", transport.sent[1].error.message)
  end)

  it("answer errors with -32603: returned, raised, and a value that is no prompt", function()
    local failing = greet { run = function() return nil, errors.new("no such deployment") end }
    assert.same({ -32603, "no such deployment" }, { get(failing, { who = "A" }).error.code, get(failing, { who = "A" }).error.message })
    for _, case in ipairs {
      { function() error("broken", 0) end, "broken" },
      { function() return nil end, "the prompt gave neither messages nor an error" },
      { function() return 5 end, "prompt 'greet': it must give a text or a list of messages, got number" },
      { function() return { text = "x" } end, "prompt 'greet': it must give a text or a list of messages, got a table without any" },
      { function() return { "x" } end, "prompt 'greet': message 1 must be a table { role, content }, got string" },
      { function() return { { role = "system", content = "x" } } end, "prompt 'greet': message 1 has role 'system'" },
      { function() return { { content = { type = "video" } } } end, "got type video" },
    } do
      local answer, lines = quietly(get, greet { run = case[1] }, { who = "A" })
      assert.equal(-32603, answer.error.code)
      assert.matches(case[2], answer.error.message, 1, true)
      assert.is_true(#lines > 0 or case[1]() == nil)
    end
  end)

  it("answer with an error where they are larger than a message may be", function()
    local answer = quietly(get, greet { run = function() return ("x"):rep(9000000) end }, { who = "A" })
    assert.equal(-32603, answer.error.code)
    assert.matches("prompt 'greet' has 9000%d%d%d bytes, more than the 8388608", answer.error.message)
  end)

  it("can be cancelled", function()
    local session, transport = kit.connect({}, { prompts = { greet { run = function() fiber.sleep(1000) end } } })
    kit.modern(session, 1, "prompts/get", { name = "greet", arguments = { who = "A" } })
    assert.equal(1, session:pending())
    kit.send(session, { method = "notifications/cancelled", params = { requestId = 1 } })
    assert.same({ 0, {} }, { session:pending(), transport.sent })
  end)

  it("are refused with the field that is wrong", function()
    for field, case in pairs {
      name = { "with space", "field 'name' must be" },
      description = { "", "field 'description' is missing" },
      title = { "\xFF", "field 'title' must be a text in UTF-8" },
      run = { "x", "field 'run' must be a function" },
      arguments = { { { "n", "integer", "A number" } }, "field 'arguments': entry 1 has type integer" },
    } do
      local prompt, err = prompts.compile(greet { [field] = case[1] })
      assert.is_nil(prompt)
      assert.equal("bad_declaration", err.code)
      assert.matches(case[2], err.problem, 1, true)
    end
    local _, err = prompts.compile(greet { arguments = { { "bad name", "string", "x" } } })
    assert.matches("^prompt 'greet': arguments%[1%]: the name must be", err.message)
  end)
end)
