local accounts = require "lib.account"
local catalog = require "lib.recipes.link.catalog"
local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local kit = require "spec.support.mcp"
local logged = require "spec.support.log"
local rc = require "spec.support.rc"
local redaction = require "lib.redaction"
local server = require "lib.mcp.server"
local simulator = require "lib.sim.server"
local under_way = require "lib.recipes.run.under_way"
local writes = require "lib.runcomfy.writes"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"
local SLICE = 45
local KEYS = { one = "rc-one-00112233445566", two = "rc-two-66554433221100" }

local RECIPE = [[
local rc = require "rc"
return rc.tool { name = "maker", description = "Submits, sleeps and reads.", uses = { "submit_request", "get_request_status" },
  input = { { "path", "string", "What it reads", optional = true } },
  run = function(input, ctx)
    if input.path then return { text = rc.read_text(input.path) } end
    local job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
    rc.sleep(70)
    return { status = job:status().status }
  end }]]

local SLEEPER = [[
local rc = require "rc"
return rc.tool { name = "sleeper", description = "Sleeps.", input = { { "number", "integer", "Tells calls apart" } },
  run = function() rc.sleep(3000) return { slept = true } end }]]

---@class Customer  an account with its simulator and a connection
local Customer = {}
Customer.__index = Customer

function Customer:begin(name, arguments)
  self.last = self.last + 1
  kit.modern(self.session, self.last, "tools/call", { name = name, arguments = arguments or {} })
  return self.last
end

function Customer:wait(id)
  for _ = 1, 20000 do
    for _, message in ipairs(self.transport.sent) do
      if message.id == id then return message.result end
    end
    clock.sleep(0.5)
  end
  error "no answer"
end

function Customer:call(name, arguments)
  return self:wait(self:begin(name, arguments))
end

local function open(name, options)
  local self = setmetatable({ name = name, last = 0, sim = assert(simulator.start { cold_start = 1 }), files = folder.new() }, Customer)
  self.files:write("mine.txt", "of " .. name)
  self.account = assert(accounts.new {
    key = KEYS[name], base_url = self.sim.base_url, writes = options.writes,
    settings = { api_key = KEYS[name], file_folders = { self.files.path } },
  })
  self.transport = kit.transport()
  return self
end

function Customer:close()
  self.account:close()
  self.sim:stop()
  self.files:remove()
end
Customer.__close = Customer.close

-- Runs `fn(one, two)`: two accounts of one server, each with a connection and an API of its own.
local function with_two(fn)
  local place <close> = folder.new()
  place:write("maker.lua", RECIPE)
  place:write("sleeper.lua", SLEEPER)
  local recipes <close> = catalog.new {
    folders = { { path = place.path, label = "specs" } }, registry_tools = rc.tools().list, settings = {}, lenient = true, quiet = true,
  }
  recipes:scan()
  local time <close> = clock.virtual()
  local all = writes.new()
  local one <close> = open("one", { writes = all })
  local two <close> = open("two", { writes = all })
  local of = {}
  local instance = server.new {
    snapshot = recipes:snapshot(), version = "0", patience = function() return SLICE end,
    account = function(request) return of[request.session].account end,
  }
  for _, customer in ipairs { one, two } do
    customer.session = kit.attach(instance, customer.transport)
    of[customer.session] = customer
  end
  time:run(function()
    fn(one, two, all)
    under_way.stop()
    clock.sleep(10)
  end)
end

-- Whether each request that a simulator got had this account's key, and there was one.
local function all_with_key(customer)
  local requests = customer.sim:requests()
  for _, request in ipairs(requests) do
    if request.headers.authorization ~= "Bearer " .. KEYS[customer.name] then return false end
  end
  return #requests > 0
end

describe("an account", function()
  it("has an id that is the same for the same key at the same place, tells others apart, and gives nothing away", function()
    local function id(key, url) return assert(accounts.new { key = key, base_url = url }).id end
    local own = id(KEYS.one)
    assert.equal(own, id(KEYS.one))
    for _, same in ipairs { "https://api.runcomfy.net", "https://api.runcomfy.net/", "https://api.runcomfy.net//" } do
      assert.equal(own, id(KEYS.one, same))
    end
    assert.matches("^%x+$", own)
    assert.equal(32, #own)
    for _, other in ipairs { id(KEYS.two), id(KEYS.one, "https://other.example"), id(nil) } do assert.are_not.equal(own, other) end
  end)

  it("refuses settings that cannot be meant", function()
    local none, err = accounts.new { key = "two words" }
    assert.is_nil(none)
    assert.equal("bad_setting", err.code)
  end)

  it("gives contexts its way to RunComfy", function()
    local account <close> = assert(accounts.new { key = KEYS.one })
    local ctx = account:equip { cancelled = false }
    assert.equal(account, ctx.account)
    assert.equal(account.runcomfy, ctx.runcomfy)
  end)

  it("keeps its keys secret as long as it is open or a call has it, that of its settings too", function()
    local function shown(key) return redaction.text("see " .. key) end
    local ctx = { cancelled = false }
    ctx.account = assert(accounts.new { key = "no-key-for-the-simulator", settings = { api_key = "rc-own-1a2b3c4d5e6f" } })
    assert.equal("see [redacted]", shown "rc-own-1a2b3c4d5e6f")
    assert.equal("see [redacted]", shown "no-key-for-the-simulator")
    ctx.account:close()
    local function reload()
      collectgarbage()
      for i = 1, 5 do redaction.add_key("a-later-key-of-the-spec-" .. i):close() end
    end
    reload()
    assert.equal("see [redacted]", shown "rc-own-1a2b3c4d5e6f")
    assert.equal("see [redacted]", shown "no-key-for-the-simulator")
    ctx.account = nil
    reload()
    assert.equal("see rc-own-1a2b3c4d5e6f", shown "rc-own-1a2b3c4d5e6f")
  end)
end)

describe("two accounts of one process", function()
  it("call each its own API with its own key, and see what is there", function()
    with_two(function(one, two)
      local made = one:call("create_deployment", {
        name = "mine", workflow_id = "00000000-0000-0000-0000-000000004444", workflow_version = "v1",
      })
      local id = made.structuredContent.deployment.id
      assert.is_false(made.isError)
      local function sees(customer)
        for _, deployment in ipairs(customer:call("list_deployments").structuredContent.deployments) do
          if deployment.id == id then return true end
        end
        return false
      end
      assert.is_true(sees(one))
      assert.is_false(sees(two))
      assert.is_true(two:call("get_deployment", { deployment_id = id }).isError)
      assert.is_true(all_with_key(one))
      assert.is_true(all_with_key(two))
    end)
  end)

  it("never see each other's runs: the other's handle is unknown, the same call begins a run of its own", function()
    with_two(function(one, two)
      local run = one:call("maker").structuredContent.run
      assert.is_string(run)
      local refused = two:call("run_recipe", { collect = run })
      assert.is_true(refused.isError)
      assert.matches("unknown_run", json.encode(refused.structuredContent), 1, true)
      local other = two:call("maker").structuredContent
      assert.is_nil(other.joined)
      assert.are_not.equal(run, other.run)
      assert.equal("completed", one:call("run_recipe", { collect = run }).structuredContent.status)
      assert.equal("completed", two:call("run_recipe", { collect = other.run }).structuredContent.status)
      for _, customer in ipairs { one, two } do
        assert.equal(1, #customer.sim:requests { method = "POST" })
        assert.is_true(all_with_key(customer))
      end
    end)
  end)

  it("have each their own hundred runs in the background", function()
    with_two(function(one, two)
      local ids = {}
      for n = 1, 101 do ids[n] = one:begin("sleeper", { number = n }) end
      for _, id in ipairs(ids) do assert.is_true(one:wait(id).structuredContent.pending) end
      local refused = one:call("sleeper", { number = 102 })
      assert.is_true(refused.isError)
      assert.matches("100 runs of recipes go on in the background", refused.content[1].text, 1, true)
      local other = two:call("sleeper", { number = 102 })
      assert.is_false(other.isError)
      assert.is_true(other.structuredContent.pending)
    end)
  end)

  it("are not told what became of each other's runs", function()
    with_two(function(one, two)
      local run = one:call("maker").structuredContent.run
      assert.is_false(one:call("run_recipe", { collect = run }).isError)
      assert.matches("its result was given already", one:call("run_recipe", { collect = run }).content[1].text, 1, true)
      local refused = two:call("run_recipe", { collect = run })
      assert.is_true(refused.isError)
      assert.matches("There is no run " .. run .. " here.", refused.content[1].text, 1, true)
    end)
  end)

  it("have each its settings: a recipe reads what its account allows", function()
    with_two(function(one, two)
      assert.equal("of one", one:call("maker", { path = one.files.path .. "/mine.txt" }).structuredContent.text)
      assert.equal("of two", two:call("maker", { path = two.files.path .. "/mine.txt" }).structuredContent.text)
      assert.is_true(two:call("maker", { path = one.files.path .. "/mine.txt" }).isError)
    end)
  end)

  it("do not know what the other one submitted a moment ago", function()
    with_two(function(one, two)
      local id = one:call("submit_request", { deployment_id = ID }).structuredContent.submission.request_id
      for _, customer in ipairs { one, two } do
        assert(customer.sim:fault { kind = "status", status = 404, path = "/status", count = 3 })
        local answer = customer:call("get_request_status", { deployment_id = ID, request_id = id })
        assert.equal(customer == two, answer.isError) -- of one it may pass
      end
    end)
  end)

  it("have each its writes, and the program all of them", function()
    with_two(function(one, two, all)
      assert(one.sim:fault { kind = "delay", seconds = 5, path = "/inference" })
      local call = one:begin("submit_request", { deployment_id = ID })
      while one.account.runcomfy.writes:count() == 0 do clock.sleep(0.01) end
      assert.equal(0, two.account.runcomfy.writes:count())
      assert.same({}, two.account.runcomfy.writes:lost())
      assert.equal(1, all:count())
      assert.equal(1, #all:lost())
      one:wait(call)
      assert.equal(0, all:count())
    end)
  end)

  it("show neither key in any output of either", function()
    local outputs = {}
    local lines = logged.lines_of(function()
      with_two(function(one, two)
        for _, customer in ipairs { one, two } do
          for _, status in ipairs { 200, 400 } do
            local text = ('{"id":"d","note":"%s and %s"}'):format(KEYS.one, KEYS.two)
            assert(customer.sim:fault { kind = "text", status = status, message = text, path = "/deployments", count = 2 })
            table.insert(outputs, json.encode(customer:call("get_deployment", { deployment_id = "d" })))
            table.insert(outputs, json.encode(customer:call("delete_deployment", { deployment_id = "d" })))
          end
        end
      end)
    end)
    assert.equal(8, #outputs)
    for _, text in ipairs(outputs) do
      assert.matches("[redacted] and [redacted]", text, 1, true)
      for _, key in pairs(KEYS) do assert.is_nil(text:find(key:sub(4), 1, true)) end
    end
    assert.is_true(#lines >= 4)
  end)
end)

describe("an account that comes in another one's place", function()
  local function replace(customer, options)
    local before = customer.account
    options.before = before
    customer.account = assert(accounts.new(options))
    before:close()
    return before
  end

  it("has the calls that begin now; those that run go on with theirs", function()
    with_two(function(one, two)
      local first = one:begin("submit_request", {
        deployment_id = ID, wait_for_completion = true, timeout_seconds = 40,
      })
      clock.sleep(1)
      replace(one, { key = KEYS.two, base_url = two.sim.base_url })
      assert.is_false(one:call("list_deployments").isError)
      assert.equal(1, #two.sim:requests())
      assert.is_true(all_with_key(two))
      local polls = #one.sim:requests { path = "/status" }
      assert.is_false(one:wait(first).isError)
      assert.is_true(#one.sim:requests { path = "/status" } > polls)
      assert.is_true(all_with_key(one))
    end)
  end)

  it("has the runs of the one before where key and place are the same, and its own settings", function()
    with_two(function(one)
      local run = one:call("maker").structuredContent.run
      local before = replace(one, { key = KEYS.one, base_url = one.sim.base_url, settings = {} })
      assert.equal(before.id, one.account.id)
      assert.equal(before.runcomfy.recent, one.account.runcomfy.recent)
      assert.is_true(one:call("maker", { path = one.files.path .. "/mine.txt" }).isError)
      assert.equal("completed", one:call("run_recipe", { collect = run }).structuredContent.status)
    end)
  end)

  it("has none of them where the key is another", function()
    with_two(function(one)
      local run = one:call("maker").structuredContent.run
      replace(one, { key = "another-key-of-the-spec", base_url = one.sim.base_url })
      assert.is_true(one:call("run_recipe", { collect = run }).isError)
    end)
  end)
end)
