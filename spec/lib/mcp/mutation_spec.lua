local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"

local META = '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},'
  .. '"progressToken":1}'
local SEEDS = {
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"x"}}}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a","reason":"b"}}',
  '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"probe","arguments":{"n":1},' .. META .. "}}",
  '{"jsonrpc":"2.0","id":-3,"method":"tools/list","params":{"cursor":null,' .. META .. "}}",
  '{"jsonrpc":"2.0","id":18446744073709551615,"method":"server/discover","params":{' .. META .. "}}",
  '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"probe"}},[],5]',
  '{"jsonrpc":"2.0","id":5,"result":{}}',
}
local PIECES = {
  "", "null", "true", "{}", "[]", "-1", "1.5", "1e400", '""', '"', "\\", "\\u0000", "\xFF", "\xEF\xBB\xBF", "[[[[", "}}", ",", ":",
  '"id":null,', '"method":"ping",', '"params":[],', '"arguments":[],', '"_meta":5,', '"io.modelcontextprotocol/protocolVersion":7,',
}

local METHODS = { ["notifications/progress"] = true, ["notifications/cancelled"] = true, ["elicitation/create"] = true }

-- Of a server with prompts and resources, and a tool that asks; STATE and NUMBER are of the newest question.
local ASKING_META = META:gsub("clientCapabilities\":{}", "clientCapabilities\":{\"elicitation\":{}}")
local ASKING_SEEDS = {
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"probe"}}',
  '{"jsonrpc":"2.0","id":"sNUMBER","result":{"action":"accept","content":{"n":1}}}',
  '{"jsonrpc":"2.0","id":"sNUMBER","error":{"code":-1,"message":"no"}}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
  '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"probe",' .. ASKING_META .. "}}",
  '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"probe","requestState":"STATE",'
    .. '"inputResponses":{"question":{"action":"accept","content":{"n":1}}},' .. ASKING_META .. "}}",
  '{"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"name":"greet","arguments":{"who":"Ann"},' .. META .. "}}",
  '{"jsonrpc":"2.0","id":5,"method":"resources/read","params":{"uri":"recipe://jobs/a%20b",' .. META .. "}}",
  '{"jsonrpc":"2.0","id":6,"method":"resources/templates/list","params":{' .. META .. "}}",
}

local function mutated(text)
  for _ = 1, math.random(3) do
    local from = math.random(#text + 1)
    local to = math.random(3) == 1 and from + math.random(0, 30) or from - 1 + math.random(0, 1)
    text = text:sub(1, from - 1) .. PIECES[math.random(#PIECES)] .. text:sub(to + 1)
  end
  return text
end

local function check(message)
  if getmetatable(message) == json.array then
    for _, element in ipairs(message) do check(element) end
    return
  end
  assert.equal("2.0", message.jsonrpc)
  if message.method then return assert.is_true(METHODS[message.method]) end
  assert.is_true((message.result == nil) ~= (message.error == nil))
  assert.not_equal(json.null, message.id)
  if message.error then
    assert.equal("integer", math.type(message.error.code))
    assert.not_equal(-32603, message.error.code)
  end
end

describe("mcp.server, given messages with random damage", function()
  it("answers with messages, raises nothing, keeps nothing open, and goes on", function()
    local write = log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function() end
    math.randomseed(20251125)
    local session, transport = kit.connect { kit.tool {
      input = { { "n", "integer", "A number", optional = true } }, run = function() return { text = "ok", data = { ok = true } } end,
    } }
    local answered = 0
    for _ = 1, 20000 do
      session:receive(mutated(SEEDS[math.random(#SEEDS)]))
      for _, message in ipairs(transport.sent) do check(message) end
      answered = answered + #transport.sent
      transport.sent, transport.texts, transport.times = {}, {}, {}
    end
    assert.is_true(answered > 10000)
    assert.equal(0, session:pending())
    kit.send(session, { id = "last", method = "ping" })
    assert.equal("last", transport.sent[1].id)
  end)

  it("keeps questions, prompts and resources in order", function()
    local write = log.write
    local _ <close> = setmetatable({}, { __close = function() log.write = write end })
    log.write = function() end
    math.randomseed(20260728)
    local running, ended, state, number = 0, 0, "", 0
    local tool = kit.tool { run = function(_, ctx)
      running = running + 1
      local _ <close> = setmetatable({}, { __close = function() running, ended = running - 1, ended + 1 end })
      return { data = { n = ctx:elicit { message = "n?", input = { { "n", "integer", "A number" } } } } }
    end }
    local session, transport = kit.connect({ tool }, {
      prompts = { { name = "greet", description = "Greets.", arguments = { { "who", "string", "Whom" } },
        run = function(arguments) return "Hello " .. arguments.who end } },
      templates = { { uri_template = "recipe://jobs/{id}", name = "job", read = function(variables) return variables end } },
    })
    for _ = 1, 20000 do
      local text = ASKING_SEEDS[math.random(#ASKING_SEEDS)]:gsub("STATE", state):gsub("NUMBER", tostring(number))
      session:receive(math.random(2) == 1 and text or mutated(text))
      for _, message in ipairs(transport.sent) do
        check(message)
        if message.method == "elicitation/create" then number = number + 1 end
        state = message.result and message.result.requestState or state
      end
      transport.sent, transport.texts, transport.times = {}, {}, {}
    end
    assert.equal(running, session:pending())
    assert.is_true(ended > 500)
    session:close()
    assert.same({ 0, 0 }, { running, session:pending() })
  end)
end)
