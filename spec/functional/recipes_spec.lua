-- Recipes in the real program: saved files become tools, while it serves.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local INITIALIZE = '{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
  .. '"clientInfo":{"name":"spec","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
local CHANGED = "notifications/tools/list_changed"
local META = { ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["io.modelcontextprotocol/clientCapabilities"] = {} }

local function source(version, name)
  return ([[local rc = require "rc"
return rc.tool { name = %q, description = "Tells its version.", run = function() return { version = %d } end }
]]):format(name or "poster", version)
end

-- A server, and what it sent: answers by id, notifications in order.
local Client = {}
Client.__index = Client

local function start(args, options)
  local self = setmetatable({ answers = {}, told = {} }, Client)
  self.server = child.rcmcp({ "serve", table.unpack(args) }, options)
  return self
end

function Client:take()
  local message = json.decode(self.server:line())
  if message.id ~= nil then
    assert(not self.answers[message.id], "answered twice")
    self.answers[message.id] = message
  else
    table.insert(self.told, message)
  end
  return message
end

function Client:send(message)
  message.jsonrpc = "2.0"
  self.server:write(json.encode(message) .. "\n")
end

function Client:answer(id)
  while not self.answers[id] do self:take() end
  return self.answers[id]
end

function Client:request(id, method, params)
  self:send { id = id, method = method, params = params }
  return self:answer(id).result
end

function Client:call(id, name, arguments)
  return self:request(id, "tools/call", { name = name, arguments = arguments })
end

function Client:next_change()
  local before = #self.told
  while #self.told == before do self:take() end
  return self.told[#self.told]
end

function Client:names(id)
  local names = {}
  for _, tool in ipairs(self:request(id, "tools/list").tools) do names[tool.name] = tool end
  return names
end

function Client:close() self.server:close() end
Client.__close = Client.close

local function initialized(args, options)
  local client = start(args, options)
  client.server:write(INITIALIZE)
  client.hello = client:answer("init").result
  return client
end

describe("rcmcp serve with recipes", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  it("makes a saved file a tool, tells the client, and calls it", function()
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    assert.is_true(client.hello.capabilities.tools.listChanged)
    assert.is_nil(client:names(1).poster)
    place:write("poster.lua", source(1))
    assert.equal(CHANGED, client:next_change().method)
    assert.equal("Tells its version.", client:names(2).poster.description)
    assert.equal(1, client:call(3, "poster").structuredContent.version)
    place:delete "poster.lua"
    client:next_change()
    assert.is_nil(client:names(4).poster)
  end)

  it("serves a good recipe beside a broken one, and the repaired one without a restart", function()
    place:write("broken.lua", "return rc.tool {")
    place:write("poster.lua", source(1))
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    assert.equal(1, client:call(1, "poster").structuredContent.version)
    client.server:wait_until(function(server) return server.err:find("broken.lua:1:", 1, true) ~= nil end)
    place:replace("broken.lua", source(5, "broken"))
    client:next_change()
    assert.equal(5, client:call(2, "broken").structuredContent.version)
  end)

  it("leaves the last good version in place, and says once why", function()
    place:write("poster.lua", source(1))
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    assert.equal(1, client:call(1, "poster").structuredContent.version)
    place:write("poster.lua", "return 1")
    client.server:wait_until(function(server) return server.err:find("the version before it stays", 1, true) ~= nil end)
    assert.equal(1, client:call(2, "poster").structuredContent.version)
    place:write("another.lua", source(1, "another"))
    client:next_change()
    local _, count = client.server.err:gsub("the version before it stays", "")
    assert.equal(1, count)
  end)

  describe("that are links", function()
    local store
    before_each(function() store = folder.new() end)
    after_each(function() store:remove() end)

    local function link(target, name)
      assert(os.execute(("ln -sfn '%s' '%s'"):format(target, name)))
    end

    it("takes the new text when the target is saved, of a file, of a folder and of a module", function()
      store:write("poster.lua", source(1))
      store:write("grid/main.lua", source(1, "grid"))
      store:write("size.lua", "return { version = 1 }")
      link(store.path .. "/poster.lua", place.path .. "/poster.lua")
      link(store.path .. "/grid", place.path .. "/grid")
      place:write("lib/none.txt", "")
      link(store.path .. "/size.lua", place.path .. "/lib/size.lua")
      place:write("sized.lua", [[local rc, size = require "rc", require "size"
        return rc.tool { name = "sized", description = "Its size.", run = function() return size end }]])
      local client <close> = initialized { "--simulate", "--recipes", place.path }
      for _, name in ipairs { "poster", "grid", "sized" } do assert.equal(1, client:call(name, name).structuredContent.version) end
      store:replace("poster.lua", source(2))
      client:next_change()
      store:write("grid/main.lua", source(2, "grid"))
      client:next_change()
      store:replace("size.lua", "return { version = 2 }")
      client:next_change()
      for _, name in ipairs { "poster", "grid", "sized" } do assert.equal(2, client:call(name .. 2, name).structuredContent.version) end
    end)

    it("follows one link that stands for all, as in a volume of Kubernetes", function()
      for version = 1, 3 do store:write(("..v%d/poster.lua"):format(version), source(version)) end
      link("..v1", store.path .. "/..data")
      link("..data/poster.lua", store.path .. "/poster.lua")
      local client <close> = initialized { "--simulate", "--recipes", store.path }
      for version = 1, 3 do
        assert.equal(version, client:call(version, "poster").structuredContent.version)
        link(("..v%d"):format(version + 1), store.path .. "/..new")
        if version == 3 then break end
        assert(os.rename(store.path .. "/..new", store.path .. "/..data"))
        client:next_change()
      end
    end)

    it("follows the recipe folder itself when it is pointed elsewhere", function()
      store:write("one/poster.lua", source(1))
      store:write("two/poster.lua", source(2))
      link(store.path .. "/one", place.path .. "/recipes")
      local client <close> = initialized { "--simulate", "--recipes", place.path .. "/recipes" }
      assert.equal(1, client:call(1, "poster").structuredContent.version)
      link(store.path .. "/two", place.path .. "/recipes")
      client:next_change()
      assert.equal(2, client:call(2, "poster").structuredContent.version)
      store:replace("two/poster.lua", source(3))
      client:next_change()
      assert.equal(3, client:call(3, "poster").structuredContent.version)
    end)
  end)

  it("reaches new recipes through run_recipe, for clients that never list again", function()
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    client:names(1)
    place:write("poster.lua", source(3))
    client:next_change()
    assert.equal("poster", client:call(2, "list_recipes").structuredContent.recipes[1].name)
    assert.equal(3, client:call(3, "run_recipe", { name = "poster" }).structuredContent.version)
  end)

  it("has no meta tools with --no-meta-tools, and none without a recipe folder", function()
    local client <close> = initialized { "--simulate", "--no-meta-tools", "--recipes", place.path }
    assert.is_nil(client:names(1).run_recipe)
    local other <close> = initialized { "--simulate" }
    assert.is_nil(other:names(1).run_recipe)
  end)

  it("finds the user's folder when it is made while the server runs", function()
    local client <close> = initialized({ "--simulate" }, { env = { "XDG_CONFIG_HOME=" .. place.path } })
    client:names(1)
    place:write("rcmcp/recipes/poster.lua", source(1))
    repeat client:next_change() until client:names(#client.told + 1).poster
    assert.is_table(client:names(100).run_recipe)
  end)

  it("lets a later folder shadow an earlier one, and says so", function()
    local other <close> = folder.new()
    place:write("poster.lua", source(1))
    other:write("poster.lua", source(2))
    local client <close> = initialized({ "--simulate", "--recipes", place.path }, { env = { "RCMCP_RECIPES=" .. other.path } })
    assert.equal(2, client:call(1, "poster").structuredContent.version)
    assert.matches(("%s/poster.lua: 'poster' is shadowed by %s/poster.lua"):format(place.path, other.path), client.server.err, 1, true)
  end)

  it("refuses what others may write to, takes it after chmod, or with the option", function()
    place:write("poster.lua", source(1))
    place:chmod("666", "poster.lua")
    local lenient <close> = initialized { "--simulate", "--recipes", place.path, "--allow-writable-recipes" }
    assert.equal(1, lenient:call(1, "poster").structuredContent.version)
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    assert.is_nil(client:names(1).poster)
    assert.matches("poster.lua is writable by everyone", client.server.err, 1, true)
    place:chmod("644", "poster.lua")
    client:next_change()
    assert.equal(1, client:call(2, "poster").structuredContent.version)
  end)

  it("reads the recipes again at SIGHUP, where it does not watch", function()
    local client <close> = initialized { "--simulate", "--no-hot-reload", "--recipes", place.path }
    assert.is_nil(client.hello.capabilities.tools.listChanged)
    client:names(1)
    place:write("poster.lua", source(1))
    assert.is_nil(client:names(2).poster)
    client.server.handle:kill "HUP"
    local id = 3
    while not client:names(id).poster do id = id + 1 end
    assert.same({}, client.told)
  end)

  it("tells modern clients on the streams that they opened, and ends these with an answer", function()
    local client <close> = start { "--simulate", "--recipes", place.path }
    local list = client:request(1, "tools/list", { _meta = META })
    assert.equal(0, list.ttlMs)
    client:send { id = "s", method = "subscriptions/listen", params = { _meta = META, notifications = { toolsListChanged = true } } }
    assert.equal("notifications/subscriptions/acknowledged", client:next_change().method)
    place:write("poster.lua", source(1))
    local change = client:next_change()
    assert.equal(CHANGED, change.method)
    assert.equal("s", change.params._meta["io.modelcontextprotocol/subscriptionId"])
    client.server:close_stdin()
    assert.equal("complete", client:answer("s").result.resultType)
    assert.equal("notifications/cancelled", client:next_change().method)
    assert.equal(0, (client.server:wait()))
  end)

  it("tells a client that listens before it asks for the tools", function()
    local client <close> = start { "--simulate", "--recipes", place.path }
    client:send { id = "s", method = "subscriptions/listen", params = { _meta = META, notifications = { toolsListChanged = true } } }
    client:next_change()
    place:write("poster.lua", source(1))
    assert.equal(CHANGED, client:next_change().method)
    client.server.handle:kill "TERM"
    assert.equal("complete", client:answer("s").result.resultType)
    assert.equal(0, (client.server:wait()))
  end)

  it("loses no call and answers with no wrong version under 200 saves, good and bad #load", function()
    local SAVES, BATCH = 200, 10
    place:write("poster.lua", source(0))
    local client <close> = initialized { "--simulate", "--recipes", place.path }
    client:call("first", "poster")
    local good, told = { [0] = true }, #client.told
    local function save(i)
      local write = i % 2 == 0 and place.write or place.replace
      if i % 3 == 0 then return write(place, "poster.lua", i % 2 == 0 and "return rc.tool {" or "while true do") end
      good[i] = true
      write(place, "poster.lua", source(i))
    end
    for i = 1, SAVES do
      save(i)
      client:send { id = i, method = "tools/call", params = { name = i % 4 == 0 and "run_recipe" or "poster",
        arguments = i % 4 == 0 and { name = "poster" } or {} } }
      if i % BATCH == 0 then -- so that calls, saves and what is told of them keep together, however busy the machine is
        client:answer(i)
        while good[i] and #client.told == told do client:take() end
        told = #client.told
      end
    end
    local last = { 0, 0 } -- run_recipe waits for what was saved, a call of the tool takes what is there: each never goes back
    for i = 1, SAVES do
      local result, way = client:answer(i).result, i % 4 == 0 and 1 or 2
      assert.is_false(result.isError)
      local version, before = result.structuredContent.version, last[way]
      assert.is_true(good[version] and version < i + BATCH and version >= before, ("call %d got %d after %d"):format(i, version, before))
      last[way] = version
    end
    local id = SAVES
    repeat
      id = id + 1
      local version = client:call(id, "run_recipe", { name = "poster" }).structuredContent.version
    until version == SAVES
    assert.is_true(#client.told >= SAVES / BATCH / 2)
  end)
end)

describe("rcmcp recipes", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function run(...)
    return child.run { "recipes", "--recipes", place.path, ... }
  end

  it("shows state, load time and error of each, and fails when there is one", function()
    place:write("broken.lua", "return rc.tool {")
    place:write("poster.lua", source(1))
    place:write("rest.lua.disabled", "")
    local status, out, err = run()
    assert.equal(1, status)
    assert.matches("broken +failed .-/broken.lua\n    broken.lua:1: ", out)
    assert.matches("poster +loaded +%d+%.%d ms", out)
    assert.matches("rest +disabled", out)
    assert.equal("", err)
  end)

  it("shows the same as JSON", function()
    place:write("poster.lua", source(1))
    local status, out = run "--json"
    assert.equal(0, status)
    local entry = json.decode(out).recipes[1]
    assert.same({ "poster", "loaded", "--recipes" }, { entry.name, entry.state, entry.folder })
    assert.equal("poster", entry.tools[1])
    assert.is_number(entry.load_ms)
  end)

  it("names the folders when there is nothing, and those that are missing", function()
    local status, out = run()
    assert.equal(0, status)
    assert.matches("no recipes in ", out)
    assert.matches(place.path, out, 1, true)
    place:remove()
    status, out = run()
    assert.equal(1, status)
    assert.matches("no such folder", out)
  end)
end)
