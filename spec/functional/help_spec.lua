-- rcmcp help: commands, tools, recipes.
local child = require "spec.support.child"
local folder = require "spec.support.folder"

local POSTER = [[
local rc = require "rc"
return rc.tool {
  name = "poster", title = "Poster", description = "Prints a poster.",
  input = {
    { "text", "string", "What it says" }, { "size", "string", "Paper", enum = { "a4", "a3" }, default = "a4" },
    { "copies", "integer", "How many", optional = true, maximum = 9 },
  },
  uses = { "submit_request" },
  run = function(input) return { input } end,
}
]]

describe("rcmcp help", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("tells what a recipe takes, does and uses, by name and by file", function()
    local path = files:write("poster.lua", POSTER)
    local status, out = child.run { "help", "poster", "--recipes", files.path }
    assert.equal(0, status)
    for _, text in ipairs {
      "poster: Poster", "Prints a poster.", "text  string (required)", "size  string (one of a4, a3; default a4)",
      "copies  integer (9 or less)", "Uses: submit_request", "cost money", "File: " .. path, "rcmcp run " .. path .. " text=…",
    } do
      assert.matches(text, out, 1, true)
    end
    assert.equal(out, select(2, child.run { "help", path }))
  end)

  it("reads parameters from a JSON Schema, too", function()
    local path = files:write("schema.lua", [==[
      local rc = require "rc"
      return rc.tool { name = "schema", description = "S.", run = function(input) return input end, input = [[
        {"type":"object","properties":{"n":{"type":"integer","description":"A number","minimum":1}},"required":["n"]}]] }]==])
    local _, out = child.run { "help", path }
    assert.matches("n  integer (1 or more; required)", out, 1, true)
    assert.matches("A number", out, 1, true)
    local status, result = child.run { "run", path, "n=4", "--quiet" }
    assert.same({ 0, '{"n":4}\n' }, { status, result })
  end)

  it("tells what a tool takes", function()
    local status, out = child.run { "help", "delete_deployment" }
    assert.equal(0, status)
    assert.matches("rcmcp call delete_deployment deployment_id=…", out, 1, true)
  end)

  it("suggests the name that was meant, and says why a recipe cannot be loaded", function()
    local status, _, err = child.run { "help", "delete_deploiment" }
    assert.equal(64, status)
    assert.matches("did you mean 'delete_deployment'?", err, 1, true)
    files:write("broken.lua", "return {")
    status, _, err = child.run { "help", "broken", "--recipes", files.path }
    assert.equal(65, status)
    assert.matches("broken.lua:1", err, 1, true)
  end)
end)
