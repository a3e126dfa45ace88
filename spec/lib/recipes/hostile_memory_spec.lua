local budgets = require "core.budget"
local clock = require "lib.async.clock"
local copies = require "lib.recipes.boundary.copies"
local fiber = require "lib.async.fiber"
local host_work = require "lib.recipes.boundary.host_work"
local invoke = require "lib.recipes.run.invoke"
local kit = require "spec.support.rc"
local scratch = require "spec.support.scratch"

local MIB = 1024 * 1024

-- Runs a recipe whose memory is limited; `extra` is put into its environment.
local function run(text, options)
  options = options or {}
  local result, err
  kit.with({}, function()
    local recipe, fn = kit.load(text)
    recipe.memory = budgets.new { memory_bytes = options.kept or 512 * MIB }
    for name, value in pairs(options.extra or {}) do rawset(recipe.environment, name, value) end
    result, err = (options.how or invoke.call)(recipe, fn, { options.input or {} }, kit.context(), {
      declaration = { name = "probe" }, find = kit.tools().find, settings = options.settings,
    })
  end)
  return result, err
end

local function refused(pattern, text, options)
  local result, err = run(text, options)
  assert.is_nil(result)
  assert.equal("bad_result", err.code, err.message)
  assert.matches(pattern, err.message)
end

describe("the result of a hostile recipe", function()
  local TOO_MUCH = "more than 16777216 bytes of text"
  local TOO_LARGE = "more than 67108864 bytes of content"

  it("holds one text many times over", function()
    refused(TOO_LARGE, "local t, list = rc.text(('x'):rep(4e6)), {} for i = 1, 500 do list[i] = t end return table.unpack(list)")
    refused(TOO_MUCH, "local t, list = ('x'):rep(4e6), {} for i = 1, 500 do list[i] = t end return table.unpack(list)")
    refused(TOO_MUCH, "local t, list = ('x'):rep(4e6), {} for i = 1, 500 do list[i] = { t } end return table.unpack(list)")
    refused(TOO_MUCH, "local t, list = { ('x'):rep(4e6) }, {} for i = 1, 500 do list[i] = t end return list")
    refused(TOO_LARGE, [[
      local image, list = rc.image("\x89PNG\r\n\x1a\n" .. ("x"):rep(4e6), "image/png"), {}
      for i = 1, 500 do list[i] = image end
      return table.unpack(list)]])
    refused(TOO_LARGE, "local t, list = rc.embed('a://b', ('x'):rep(4e6)), {} for i = 1, 99 do list[i] = t end return { list }",
      { how = invoke.messages })
  end)

  it("holds many tables", function()
    refused("more than 1000000 parts", "local t, list = {}, {} for i = 1, 9000 do t[i] = i end for i = 1, 200 do list[i] = t end "
      .. "return table.unpack(list)")
  end)

  it("is six times as long as JSON", function()
    refused("would have more than 33554432 bytes", "return { ('\\1'):rep(1e7) }")
    refused("would have more than 33554432 bytes", "return ('\\1'):rep(1e7)")
  end)

  it("is long and fine", function()
    local result = assert(run "return { text = ('x'):rep(6e6) }, ('y'):rep(6e6), rc.text 'a', 'end'")
    assert.equal(6000000, #result.data.text)
    assert.equal(6000004, #result.text)
    assert.equal("a", result.content[1].text)
  end)
end)

describe("what a hostile recipe is given", function()
  it("counts as its memory: files", function()
    local folder <close> = scratch.new()
    local path = folder:write("big.txt", ("x"):rep(2 * MIB))
    for _, name in ipairs { "read", "read_text", "file" } do
      local result, err = run(("local kept = {} for i = 1, 100 do kept[i] = rc.%s(input.path) end return {}"):format(name),
        { kept = 16 * MIB, input = { path = path }, settings = { file_folders = { folder.path } } })
      assert.is_nil(result, name)
      assert.matches("memory", err.message)
    end
  end)

  it("counts as its memory: whatever the host made", function()
    local extra = {
      text = function() return host_work.run_raw(string.rep, "x", MIB) end,
      record = function() return host_work.run_raw(function() return { body = ("x"):rep(MIB) } end) end,
      list = function() return host_work.run(function() return { { ("x"):rep(MIB) } } end) end,
    }
    for name in pairs(extra) do
      local result, err = run(("local kept = {} for i = 1, 100 do kept[i] = %s() end return {}"):format(name),
        { kept = 16 * MIB, extra = extra })
      assert.is_nil(result, name)
      assert.matches("memory", err.message)
      assert.same({ n = 100 }, run(("local n = 0 for i = 1, 100 do %s() n = n + 1 end return { n = n }"):format(name),
        { kept = 16 * MIB, extra = extra }).data)
    end
  end)

  it("counts as its memory: arguments", function()
    local recipe, fn, used
    kit.with({}, function()
      recipe, fn = kit.load "kept = kept or {} table.insert(kept, input) return {}"
      for _ = 1, 4 do
        assert(invoke.call(recipe, fn, { { a = { ("x"):rep(MIB), b = ("y"):rep(MIB) } } }, kit.context(),
          { declaration = { name = "probe" }, find = kit.tools().find }))
      end
      collectgarbage()
      used = select(2, recipe.memory:used())
    end)
    assert.is_true(used >= 8 * MIB, used)
  end)
end)

describe("what a hostile recipe hands over", function()
  it("is worked on by few at once where it is long, all of it in the end", function()
    local now, most, done = 0, 0, 0
    local function work()
      now = now + 1
      most = math.max(most, now)
      clock.sleep(1)
      now, done = now - 1, done + 1
    end
    local extra = {
      text = function(text) host_work.run_raw(work, text) end,
      copy = function(value) host_work.run_raw(work, copies.import(value)) end,
    }
    local body = "local long = ('x'):rep(9e6) local list = {} for i = 1, 20 do list[i] = i end rc.map(list, function() %s end, "
      .. "{ concurrency = 20 }) return {}"
    assert(run(body:format "text(long)", { extra = extra }))
    assert.same({ 4, 20 }, { most, done })
    most = 0
    assert(run(body:format "copy { { long } }", { extra = extra }))
    assert.same({ 4, 40 }, { most, done })
    most = 0
    assert(run(body:format "text 'short'", { extra = extra }))
    assert.same({ 20, 60 }, { most, done })
  end)

  it("never is what it made itself", function()
    local result, err = run("hand(setmetatable({}, { __index = function() while true do end end }))",
      { extra = { hand = function(value) host_work.run_raw(rawlen, value) end } })
    assert.is_nil(result)
    assert.matches("internal error: a value of the recipe", err.message)
  end)

  it("is a question that nobody can read", function()
    local _, err = run "ctx:confirm(('x'):rep(1e6))"
    assert.matches("ctx:confirm takes a text of at most 262144 bytes, got 1000000", err.message)
    _, err = run "ctx:elicit { message = ('x'):rep(1e6), input = {} }"
    assert.matches("ctx:elicit: .*more than 262144 bytes", err.message)
    assert.equal(0, fiber.count())
  end)
end)

describe("rc.map with a list that is none", function()
  it("reads it raw: no function of its metatable runs", function()
    local result, err = run [[
      local asked = {}
      local count = setmetatable({}, { __le = function() asked.le = true while true do end end,
        __lt = function() asked.lt = true while true do end end })
      local function note(name, value) return function() asked[name] = true return value end end
      local list = setmetatable({ 7, 8 }, { __len = note("len", count), __index = note("index", 9), __pairs = note("pairs"),
        __call = note("call"), __eq = note("eq", true), __unm = note("unm") })
      local seen = rc.map(list, function(item, i) return item * 10 + i end)
      local kept = rc.map(list, function(item) return item end, { stop_on_error = false })
      local functions = setmetatable({ function() return 1 end }, { __len = note("len", count), __index = note("index", error) })
      return { asked = next(asked) or "nothing", seen = seen, kept = #kept, all = #rc.all(functions) }]]
    assert(result, err and err.message)
    assert.same({ asked = "nothing", seen = { 71, 82 }, kept = 2, all = 1 }, result.data)
  end)
end)
