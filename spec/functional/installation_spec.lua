-- The examples and the definitions for editors are found wherever the program was built or installed.
local child = require "spec.support.child"
local fs = require "core.fs"
local json = require "core.json"
local scratch = require "spec.support.scratch"

local build = child.program:match("^(.*)/")

local function shell(format, ...)
  local quoted = {}
  for i, word in ipairs { ... } do quoted[i] = "'" .. word .. "'" end
  local process <close> = child.spawn("sh", { "-c", format:format(table.unpack(quoted)) })
  process:close_stdin()
  assert.equal(0, process:wait(120), process.out .. process.err)
end

-- The loaded examples of a program: count, and the folder that they were found in.
local function examples(program, path)
  local process <close> = child.spawn("env", { "PATH=" .. (path or os.getenv "PATH"), program, "recipes", "--examples", "--json" })
  process:close_stdin()
  assert.equal(0, process:wait(), process.err)
  local count, folder = 0, nil
  for _, recipe in ipairs(json.decode(process.out).recipes) do
    assert.equal("loaded", recipe.state, recipe.error)
    count, folder = count + 1, recipe.file:match("^(.*)/[^/]*$")
  end
  return count, folder
end

local function shipped_count()
  return #fs.list("recipes") - 2 -- all but lib and scripts
end

-- Where `rcmcp new` of this program tells editors that the definitions are.
local function definitions(program, place)
  local process <close> = child.spawn(program, { "new", "poster", "--dir", place.path .. "/new" })
  process:close_stdin()
  assert.equal(0, process:wait(), process.err)
  return json.decode(place:read "new/.luarc.json")["workspace.library"][1]
end

describe("a built program", function()
  local place, source

  -- A small project with the program's own rules for what lies beside it; the program itself stands in for what
  -- it builds.
  before_each(function()
    place = scratch.new()
    source = place.path .. "/some/source tree"
    place:write("some/source tree/main.c", "int main(void) { return 0; }\n")
    place:write("some/source tree/recipes/own.lua",
      'return require("rc").tool { name = "own", description = "O.", run = function() return {} end }\n')
    place:write("some/source tree/lua/meta/rc.lua", "")
    place:write("some/source tree/CMakeLists.txt", ([[
cmake_minimum_required(VERSION 3.25)
project(small C)
add_executable(rcmcp main.c)
include("%s/cmake/ShippedFiles.cmake")
]]):format(fs.realpath "."))
    shell("chmod -R go-w %s", source)
  end)
  after_each(function() place = place:__close() end)

  for shape, folder in pairs {
    ["in README's folder"] = "/some/source tree/build",
    ["deep in the sources"] = "/some/source tree/build/of/mine/dev",
    ["in the sources themselves"] = "/some/source tree",
    ["beside the sources"] = "/some/build",
    ["far from the sources"] = "/x/y/z",
  } do
    it("finds the examples and definitions of its sources when it was built " .. shape, function()
      local into = place.path .. folder
      shell("cmake -S %s -B %s && cmake --build %s", source, into, into)
      shell("cp -f %s %s", child.program, into .. "/rcmcp")
      assert.same({ 1, source .. "/recipes" }, { examples(into .. "/rcmcp") })
      assert.equal(source .. "/lua/meta", definitions(into .. "/rcmcp", place))
    end)
  end
end)

describe("an installed program", function()
  local place

  before_each(function()
    place = scratch.new()
  end)
  after_each(function() place = place:__close() end)

  local function install(prefix)
    if not fs.stat(build .. "/cmake_install.cmake") then
      pending("the program under test is not in its build folder")
      return false
    end
    shell("umask 022; cmake --install %s --prefix %s", build, prefix)
    return true
  end

  it("finds the examples and definitions of its prefix", function()
    if not install(place.path .. "/usr") then return end
    assert.same({ shipped_count(), place.path .. "/usr/share/rcmcp/recipes" }, { examples(place.path .. "/usr/bin/rcmcp") })
    assert.equal(place.path .. "/usr/share/rcmcp/meta", definitions(place.path .. "/usr/bin/rcmcp", place))
  end)

  it("finds them after it was moved", function()
    if not install(place.path .. "/usr") then return end
    fs.mkdir(place.path .. "/opt/deep")
    assert(os.rename(place.path .. "/usr", place.path .. "/opt/deep/rcmcp"))
    assert.same({ shipped_count(), place.path .. "/opt/deep/rcmcp/share/rcmcp/recipes" },
      { examples(place.path .. "/opt/deep/rcmcp/bin/rcmcp") })
  end)

  it("finds them through symbolic links to it, and by its name in the PATH", function()
    if not install(place.path .. "/usr") then return end
    fs.mkdir(place.path .. "/links/more")
    shell("ln -s %s %s", place.path .. "/usr/bin/rcmcp", place.path .. "/links/rcmcp")
    shell("ln -s ../rcmcp %s", place.path .. "/links/more/rc")
    local expected = { shipped_count(), place.path .. "/usr/share/rcmcp/recipes" }
    assert.same(expected, { examples(place.path .. "/links/rcmcp") })
    assert.same(expected, { examples(place.path .. "/links/more/rc") })
    assert.same(expected, { examples("rcmcp", place.path .. "/links:" .. os.getenv "PATH") })
  end)

  it("finds them where a package is staged with DESTDIR", function()
    if not install(place.path .. "/skipped") then return end
    shell("DESTDIR=%s cmake --install %s --prefix /usr/local", place.path .. "/stage", build)
    assert.equal(shipped_count(), (examples(place.path .. "/stage/usr/local/bin/rcmcp")))
  end)

  it("says where they should be when they are missing", function()
    shell("mkdir -p %s && cp %s %s", place.path .. "/bin", child.program, place.path .. "/bin/rcmcp")
    local process <close> = child.spawn(place.path .. "/bin/rcmcp", { "recipes", "--examples" })
    process:close_stdin()
    process:wait()
    assert.matches(place.path .. "/share/rcmcp/recipes", process.out .. process.err, 1, true)
  end)
end)
