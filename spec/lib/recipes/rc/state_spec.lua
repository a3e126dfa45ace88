local calls = require "lib.recipes.run.call"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local states = require "lib.recipes.rc.state"

-- The state of a call whose context keeps what it is told.
local function new(options)
  local ctx = { reports = {} }
  function ctx:progress(done, total, message) table.insert(self.reports, { done, total, message }) end
  options = options or {}
  options.ctx, options.name, options.find = options.ctx or ctx, options.name or "probe", function() end
  return states.new(options), options.ctx
end

local function last(ctx) return ctx.reports[#ctx.reports] end

local function close(value) getmetatable(value).__close(value) end

describe("recipes.rc.state", function()
  it("knows what the recipe may use and reach, and may reach nothing that it was not given", function()
    local state = new { uses = { "a", "b" }, hosts = { "x.example" } }
    assert.same({ true, true, nil }, { state.uses.a, state.uses.b, state.uses.c })
    assert.same({ "x.example" }, state.hosts)
    local bare = new()
    assert.is_nil(next(bare.uses))
    assert.same({}, bare.hosts)
  end)

  it("passes the recipe's own progress on", function()
    local state, ctx = new()
    state:progress(1, 4, "one")
    state:progress(2)
    assert.same({ { 1, 4, "one" }, { 2 } }, ctx.reports)
  end)

  it("puts what tools report behind the recipe's own words, at a value between its last and its next", function()
    local state, ctx = new()
    state:progress(10, 30, "picture 1")
    state:progress(20, 30, "picture 2")
    local before = 20
    for n = 1, 200 do
      state:report("in_queue, " .. n .. " s")
      local report = last(ctx)
      assert.is_true(report[1] > before and report[1] < 30)
      assert.same({ 30, ("picture 2 (in_queue, %d s)"):format(n) }, { report[2], report[3] })
      before = report[1]
    end
    state:progress(30)
    state:report "done"
    assert.is_true(last(ctx)[1] > 30)
    assert.equal("picture 2 (done)", last(ctx)[3])
  end)

  it("stays below the smallest step that the recipe has made", function()
    local state, ctx = new()
    state:progress(1)
    state:progress(1.5)
    state:progress(10)
    for _ = 1, 100 do state:report "x" end
    assert.is_true(last(ctx)[1] < 10.5)
    state:progress(3) -- back: it counts from where it was
    state:report "y"
    assert.is_true(last(ctx)[1] > 10 and last(ctx)[1] < 10.5)
  end)

  it("reports seconds until the recipe itself counts", function()
    local time <close> = clock.virtual()
    time:run(function()
      local state, ctx = new()
      clock.sleep(7)
      state:report "waiting"
      assert.same({ 7, nil, "waiting" }, last(ctx))
      state:progress(1, 2)
      clock.sleep(100)
      state:report "waiting"
      assert.is_true(last(ctx)[1] < 2)
    end)
  end)

  it("counts the items of the outermost list, of more than one, until the recipe reports itself", function()
    local state, ctx = new()
    local single = state:tally(1)
    state:tick(single)
    assert.same({}, ctx.reports)
    local outer = state:tally(3)
    local inner = state:tally(5)
    state:tick(inner)
    assert.same({}, ctx.reports)
    state:tick(outer)
    assert.equal("1 of 3 done", last(ctx)[3])
    state:report "in_progress"
    assert.equal("1 of 3 done; in_progress", last(ctx)[3])
    state:untally(inner)
    state:tick(outer)
    assert.equal("2 of 3 done", last(ctx)[3])
    state:progress(5, 9, "my words")
    state:tick(outer)
    assert.equal("my words", last(ctx)[3])
    state:report "x"
    assert.equal("my words (x)", last(ctx)[3])
    state:untally(outer)
    local fresh = state:tally(2)
    state:tick(fresh)
    assert.equal("my words (1 of 2 done)", last(ctx)[3])
  end)

  it("is the same for what is done for an effect, numbered below that", function()
    local state, ctx = new()
    local below = state:below({ branch = "2", seq = 7 }, true)
    assert.same({ 0, true }, { below.numbers.seq, below.passing })
    assert.are_not.equal(state.numbers, below.numbers)
    assert.matches("7", below.numbers.path, 1, true)
    below:progress(1, 2, "words")
    assert.same({ 1, "words", nil }, { state.done, state.words, state.passing })
    assert.equal(1, #ctx.reports)
    assert.are_not.equal(below.numbers.path, state:below({ branch = "2", seq = 8 }).numbers.path)
  end)

  it("must have ended by the earlier of what client and call allow", function()
    assert.equal(math.huge, new():deadline())
    assert.equal(5, new({ ctx = { deadline = 5 }, call = { deadline = 9 } }):deadline())
    assert.equal(9, new({ ctx = { deadline = 50 }, call = { deadline = 9 } }):deadline())
    assert.equal(9, new({ call = { deadline = 9 } }):deadline())
  end)

  it("gives places to so many at once; not to what a call undoes that is told to end", function()
    local call = calls.new({ name = "probe" }, { calls = 1 })
    local state = new { call = call }
    local first, second
    fiber.spawn(function()
      first = state:place()
      second = state:place()
    end)
    assert.is_not_nil(first)
    assert.is_nil(second)
    call.reason = "timeout"
    local beside
    fiber.spawn(function() beside = state:place() end)
    assert.is_not_nil(beside)
    close(beside)
    assert.is_nil(second)
    close(first)
    assert.is_not_nil(second)
    close(second)
    close(new():place())
  end)

  it("waits for its call, where there is one", function()
    local call = calls.new { name = "probe" }
    local wait = new({ call = call }):wait()
    assert.equal(1, call.waits)
    close(wait)
    assert.equal(0, call.waits)
    close(new():wait())
  end)

  it("may do what clients were told, and nothing else", function()
    local function tool(open, read_only)
      return { name = "probe", annotations = { { "readOnlyHint", read_only }, { "destructiveHint", false }, { "idempotentHint", false },
                                               { "openWorldHint", open } } }
    end
    assert.is_nil(new():denied "rc.http")
    assert.is_nil(new({ tool = tool(true, false) }):denied "rc.http")
    local state = new { tool = tool(false, false) }
    local err = state:denied "rc.http"
    assert.equal("not_allowed", err.code)
    assert.matches("^rc.http: clients were told that 'probe' has openWorldHint = false; declare annotations = { openWorldHint = true }$",
      err.message)
    local function act() state:needs("rc.http", 1) end
    local ok, message = pcall(act)
    assert.is_false(ok)
    assert.matches("state_spec.lua:%d+: rc.http: clients were told", message)
    new({ tool = tool(true, false) }):needs("rc.http", 1)
  end)
end)
