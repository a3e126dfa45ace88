local codec = require "core.codec"
local json = require "core.json"
local kept_log = require "spec.support.log"
local kit = require "spec.support.mcp"
local receipts = require "lib.calls.receipts"

local function of(...)
  local all = receipts.new()
  all.list = { ... }
  return all
end

local function job(n) return { deployment_id = "dep-" .. n, request_id = "req-" .. n } end

local function state_of(all)
  return "0123456789abcdef." .. receipts.seal(all, "poster")
end

local function sealed(value) return "x." .. codec.base64_encode(type(value) == "string" and value or json.encode(value)) end

describe("calls.receipts", function()
  it("name a request, a lost submit and another write", function()
    assert.equal("request req-1 of deployment dep-1", receipts.describe(job(1)))
    assert.equal("a submit to deployment d whose answer was lost", receipts.describe { deployment_id = "d" })
    assert.equal("update_deployment of deployment d", receipts.describe { deployment_id = "d", tool = "update_deployment" })
  end)

  it("travel in a requestState, and are told by a process that never saw the call", function()
    local message, data = receipts.stale(state_of(of(job(1), { deployment_id = "d", tool = "update_deployment" })))
    for _, word in ipairs { "'poster'", "request req-1 of deployment dep-1", "update_deployment of deployment d", "get_request_status",
      "pay a second time" } do assert.matches(word, message, 1, true) end
    assert.same({ { deployment_id = "dep-1", request_id = "req-1" }, { deployment_id = "d", tool = "update_deployment" } },
      json.decode(data).submitted)
    assert.is_nil(message:find("safe", 1, true))
  end)

  it("never say that asking again is safe where another process may have gone on since", function()
    local message, data = receipts.stale(state_of(of()))
    assert.matches("had submitted nothing when it asked, but may have gone on since.", message, 1, true)
    assert.matches("that may pay a second time", message, 1, true)
    assert.is_nil(message:find("safe", 1, true))
    assert.is_nil(data)
  end)

  it("are told as they are where the process still has them", function()
    local known = of()
    assert.matches("goes on under another request", (receipts.stale(state_of(of()), known)), 1, true)
    known.ended = true
    assert.matches("Its call has ended and had begun nothing that costs money.", (receipts.stale(state_of(of()), known)), 1, true)
    known.list = { job(7) } -- begun after the state was given out
    local message, data = receipts.stale(state_of(of()), known)
    assert.matches("request req-7 of deployment dep-7", message, 1, true)
    assert.equal("req-7", json.decode(data).submitted[1].request_id)
  end)

  it("never invite to pay again where the state tells nothing", function()
    local deep = ("["):rep(900) .. ("]"):rep(900)
    for _, state in ipairs {
      "", ".", "guessed", "a.b", sealed "{", sealed(deep), sealed { call = "x" },
      sealed { call = "x", list = { 1 } }, sealed { call = {}, list = {} },
      sealed { call = "x", list = { { deployment_id = 5 } } },
      "x." .. ("A"):rep(1000000),
    } do
      local message = receipts.stale(state)
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
    local message = receipts.stale(state)
    assert.matches(("request req-%036d"):format(20), message, 1, true)
    assert.matches("4980 more", message, 1, true)
    assert.is_true(#message < 4096)
  end)

  it("carry no control characters and nothing long, whoever wrote the state", function()
    local forged = sealed { call = "a\27[31mb", list = { { deployment_id = "d\nx\27]0;", request_id = "r" } } }
    assert.is_nil((receipts.stale(forged)):find "[%c\127]")
    forged = sealed { call = "x", list = { { deployment_id = ("d"):rep(5000), request_id = "r" } } }
    assert.is_true(#receipts.stale(forged) < 1000)
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
