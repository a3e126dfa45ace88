-- rcmcp new and rcmcp test: from nothing to a recipe whose spec passes.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local newcomer = require "spec.support.newcomer"
local recipes = require "spec.support.recipes"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

describe("rcmcp new", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("writes a recipe that passes its spec and the checks, and runs", function()
    local place = files.path .. "/mine"
    local status, out = child.run { "new", "poster", "--dir", place }
    assert.equal(0, status)
    assert.equal(3, select(2, out:gsub("\n", "")))
    assert.same({ 0, "" }, { child.run { "check", place .. "/poster.lua" }, (select(2, child.run { "check", place })) })
    local tested, report, err = child.run { "test", "-o", "TAP", place }
    assert.equal(0, tested, report .. err)
    assert.matches("1..4", report, 1, true)
    assert.is_nil(report:find "not ok")
    local ran, result = child.run { "run", place .. "/poster.lua", "--simulate", "--speed", "600",
      "deployment_id=a1b2c3d4-0000-4000-8000-000000000001", "prompt=a fox", "seed=5" }
    assert.equal(0, ran)
    assert.equal(5, json.decode(result).seed)
  end)

  it("writes one whose lists are lists, also where there is nothing in them", function()
    child.run { "new", "poster", "--dir", files.path }
    recipes.with({ folder = files.path, sim = { cold_start = 0 } }, function(bench)
      assert(bench.sim:fault { kind = "text", status = 200, path = "/result", message = '{"status":"succeeded","outputs":{}}' })
      local answer = bench:call("poster", { deployment_id = recipes.TEXT_TO_IMAGE, prompt = "a fox", seed = 5 })
      assert.is_true(answer.ok, answer.text)
      assert.equal("[]", json.encode(answer.data.urls))
    end)
  end)

  it("tells editors where the definitions are", function()
    child.run { "new", "poster", "--dir", files.path }
    local settings = json.decode(read(files.path .. "/.luarc.json"))
    local found = io.open(settings["workspace.library"][1] .. "/rc.lua")
    assert.is_truthy(found)
    found:close()
  end)

  it("puts it where the server looks, and where nobody else may write", function()
    local env = { "XDG_CONFIG_HOME=" .. files.path }
    assert.equal(0, (child.run({ "new", "poster" }, { env = env })))
    local _, out = child.run({ "recipes", "--json" }, { env = env })
    assert.equal("loaded", json.decode(out).recipes[1].state)
  end)

  it("overwrites nothing, and keeps editor settings that are there", function()
    files:write(".luarc.json", "{}")
    assert.equal(0, (child.run { "new", "poster", "--dir", files.path }))
    assert.equal("{}", read(files.path .. "/.luarc.json"))
    local status, _, err = child.run { "new", "poster", "--dir", files.path }
    assert.equal(64, status)
    assert.matches("poster.lua is there already", err, 1, true)
  end)

  it("refuses names that no tool can have", function()
    for _, name in ipairs { "Poster", "1st", "list_deployments", "run_recipe", "a b" } do
      assert.equal(64, (child.run { "new", name, "--dir", files.path }), name)
    end
  end)
end)

describe("rcmcp test", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("ends with 1 when a spec does not pass", function()
    files:write("sum_spec.lua", 'it("adds", function() assert.equal(3, 1 + 1) end)')
    local status, out = child.run { "test", "-o", "plainTerminal", files.path }
    assert.equal(1, status)
    assert.matches("0 successes / 1 failure", out, 1, true)
  end)

  it("says how to install busted where it is not there", function()
    local status, _, err = child.run({ "test", files.path }, { env = { "LUA_PATH=/nonexistent/?.lua" } })
    assert.equal(69, status)
    assert.matches("apt install lua-busted", err, 1, true)
  end)

  it("takes no module of the working directory for busted", function()
    local status = child.run({ "test", files.path }, { env = { "LUA_PATH=./spec/support/?.lua" } })
    assert.equal(69, status)
  end)

  describe("without a place", function()
    local person

    before_each(function() person = newcomer.new() end)
    after_each(function() person:close() end)

    it("runs what new wrote, wherever it is typed", function()
      assert.equal(0, (person:type "rcmcp new poster"))
      local status, out = person:type "rcmcp test -o TAP"
      assert.equal(0, status, out)
      assert.matches("1..4", out, 1, true)
    end)

    it("runs the specs of the current folder where it has some, also in its folders", function()
      person:type "rcmcp new poster"
      person:keep("a/b/own_spec.lua", 'it("is mine", function() end)')
      person:keep(".git/other_spec.lua", 'it("is hidden", function() end)')
      local status, out = person:type "rcmcp test -o TAP"
      assert.equal(0, status, out)
      assert.matches("1..1", out, 1, true)
      assert.matches("is mine", out, 1, true)
    end)

    it("says that there is none, and what writes one", function()
      local status, _, err = person:type "rcmcp test"
      assert.equal(64, status)
      assert.matches("there is no spec (NAME_spec.lua) in the current folder or below, nor in the recipe folders", err, 1, true)
    end)
  end)

  it("refuses a folder without a spec with 64, and names it", function()
    files:write("bare/one.lua", "return 1\n")
    local status, _, err = child.run { "test", files.path .. "/bare" }
    assert.equal(64, status)
    assert.matches("there is no spec (NAME_spec.lua) in " .. files.path .. "/bare or below", err, 1, true)
  end)

  it("refuses a place that is not there with 64", function()
    assert.equal(64, (child.run { "test", files.path .. "/none" }))
  end)
end)
