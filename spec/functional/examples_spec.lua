local child = require "spec.support.child"
local json = require "core.json"
local newcomer = require "spec.support.newcomer"
local temporary = require "spec.support.folder"

local SIMULATED = { "--examples", "--simulate", "--speed", "20000" }

local function run(script, ...)
  local args = { "run", script, ... }
  table.move(SIMULATED, 1, #SIMULATED, #args + 1, args)
  local status, out, err = child.run(args)
  return status, json.decode(out), err
end

describe("recipes/scripts/smoke_test.lua", function()
  it("passes every deployment that works", function()
    local status, data, err = run "recipes/scripts/smoke_test.lua"
    assert.equal(0, status, err)
    assert.equal(3, #data.deployments)
    for _, name in ipairs { "text%-to%-image", "image%-to%-image", "upscale" } do
      assert.matches("PASS " .. name .. ": %d+ s", err)
    end
  end)

  it("ends with 1 and says which one does not", function()
    local status, data, err = run("recipes/scripts/smoke_test.lua", "upscale", "no-such")
    assert.equal(1, status)
    assert.matches("PASS upscale", err)
    assert.matches("FAIL no%-such: there is no deployment 'no%-such'", err)
    assert.is_false(data.ok)
    assert.matches("1 of 2 deployments failed", data.error)
  end)
end)

describe("recipes/scripts/nightly_batch.lua", function()
  -- Runs it on a table, with a folder of its own to read from and to save into.
  local function night(rows)
    local folder = temporary.new()
    local prompts = folder:write("prompts.csv", rows)
    local config = folder:write("config.lua", ("return { file_folders = { %q }, output_folder = %q }\n"):format(
      folder.path, folder.path .. "/saved"))
    local status, data, err = run("recipes/scripts/nightly_batch.lua", "text-to-image", prompts, "--config", config)
    return folder, status, data, err
  end

  it("runs each row and saves what it made", function()
    local folder <close>, status, data, err = night "prompt,seed\na fox,1\nan owl,2\n"
    assert.equal(0, status, err)
    assert.equal(2, data.rows)
    assert.equal(2, #data.files)
    for _, file in ipairs(data.files) do
      assert.equal(folder.path .. "/saved", file.path:match("^(.*)/"))
      assert.equal(file.size, assert(require("core.fs").stat(file.path)).size)
    end
    assert.matches("row 2: http", err)
    assert.matches("row 3: http", err)
  end)

  it("sends nothing, and ends with 1, when a row is wrong", function()
    local folder <close>, status, data = night "prompt,seed\na fox,many\n"
    assert.equal(1, status)
    assert.matches("row 2: 'seed' must be a number", data.error)
    assert.is_nil(require("core.fs").stat(folder.path .. "/saved"))
  end)

  it("says how it is called", function()
    local status, data = run "recipes/scripts/nightly_batch.lua"
    assert.equal(1, status)
    assert.matches("usage: ", data.error)
  end)
end)

describe("a dry run of the examples", function()
  local function plan(...)
    local args = { "run", "--dry-run", "--examples", "--simulate", "--speed", "1", ... }
    local status, out, err = child.run(args)
    assert.equal(0, status, err)
    return json.decode(out)
  end

  local function names(data)
    local list = {}
    for i, call in ipairs(data.calls) do list[i] = call.tool end
    return list
  end

  it("does not sit through a session, and shows that it would scale back", function()
    local data = plan("warm_up_and_scale_back", "deployment_id=text-to-image", "minutes=45")
    assert.same({ "update_deployment", "update_deployment" }, names(data))
    assert.equal(1, data.calls[1].input.min_instances)
    assert.equal(0, data.calls[2].input.min_instances)
  end)

  it("lists what would change something, and not what only reads", function()
    local data = plan("upscale_then_free_vram", "deployment_id=upscale", "image=https://example.com/a.png")
    assert.same({ "submit_request", "call_instance_proxy" }, names(data))
    assert.equal("api/free", data.calls[2].input.comfy_backend_path)
  end)
end)

describe("an example's name without --examples", function()
  local person

  setup(function() person = newcomer.new() end)
  teardown(function() person:close() end)

  it("is known: the message says what to add", function()
    for _, command in ipairs {
      "run generate_image prompt=x --simulate", "run generate_image.lua prompt=x --simulate", "run nightly_batch.lua a b.csv --simulate",
      "run nightly_batch --simulate", "help compare_seeds",
    } do
      local status, _, err = person:type("rcmcp " .. command)
      assert.is_true(status == 64 or status == 65, command)
      assert.matches("it is one of the examples: add --examples", err, 1, true, command)
    end
  end)

  it("runs with it, also of a script and without .lua", function()
    for _, name in ipairs { "nightly_batch", "nightly_batch.lua" } do
      local status, out = person:type("rcmcp run " .. name .. " --examples --simulate")
      assert.equal(1, status)
      assert.matches("usage: ", json.decode(out).error, 1, true)
    end
  end)

  it("leads from call to run, and from a file that is not there to the one that is", function()
    local _, _, err = person:type "rcmcp call generate_image --simulate"
    assert.matches("it is a recipe: rcmcp run generate_image", err, 1, true)
    person:save(".config/rcmcp/recipes/mine.lua", "return nil")
    for _, command in ipairs { "check mine.lua", "run mine.lua --simulate" } do
      _, _, err = person:type("rcmcp " .. command)
      assert.matches("; there is " .. person.files.path .. "/home/.config/rcmcp/recipes/mine.lua", err, 1, true)
    end
    _, _, err = person:type "rcmcp check generate_image.lua"
    assert.matches("; the example is /.*/generate_image.lua", err)
  end)

  it("is nothing where the file of a folder is meant", function()
    local _, _, err = person:type "rcmcp run ./generate_image.lua --simulate"
    assert.is_nil(err:find("examples", 1, true))
  end)
end)
