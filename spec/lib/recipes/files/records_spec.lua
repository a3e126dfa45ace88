local fiber = require "lib.async.fiber"
local folder = require "spec.support.folder"
local loader = require "lib.recipes.load.loader"
local log = require "spec.support.log"
local records = require "lib.recipes.files.records"

local function recipe(name, more)
  return ('local rc = require "rc"\n%sreturn rc.tool { name = "%s", description = "D.", run = function() return {} end }')
    :format(more or "", name)
end

-- Runs `fn(set, place)` over one folder with these files.
local function with(files, fn, worker)
  local place <close> = folder.new()
  for name, text in pairs(files) do place:write(name, text) end
  fn(records.new({ { path = place.path, label = "specs" } }, false, worker), place)
end

local function by_name(set)
  local found = {}
  for _, record in ipairs(set:list()) do found[record.at.shown] = record end
  return found
end

-- Counts what is loaded meanwhile, by name.
local function loads_of(fn)
  local load_text, loads = loader.load_text, {}
  local _ <close> = setmetatable({}, { __close = function() loader.load_text = load_text end })
  loader.load_text = function(text, file, options)
    loads[#loads + 1] = options.shown
    return load_text(text, file, options)
  end
  fn()
  table.sort(loads)
  return loads
end

describe("recipes.files.records", function()
  it("have what became of each file: a recipe, or why it is none", function()
    with({ ["good.lua"] = recipe "good", ["bad.lua"] = "return {", ["no.txt"] = "text", ["sub/main.lua"] = recipe "sub" }, function(set)
      set:scan(true)
      local found = by_name(set)
      assert.equal("good", found["good.lua"].candidate.name)
      assert.is_nil(found["good.lua"].problem)
      assert.matches("^bad.lua:1: ", found["bad.lua"].problem)
      assert.is_nil(found["bad.lua"].candidate)
      assert.equal(3, #set:list())
    end)
  end)

  it("stand in the order of the folders, then of the files", function()
    local first <close> = folder.new()
    local second <close> = folder.new()
    for _, name in ipairs { "b", "a" } do
      first:write(name .. ".lua", recipe(name))
      second:write(name .. "2.lua", recipe(name))
    end
    local set = records.new { { path = second.path, label = "one" }, { path = first.path, label = "two" } }
    set:scan(true)
    local shown = {}
    for i, record in ipairs(set:list()) do shown[i] = record.label .. record.rank .. record.at.shown end
    assert.same({ "one1a2.lua", "one1b2.lua", "two2a.lua", "two2b.lua" }, shown)
  end)

  it("load again what reads otherwise, or requires what does, and nothing else", function()
    with({
      ["plain.lua"] = recipe "plain", ["bad.lua"] = "return {", ["user.lua"] = recipe("user", 'local m = require "m"\n'),
      ["lib/m.lua"] = "return 1",
    }, function(set, place)
      local function scan() return loads_of(function() set:scan(true) end) end
      assert.same({ "bad.lua", "plain.lua", "user.lua" }, scan())
      assert.same({}, scan())
      place:write("plain.lua", recipe "plain") -- a new time, the same text
      assert.same({}, scan())
      place:write("plain.lua", recipe("plain", "-- changed\n"))
      assert.same({ "plain.lua" }, scan())
      place:write("lib/m.lua", "return 2")
      assert.same({ "user.lua" }, scan())
      local required = {}
      for _, path in ipairs(set:module_paths()) do required[path:sub(#place.path + 2)] = true end
      assert.same({ ["m.lua"] = true, ["lib/m.lua"] = true }, required) -- also where it would come to stand before
      local before = by_name(set)["plain.lua"].candidate
      scan()
      assert.equal(before, by_name(set)["plain.lua"].candidate)
    end)
  end)

  it("lose the files that are gone, and keep those of a folder that cannot be read for now", function()
    with({ ["a.lua"] = recipe "a", ["b.lua"] = recipe "b" }, function(set, place)
      set:scan(true)
      place:delete "b.lua"
      set:scan(true)
      assert.equal(1, #set:list())
      local folders = require "lib.recipes.files.folders"
      local scan = folders.scan
      local _ <close> = setmetatable({}, { __close = function() folders.scan = scan end })
      folders.scan = function() return nil, { code = "io", message = "cannot read the folder" } end
      local lines = log.lines_of(function()
        set:scan(true)
        set:scan(true)
      end)
      assert.same({ "error: recipes: cannot read the folder" }, lines)
      assert.same({ { path = place.path, error = "cannot read the folder" } }, set:folder_problems())
      assert.equal(1, #set:list())
      folders.scan = scan
      set:scan(true)
      assert.same({}, set:folder_problems())
      place:delete "a.lua"
      place:remove()
      set:scan(true)
      assert.equal(0, #set:list())
    end)
  end)

  it("take a file for a module that declares nothing and that another one requires", function()
    local main = recipe("main", 'local m = require "beside"\n')
    with({ ["main.lua"] = main, ["beside.lua"] = "return {}", ["alone.lua"] = "return 5" }, function(set)
      set:scan(true)
      local found = by_name(set)
      assert.same({ true, nil }, { found["beside.lua"].is_module, found["beside.lua"].problem })
      assert.is_string(found["beside.lua"].load_problem)
      assert.same({ nil, "string" }, { found["alone.lua"].is_module, type(found["alone.lua"].problem) })
    end)
  end)

  it("blame both of two files that declare nothing and require each other", function()
    with({ ["a.lua"] = 'return require "b"', ["b.lua"] = 'return require "a"' }, function(set)
      set:scan(true)
      for _, record in ipairs(set:list()) do assert.same({ nil, "string" }, { record.is_module, type(record.problem) }) end
    end)
  end)

  it("say what others may write to, and take it where that is allowed", function()
    with({ ["open.lua"] = recipe "open" }, function(set, place)
      place:chmod("666", "open.lua")
      set:scan(false)
      local record = set:list()[1]
      assert.is_nil(record.candidate)
      assert.matches("open.lua", record.problem, 1, true)
      set:scan(true)
      assert.equal("open", record.candidate.name)
      assert.is_nil(record.problem)
    end)
  end)

  it("put whatever a file does to the loader down to that file", function()
    with({ ["a.lua"] = recipe "a", ["b.lua"] = recipe "b" }, function(set)
      local load_text = loader.load_text
      local _ <close> = setmetatable({}, { __close = function() loader.load_text = load_text end })
      loader.load_text = function(text, file, options)
        if options.shown == "a.lua" then error("it broke", 0) end
        return load_text(text, file, options)
      end
      set:scan(true)
      local found = by_name(set)
      assert.equal("a.lua: cannot be loaded: it broke", found["a.lua"].problem)
      assert.equal("b", found["b.lua"].candidate.name)
    end)
  end)

  it("tell the log of each problem once, of its end, and of what hides another", function()
    with({ ["a.lua"] = "return {" }, function(set, place)
      local function report() return log.lines_of(function() set:report() end) end
      set:scan(true)
      local lines = report()
      assert.equal(1, #lines)
      assert.matches("^error: recipes: a.lua:1: ", lines[1])
      assert.same({}, report())
      place:write("a.lua", recipe "a")
      set:scan(true)
      assert.same({ "info: recipes: a.lua is good again" }, report())
      local record = set:list()[1]
      record.chosen = record.candidate
      place:write("a.lua", "return [")
      set:scan(true)
      assert.matches("%(the version before it stays%)$", report()[1])
      record.shadowed = { { name = "a", by = { file = "/else/a.lua" } } }
      assert.same({ ("warning: recipes: %s/a.lua: 'a' is shadowed by /else/a.lua"):format(place.path) }, report())
      assert.same({}, report())
    end)
  end)

  it("say nothing where they are to be quiet", function()
    local place <close> = folder.new()
    place:write("a.lua", "return {")
    local none = { path = place.path .. "/none", label = "none", expected = true }
    local set = records.new({ { path = place.path, label = "specs" }, none }, true)
    assert.same({}, log.lines_of(function()
      set:scan(true)
      set:report()
    end))
    assert.equal(1, #set:folder_problems())
  end)
end)

describe("recipes.files.records with a worker", function()
  -- A worker that loads when it is told to, and counts how many wait for it.
  local function slow_worker()
    local worker = { waiting = {}, most = 0, ended = 0 }
    function worker.load_text(self, _, file, options)
      local _ <close> = setmetatable({}, { __close = function() self.ended = self.ended + 1 end })
      fiber.await(function(callback)
        table.insert(self.waiting, callback)
        self.most = math.max(self.most, #self.waiting)
        return setmetatable({}, { __close = function() end })
      end)
      return { name = options.name, file = file, tools = {}, prompts = {}, resources = {}, templates = {} }
    end
    return worker
  end

  local function files(count)
    local all = {}
    for i = 1, count do all[("r%d.lua"):format(i)] = recipe("r" .. i) end
    return all
  end

  it("load some files beside each other, and no more than four", function()
    local worker = slow_worker()
    with(files(9), function(set)
      local task = fiber.spawn(function() set:scan(true) end)
      while task.status ~= "done" do table.remove(worker.waiting, 1)() end
      assert.same({ 4, 9 }, { worker.most, worker.ended })
      for _, record in ipairs(set:list()) do assert.equal(record.at.name, record.candidate.name) end
    end, worker)
  end)

  it("end what goes on with the scan, and note nothing for it", function()
    local worker = slow_worker()
    with(files(6), function(set)
      local task = fiber.spawn(function() set:scan(true) end)
      task.quiet = true
      assert.equal(4, #worker.waiting)
      task:cancel "no more"
      assert.same({ "done", 4 }, { task.status, worker.ended })
      for _, record in ipairs(set:list()) do assert.same({}, { record.candidate, record.text, record.problem }) end
      worker.waiting = {}
      task = fiber.spawn(function() set:scan(true) end)
      while task.status ~= "done" do table.remove(worker.waiting, 1)() end
      assert.equal("r1", by_name(set)["r1.lua"].candidate.name)
    end, worker)
  end)
end)
