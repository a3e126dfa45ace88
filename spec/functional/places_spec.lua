-- What may be wrong with the places that a command is told of: folders that are gone or closed, entries that are no files.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local fs = require "core.fs"
local json = require "core.json"

local RECIPE = [[
local rc = require "rc"
return rc.tool { name = "%s", description = "Says one word.", input = {}, run = function() return { word = "yes" } end }
]]

local WATCHDOG = 20 -- seconds: what waits for a pipe waits for ever

describe("a place", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  -- Runs "rcmcp WORDS" in a folder that `prepare`, shell words, makes odd.
  local function run_in(name, prepare, words)
    local script = ('cd "%s/%s" && %s && exec "$0" %s'):format(files.path, name, prepare, words)
    local shell <close> = child.spawn("sh", { "-c", script, child.program }, { env = { "XDG_CONFIG_HOME=" .. files.path } })
    local status = shell:wait(WATCHDOG)
    return status, shell.out, shell.err
  end

  local function run(...)
    return child.run({ ... }, { seconds = WATCHDOG, env = { "XDG_CONFIG_HOME=" .. files.path } })
  end

  it("that has been deleted is named by whatever looks there", function()
    files:write("rcmcp/recipes/hello_spec.lua", 'it("passes", function() end)') -- must not run in place of what was meant
    local GONE = "the current folder has been deleted"
    for words, expected in pairs {
      ["check ."] = { 64, GONE }, ["check ./"] = { 64, GONE }, ["check sub"] = { 64, GONE }, ["check hello.lua"] = { 64, GONE },
      ["check --recipes ."] = { 64, ".: no such folder" }, ["test"] = { 64, GONE }, ["test ."] = { 64, GONE },
      ["test a_spec.lua"] = { 64, GONE }, ["run hello.lua --simulate"] = { 65, GONE }, ["help ./hello.lua"] = { 65, GONE },
      ["new poster --dir ."] = { 1, GONE }, ["new poster --dir sub"] = { 1, GONE }, ["recipes --recipes ."] = { 1, ".: no such folder" },
      ["doctor --simulate --recipes ."] = { 1, ".: no such folder" },
      ["doctor --simulate --output-folder ."] = { 1, GONE }, ["doctor --simulate --output-folder out"] = { 1, GONE },
      ["lua x.lua"] = { 65, "x.lua" }, ["call list_deployments --simulate --args @x.json"] = { 65, "--args" },
    } do
      assert(fs.mkdir(files.path .. "/gone"))
      local status, out, err = run_in("gone", "rmdir ../gone", words)
      assert.equal(expected[1], status, words .. ": " .. err)
      assert.matches(expected[2], out .. err, 1, true)
    end
    assert(fs.mkdir(files.path .. "/gone"))
    assert.equal(0, (run_in("gone", "rmdir ../gone", "call list_deployments --simulate"))) -- needs no folder
  end)

  it("that may not be read is named", function()
    files:write("closed/hello.lua", RECIPE:format "hello")
    files:chmod("000", "closed")
    if fs.list(files.path .. "/closed") then return pending "this user may read everything" end
    for words, expected in pairs {
      ["check closed"] = 1, ["check --recipes closed"] = 1, ["test closed"] = 64, ["recipes --recipes closed"] = 1,
      ["doctor --simulate --recipes closed"] = 1, ["check closed/hello.lua"] = 64, ["run closed/hello.lua"] = 65,
      ["new poster --dir closed"] = 1, ["new poster --dir closed/sub"] = 1, ["test closed/a_spec.lua"] = 64,
    } do
      local status, out, err = run_in(".", "true", words)
      assert.equal(expected, status, words .. ": " .. err)
      assert.matches("closed[%w_/.]*:? .*[Pp]ermission denied", out .. err, 1)
    end
    local looked, report = run_in(".", "true", "doctor --simulate --output-folder closed/a/b")
    assert.equal(1, looked)
    assert.matches("cannot read closed/a/b: permission denied", report, 1, true)
    files:chmod("755", "closed")
    for words, expected in pairs { ["test"] = 64, ["check ."] = 64, ["doctor --simulate --output-folder out"] = 1 } do
      local status, out, err = run_in("closed", "chmod 000 .", words)
      files:chmod("755", "closed")
      assert.equal(expected, status, words .. ": " .. err)
      assert.matches("permission denied", out .. err, 1, true)
    end
  end)

  it("whose names can be read, but not its files, loses no recipe silently", function()
    files:write("half/hello.lua", RECIPE:format "hello")
    files:chmod("444", "half")
    if fs.stat(files.path .. "/half/hello.lua") then return pending "this user may read everything" end
    local status, out = run("recipes", "--recipes", files.path .. "/half")
    files:chmod("755", "half")
    assert.equal(1, status)
    assert.matches("hello.lua cannot be read: .*permission denied", out)
  end)

  it("that links lead to in a circle is no missing one", function()
    assert(os.execute(("ln -s circle '%s/circle'"):format(files.path)))
    for words, expected in pairs {
      ["check circle"] = 64, ["check --recipes circle"] = 1, ["recipes --recipes circle"] = 1, ["test circle"] = 64,
      ["doctor --simulate --recipes circle"] = 1, ["run ./circle"] = 65,
    } do
      local status, out, err = run_in(".", "true", words)
      assert.equal(expected, status, words .. ": " .. err)
      assert.matches("circle: too many symbolic links", out .. err, 1, true)
    end
  end)

  it("that somebody named and that is missing is no folder without faults", function()
    local status, _, err = run("check", "--recipes", files.path .. "/none")
    assert.equal(64, status)
    assert.matches(files.path .. "/none: no such folder", err, 1, true)
    assert.equal(0, (run "check"))
  end)
end)

describe("a recipe folder", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  local function run(...)
    return child.run({ ... }, { seconds = WATCHDOG, env = { "XDG_CONFIG_HOME=" .. files.path } })
  end

  local function link(target, name)
    assert(os.execute(("ln -s '%s' '%s/%s'"):format(target, files.path, name)))
  end

  -- A recipe among pipes, devices and links that lead nowhere.
  local function oddities()
    files:write("good.lua", RECIPE:format "good")
    files:write("uses.lua", 'local m = require "deep"\n' .. RECIPE:format "uses")
    files:pipe "pipe.lua"
    files:pipe "inside/main.lua"
    files:pipe "lib/deep.lua"
    files:pipe "wait_spec.lua"
    link("/dev/zero", "zero.lua")
    link("loop.lua", "loop.lua")
    link("/nonexistent/x", "nowhere.lua")
    link(".", "self")
    link("..", "up")
  end

  local function problems(report)
    local by_name = {}
    for _, entry in ipairs(report.recipes) do by_name[entry.name] = entry.error or entry.state end
    return by_name
  end

  it("names what in it is no file, and never waits for it", function()
    oddities()
    local status, out = run("recipes", "--json", "--recipes", files.path)
    assert.equal(1, status)
    assert.same({
      good = "loaded", pipe = "pipe.lua is a device, not a file", inside = "inside/main.lua is a device, not a file",
      zero = "zero.lua is a device, not a file", uses = "uses.lua:1: module 'deep' is refused: lib/deep.lua is a device, not a file",
      loop = ("loop.lua is a link to loop.lua, which cannot be read: %s/loop.lua: too many symbolic links encountered"):format(files.path),
      nowhere = ("nowhere.lua is a link to /nonexistent/x, which cannot be read: %s/nowhere.lua: no such file or directory")
        :format(files.path),
    }, problems(json.decode(out)))
    status, out = run("check", "--json", files.path)
    assert.equal(1, status)
    assert.equal(7, json.decode(out).files)
    status, out = run("doctor", "--simulate", "--json", "--recipes", files.path)
    assert.equal(1, status)
    assert.matches("pipe.lua is a device", out, 1, true)
  end)

  it("with such entries is served", function()
    oddities()
    local served, out = child.run({ "serve", "--simulate", "--recipes", files.path }, { seconds = WATCHDOG, input = table.concat({
      '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        .. '"clientInfo":{"name":"spec","version":"1"}}}',
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"good","arguments":{}}}',
    }, "\n") .. "\n" })
    assert.equal(0, served)
    assert.matches('"word":"yes"', out, 1, true)
  end)

  it("has its specs run without waiting for a pipe, or walking in circles", function()
    oddities()
    files:write("good_spec.lua", 'it("passes", function() end)')
    files:write("sub/deep_spec.lua", 'it("passes, too", function() end)')
    files:write(".hidden/never_spec.lua", "error 'hidden'")
    local status, out = run("test", "-o", "TAP", files.path)
    assert.equal(0, status, out)
    assert.matches("1..2", out, 1, true)
  end)

  it("has names of any bytes, each in one line of its own", function()
    for i, name in ipairs { "line\nfeed", "escape\27[2J", "latin\xE9\xFF", "tab\there", " ", "\u{202E}turned" } do
      files:write(name .. ".lua", RECIPE:format("t" .. i))
    end
    local status, out = run("recipes", "--recipes", files.path)
    assert.equal(0, status)
    assert.equal(6, select(2, out:gsub("\n", "")))
    assert.is_nil(out:find "[%z\1-\9\11-\31\127]")
    assert.is_truthy(utf8.len(out))
    status, out = run("check", files.path)
    assert.same({ 0, "" }, { status, out })
  end)

  it("may hold five thousand recipes #load", function()
    for i = 1, 5000 do files:write(("t%d.lua"):format(i), RECIPE:format("t" .. i)) end
    local status, out = child.run({ "recipes", "--json", "--recipes", files.path }, { seconds = 120 })
    assert.equal(0, status)
    assert.equal(5000, #json.decode(out).recipes)
  end)

  it("of which a file is named is told where that is no file", function()
    local pipe = files:pipe "pipe.lua"
    assert.equal(1, (run("check", pipe)))
    assert.equal(65, (run("run", pipe, "--simulate")))
    assert.equal(65, (run("help", pipe)))
    assert.equal(64, (run("test", files:pipe "pipe_spec.lua")))
    -- What a shell makes of <(…) is a pipe, too, and is read.
    local path = files:write("good.lua", RECIPE:format "good")
    local shell <close> = child.spawn("bash", { "-c", ('"$0" run <(cat %s) --simulate'):format(path), child.program })
    assert.equal(0, (shell:wait(WATCHDOG)), shell.err)
  end)
end)

describe("a disk that is full", function()
  local files
  before_each(function() files = folder.new() end)
  after_each(function() files:remove() end)

  -- With files of at most so many blocks of 512 bytes: as a full disk, but for anyone.
  local function run(blocks, words)
    local shell <close> = child.spawn("sh", { "-c", ('ulimit -f %d; cd "%s"; exec "$0" %s'):format(blocks, files.path, words),
      child.program })
    local status = shell:wait()
    return status, shell.out, shell.err
  end

  local DOWNLOAD = [[
local rc = require "rc"
return rc.tool {
  name = "saves", description = "Saves a picture.", input = {}, uses = { "submit_request", "get_request_status", "get_request_result" },
  run = function()
    local job = rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001" }
    return rc.download(job:wait().output_urls[1])
  end,
}
]]

  it("leaves no half of a new recipe", function()
    local status, out, err = run(0, "new poster --dir new")
    assert.same({ 1, "" }, { status, out })
    assert.matches("cannot write new/poster.lua: File too large", err, 1, true)
    assert.same({}, fs.list(files.path .. "/new"))
    assert.equal(0, (run(1000, "new poster --dir new")))
  end)

  it("takes away no result for want of its tape", function()
    local recipe = files:write("hello.lua", RECIPE:format "hello")
    local status, out, err = run(0, ("run %s --simulate -q --record tape"):format(recipe))
    assert.equal(74, status)
    assert.matches('"word":"yes"', out, 1, true)
    assert.matches("the calls were made, but cannot be recorded: tape: File too large", err, 1, true)
    assert.is_nil(fs.stat(files.path .. "/tape"))
  end)

  it("is found out before anything is paid, where there can be no tape", function()
    local recipe = files:write("saves.lua", DOWNLOAD)
    local status, out, err = run(1000, ("run %s --simulate --record none/tape"):format(recipe))
    assert.same({ 64, "" }, { status, out })
    assert.matches("cannot write none/tape: No such file or directory; nothing was sent", err, 1, true)
    files:write("tape", "kept")
    assert.equal(0, (run(1000, ("run %s --simulate --speed 1000 --output-folder out --record new_tape"):format(recipe))))
    assert.is_truthy(fs.stat(files.path .. "/new_tape"))
  end)

  it("ends a download by name, and leaves nothing of it; the request is named", function()
    local recipe = files:write("saves.lua", DOWNLOAD)
    local status, out, err = run(8, ("run %s --simulate --speed 1000 --output-folder out"):format(recipe))
    assert.equal(1, status)
    local answer = json.decode(out)
    assert.matches("cannot write .*/out/ComfyUI_00001_.png: File too large", answer.error)
    assert.equal(1, #answer.ended_requests)
    assert.matches("Do not submit the same again", err, 1, true)
    local left = fs.list(files.path .. "/out")
    for _, name in ipairs(left) do assert.equal("simulated", name) end
  end)
end)
