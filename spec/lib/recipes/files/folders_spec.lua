local fs = require "core.fs"
local folder = require "spec.support.folder"
local folders = require "lib.recipes.files.folders"

describe("recipes.folders", function()
  local place
  before_each(function() place = folder.new() end)
  after_each(function() place:remove() end)

  local function scan(lenient)
    local files = assert(folders.scan({ path = place.path, label = "spec" }, lenient))
    local by_name = {}
    for _, file in ipairs(files) do by_name[file.name] = file end
    return by_name, files
  end

  local function listed(sources)
    local paths = {}
    for i, entry in ipairs(folders.list(sources)) do paths[i] = entry.label .. " " .. entry.path end
    return paths
  end

  local function env(values)
    return function(name) return values[name] end
  end

  it("are the examples, the user's own, those of the options and those of the environment, in this order", function()
    place:write("bin/rcmcp", "")
    place:write("share/rcmcp/recipes/a.lua", "")
    assert.same({
      "examples " .. place.path .. "/share/rcmcp/recipes", "configuration /x/rcmcp/recipes", "--recipes /one",
      "--recipes two", "RCMCP_RECIPES /three", "RCMCP_RECIPES /four",
    }, listed {
      examples = true, program = place.path .. "/bin/rcmcp", flags = { "/one/", "two" },
      env = env { XDG_CONFIG_HOME = "/x", HOME = "/h", RCMCP_RECIPES = "/three::/four/" },
    })
  end)

  it("say where the examples should be when there are none", function()
    local sources = { examples = true, program = place.path .. "/build/rcmcp", env = env {} }
    assert.equal(place.path .. "/share/rcmcp/recipes", folders.list(sources)[1].path)
    assert.is_true(folders.list(sources)[1].expected)
  end)

  it("fall back to the home folder, also where HOME is not set", function()
    assert.same({ "configuration /h/.config/rcmcp/recipes" }, listed { env = env { HOME = "/h", XDG_CONFIG_HOME = "relative" } })
    local home = assert(require("core.host").home())
    assert.same({ "configuration " .. home .. "/.config/rcmcp/recipes" }, listed { env = env {} })
  end)

  it("may be named from the home folder, where no shell puts it in", function()
    assert.same({ "configuration /h/.config/rcmcp/recipes", "--recipes /h/a", "RCMCP_RECIPES /h/b" },
      listed { flags = { "~/a/" }, env = env { HOME = "/h", RCMCP_RECIPES = "~/b" } })
  end)

  it("count once, where they were named last", function()
    assert.same({ "--recipes /b", "RCMCP_RECIPES /a" },
      { select(2, table.unpack(listed { flags = { "/a", "/b" }, env = env { RCMCP_RECIPES = "/a", HOME = "/h" } })) })
  end)

  it("hold recipes as files and as folders with main.lua, sorted", function()
    place:write("poster.lua", "")
    place:write("grid/main.lua", "")
    place:write("grid/helper.lua", "")
    local by_name, files = scan()
    assert.equal(2, #files)
    assert.equal("grid", files[1].name)
    assert.equal("grid/main.lua", by_name.grid.shown)
    assert.equal(place.path .. "/grid", by_name.grid.folder)
    assert.equal(place.path .. "/poster.lua", by_name.poster.file)
    assert.equal(place.path, by_name.poster.folder)
    assert.equal(place.path, by_name.poster.root)
  end)

  it("keep apart what is disabled, and pass by what is no recipe", function()
    for _, name in ipairs {
      "a.lua.disabled", "b.disabled/main.lua", "lib/util.lua", "spec/c_spec.lua", "d_spec.lua", ".hidden.lua",
      "#e.lua#", "f.lua~", "notes.md",
    } do
      place:write(name, "")
    end
    local by_name, files = scan()
    assert.equal(2, #files)
    assert.is_true(by_name.a.disabled)
    assert.is_true(by_name.b.disabled)
  end)

  it("name what has a recipe's name and is no file", function()
    place:pipe "queue.lua"
    assert.equal("queue.lua is a device, not a file", scan().queue.problem)
  end)

  it("refuse a file or folder that others may write to, unless allowed", function()
    place:write("mine.lua", "")
    place:write("open.lua", "")
    place:write("all/main.lua", "")
    place:chmod("644", "mine.lua")
    place:chmod("666", "open.lua")
    place:chmod("757", "all")
    local by_name = scan()
    assert.is_nil(by_name.mine.problem)
    assert.matches("open.lua is writable by everyone", by_name.open.problem, 1, true)
    assert.matches("all is writable by everyone", by_name.all.problem, 1, true)
    assert.matches("allow_writable_recipes", by_name.all.problem, 1, true)
    place:chmod("755", "all")
    place:chmod("666", "all/main.lua")
    assert.matches("all/main.lua is writable by everyone", scan().all.problem, 1, true)
    local lenient = scan(true)
    assert.is_nil(lenient.open.problem)
    assert.is_nil(lenient.all.problem)
  end)

  it("say the whole command that mends it", function()
    place:write("it's open.lua", "")
    assert(os.execute(("chmod 666 '%s'/*.lua"):format(place.path)))
    local command = scan()["it's open"].problem:match "run: (chmod .-) %(or"
    assert.is_true(os.execute(command))
    assert.is_nil(scan()["it's open"].problem)
  end)

  it("take what the owner's own group may write to, as under a umask of 002", function()
    local stat = assert(fs.stat(place:write("groups.lua", "")))
    place:chmod("664", "groups.lua")
    assert.equal(fs.is_private_group(stat.owner, stat.group), scan().groups.problem == nil)
  end)

  it("know why a file would be refused that lies in none of them", function()
    local path = place:write("a/main.lua", "")
    assert.is_nil(folders.file_problem(path))
    place:chmod("777", "a")
    assert.matches("a is writable by everyone", folders.file_problem(path), 1, true)
    place:chmod("666", "a/main.lua")
    assert.matches("main.lua is writable by everyone", folders.file_problem(path), 1, true)
  end)

  it("are refused as a whole when others may write into them", function()
    place:chmod "777"
    local files, err = folders.scan { path = place.path, label = "spec" }
    assert.is_nil(files)
    assert.matches(place.path .. " is writable by everyone", err.message, 1, true)
    assert.is_table(folders.scan({ path = place.path, label = "spec" }, true))
  end)

  it("say that they are missing, or no folders", function()
    local files, err = folders.scan { path = place.path .. "/none", label = "spec" }
    assert.is_nil(files)
    assert.equal("missing", err.code)
    place:write("file", "")
    files, err = folders.scan { path = place.path .. "/file", label = "spec" }
    assert.is_nil(files)
    assert.matches("is no folder", err.message)
  end)
end)
