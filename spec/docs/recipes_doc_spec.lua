local child = require "spec.support.child"
local fs = require "core.fs"
local json = require "core.json"
local page = require "spec.support.page"
local recipes = require "spec.support.recipes"
local temporary = require "spec.support.folder"

-- The Lua blocks of a page that have a mark in a comment before them.
local function blocks(path)
  local list = {}
  for _, step in ipairs(page.steps(page.read(path))) do
    if step.kind then list[#list + 1] = step end
  end
  return list
end

-- The name of the first tool that a recipe declares; nil where it declares none.
local function tool_of(text)
  return text:match("rc%.tool%s*{%s*name = \"([%w_]+)\"")
end

local function run_recipe(block)
  local folder <close> = temporary.new()
  folder:write("block.lua", block.text)
  recipes.with({ folder = folder.path }, function(bench)
    for _, report in ipairs(bench.catalog:report()) do
      assert.is_nil(report.error, report.error)
      assert.equal("loaded", report.state)
    end
    local answer = bench:call(assert(tool_of(block.text)), json.decode(block.given))
    assert.is_true(answer.ok, answer.text)
    if tool_of(block.text) == "start_picture" then
      require("lib.async.clock").sleep(600)
      local collected = bench:call("collect_picture", { deployment_id = answer.data.deployment_id, request_id = answer.data.request_id })
      assert.equal(1, #collected.data.urls)
    end
  end)
end

local function run_script(block)
  local folder <close> = temporary.new()
  local path = folder:write("block.lua", block.text)
  local args = { "run", path, "--simulate" }
  for word in block.given:gmatch("%S+") do args[#args + 1] = word end
  local status, out, err = child.run(args)
  assert.equal(0, status, err)
  assert.is_table(json.decode(out))
end

-- A spec of a recipe that stands before it on the page.
local function run_spec(block, list)
  local folder <close> = temporary.new()
  for _, other in ipairs(list) do
    if tool_of(other.text) == block.given then folder:write(block.given .. ".lua", other.text) end
  end
  folder:write(block.given .. "_spec.lua", block.text)
  local status, out, err = child.run { "test", folder.path }
  assert.equal(0, status, out .. err)
  assert.matches("2 successes / 0 failures", out)
end

-- The answers of a server that has the block as its recipe, by the id of the request.
local function ask(block, requests)
  local folder <close> = temporary.new()
  folder:write("block.lua", block.text)
  local server <close> = child.rcmcp { "serve", "--simulate", "--recipes", folder.path }
  local function send(message)
    message.jsonrpc = "2.0"
    server:write(json.encode(message) .. "\n")
  end
  send { id = 0, method = "initialize", params = {
    protocolVersion = "2025-11-25", capabilities = {}, clientInfo = { name = "spec", version = "1" } } }
  send { method = "notifications/initialized" }
  for id, request in ipairs(requests) do send { id = id, method = request[1], params = request[2] } end
  local answers, open = {}, #requests + 1
  while open > 0 do
    local message = json.decode(server:line())
    if message.id then answers[message.id], open = message.result or message.error, open - 1 end
  end
  return answers
end

local function run_things(block)
  local answers = ask(block, {
    { "prompts/get", { name = "art_direction", arguments = { subject = "foxes" } } },
    { "resources/read", { uri = "recipe://deployments" } },
    { "resources/read", { uri = "recipe://deployments/" .. recipes.UPSCALE } },
  })
  assert.matches("a picture of foxes", answers[1].messages[1].content.text)
  assert.equal(3, #json.decode(answers[2].contents[1].text).deployments)
  assert.equal("upscale", json.decode(answers[3].contents[1].text).deployment.name)
end

local run_block = { recipe = run_recipe, script = run_script, spec = run_spec, things = run_things }

for path, least in pairs { ["README.md"] = 1, ["docs/recipes.md"] = 23 } do
  describe(path, function()
    local list = blocks(path)

    it("has the recipes that it should have", function()
      assert.is_true(#list >= least, "found only " .. #list)
    end)

    for _, block in ipairs(list) do
      it(("line %d: %s works"):format(block.line, tool_of(block.text) or "the " .. block.kind), function()
        assert(run_block[block.kind], "unknown mark")(block, list)
      end)
    end
  end)
end

describe("docs/recipes.md", function()
  it("names every shipped recipe", function()
    local text = page.read("docs/recipes.md")
    for _, name in ipairs(fs.list("recipes")) do
      local recipe = name:match("^(.+)%.lua$")
      if recipe then assert.is_truthy(text:find("`" .. recipe .. "`", 1, true), recipe .. " is not there") end
    end
  end)
end)
