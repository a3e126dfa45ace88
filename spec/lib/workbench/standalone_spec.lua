local bed = require "spec.support.runcomfy"
local folder = require "spec.support.folder"
local hosts = require "lib.recipes.worker.host"
local json = require "core.json"
local rc = require "spec.support.rc"
local registry = require "lib.features.registry"
local standalone = require "lib.workbench.standalone"

local INNER = [[
local rc = require "rc"
return rc.tool { name = "inner", description = "Adds one.", input = { { "n", "integer", "N" } },
  run = function(input) return { n = input.n + 1 } end }]]

local OUTER = [[
local rc = require "rc"
return rc.tool { name = "outer", description = "Adds two.", input = { { "n", "integer", "N", default = 1 } }, uses = { "inner" },
  run = function(input) return { n = rc.tools.inner { n = rc.tools.inner { n = input.n }.n }.n } end }]]

-- Runs `fn(open, place)` in a folder with these files; `open(name, options)` opens one of them.
local function with(files, fn)
  local place <close> = folder.new()
  for name, text in pairs(files) do place:write(name, text) end
  bed.with({}, function()
    fn(function(name, options)
      options = options or {}
      options.tools = options.tools or rc.tools().list
      return standalone.open(place.path .. "/" .. name, options)
    end, place)
  end)
end

local function call(tool, arguments) return registry.call(tool, arguments or {}, bed.context()) end

local function names(list)
  local all = {}
  for i, entry in ipairs(list) do all[i] = entry.key or entry.name end
  table.sort(all)
  return table.concat(all, " ")
end

local function refused(standing, err)
  assert.is_nil(standing)
  return err.message, err.code
end

describe("workbench.standalone: a recipe", function()
  it("runs with the recipes of its folder that it uses", function()
    with({ ["outer.lua"] = OUTER, ["inner.lua"] = INNER, ["other.lua"] = "this is no Lua" }, function(open)
      local opened = assert(open "outer.lua")
      assert.same({ false, "outer" }, { opened.is_script, names(opened.tools) })
      assert.equal(5, call(opened.snapshot.find "outer", { n = 3 }).data.n)
      assert.equal(3, call(opened.snapshot.find "outer").data.n)
      assert.is_table(opened.snapshot.find "submit_request")
      assert.is_nil(opened.snapshot.find "other")
    end)
  end)

  it("finds one that is a folder, is one itself, and has a name from that", function()
    with({ ["inner/main.lua"] = INNER, ["outer/main.lua"] = OUTER, ["plain.lua"] = OUTER }, function(open)
      assert.equal(3, call(assert(open "plain.lua").snapshot.find "outer").data.n)
      local opened = assert(open "inner/main.lua")
      assert.equal("inner", opened.recipe.name)
      assert.equal(2, call(opened.snapshot.find "inner", { n = 1 }).data.n)
    end)
  end)

  it("takes what it uses from the recipe folders where its own has none", function()
    with({ ["outer.lua"] = OUTER }, function(open)
      local asked = {}
      local elsewhere = assert(registry.compile {
        name = "inner", description = "From elsewhere.", input = { { "n", "integer", "N" } },
        run = function(input) return { data = { n = input.n + 100 } } end,
      })
      local opened = assert(open("outer.lua", { find = function(name)
        table.insert(asked, name)
        return name == "inner" and elsewhere or nil
      end }))
      assert.same({ "inner" }, asked)
      assert.equal(201, call(opened.snapshot.find "outer").data.n)
    end)
  end)

  it("goes before one of the recipe folders that has the name of a file beside it", function()
    with({ ["outer.lua"] = OUTER, ["inner.lua"] = INNER }, function(open)
      assert(open("outer.lua", { find = function(name) error("asked for " .. name) end }))
    end)
  end)

  it("is refused with file and line where a tool that it uses is nowhere", function()
    with({ ["outer.lua"] = OUTER }, function(open)
      local message, code = refused(open "outer.lua")
      assert.matches("^outer.lua:2: .*inner", message)
      assert.equal("bad_recipe", code)
    end)
  end)

  it("is refused where one that it uses is broken, with the name of that", function()
    with({ ["outer.lua"] = OUTER, ["inner.lua"] = "return rc.tool {" }, function(open)
      assert.matches("^inner.lua:1: ", (refused(open "outer.lua")))
    end)
  end)

  it("is refused where it uses itself by way of another", function()
    with({ ["outer.lua"] = OUTER, ["inner.lua"] = (OUTER:gsub("inner", "\0"):gsub("outer", "inner"):gsub("\0", "outer")) }, function(open)
      assert.matches("outer.*inner", (refused(open "outer.lua")))
    end)
  end)

  it("may declare several tools, prompts and resources", function()
    with({ ["many.lua"] = [[
local rc = require "rc"
return {
  rc.tool { name = "a", description = "A.", run = function() return { a = 1 } end },
  rc.tool { name = "b", description = "B.", uses = { "a" }, run = function() return { b = rc.tools.a {}.a + 1 } end },
  rc.prompt { name = "p", description = "P.", run = function() return "text" end },
}]] }, function(open)
      local opened = assert(open "many.lua")
      assert.equal("a b", names(opened.tools))
      assert.equal(1, #opened.recipe.prompts)
      assert.equal(2, call(opened.snapshot.find "b").data.b)
    end)
  end)

  it("requires modules of its folder, and of the recipe folder's lib", function()
    local text = 'local rc = require "rc"\nlocal m = require "m"\nreturn rc.tool { name = "t", description = "T.", '
      .. "run = function() return { m = m } end }"
    with({ ["sub/t.lua"] = text, ["lib/m.lua"] = "return 7", ["beside/t.lua"] = text, ["beside/m.lua"] = "return 8" }, function(open, place)
      assert.equal(7, call(assert(open("sub/t.lua", { root = place.path })).snapshot.find "t").data.m)
      assert.equal(8, call(assert(open "beside/t.lua").snapshot.find "t").data.m)
      assert.matches("^t.lua:2: ", (refused(open "sub/t.lua")))
    end)
  end)

  it("cannot be opened where there is none, or no Lua", function()
    with({ ["broken.lua"] = "return rc.tool {\n  name = \n}", ["binary.lua"] = "\27Lua" }, function(open, place)
      assert.matches("none.lua", (refused(open "none.lua")), 1, true)
      assert.matches("^broken.lua:3: ", (refused(open "broken.lua")))
      assert.is_string((refused(open "binary.lua")))
      assert.is_string((refused(standalone.open(place.path, { tools = {} }))))
    end)
  end)
end)

describe("workbench.standalone: a script", function()
  it("is refused with the reason where no worker can be started for it", function()
    with({ ["poster.lua"] = "return arg[1]" }, function(open)
      local host <close> = hosts.new { start = function() return nil, "no processes are left" end }
      local opened = assert(open("poster.lua", { worker = host }))
      local tool, err = opened:script { "a" }
      assert.is_nil(tool)
      assert.equal("recipe 'poster': the recipe cannot run: no worker can be started for it: no processes are left", err.message)
    end)
  end)

  it("is a file that declares nothing: it runs at each call, with its words", function()
    with({ ["s.lua"] = "#!/usr/bin/env rcmcp\nreturn { first = arg[1], count = #arg }" }, function(open)
      local opened = assert(open "s.lua")
      assert.same({ true, "" }, { opened.is_script, names(opened.tools) })
      local tool = opened:script { "one", "two" }
      for _ = 1, 2 do assert.same({ first = "one", count = 2 }, call(tool).data) end
      assert.same({ count = 0 }, call(opened:script {}).data)
    end)
  end)

  it("may call the built-in tools and the recipes that it names", function()
    local text = 'local rc = require "rc"\nreturn { n = rc.tools.inner { n = 1 }.n, ok = rc.tools.list_deployments {}.ok }'
    with({ ["s.lua"] = text }, function(open)
      local inner = assert(registry.compile {
        name = "inner", description = "I.", input = { { "n", "integer", "N" } },
        run = function(input) return { data = { n = input.n + 10 } } end,
      })
      local opened = assert(open("s.lua", { find = function(name) return name == "inner" and inner or nil end }))
      assert.equal('{"n":11,"ok":true}', json.encode(call(opened:script {}).data))
    end)
  end)

  it("is refused before anything runs where it names a tool that nobody has, with what was meant", function()
    with({ ["s.lua"] = 'local rc = require "rc"\nrc.print "ran"\nreturn rc.tools.list_deployment {}',
           ["t.lua"] = 'local rc = require "rc"\nreturn rc.tools.quite_unheard_of {}' }, function(open)
      assert.matches("^s.lua:3: there is no tool or recipe 'list_deployment', did you mean 'list_deployments'%?", (refused(open "s.lua")))
      assert.matches("'quite_unheard_of'; --recipes and --examples name further folders", (refused(open "t.lua")), 1, true)
    end)
  end)

  it("has all recipes where it makes names as it runs, and asks for them in no other case", function()
    local asked = 0
    local tool = assert(registry.compile { name = "made", description = "M.", run = function() return { data = { made = true } } end })
    local function all()
      asked = asked + 1
      return { tool }
    end
    with({ ["s.lua"] = 'local rc = require "rc"\nreturn rc.tools[arg[1]] {}', ["t.lua"] = "return { t = 1 }" }, function(open)
      assert.is_true(call(assert(open("s.lua", { all = all })):script { "made" }).data.made)
      assert.equal(1, asked)
      assert(open("t.lua", { all = all }))
      assert.equal(1, asked)
    end)
  end)

  it("tells its own line where it fails", function()
    with({ ["s.lua"] = "#!shebang\nlocal x\nreturn x.y" }, function(open)
      local result = call(assert(open "s.lua"):script {})
      assert.is_true(result.is_error)
      assert.matches("s.lua:3: ", result.text, 1, true)
    end)
  end)
end)
