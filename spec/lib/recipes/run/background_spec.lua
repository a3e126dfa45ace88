local background = require "lib.recipes.run.background"
local bed = require "spec.support.background"
local clock = require "lib.async.clock"
local fiber = require "lib.async.fiber"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "spec.support.log"
local recipes = require "spec.support.recipes"
local runcomfy = require "spec.support.runcomfy"
local under_way = require "lib.recipes.run.under_way"

local ID, SLICE, submits, with, connect, FILES = bed.ID, bed.SLICE, bed.submits, bed.with, bed.connect, bed.FILES

describe("recipes.background", function()
  for _, version in ipairs { false, "2025-06-18", "2025-11-25" } do
    it(("answers with pending after the slice, with the result to the same call again: %s"):format(version or "2026-07-28"), function()
      with({ version = version }, function(bench, client)
        local answer, seconds = client:call "maker"
        local pending = answer.structuredContent
        assert.is_true(seconds >= SLICE and seconds < SLICE + 1)
        assert.is_false(answer.isError)
        assert.same({ true, true, "maker", nil }, { pending.ok, pending.pending, pending.recipe, pending.joined })
        assert.matches("^run%-%x+$", pending.run)
        assert.same({ 1, ID }, { #pending.open_requests, pending.open_requests[1].deployment_id })
        for _, word in ipairs { pending.run, pending.open_requests[1].request_id, "run_recipe", "same call again" } do
          assert.matches(word, answer.content[1].text, 1, true)
        end
        local joined
        repeat
          joined = client:call("maker", { how = "wait" })
          assert.matches("run " .. pending.run, joined.content[1].text, 1, true)
          assert.matches("nothing new was begun", joined.content[1].text, 1, true)
        until not joined.structuredContent.pending or joined.structuredContent.run ~= pending.run
        assert.matches("^http", joined.structuredContent.url)
        assert.equal(1, submits(bench))
      end)
    end)
  end

  it("lets other calls run while it waits for time or a job, also for whoever joined it", function()
    with(function(_, client)
      local function all_begun()
        clock.sleep(0.5)
        for _, call in ipairs(client.session:open_calls()) do
          if not call.begun then return false end
        end
        return true
      end
      local run = client:call("maker", { how = "long" }).structuredContent.run
      client:send("tools/call", { name = "run_recipe", arguments = { collect = run } })
      for _ = 1, 128 do
        client:begin("maker", { how = "slow" })
        client:begin("maker", { how = "wait" })
      end
      repeat until all_begun()
      assert.equal(257, client.session:pending())
    end)
  end)

  it("answers at once what takes no longer, as before, and where there is no slice", function()
    with(function(bench, client)
      assert.is_true(client:call("maker", { how = "quick" }).structuredContent.quick)
      assert.is_true(connect(bench, { patience = function() return nil end }):call("maker", { how = "long" }).structuredContent.slept)
    end)
  end)

  it("counts the slice from the start of the call, for recipes that recipes call, too", function()
    with(function(_, client)
      local answer, seconds = client:call "outer"
      assert.is_true(answer.structuredContent.pending)
      assert.is_true(seconds < SLICE + 1)
      assert.is_true(client:call "outer".structuredContent.inner.slept)
    end)
  end)

  it("collects by the handle: pending again, then the result, once", function()
    with(function(_, client)
      local run = client:call("maker", { how = "slow" }).structuredContent.run
      local again, seconds = client:collect(run)
      assert.same({ true, run }, { again.structuredContent.pending, again.structuredContent.run })
      assert.is_true(seconds >= SLICE and seconds < SLICE + 1)
      assert.is_true(client:collect(run).structuredContent.slept)
      local gone = client:collect(run)
      assert.is_true(gone.isError)
      assert.matches("its result was given already", gone.content[1].text, 1, true)
    end)
  end)

  it("collects an error as the call would have got it", function()
    with(function(_, client)
      local run = client:call("maker", { how = "fail" }).structuredContent.run
      clock.sleep(200)
      local err = client:collect(run)
      assert.is_true(err.isError)
      assert.matches("no luck", err.content[1].text, 1, true)
      assert.equal(ID, err.structuredContent.open_requests[1].deployment_id)
    end)
  end)

  it("gives an error of a run to the same call again, which says whose it is", function()
    with(function(bench, client)
      local run = client:call("maker", { how = "fail" }).structuredContent.run
      clock.sleep(200)
      local err = client:call("maker", { how = "fail" })
      assert.is_true(err.isError)
      assert.matches("This is run " .. run, err.content[1].text, 1, true)
      assert.matches("no luck", err.content[1].text, 1, true)
      assert.equal(1, submits(bench))
      assert.is_true(client:call("maker", { how = "fail" }).structuredContent.pending) -- a new run
    end)
  end)

  it("gives nothing to who takes the run for one of another recipe, and takes a handle with blanks around it", function()
    with(function(_, client)
      local run = client:call("maker", { how = "sleep" }).structuredContent.run
      clock.sleep(100)
      local wrong = client:call("run_recipe", { collect = run, name = "outer" })
      assert.is_true(wrong.isError)
      assert.matches(("Run %s is one of recipe 'maker', not of 'outer'. Nothing was collected"):format(run), wrong.content[1].text, 1, true)
      assert.is_true(client:call("run_recipe", { collect = " " .. run .. "\n", name = "maker" }).structuredContent.slept)
    end)
  end)

  it("says what may have happened to a handle that it does not know", function()
    with(function(_, client)
      for _, handle in ipairs { "run-0", ("x"):rep(100000), "a\27[31m" } do
        local answer = client:collect(handle)
        assert.is_true(answer.isError)
        assert.matches("server that has ended since", answer.content[1].text, 1, true)
        assert.matches("before you run the recipe again", answer.content[1].text, 1, true)
        assert.is_true(#answer.content[1].text < 1000)
      end
      assert.matches("'name' is missing", client:call("run_recipe", { name = "", collect = "" }).content[1].text, 1, true)
    end)
  end)

  it("begins a new run while another call is attached, for other arguments, and after the result was given", function()
    with(function(bench, client)
      local first, second = client:begin "maker", client:begin "maker"
      client:wait(first)
      client:wait(second)
      assert.equal(2, submits(bench)) -- the second call came while the first was attached
      local other = client:call("maker", { how = "wait", more = { a = 1 } }).structuredContent
      assert.same({ 3, nil }, { submits(bench), other.joined })
    end)
    with(function(_, client)
      client:call("maker", { how = "sleep" })
      clock.sleep(100)
      assert.is_true(client:call("maker", { how = "sleep" }).structuredContent.slept)
      local fresh = client:call("maker", { how = "sleep" }).structuredContent
      assert.same({ true, nil }, { fresh.pending, fresh.joined })
      client:collect(fresh.run)
    end)
  end)

  it("joins whatever order members of the arguments came in, and through run_recipe", function()
    with(function(_, client)
      local function send(arguments)
        client.last = client.last + 1
        client.session:receive(('{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"maker","arguments":%s,"_meta":%s}}')
          :format(client.last, arguments, json.encode(kit.meta())))
        return client:wait(client.last).structuredContent
      end
      local run = send('{"how":"long","more":{"a":[1,{"x":1,"y":2}],"b":null}}').run
      assert.equal(run, send('{"more":{"b":null,"a":[1,{"y":2,"x":1}]},"how":"long"}').run)
      local input = { how = "long", more = { a = json.as_array { 1, { x = 1, y = 2 } }, b = json.null } }
      assert.equal(run, client:call("run_recipe", { name = "maker", input = input }).structuredContent.run)
      assert.are_not.equal(run, send('{"how":"long","more":{"a":[{"x":1,"y":2},1],"b":null}}').run)
      assert.are_not.equal(run, send('{"how":"long","more":{"a":[1,{"x":1,"y":2}]}}').run)
    end)
  end)

  it("answers when a tool does, also where RunComfy's answers take longer than the slice", function()
    with({ patience = function() return 2 end }, function(bench, client)
      assert(bench.sim:fault { kind = "delay", seconds = 25, path = "/status", forever = true })
      local by_tool, of_tool = client:wait(client:begin("submit_request", { deployment_id = ID, wait_for_completion = true }))
      local by_recipe, of_recipe = client:wait(client:begin "maker")
      assert.is_true(by_tool.structuredContent.pending and by_recipe.structuredContent.pending)
      for _, seconds in ipairs { of_tool, of_recipe } do assert.is_true(seconds >= 2 and seconds <= 2.5) end
    end)
  end)

  it("joins no run of another account", function()
    with(function(bench, client)
      local run = client:call("maker", { how = "sleep" }).structuredContent.run
      do
        local _ <close> = runcomfy.use { key = "another-key-0123456789", base_url = bench.sim.base_url }
        assert.is_true(client:collect(run).isError)
        local other = client:call("maker", { how = "sleep" }).structuredContent
        assert.are_not.equal(run, other.run)
        client:collect(other.run)
      end
      assert.is_true(client:collect(run).structuredContent.slept)
    end)
  end)

  it("sends what the recipe reports to whoever is attached", function()
    with({ sim = { cold_start = 1000000 }, settings = { recipe_seconds = 1000000 } }, function(_, client)
      local first = client:begin("maker", nil, nil, { progressToken = "a" })
      clock.sleep(SLICE + 1)
      while not client:answer(first) do fiber.sleep(0.01) end -- a moment of real time is left between progress and answer
      local told = client:progress "a"
      assert.matches("of deployment " .. ID, told[2], 1, true)
      client:begin("maker", nil, nil, { progressToken = "b" })
      assert.equal(1, #client:progress "b") -- the newest, at once
      clock.sleep(20)
      while #client:progress "b" < 2 do fiber.sleep(0.01) end -- some real time lies between two of them
      assert.equal(#told, #client:progress "a")
    end)
  end)

  it("is cancelled with the call that is attached, and its clean-ups run", function()
    with(function(bench, client)
      local run = client:call("maker", { how = "undo" }).structuredContent.run
      local joined = client:begin("maker", { how = "undo" })
      clock.sleep(10)
      assert.equal(0, bench:count("PATCH", ID))
      kit.send(client.session, { method = "notifications/cancelled", params = { requestId = joined } })
      clock.sleep(1)
      assert.equal(1, bench:count("PATCH", ID))
      assert.is_nil(client:answer(joined))
      assert.matches("There is nothing to collect of run [%x%-run]+: it was cancelled, with the call that waited for it%. "
        .. "It had begun: update_", client:collect(run).content[1].text)
      assert.is_nil(client:call("maker", { how = "quick" }).structuredContent.pending)
    end)
  end)

  it("says of a run that was cancelled and cleans up that it was, and when it is over that it is", function()
    with(function(bench, client)
      assert(bench.sim:fault { kind = "delay", seconds = 4, method = "PATCH" })
      local run = client:call("maker", { how = "undo" }).structuredContent.run
      local joined = client:begin("run_recipe", { collect = run })
      kit.send(client.session, { method = "notifications/cancelled", params = { requestId = joined } })
      client.session.server.patience = function() return 1 end
      assert.matches("It was cancelled, and ends when its clean-ups have run", client:collect(run).content[1].text, 1, true)
      client.session.server.patience = nil
      local over = client:collect(run)
      assert.is_true(over.isError)
      assert.matches("^run " .. run:gsub("%-", "%%-") .. " was cancelled\nIt had begun: update_deployment", over.content[1].text)
    end)
  end)

  it("names in the log what was made, where it is cancelled when it has its result", function()
    with({ sim = { cold_start = 1 } }, function(bench, client)
      for _, case in ipairs { { "PATCH", 3, "while it cleans up" }, { false, 0, "before its answer goes out" } } do
        local lines = log.lines_of(function()
          if case[1] then assert(bench.sim:fault { kind = "delay", seconds = case[2], method = case[1] }) end
          local id = client:begin("maker", { how = case[1] and "made" or "made_quick" }, nil, { progressToken = "p" })
          local function is_at_end()
            if case[1] then return bench:count("PATCH", ID) == 1 end
            return select(2, table.concat(client:progress "p", "\n"):gsub("at the end", "")) == 1
          end
          while not is_at_end() do clock.sleep(0.01) end
          kit.send(client.session, { method = "notifications/cancelled", params = { requestId = id } })
          clock.sleep(10)
          assert.is_nil(client:answer(id))
        end)
        local found = 0
        for _, line in ipairs(lines) do
          local named = line:match "^warning: .*cancelled when it had its result, which reaches nobody.* request (%S+) of deployment"
          if named then
            found = found + 1
            assert.is_not_nil(bench.sim.model.requests[named])
          end
        end
        assert.equal(1, found, case[3] .. "\n" .. table.concat(lines, "\n"))
      end
    end)
  end)

  it("says of a handle whose run was cancelled what that had begun", function()
    with({ sim = { cold_start = 3000 } }, function(_, client)
      local run = client:call("maker").structuredContent
      local joined = client:begin("run_recipe", { collect = run.run })
      clock.sleep(1)
      kit.send(client.session, { method = "notifications/cancelled", params = { requestId = joined } })
      clock.sleep(1)
      local text = client:collect(run.run).content[1].text
      assert.matches("it was cancelled, with the call that waited for it. It had begun: request " .. run.open_requests[1].request_id,
        text, 1, true)
    end)
  end)

  it("goes on when the connection is gone, and ends with the program as calls do", function()
    with(function(bench, client)
      client:call("maker", { how = "undo" })
      client.session:close()
      clock.sleep(10)
      assert.equal(1, under_way.count())
      under_way.drain()
      clock.sleep(1)
      assert.same({ 0, 1 }, { under_way.count(), bench:count("PATCH", ID) })
      assert.matches("the result of run run%-%x+ of recipe 'maker' was collected", table.concat(under_way.unfinished(), "\n"))
    end)
  end)

  it("lets the newest that asks for a run wait for it: the one before is answered", function()
    with(function(_, client)
      local run = client:call("maker", { how = "slow" }).structuredContent.run
      local first = client:begin("run_recipe", { collect = run })
      clock.sleep(1)
      local second = client:begin("run_recipe", { collect = run })
      assert.is_true(client:answer(first).structuredContent.pending)
      client:wait(second)
      assert.is_true(client:collect(run).structuredContent.slept)
    end)
  end)

  it("keeps results for an hour, and drops the oldest for want of room, with a line in the log", function()
    with(function(_, client)
      local lines <close> = recipes.log()
      local run = client:call("maker", { how = "fail" }).structuredContent.run
      clock.sleep(3700)
      client:call("maker", { how = "quick" })
      assert.matches("it was kept for 3600 s", client:collect(run).content[1].text, 1, true)
      assert.equal(1, lines:count(("the result of run %s of recipe 'maker' is given up: it was kept for 3600 s. It had begun: request ")
        :format(run)))
    end)
    with(function(_, client)
      local first = client:call("maker", { how = "sleep", more = { n = 0 } }).structuredContent.run
      for from = 1, 201, 90 do
        local ids = {}
        for n = from, math.min(from + 89, 201) do ids[n] = client:begin("maker", { how = "sleep", more = { n = n } }) end
        for _, id in pairs(ids) do client:wait(id) end
        clock.sleep(200)
      end
      assert.matches("others needed the room", client:collect(first).content[1].text, 1, true)
    end)
  end)

  it("begins no more than a hundred runs that nobody waits for", function()
    with(function(_, client)
      local ids = {}
      for n = 1, 101 do ids[n] = client:begin("maker", { how = "long", more = { n = n } }) end
      for _, id in ipairs(ids) do client:wait(id) end
      local refused = client:call("maker", { how = "long", more = { n = 102 } })
      assert.is_true(refused.isError)
      assert.matches("Nothing was begun", refused.content[1].text, 1, true)
    end)
  end)

  it("does not break the output schema of the tool", function()
    for _, version in ipairs { false, "2025-06-18" } do
      with({ version = version }, function(_, client)
        local answer = client:call "typed"
        assert.same({ false, true }, { answer.isError, answer.structuredContent.pending })
        clock.sleep(100)
        assert.equal("u", client:call("typed", { n = 1 }).structuredContent.url)
        for _, name in ipairs { "narrow", "listed" } do -- no pending fits these: the text tells it
          answer = client:call(name)
          assert.is_true(answer.isError)
          assert.is_nil(answer.structuredContent)
          assert.matches('"pending":true', answer.content[2].text, 1, true)
          local run = answer.content[2].text:match '"run":"([^"]+)"'
          clock.sleep(100)
          local result = client:collect(run)
          assert.is_false(result.isError)
          assert.is_truthy(result.structuredContent)
        end
      end)
    end
  end)

  it("joins the run of the version before when the recipe was saved anew, and says so", function()
    with(function(bench, client, place)
      client:call("maker", { how = "sleep" })
      place:write("maker.lua", (FILES.maker:gsub("Makes a picture", "Makes one picture")))
      bench.catalog:scan()
      client.session.server.snapshot = bench.catalog:snapshot()
      local joined = client:call("maker", { how = "sleep" })
      assert.matches("The recipe has changed since", joined.content[1].text, 1, true)
      client:call("maker", { how = "sleep" })
    end)
  end)

  it("names what it had begun where something of our own fails", function()
    local tool = kit.tool { name = "x", run = function(_, ctx)
      local subject = { name = "x", recipe = {}, account = "", input = {}, collects = true, find = function() end }
      return background.call(subject, function(run_ctx)
        run_ctx:receipt { deployment_id = "d", request_id = "r-1" }
        error "a bug"
      end, ctx)
    end }
    local session, transport = kit.connect { tool }
    local lines <close> = recipes.log()
    kit.modern(session, 1, "tools/call", { name = "x" })
    local result = transport.sent[1].result
    assert.matches("a bug\nIt had begun: request r-1 of deployment d", result.content[1].text, 1, true)
    assert.equal("r-1", result.structuredContent.submitted[1].request_id)
    assert.equal(1, lines:count "tool 'x' raised an error")
  end)

  it("runs as before where no client asks", function()
    with(function(bench)
      local answer
      local task = fiber.spawn(function() answer = bench:call("maker", { how = "sleep" }) end)
      clock.sleep(200)
      assert.equal("done", task.status)
      assert.is_true(answer.data.slept)
    end)
  end)
end)
