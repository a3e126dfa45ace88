local errors = require "lib.errors"
local json = require "core.json"
local kit = require "spec.support.mcp"
local log = require "core.log"
local resources = require "lib.features.resources"

local function page(changes)
  local resource = {
    uri = "recipe://page", name = "page", title = "Page", description = "A page.", mime_type = "text/markdown",
    read = function() return "# Page" end,
  }
  for key, value in pairs(changes or {}) do resource[key] = value end
  return resource
end

local function job(changes)
  local template = {
    uri_template = "recipe://jobs/{id}", name = "job", title = "Job",
    read = function(variables) return { id = variables.id } end,
  }
  for key, value in pairs(changes or {}) do template[key] = value end
  return template
end

local function ask(things, uri, version)
  local session, transport = kit.connect({}, things)
  if version then
    kit.initialize(session, transport, version)
    kit.send(session, { id = 1, method = "resources/read", params = { uri = uri } })
  else
    kit.modern(session, 1, "resources/read", { uri = uri })
  end
  kit.wait_for(function() return session:pending() == 0 end)
  return transport.sent[1]
end

local function read(resource, version)
  return ask({ resources = { resource } }, resource.uri, version)
end

local function contents(value, mime_type)
  local resource = page { read = function() return value end }
  resource.mime_type = mime_type
  return read(resource).result.contents[1]
end

local function quietly(fn, ...)
  local write = log.write
  local _ <close> = setmetatable({}, { __close = function() log.write = write end })
  log.write = function() end
  return fn(...)
end

describe("mcp.resources", function()
  it("are listed by URI, templates apart", function()
    local session, transport = kit.connect({}, {
      resources = { page(), page { uri = "recipe://index", name = "index" } }, templates = { job() },
    })
    kit.modern(session, 1, "resources/list")
    kit.modern(session, 2, "resources/templates/list")
    local list, templates = transport.sent[1].result, transport.sent[2].result
    assert.same({ "recipe://index", "recipe://page" }, { list.resources[1].uri, list.resources[2].uri })
    assert.same({ uri = "recipe://page", name = "page", title = "Page", description = "A page.", mimeType = "text/markdown" },
      list.resources[2])
    assert.same({ { uriTemplate = "recipe://jobs/{id}", name = "job", title = "Job" } }, templates.resourceTemplates)
    for _, result in ipairs { list, templates } do
      assert.same({ 60000, "public", "complete" }, { result.ttlMs, result.cacheScope, result.resultType })
    end
  end)

  it("are read fresh each time, and say so", function()
    local count = 0
    local resource = page { read = function()
      count = count + 1
      return "read " .. count
    end }
    local session, transport = kit.connect({}, { resources = { resource } })
    kit.modern(session, 1, "resources/read", { uri = "recipe://page" })
    kit.modern(session, 2, "resources/read", { uri = "recipe://page" })
    assert.same({ "read 1", "read 2" },
      { transport.sent[1].result.contents[1].text, transport.sent[2].result.contents[1].text })
    local result = transport.sent[1].result
    assert.same({ 0, "private", "complete" }, { result.ttlMs, result.cacheScope, result.resultType })
    assert.same({ uri = "recipe://page", mimeType = "text/markdown", text = "read 1" }, result.contents[1])
    assert.is_nil(read(resource, "2025-11-25").result.ttlMs)
  end)

  it("are text, JSON, or bytes", function()
    assert.same({ uri = "recipe://page", mimeType = "text/plain", text = "" }, contents "")
    assert.same({ uri = "recipe://page", mimeType = "application/json", text = '{"a":1}' }, contents { a = 1 })
    assert.same({ uri = "recipe://page", mimeType = "application/json", text = "[]" }, contents(json.as_array {}))
    assert.same({ uri = "recipe://page", mimeType = "application/octet-stream", blob = "/wA=" }, contents "\xFF\0")
    assert.same({ uri = "recipe://page", mimeType = "image/png", blob = "YWJj" }, contents("abc", "image/png"))
    assert.equal("<svg/>", contents("<svg/>", "image/svg+xml").text)
  end)

  it("of a template get its variables", function()
    local things = { resources = { page { uri = "recipe://jobs/index" } }, templates = {
      job(), job { uri_template = "recipe://jobs/{+rest}", read = function(v) return "rest " .. v.rest end },
      job { uri_template = "recipe://jobs/x-{id}", read = function(v) return "x " .. v.id end },
    } }
    assert.same({ { uri = "recipe://jobs/a%20b", mimeType = "application/json", text = '{"id":"a b"}' } },
      ask(things, "recipe://jobs/a%20b").result.contents)
    assert.equal("# Page", ask(things, "recipe://jobs/index").result.contents[1].text)
    assert.equal("rest a/b", ask(things, "recipe://jobs/a/b").result.contents[1].text)
    assert.equal("x 1", ask(things, "recipe://jobs/x-1").result.contents[1].text)
  end)

  it("that are not there are told in the revision's code, with the URI", function()
    local things = { resources = { page { read = function() return nil end } }, templates = {
      job { read = function() return nil, errors.new("no job 7", { code = "not_found" }) end },
    } }
    for version, code in pairs { ["2024-11-05"] = -32002, ["2025-11-25"] = -32002, [false] = -32602 } do
      for uri, message in pairs {
        ["recipe://page"] = "Resource not found: recipe://page",
        ["recipe://other"] = "Resource not found: recipe://other",
        ["recipe://jobs/7"] = "no job 7",
      } do
        local err = ask(things, uri, version or nil).error
        assert.same({ code = code, message = message, data = { uri = uri } }, err)
      end
    end
  end)

  it("are not found by a URI that is megabytes long", function()
    local uri = "recipe://jobs/" .. ("a"):rep(100000)
    assert.equal(-32602, ask({ templates = { job() } }, uri).error.code)
  end)

  it("answer a URI that is none with -32602", function()
    for _, params in ipairs { {}, { uri = 5 }, { uri = json.null } } do
      local session, transport = kit.connect({}, { resources = { page() } })
      kit.modern(session, 1, "resources/read", params)
      assert.equal(-32602, transport.sent[1].error.code)
    end
  end)

  it("answer errors with -32603: returned, raised, and values that are no contents", function()
    for expected, run in pairs {
      ["the disk is gone"] = function() return nil, errors.new("the disk is gone") end,
      ["broken"] = function() error("broken", 0) end,
      ["it must give a text or a table, got number"] = function() return 5 end,
      ["JSON"] = function() return { f = print } end,
    } do
      local err = quietly(read, page { read = run }).error
      assert.equal(-32603, err.code)
      assert.matches(expected, err.message, 1, true)
    end
  end)

  it("answer with an error where they are larger than a message may be", function()
    local err = quietly(read, page { read = function() return ("x"):rep(9000000) end }).error
    assert.equal(-32603, err.code)
    assert.matches("resource 'page' has", err.message, 1, true)
  end)

  it("are refused with the field that is wrong", function()
    for field, case in pairs {
      uri = { "no scheme", "field 'uri' must be a URI with a scheme" },
      name = { "", "field 'name' is missing" },
      title = { 5, "field 'title' must be a text" },
      mime_type = { true, "field 'mime_type' must be a text" },
      read = { "x", "field 'read' must be a function" },
    } do
      local resource, err = resources.compile(page { [field] = case[1] })
      assert.is_nil(resource)
      assert.equal("bad_declaration", err.code)
      assert.matches(case[2], err.problem, 1, true)
    end
    local _, err = resources.compile_template(job { uri_template = "recipe://{a*}" })
    assert.matches("^template 'job': field 'uri_template': '{a%*}' must be", err.message)
  end)
end)

describe("mcp.server's offers", function()
  local function capabilities(options, version)
    local session, transport, server = kit.connect({}, options)
    if version then
      kit.send(session, { id = 1, method = "initialize", params = { protocolVersion = version } })
    else
      kit.modern(session, 1, "server/discover")
    end
    return transport.sent[1].result.capabilities, session, transport, server
  end

  local function codes(session, transport)
    local result = {}
    for _, method in ipairs { "prompts/list", "prompts/get", "resources/list", "resources/templates/list", "resources/read" } do
      kit.modern(session, method, method)
      local err = transport.sent[#transport.sent].error
      result[#result + 1] = err and err.code or 0
    end
    return result
  end

  it("are what the snapshot has", function()
    for _, version in ipairs { "2024-11-05", "2025-11-25", false } do
      version = version or nil
      assert.same({ tools = {} }, (capabilities({}, version)))
      assert.same({ tools = {}, resources = {} }, (capabilities({ templates = { job() } }, version)))
      assert.same({ tools = {}, resources = {} }, (capabilities({ resources = { page() } }, version)))
      assert.same({ tools = {}, resources = {} }, (capabilities({ resources = { page() }, prompts = {} }, version)))
    end
  end)

  it("decide which methods there are", function()
    local _, session, transport = capabilities {}
    assert.same({ -32601, -32601, -32601, -32601, -32601 }, codes(session, transport))
    _, session, transport = capabilities { resources = { page() } }
    assert.same({ -32601, -32601, 0, 0, -32602 }, codes(session, transport))
  end)

  it("may be said of a server that has nothing yet, whose lists then are empty", function()
    local offered, session, transport = capabilities { offers = { prompts = true, resources = true }, list_changed = true }
    local changing = { listChanged = true }
    assert.same({ tools = changing, prompts = changing, resources = changing }, offered)
    assert.same({ 0, -32602, 0, 0, -32602 }, codes(session, transport))
    assert.same({}, transport.sent[2].result.prompts)
    assert.same({}, transport.sent[4].result.resources)
    assert.same({}, transport.sent[5].result.resourceTemplates)
    for _, at in ipairs { 2, 4, 5 } do assert.matches('":%[%]', transport.texts[at]) end
  end)

  it("change with the snapshot, and clients are told of the lists that did", function()
    local _, session, transport, server = capabilities { offers = { prompts = true, resources = true }, list_changed = true }
    kit.initialize(session, transport, "2025-11-25")
    kit.send(session, { method = "notifications/initialized" })
    kit.send(session, { id = 1, method = "resources/list" })
    local snapshot = kit.furnish(kit.snapshot {}, { resources = { page() } })
    server:tools_changed(snapshot)
    kit.send(session, { id = 2, method = "resources/list" })
    assert.same({ 0, "notifications/tools/list_changed", "notifications/resources/list_changed", 1 }, {
      #transport.sent[1].result.resources, transport.sent[2].method, transport.sent[3].method, #transport.sent[4].result.resources,
    })
    local same = kit.snapshot {}
    same.resources = snapshot.resources
    server:tools_changed(same)
    assert.same({ 5, "notifications/tools/list_changed" }, { #transport.sent, transport.sent[5].method })
  end)

  it("are encoded once a snapshot and revision", function()
    local count = 0
    local session, _, server = kit.connect({}, { resources = { page() } })
    local list = server.snapshot.resources.list
    local resource = list[1]
    list[1] = setmetatable({}, { __index = function(_, key)
      if key == "uri" then count = count + 1 end
      return resource[key]
    end })
    for i = 1, 3 do kit.modern(session, i, "resources/list") end
    assert.equal(1, count)
  end)
end)
