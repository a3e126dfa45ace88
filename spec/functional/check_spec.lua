-- rcmcp check as a person meets it.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"

local GOOD = 'local rc = require "rc"\nreturn rc.tool { name = "good", description = "G.", run = function() return {} end }\n'
local BAD = 'local rc = require "rc"\nreturn rc.tool { name = "bad", description = "B.", run = function() return nope end }\n'

describe("rcmcp check", function()
  local files

  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  it("ends with 0 where there are no errors", function()
    local status, out, err = child.run { "check", files:write("good.lua", GOOD) }
    assert.same({ 0, "", "1 file: 0 errors, 0 warnings\n" }, { status, out, err })
  end)

  it("prints file, line and rule of each finding in a folder, and ends with 1", function()
    files:write("good.lua", GOOD)
    local path = files:write("bad.lua", BAD)
    local status, out, err = child.run { "check", files.path }
    assert.equal(1, status)
    assert.equal(path .. ":2: error: unknown name 'nope' [unknown-global]\n", out)
    assert.equal("2 files: 1 error, 0 warnings\n", err)
  end)

  it("prints JSON", function()
    local status, out = child.run { "check", "--json", files:write("bad.lua", BAD) }
    assert.equal(1, status)
    local report = json.decode(out)
    assert.is_false(report.ok)
    assert.equal(1, report.errors)
    assert.equal("unknown-global", report.findings[1].rule)
    assert.equal(2, report.findings[1].line)
  end)

  it("prints JSON of names that are no UTF-8, as recipes and doctor do", function()
    files:write("caf\xE9.lua", "x =")
    local _, out = child.run { "check", "--json", files.path }
    assert.matches("/caf\u{FFFD}.lua", json.decode(out).findings[1].file, 1, true)
    _, out = child.run { "recipes", "--json", "--recipes", files.path }
    assert.equal("caf\u{FFFD}", json.decode(out).recipes[1].name)
    _, out = child.run { "doctor", "--json", "--simulate", "--recipes", files.path }
    assert.is_table(json.decode(out), out)
  end)

  it("takes what lies in a recipe folder for recipes: each must declare something", function()
    files:write("scripts.lua", 'local rc = require "rc"\nreturn #arg\n')
    files:write("forgotten.lua", 'local rc = require "rc"\n')
    files:write("nothing.lua", "return {}\n")
    files:write("comment.lua", "-- later\n")
    files:write("endless.lua", "while true do end\n")
    local status, out = child.run { "check", "--recipes", files.path }
    assert.equal(1, status)
    for _, name in ipairs { "scripts", "forgotten", "nothing", "comment", "endless" } do
      assert.matches(files.path .. "/" .. name .. ".lua", out, 1, true)
    end
    for _, place in ipairs { files.path, files.path .. "/forgotten.lua" } do
      status, out = child.run { "check", "--recipes", files.path, place }
      assert.equal(1, status)
      assert.matches("forgotten.lua: error: what the file returns must be rc.tool { … }", out, 1, true)
    end
    assert.equal(0, child.run { "check", files.path .. "/scripts.lua" })
  end)

  it("finds a file without code anywhere", function()
    for name, text in pairs { ["empty.lua"] = "", ["blank.lua"] = " \n\n", ["comment.lua"] = "-- later\n--[[ much\nlater ]]\n" } do
      local path = files:write(name, text)
      local status, out = child.run { "check", path }
      assert.same({ 1, path .. ": error: the file holds no code [empty]\n" }, { status, out })
    end
  end)

  it("gives the line of a wrong name in uses, and of a parameter that is none", function()
    local path = files:write("lines.lua", [[
local rc = require "rc"
return rc.tool {
  name = "lines", description = "L.",
  input = { { "prompt", "string", "What it shows" } },
  uses = {
    "get_deployment",
    "submit_requst",
  },
  run = function(input)
    rc.tools.get_deployment { deployment_id = input.prompt }
    rc.tools.submit_requst {}
    return {}
  end,
}
]])
    local _, out = child.run { "check", path }
    assert.equal(path .. ":7: error: field 'uses': there is no tool 'submit_requst', did you mean 'submit_request'? [link]\n", out)
    path = files:write("lines.lua", [[
local rc = require "rc"
return rc.tool {
  name = "lines", description = "L.",
  input = { { "prompt", "string", "What it shows" } },
  run = function(input)
    local prompt = input.prompt
    return { prompt, input.promt }
  end,
}
]])
    _, out = child.run { "check", path }
    assert.equal(path .. ":7: error: tool 'lines' reads input.promt, which is no parameter, did you mean 'prompt'? [unknown-parameter]\n",
      out)
  end)

  it("finds nothing in the shipped recipes and scripts", function()
    local status, out, err = child.run { "check", "recipes", "recipes/scripts" }
    assert.same({ 0, "" }, { status, out })
    assert.matches("^%d+ files: 0 errors, 0 warnings\n$", err)
  end)

  it("checks the recipe folders where nothing is named", function()
    files:write("rcmcp/recipes/bad.lua", BAD)
    local status = child.run({ "check" }, { env = { "XDG_CONFIG_HOME=" .. files.path } })
    assert.equal(1, status)
  end)

  it("knows the parameters of tools and recipes, and the key in use, which it does not show", function()
    local key = "rc-live-0123456789abcdef"
    files:write("fields.lua", 'local rc = require "rc"\nreturn rc.tool { name = "fields", description = "F.", '
      .. 'uses = { "get_deployment" },\nrun = function()\nreturn rc.tools.get_deployment { deploymnt_id = "x" } end }\n')
    files:write("key.lua", "return '" .. key .. "'\n")
    files:write("quoted.lua", "return '" .. key .. "\\q'\n")
    local status, out = child.run({ "check", files.path }, { env = { "RUNCOMFY_API_KEY=" .. key } })
    assert.equal(1, status)
    assert.matches("fields.lua:4: error: rc.tools.get_deployment has no field 'deploymnt_id', did you mean 'deployment_id'?",
      out, 1, true)
    assert.matches("key.lua:1: warning: this text is the API key that is in use", out, 1, true)
    assert.matches("quoted.lua:1: error: invalid escape sequence near ''[redacted]\\q'", out, 1, true)
    assert.is_nil(out:find(key, 1, true))
  end)

  it("says of which line hints are too mild", function()
    files:write("mild.lua", 'local rc = require "rc"\nreturn rc.tool { name = "mild", description = "M.",\n'
      .. 'annotations = { readOnlyHint = true },\nrun = function() rc.download "https://x.runcomfy.net/a.png" end }\n')
    local _, out = child.run { "check", files.path }
    assert.matches("mild.lua:3: error: field 'annotations': readOnlyHint cannot be true: it calls rc.download, which saves files [link]",
      out, 1, true)
  end)

  it("finds what only shows beside the others", function()
    local text = 'local rc = require "rc"\nreturn rc.tool { name = "%s", description = "D.", uses = { "%s" }, '
      .. 'run = function() return rc.tools.%s {} end }\n'
    files:write("one.lua", text:format("one", "two", "two"))
    files:write("two.lua", text:format("two", "one", "one"))
    files:write("three.lua", text:format("three", "delete_deploiment", "delete_deploiment"))
    local status, out = child.run { "check", files.path }
    assert.equal(1, status)
    assert.matches("one.lua:2: error: field 'uses' closes a circle: one uses two uses one", out, 1, true)
    assert.matches("there is no tool 'delete_deploiment', did you mean 'delete_deployment'?", out, 1, true)
    files:write("two.lua", text:format("two", "list_deployments", "list_deployments"))
    assert.equal(0, (child.run { "check", files.path .. "/one.lua" }))
  end)

  it("says what is wrong once, on standard output, and nothing of files beside those that are checked", function()
    local path = files:write("calls.lua", 'local rc = require "rc"\nreturn rc.tool { name = "calls", description = "C.", '
      .. 'uses = { "gone" },\nrun = function() local name = "gone" return rc.tools[name] {} end }\n')
    local broken = files:write("broken.lua", "x =")
    local said = path .. ":2: error: field 'uses': there is no tool 'gone' [link]\n"
    local status, out, err = child.run { "check", "--recipes", files.path, path }
    assert.same({ 1, said, "1 file: 1 error, 0 warnings\n" }, { status, out, err })
    status, out, err = child.run { "check", "--recipes", files.path }
    assert.same({ 1, "2 files: 2 errors, 0 warnings\n" }, { status, err })
    assert.equal(broken .. ":1: error: unexpected symbol near <eof> [syntax]\n" .. said, out)
  end)

  it("says which files would not be loaded, for others may write to them", function()
    files:write("good.lua", GOOD)
    files:chmod("o+w", "good.lua")
    local status, out = child.run { "check", files.path }
    assert.equal(1, status)
    assert.matches("good.lua is writable by everyone", out, 1, true)
    status, out = child.run { "check", files.path .. "/good.lua" }
    assert.equal(1, status)
    assert.matches("run: chmod go-w " .. files.path .. "/good.lua", out, 1, true)
    assert.equal(0, (child.run({ "check", files.path .. "/good.lua" }, { env = { "RCMCP_ALLOW_WRITABLE_RECIPES=true" } })))
    files:chmod("o-w", "good.lua")
    files:chmod("o+w")
    status, out = child.run { "check", files.path }
    assert.equal(1, status)
    assert.matches("is writable by everyone", out, 1, true)
  end)

  it("refuses a place that is not there with 64", function()
    local status, _, err = child.run { "check", files.path .. "/none.lua" }
    assert.equal(64, status)
    assert.matches("cannot read", err, 1, true)
  end)
end)
