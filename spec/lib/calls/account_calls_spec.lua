local account_calls = require "lib.calls.account_calls"
local calls = require "lib.calls.call"
local kept_log = require "spec.support.log"
local receipts = require "lib.calls.receipts"

local function call_of(book)
  return calls.new { feature = { name = "x" }, book = book, work = function() end }
end

describe("calls.account_calls", function()
  it("name a call once, with what nobody guesses, and find it by that", function()
    local book = account_calls.new()
    local call = call_of(book)
    local id = book:name(call)
    assert.matches("^run%-%x+$", id)
    assert.equal(account_calls.ID_LENGTH, #id)
    assert.equal(id, book:name(call))
    assert.equal(call, book:get(id))
    assert.is_nil(account_calls.new():get(id))
  end)

  it("remember what calls had begun that have asked, the latest 1,024 of them", function()
    local book, ids = account_calls.new(), {}
    for i = 1, 1025 do
      local call = call_of(book)
      book:remember(call)
      table.insert(call.receipts.list, { deployment_id = "d", request_id = "r" .. i })
      ids[i] = call.id
      call:settle(true, { text = "done" })
      book:give(call)
    end
    assert.is_nil(book:receipts_of(ids[1]))
    assert.matches("request r2 of", receipts.sentence(book:receipts_of(ids[2])), 1, true)
    assert.is_nil(book:get(ids[2]))
  end)

  it("keep the outcome of a call that outlives its listeners, and of no other", function()
    local book = account_calls.new()
    local lasting, plain = call_of(book), call_of(book)
    lasting:outlive { key = "k", name = "x", pending = function() end }
    book:name(plain)
    local lines = kept_log.lines_of(function()
      for _, call in ipairs { lasting, plain } do call:settle(true, { text = "done" }) end
      book:look()
    end)
    assert.same({ ("info: run %s of recipe 'x' has ended; its result waits to be collected"):format(lasting.id) }, lines)
    assert.same({ lasting }, book:lasting())
    assert.equal(1, #book.results:uncollected())
    book:drop(plain)
    assert.is_nil(book:get(plain.id))
    assert.equal(lasting, book:get(lasting.id))
  end)

  it("keep nothing of a call with whose answer nobody came back, unless it has begun something or its name was told", function()
    local book = account_calls.new()
    local list = {}
    for i, name in ipairs { "unknown", "paid", "told" } do
      list[i] = call_of(book)
      list[i]:outlive { key = "k", name = name, pending = function() end }
    end
    table.insert(list[2].receipts.list, { deployment_id = "d", request_id = "r" })
    list[3].told = true
    for _, call in ipairs(list) do
      call:settle(true, nil, { message = "nobody can be asked" })
      book:drop(call)
    end
    assert.same({ nil, list[2], list[3] }, { book:get(list[1].id), book:get(list[2].id), book:get(list[3].id) })
    assert.equal(2, #book.results:uncollected())
  end)

  it("settle a call whose fiber has ended without, for want of memory", function()
    local book = account_calls.new()
    local call = call_of(book)
    call:outlive { key = "k", name = "x", pending = function() end }
    call.fiber = { status = "done" }
    book:look()
    assert.same({ ok = false, result = "not enough memory for the end of the call" }, call.outcome)
  end)
end)
