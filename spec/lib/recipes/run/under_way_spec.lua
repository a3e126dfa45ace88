local calls = require "lib.recipes.run.call"
local loop = require "core.loop"
local under_way = require "lib.recipes.run.under_way"

local function close(entry) getmetatable(entry).__close(entry) end

-- A call under way, and what keeps it.
local function begin(name)
  local call = calls.new { name = name }
  return call, under_way.add(call)
end

local function names()
  local list = {}
  for i, call in ipairs(under_way.list()) do list[i] = call.recipe.name end
  return list
end

describe("recipes.run.under_way", function()
  it("knows the calls in the order in which they began, until they have ended", function()
    assert.equal(0, under_way.count())
    local entries = {}
    for i, name in ipairs { "a", "b", "c", "d" } do entries[i] = select(2, begin(name)) end
    assert.same({ "a", "b", "c", "d" }, names())
    close(entries[2])
    assert.same({ "a", "c", "d" }, names())
    entries[2] = select(2, begin "e")
    assert.same({ 4, { "a", "c", "d", "e" } }, { under_way.count(), names() })
    for _, entry in ipairs(entries) do close(entry) end
    assert.same({ 0, {} }, { under_way.count(), names() })
  end)

  it("calls back in the next turn when none is left, once", function()
    local _, first = begin "a"
    local _, second = begin "b"
    local told = 0
    local waiter = under_way.wait(1000, function() told = told + 1 end)
    close(first)
    loop.step(false)
    close(second)
    assert.equal(0, told) -- whoever asked for the call has its result first
    while told == 0 do loop.step(true) end
    local _, third = begin "c"
    close(third)
    loop.run()
    assert.equal(1, told)
    waiter:cancel()
  end)

  it("calls back at once where there is none, and after the time where one does not end", function()
    local told = 0
    under_way.wait(1000, function() told = told + 1 end)
    while told == 0 do loop.step(true) end
    local _, entry = begin "a"
    under_way.wait(0.05, function() told = told + 1 end)
    loop.run()
    assert.equal(2, told)
    close(entry)
    loop.run()
    assert.equal(2, told)
  end)

  it("does not call back who waits no more", function()
    local _, entry = begin "a"
    do local _ <close> = under_way.wait(0.01, error) end
    local waiter = under_way.wait(1000, error)
    waiter:cancel()
    waiter:cancel()
    close(entry)
    loop.run()
  end)

  it("drains all, and stops those that run, or those of them alone that have something to undo", function()
    local waits, waits_entry = begin "waits"
    local undoes, undoes_entry = begin "undoes"
    local cleans, cleans_entry = begin "cleans"
    undoes.undoes, cleans.phase = true, "cleanup"
    local wait = waits:wait()
    under_way.drain()
    assert.same({ true, true, true }, { waits.draining, undoes.draining, cleans.draining })
    assert.same({ "client_left", nil, nil }, { waits.reason, undoes.reason, cleans.reason })
    local other, other_entry = begin "other"
    under_way.stop "undo"
    assert.same({ "client_left", nil }, { undoes.reason, other.reason })
    under_way.stop()
    assert.same({ "client_left", true, nil }, { other.reason, other.draining, cleans.reason })
    close(wait)
    for _, entry in ipairs { waits_entry, undoes_entry, cleans_entry, other_entry } do close(entry) end
  end)

  it("says of each what it does, and what it has submitted, which counts as told then", function()
    local call, entry = begin "maker"
    local cleans, cleans_entry = begin "cleaner"
    cleans.phase = "cleanup"
    local request = call.requests:add { deployment_id = "d", request_id = "r" }
    local lines = under_way.unfinished()
    assert.same({ "the end came while recipe 'maker' is still running; what it submitted goes on: request r of deployment d",
      "the end came while recipe 'cleaner' is still cleaning up" }, lines)
    assert.is_true(request.told)
    call.undoes = true
    assert.matches("still running, and what it would undo at its end is not undone", under_way.unfinished()[1], 1, true)
    close(entry)
    close(cleans_entry)
  end)

  it("lets others say something, too, as long as they are there", function()
    local kept = { { words = { "one", "two" } } }
    under_way.report_also(kept[1], function(self) return self.words end)
    assert.same({ "one", "two" }, under_way.unfinished())
    kept[1] = nil
    collectgarbage()
    collectgarbage()
    assert.same({}, under_way.unfinished())
  end)
end)
