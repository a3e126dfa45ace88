local codec = require "core.codec"
local json = require "core.json"
local kept_log = require "spec.support.log"
local kit = require "spec.support.mcp"
local receipts = require "lib.calls.receipts"

local NOW = 1800000000

local function of(...)
  local all = receipts.new()
  all.list = { ... }
  return all
end

local function job(n) return { deployment_id = "dep-" .. n, request_id = "req-" .. n } end

local function state_of(all, asked)
  return "0123456789abcdef." .. receipts.seal(all, "poster", asked or NOW, 600)
end

local function sealed(value) return "x." .. codec.base64_encode(type(value) == "string" and value or json.encode(value)) end

describe("mcp.receipts", function()
  it("name a request, a lost submit and another write", function()
    assert.equal("request req-1 of deployment dep-1", receipts.describe(job(1)))
    assert.equal("a submit to deployment d whose answer was lost", receipts.describe { deployment_id = "d" })
    assert.equal("update_deployment of deployment d", receipts.describe { deployment_id = "d", tool = "update_deployment" })
  end)

  it("travel in a requestState, and are told by a process that never saw the call", function()
    local message, data = receipts.stale(state_of(of(job(1), { deployment_id = "d", tool = "update_deployment" })), nil, NOW)
    for _, word in ipairs { "'poster'", "request req-1 of deployment dep-1", "update_deployment of deployment d", "get_request_status",
      "pay a second time" } do assert.matches(word, message, 1, true) end
    assert.same({ { deployment_id = "dep-1", request_id = "req-1" }, { deployment_id = "d", tool = "update_deployment" } },
      json.decode(data).submitted)
    assert.is_nil(message:find("safe", 1, true))
  end)

  it("say that asking again is safe only where nothing can have been submitted", function()
    local message, data = receipts.stale(state_of(of()), nil, NOW)
    assert.matches("had submitted nothing when it asked. Asking again, without it, is safe.", message, 1, true)
    assert.is_nil(data)
    local busy = of()
    busy.branches = true
    for name, state in pairs { ["beside it"] = state_of(busy), ["after its question"] = state_of(of(), NOW - 601),
      ["before its question: the clock was set back"] = state_of(of(), NOW + 1) } do
      message = receipts.stale(state, nil, NOW)
      assert.is_nil(message:find("safe", 1, true), name)
      assert.matches("may have gone on since", message, 1, true)
    end
  end)

  it("are told as they are where the process still has them", function()
    local known = of()
    assert.matches("goes on under another request", (receipts.stale(state_of(of()), known, NOW)), 1, true)
    known.ended = true
    assert.matches("Its call has ended and had begun nothing that costs money.", (receipts.stale(state_of(of()), known, NOW)), 1, true)
    known.list = { job(7) } -- begun after the state was given out
    local message, data = receipts.stale(state_of(of()), known, NOW)
    assert.matches("request req-7 of deployment dep-7", message, 1, true)
    assert.equal("req-7", json.decode(data).submitted[1].request_id)
  end)

  it("never invite to pay again where the state tells nothing", function()
    local deep = ("["):rep(900) .. ("]"):rep(900)
    for _, state in ipairs {
      "", ".", "guessed", "a.b", sealed "{", sealed(deep), sealed { call = "x" },
      sealed { call = "x", asked = NOW, expires = NOW, list = { 1 } }, sealed { call = {}, asked = NOW, expires = NOW, list = {} },
      sealed { call = "x", asked = NOW, expires = NOW, list = { { deployment_id = 5 } } }, sealed { call = "x", expires = NOW, list = {} },
      sealed { call = "x", asked = NOW, expires = "soon", list = {} }, "x." .. ("A"):rep(1000000),
    } do
      local message = receipts.stale(state, nil, NOW)
      assert.matches("not known here", message, 1, true)
      assert.is_nil(message:find("safe", 1, true))
    end
  end)

  it("of many jobs name the first and count the others, within 8 kB", function()
    local many = of()
    for n = 1, 5000 do many.list[n] = job(("%036d"):format(n)) end
    local state = state_of(many)
    assert.is_true(#state < 8192, tostring(#state))
    assert.is_nil(state:find "[^%w+/=.]")
    local message = receipts.stale(state, nil, NOW)
    assert.matches(("request req-%036d"):format(20), message, 1, true)
    assert.matches("4980 more", message, 1, true)
    assert.is_true(#message < 4096)
  end)

  it("carry no control characters and nothing long, whoever wrote the state", function()
    local forged = sealed { call = "a\27[31mb", asked = NOW, expires = NOW, list = { { deployment_id = "d\nx\27]0;", request_id = "r" } } }
    assert.is_nil((receipts.stale(forged, nil, NOW)):find "[%c\127]")
    forged = sealed { call = "x", asked = NOW, expires = NOW, list = { { deployment_id = ("d"):rep(5000), request_id = "r" } } }
    assert.is_true(#receipts.stale(forged, nil, NOW) < 1000)
  end)

  it("stand in the error of a tool that fails in itself, once", function()
    for name, run in pairs {
      raised = function() error "a bug" end,
      named = function() error("a bug after req-1") end,
      unwritable = function() return { text = "x", data = { n = 0 / 0 } } end,
    } do
      local session, transport = kit.connect { kit.tool { run = function(_, ctx)
        ctx:receipt(job(1))
        return run()
      end } }
      kept_log.lines_of(function() kit.modern(session, 1, "tools/call", { name = "probe" }) end)
      local result = transport.sent[1].result
      assert.is_true(result.isError, name)
      assert.equal(1, select(2, result.content[1].text:gsub("req%-1", "")), name)
      if name ~= "named" then assert.equal("req-1", result.structuredContent.submitted[1].request_id) end
    end
  end)
end)
