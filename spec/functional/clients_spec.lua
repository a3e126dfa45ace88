-- The official clients, as npm has them, against the real program on the simulator.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local HERE = "spec/clients"
local NODE = HERE .. "/node_modules/.bin/node"
local INSPECTOR = HERE .. "/node_modules/.bin/mcp-inspector"

local function installed()
  local f = io.open(NODE)
  if f then f:close() end
  return f ~= nil
end

-- Runs a client to its end; the watchdog is generous because node starts slowly under load.
local function run(args)
  local c <close> = child.spawn(NODE, args, { env = { "MCP_INSPECTOR_SECRET_STORE=memory" } })
  c:close_stdin()
  return c:wait(120), c.out, c.err
end

describe("the official clients", function()
  if not installed() then
    pending("are not installed: run `npm ci --prefix " .. HERE .. "`")
    return
  end

  local server = { child.program, "serve", "--simulate", "--speed", "600" }

  it("@modelcontextprotocol/sdk works with all ten tools", function()
    local status, out, err = run { HERE .. "/sdk_v1.mjs", table.unpack(server) }
    assert.equal("ok\n", out, err)
    assert.equal(0, status)
  end)

  for _, era in ipairs { "legacy", "auto", "pin" } do
    it("@modelcontextprotocol/client works in mode " .. era, function()
      local status, out, err = run { HERE .. "/sdk_v2.mjs", era, table.unpack(server) }
      assert.equal("ok\n", out, err)
      assert.equal(0, status)
    end)
  end

  local things = { child.program, "lua", "spec/support/things_server.lua" }

  for _, case in ipairs { { "v1", "ask" }, { "v1", "mute" }, { "v2", "legacy" }, { "v2", "pin" }, { "v2", "mute" } } do
    it(("gets prompts and resources and answers questions: %s, %s"):format(case[1], case[2]), function()
      local status, out, err = run { HERE .. "/things_" .. case[1] .. ".mjs", case[2], table.unpack(things) }
      assert.equal("ok\n", out, err)
      assert.equal(0, status)
    end)
  end

  for _, era in ipairs { "legacy", "modern" } do
    it("the Inspector reads prompts and resources, era " .. era, function()
      for method, options in pairs {
        ["prompts/get"] = { "--prompt-name", "greet", "--prompt-args", "who=Ann" },
        ["resources/read"] = { "--uri", "recipe://jobs/7" },
        ["resources/templates/list"] = {},
      } do
        local args = { INSPECTOR, "--cli", table.unpack(things) }
        for _, arg in ipairs { "--protocol-era", era, "--format", "json", "--method", method } do args[#args + 1] = arg end
        table.move(options, 1, #options, #args + 1, args)
        local status, out, err = run(args)
        assert.equal(0, status, out .. err)
        assert.matches(method == "prompts/get" and "Hello, Ann!" or "jobs/", out, 1, true)
      end
    end)
  end

  for _, mode in ipairs { "v1", "legacy", "auto", "pin" } do
    it("learns of a saved recipe, calls it, and learns of its end: " .. mode, function()
      local place <close> = folder.new()
      local status, out, err = run {
        HERE .. "/recipes.mjs", mode, place.path, child.program, "serve", "--simulate", "--recipes", place.path,
      }
      assert.equal("ok\n", out, err)
      assert.equal(0, status)
    end)
  end

  local shapes = [[local rc = require "rc"
local function tool(name, run, output) return rc.tool { name = name, description = "A result.", run = run, output = output } end
local URLS = { { "urls", "array", "Where", items = "string" } }
return {
  tool("list", function() return { 10, 20 } end), tool("empty", function() return rc.json.array() end),
  tool("number", function() return 7 end), tool("no", function() return false end),
  tool("declared", function() return { 1, 2 } end,
    { type = "array", items = { ["$ref"] = "#/$defs/n" }, ["$defs"] = { n = { type = "integer" } } }),
  tool("closed", function() return { urls = {} } end, URLS), tool("broken", function() return { urls = "u" } end, URLS),
  tool("odd", function() return { urls = { "u" }, f = print } end),
}]]

  for _, mode in ipairs { "v1", "legacy", "pin" } do
    it("gets results of every shape: " .. mode, function()
      local place <close> = folder.new()
      place:write("shapes.lua", shapes)
      local status, out, err = run {
        HERE .. "/shapes.mjs", mode, child.program, "serve", "--simulate", "--recipes", place.path,
      }
      assert.equal("ok\n", out, err)
      assert.equal(0, status)
    end)
  end

  for _, era in ipairs { "legacy", "modern", "auto" } do
    local function inspect(...)
      local args = { INSPECTOR, "--cli", table.unpack(server) }
      for _, arg in ipairs { "--protocol-era", era, "--format", "json", ... } do args[#args + 1] = arg end
      return run(args)
    end

    it("the Inspector finds nothing to complain about in the tools, era " .. era, function()
      local status, out, err = inspect("--method", "tools/list", "--strict")
      assert.equal(0, status, out .. err)
      assert.equal(10, #json.decode(out).result.tools)
    end)

    it("the Inspector calls a tool, era " .. era, function()
      local status, out, err = inspect("--method", "tools/call", "--tool-name", "list_deployments")
      assert.equal(0, status, out .. err)
      assert.equal(3, #json.decode(out).result.structuredContent.deployments)
    end)
  end
end)
