local folder = require "spec.support.folder"
local lint = require "lib.workbench.lint"

local function rules(text, path)
  local list = {}
  for i, finding in ipairs((lint.check_text(text, path or "probe.lua"))) do
    list[i] = ("%s:%s:%s"):format(finding.level, finding.rule, finding.line or "")
  end
  return list
end

local function messages(text)
  local list = {}
  for i, finding in ipairs((lint.check_text(text, "probe.lua"))) do list[i] = finding.message end
  return table.concat(list, "\n")
end

local function recipe(fields, run)
  return ([[
local rc = require "rc"
return rc.tool { name = "probe", description = "A probe.", %s
  run = %s }]]):format(fields, run)
end

describe("lint of recipes", function()
  it("has nothing to say about a good recipe", function()
    assert.same({}, rules(recipe([[input = { { "n", "integer", "N" } }, uses = { "list_deployments" },]],
      "function(input) return { list = rc.tools.list_deployments {}, n = input.n } end")))
  end)

  it("says where the syntax is wrong", function()
    assert.same({ "error:syntax:2" }, rules "local a = 1\nlocal = 2")
  end)

  it("says what was saved under .lua by mistake", function()
    assert.matches("web page", messages "<!DOCTYPE html>\n<html></html>", 1, true)
  end)

  it("passes on what loading says", function()
    assert.matches("unknown field 'descripton', did you mean 'description'?", messages
      'local rc = require "rc"\nreturn rc.tool { name = "probe", descripton = "x" }', 1, true)
  end)

  it("finds names that are not there, once each, and suggests the one that was meant", function()
    local text = recipe("", "function() tostrin(1) tostrin(2) x = 3 return io.open(os.getenv 'HOME') end")
    assert.same({ "error:global-write:3", "error:unknown-global:3", "error:unknown-member:3", "error:unknown-global:3" },
      (function() local list = rules(text) table.sort(list) return { list[1], list[2], list[4], list[3] } end)())
    assert.matches("unknown name 'tostrin', did you mean 'tostring'?", messages(text), 1, true)
    assert.matches("rc.file reads a local file", messages(text), 1, true)
  end)

  it("knows scopes: locals, parameters, loops, labels, methods", function()
    assert.same({}, rules(recipe("", [[function()
      local t = {}
      function t.f(a, ...) local b <const> = a return b, ... end
      function t:g() return self.f(1) end
      for i = 1, 3 do if i == 2 then goto continue end t[i] = i ::continue:: end
      for k, v in pairs(t) do t.last = k, v end
      repeat local done = true until done
      while next(t) == nil do break end
      local function fact(n) return n < 2 and 1 or n * fact(n - 1) end
      return { s = ("x"):rep(3) .. [==[ long ]==] .. 'a\'b' .. "\65", h = 0xFFp1 + 1e-3 // 2 ~ 5, f = fact(3), n = -t.last }
    end]])))
  end)

  it("finds members that rc has not", function()
    assert.matches("rc has no 'sumbit', did you mean 'submit'?", messages(recipe("", "function() return rc.sumbit {} end")), 1, true)
  end)

  it("finds tools that are called but not in 'uses', and the other way round", function()
    local text = recipe([[uses = { "delete_deployment" },]], [[function()
      local tools = rc.tools
      local job = rc.submit { deployment_id = "x" }
      job:proxy("api/free")
      return tools.list_deployments {}
    end]])
    assert.same({ "warning:uses-unused:2", "error:uses-missing:5", "error:uses-missing:6", "error:uses-missing:7" }, rules(text))
  end)

  it("does not guess where names are made at run time", function()
    assert.same({}, rules(recipe([[uses = { "list_deployments" },]], "function() return rc.tools['list_' .. 'deployments'] {} end")))
  end)

  it("finds parameters that are never read, and ones read that are not there", function()
    local text = recipe([[input = { { "one", "string", "1" }, { "two", "string", "2" } },]],
      "function(input) return { input.one, input.thre } end")
    assert.same({ "warning:unread-parameter:2", "error:unknown-parameter:3" }, rules(text))
    assert.same({}, rules(recipe([[input = { { "one", "string", "1" } },]], "function(input) return input end")))
    assert.same({ "warning:unread-parameter:2" }, rules(recipe([[input = { { "one", "string", "1" } },]], "function() return {} end")))
  end)

  it("follows a function that stands apart from its declaration", function()
    assert.same({ "warning:unread-parameter:3" }, rules [[
local rc = require "rc"
local function run(arguments) return { arguments.one } end
return rc.tool { name = "probe", description = "P.", input = { { "one", "string", "1" }, { "two", "string", "2" } }, run = run }]])
  end)

  it("finds schemas that known clients refuse", function()
    local text = recipe([[input = { type = "object", anyOf = { { type = "object" } }, properties = {
      list = { type = "array" }, ["a b"] = { type = "string" } } },]], "function(input) return input end")
    assert.same({ "warning:schema-items:2", "warning:schema-name:2", "warning:schema-root:2" },
      (function() local list = rules(text) table.sort(list) return list end)())
  end)

  it("takes a file that declares nothing for a script, which has arg", function()
    local findings, is_script = lint.check_text('local rc = require "rc"\nreturn { rc.tools.list_deployments {}, arg[1] }', "s.lua")
    assert.same({}, findings)
    assert.is_true(is_script)
  end)

  local function found(files, text)
    local list = {}
    for i, finding in ipairs(assert(lint.check_file(files:write("probe.lua", text)))) do
      list[i] = ("%s:%d %s"):format(finding.file:match "[^/]+$", finding.line, finding.rule)
    end
    table.sort(list)
    return list
  end

  it("follows files that are required", function()
    local files <close> = require("spec.support.folder").new()
    files:write("helper.lua", 'local rc = require "rc"\nreturn function() return rc.tools.list_deployments(unknwn) end')
    files:write("broken.lua", "return {\n\n")
    local expected = {
      "broken.lua:3 syntax", "helper.lua:2 unknown-global", "helper.lua:2 uses-missing", "probe.lua:3 missing-module",
    }
    assert.same(expected, found(files, [[
local rc = require "rc"
local helper = require "helper"
return rc.tool { name = "probe", description = "P.", run = function() return { helper(), require "nowhere", require "broken" } end }]]))
  end)

  it("reads no pipe that is required", function()
    local place <close> = folder.new()
    place:pipe "helper.lua"
    local path = place:write("poster.lua", 'require "helper" return 1')
    local findings = lint.check_file(path)
    assert.matches("require 'helper': .*/helper.lua is a device, not a file", findings[1].message)
  end)

  it("does not say that a recipe calls all that a module of lib/ has", function()
    local files <close> = require("spec.support.folder").new()
    files:write("lib/shared.lua", [[
local rc = require "rc"
return { list = function() return rc.tools.list_deployments {} end, delete = function(id) return rc.tools.delete_deployment(id) end }]])
    assert.same({}, found(files, [[
local rc = require "rc"
local shared = require "shared"
return rc.tool { name = "probe", description = "P.", uses = { "list_deployments" }, run = function() return shared.list() end }]]))
  end)

  it("scans all Lua of this project", function()
    local scan = require "lib.recipes.source.scan"
    local pipe = assert(io.popen "find lua spec -name '*.lua'")
    local count = 0
    for path in pipe:lines() do
      local file = assert(io.open(path, "rb"))
      local text = file:read "a"
      file:close()
      assert.is_table(scan.scan(text), path)
      count = count + 1
    end
    pipe:close()
    assert.is_true(count > 100)
  end)
end)
