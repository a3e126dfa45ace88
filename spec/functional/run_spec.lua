-- rcmcp run: recipes and scripts from the command line, on the simulator.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local sim = require "lib.sim.server"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"

local GENERATE = [[
local rc = require "rc"
return rc.tool {
  name = "generate", description = "Generates.",
  input = { { "deployment_id", "string", "Deployment" }, { "count", "integer", "How many", default = 1, minimum = 1 } },
  uses = { "submit_request", "call_instance_proxy" },
  run = function(input)
    print("generating", input.count)
    local job = rc.submit { deployment_id = input.deployment_id, overrides = { ["6"] = { inputs = { text = "a fox" } } } }
    local _ <close> = rc.finally(function() job:proxy("api/free", { unload_models = true }) end)
    return { images = job:wait().output_urls, count = input.count }
  end,
}
]]

local SCRIPT = [[
#!/usr/bin/env rcmcp
local rc = require "rc"
local ctx = ...
local list = rc.tools.list_deployments {}
return { deployments = #list.deployments, words = { arg[1], arg[2] }, name = arg[0], simulated = ctx.simulated }
]]

describe("rcmcp run", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  local function run(...)
    return child.run { "run", "--simulate", "--speed", "600", ... }
  end

  it("runs a recipe: arguments by its parameters, data on standard output, print on standard error", function()
    local path = files:write("generate.lua", GENERATE)
    local status, out, err = run(path, "deployment_id=" .. ID, "count=3")
    assert.equal(0, status)
    local data = json.decode(out)
    assert.equal(3, data.count)
    assert.matches("^http", data.images[1].url)
    assert.is_true(data.simulated)
    assert.matches("generate: generating\t3", err, 1, true)
    assert.equal(1, select(2, out:gsub("\n", "")))
  end)

  it("says nothing on standard error with --quiet, and takes arguments as JSON", function()
    local path = files:write("generate.lua", GENERATE)
    local status, out, err = run(path, "--quiet", "--args", json.encode { deployment_id = ID, count = 2 })
    -- At 600 times the speed an instance may be gone before a busy machine frees its memory, which is logged.
    local said = err:gsub("^rcmcp: warning: proxy call [^\n]* is not running, %d+ ms\n$", "")
    assert.same({ 0, "" }, { status, said })
    assert.equal(2, json.decode(out).count)
  end)

  it("runs a recipe of the recipe folders by its name", function()
    files:write("generate.lua", GENERATE)
    local status, out = run("generate", "--recipes", files.path, "deployment_id=" .. ID)
    assert.equal(0, status)
    assert.equal(1, json.decode(out).count)
    local _, _, err = run("generat", "--recipes", files.path)
    assert.matches("did you mean 'generate'?", err, 1, true)
  end)

  it("runs a script, which finds its words in arg", function()
    local path = files:write("count.lua", SCRIPT)
    local status, out = run(path, "one", "two=2")
    assert.equal(0, status)
    local data = json.decode(out)
    assert.equal(3, data.deployments)
    assert.same({ "one", "two=2" }, { data.words[1], data.words[2] })
    assert.equal("count.lua", data.name)
    assert.is_true(data.simulated)
    assert.equal(64, (run(path, "--args", "{}")))
  end)

  it("lets a script call a recipe of the recipe folders", function()
    files:write("recipes/double.lua", [[
      local rc = require "rc"
      return rc.tool { name = "double", description = "Doubles.", input = { { "n", "integer", "Number" } },
        run = function(input) return { twice = 2 * input.n } end }]])
    local path = files:write("script.lua", 'local rc = require "rc"\nreturn rc.tools.double { n = 21 }')
    local status, out = run(path, "--recipes", files.path .. "/recipes")
    assert.equal(0, status)
    assert.equal(42, json.decode(out).twice)
  end)

  it("says before a script runs which recipe is not there", function()
    local path = files:write("script.lua", 'local rc = require "rc"\nprint "begun"\nreturn rc.tools.double { n = 21 }')
    local status, out, err = run(path)
    assert.same({ 65, "" }, { status, out })
    assert.matches("script.lua:3: there is no tool or recipe 'double'; --recipes and --examples name further folders", err, 1, true)
    assert.is_nil(err:find "begun")
  end)

  it("takes recipes of the same folder that the recipe uses", function()
    files:write("double.lua", [[
      local rc = require "rc"
      return rc.tool { name = "double", description = "Doubles.", input = { { "n", "integer", "Number" } },
        run = function(input) return { twice = 2 * input.n } end }]])
    local path = files:write("four.lua", [[
      local rc = require "rc"
      return rc.tool { name = "four", description = "Four times.", input = { { "n", "integer", "Number" } }, uses = { "double" },
        run = function(input) return { result = rc.tools.double { n = rc.tools.double { n = input.n }.twice }.twice } end }]])
    local status, out = run(path, "n=3")
    assert.equal(0, status)
    assert.equal(12, json.decode(out).result)
  end)

  it("asks which tool is meant where a file declares several", function()
    local path = files:write("two.lua", [[
      local rc = require "rc"
      local function tool(name) return rc.tool { name = name, description = "D.", run = function() return { name = name } end } end
      return { tool "one", tool "two" }]])
    local status, _, err = run(path)
    assert.equal(64, status)
    assert.matches("--tool: one, two", err, 1, true)
    status = run(path, "--tool", "three")
    assert.equal(64, status)
    local _, out = run(path, "--tool", "two")
    assert.equal("two", json.decode(out).name)
  end)

  it("has the exit statuses of call", function()
    local path = files:write("generate.lua", GENERATE)
    local status, out, err = run(path, "deployment_id=" .. ID, "coun=3")
    assert.equal(65, status)
    assert.matches("did you mean 'count'?", err, 1, true)
    assert.is_false(json.decode(out).ok)
    status, out, err = run(path, "deployment_id=none")
    assert.equal(1, status)
    assert.equal(404, json.decode(out).status_code)
    assert.matches("generate.lua:8", err, 1, true)
    assert.equal(65, (run(files.path .. "/missing.lua")))
    assert.equal(64, (run "no_such_recipe"))
    status, out, err = run(files:write("bad.lua", 'local rc = require "rc"\nreturn rc.tool { name = "bad" }'))
    assert.same({ 65, "" }, { status, out })
    assert.matches("bad.lua:2: field 'description' is missing", err, 1, true)
    assert.equal(77, (child.run { "run", path, "deployment_id=" .. ID }))
  end)

  it("ends with 75 where a wait's time is over: the job goes on", function()
    local path = files:write("short.lua", [[
      local rc = require "rc"
      return rc.tool { name = "short", description = "S.", input = { { "deployment_id", "string", "D" } }, uses = { "submit_request" },
        run = function(input) return rc.submit { deployment_id = input.deployment_id }:wait { timeout = 1 } end }]])
    local status, out = run(path, "deployment_id=" .. ID)
    assert.equal(75, status)
    assert.is_string(json.decode(out).request_id)
  end)

  it("gives a run a day where nothing else is set", function()
    local path = files:write("late.lua", [[
      local rc = require "rc"
      return rc.tool { name = "late", description = "L.", run = function() rc.sleep(2 * 3600) return { slept = true } end }]])
    local status, out = child.run { "run", path, "--quiet", "--simulate", "--speed", "100000" }
    assert.same({ 0, true }, { status, json.decode(out).slept })
    status, out = child.run { "run", path, "--quiet", "--simulate", "--speed", "100000", "--recipe-seconds", "3600" }
    assert.equal(1, status)
    assert.matches("3600", json.decode(out).error, 1, true)
  end)

  it("prints an answer that is a text as JSON, too", function()
    local path = files:write("greet.lua", 'local rc = require "rc"\n'
      .. 'return rc.tool { name = "greet", description = "Greets.", run = function() return "good day" end }')
    local status, out = child.run { "run", path, "--quiet" }
    assert.equal(0, status)
    assert.same({ ok = true, text = "good day" }, json.decode(out))
  end)

  describe("--dry-run", function()
    it("sends nothing that changes or costs something, and prints what it would have sent", function()
      local path = files:write("generate.lua", GENERATE)
      local simulator <close> = assert(sim.start { key = "some-key-of-the-spec" })
      local status, out, err = child.run({ "run", path, "--dry-run", "deployment_id=" .. ID },
        { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
      assert.equal(0, status)
      for _, request in ipairs(simulator:requests()) do assert.equal("GET", request.method) end
      local plan = json.decode(out)
      assert.is_true(plan.dry_run)
      assert.equal("submit_request", plan.calls[1].tool)
      assert.equal("costs", plan.calls[1].risk)
      assert.equal("a fox", plan.calls[1].input.overrides["6"].inputs.text)
      assert.equal("call_instance_proxy", plan.calls[2].tool)
      assert.equal(2, #plan.calls)
      assert.equal("AMPERE_48", plan.estimates[1].hardware)
      assert.equal(2.5, plan.estimates[1].dollars_per_hour)
      assert.equal(1, plan.result.count)
      assert.matches("2 calls would have been made", err, 1, true)
    end)
  end)

  it("shows overrides in the shape that --dry-run would have sent them in", function()
    for _, given in ipairs { "{ ['6.text'] = 'x' }", "{ [6] = { text = 'x' } }", "{ [6] = { inputs = { text = 'x' } } }" } do
      local path = files:write("shapes.lua", [[local rc = require "rc"
        return rc.tool { name = "shapes", description = "S.", uses = { "submit_request" }, run = function()
          return rc.submit { deployment_id = "]] .. ID .. [[", overrides = ]] .. given .. [[ }:wait() end }]])
      local status, out, err = child.run { "run", path, "--dry-run", "--simulate" }
      assert.equal(0, status, err)
      assert.same({ deployment_id = ID, overrides = { ["6"] = { inputs = { text = "x" } } } }, json.decode(out).calls[1].input)
    end
  end)

  describe("--dry-run of what cannot work", function()
    for name, case in pairs {
      ["a deployment that is not there"] = { "a1b2c3d4-0000-4000-8000-00000000dead", "6", "text", "Deployment not found" },
      ["a node that is not there"] = { ID, "666", "text", "Node '666' does not exist in the workflow" },
      ["a number out of its range"] = { ID, "3", "steps", "3.inputs.steps: Value 0 smaller than min of 1", "0" },
      ["a word that is none of the choices"] = { ID, "3", "sampler_name", "Value not in list: sampler_name: 'eular' not in", '"eular"' },
      ["an input that is not there"] = { ID, "6", "txet", "Input 'txet' does not exist on node 6 (CLIPTextEncode), did you mean 'text'?" },
    } do
      it("is not ok, ends as the run would, and names " .. name, function()
        local path = files:write("asks.lua", ([[
          local rc = require "rc"
          return rc.tool { name = "asks", description = "A.", uses = { "submit_request" }, run = function()
            return rc.submit({ deployment_id = "%s", overrides = { ["%s"] = { inputs = { %s = %s } } } }):wait().output_urls
          end }]]):format(case[1], case[2], case[3], case[5] or '"x"'))
        local status, out, err = child.run { "run", path, "--dry-run", "--simulate" }
        local real = child.run { "run", path, "--simulate", "--quiet" }
        assert.equal(real, status)
        local plan = json.decode(out)
        assert.is_false(plan.ok)
        assert.is_true(plan.dry_run)
        assert.matches(case[4], plan.error, 1, true)
        assert.equal("refused", plan.calls[1].answer)
        assert.matches(case[4], err, 1, true)
      end)
    end
  end)

  describe("interrupted", function()
    it("runs the clean-ups, cancels the remote job, and ends with 130", function()
      local path = files:write("generate.lua", [[
        local rc = require "rc"
        return rc.tool { name = "generate", description = "G.", uses = { "submit_request", "cancel_request" },
          input = { { "deployment_id", "string", "D" } },
          run = function(input)
            local job = rc.submit { deployment_id = input.deployment_id }
            rc.finally(function() print("cleaned up", job:cancel()) end)
            return job:wait()
          end }]])
      local simulator <close> = assert(sim.start { key = "some-key-of-the-spec" })
      local waiting <close> = child.rcmcp({ "run", path, "deployment_id=" .. ID },
        { env = { "RUNCOMFY_API_KEY=some-key-of-the-spec", "RUNCOMFY_SERVERLESS_BASE_URL=" .. simulator.base_url } })
      waiting:wait_until(function() return simulator.received >= 2 end) -- the submit and a poll
      waiting.handle:kill "INT"
      assert.equal(130, (waiting:wait()))
      assert.equal("", waiting.out)
      assert.matches("cleaned up\t", waiting.err, 1, true)
      assert.matches("rcmcp run: interrupted", waiting.err, 1, true)
      assert.is_true(#simulator:requests { method = "POST", path = "/cancel" } >= 1)
    end)
  end)
end)
