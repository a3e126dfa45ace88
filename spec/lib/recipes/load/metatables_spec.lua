local metatables = require "lib.recipes.load.metatables"

local function environment()
  local env = { pcall = pcall, rawget = rawget, rawequal = rawequal, pairs = pairs, tostring = tostring, select = select }
  metatables.add(env)
  return env
end

local function run(code)
  return assert(load(code, "@probe.lua", "t", environment()))()
end

-- Ways to a metatable that makes a table weak, which `made` has.
local WAYS = {
  ["at first"] = "local made = setmetatable({}, { __mode = 'kv' })",
  ["set later"] = "local mt = {} local made = setmetatable({}, mt) mt.__mode = 'kv'",
  ["set raw"] = "local mt = {} local made = setmetatable({}, mt) rawset(mt, '__mode', 'kv')",
  ["of a class"] = "local mt = setmetatable({}, { __index = {} }) local made = setmetatable({}, mt) mt.__mode = 'kv'",
  ["that becomes one of a class"] = [[
    local mt = {} local made = setmetatable({}, mt) setmetatable(mt, { __index = {} }) mt.__mode = 'kv']],
  ["that was one of a class"] = [[
    local mt = setmetatable({}, { __index = {} }) local made = setmetatable({}, mt) setmetatable(mt, nil) mt.__mode = 'kv']],
  ["its own"] = "local made = {} setmetatable(made, made) made.__mode = 'kv'",
  ["of a class that sets"] = [[
    local mt = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v) end }) local made = setmetatable({}, mt)
    mt.__mode = 'kv']],
}

describe("metatables of recipes", function()
  for what, way in pairs(WAYS) do
    it("make no table weak: " .. what, function()
      local made = run(way .. " for i = 1, 10 do rawset(made, i, {}) end return made")
      collectgarbage()
      collectgarbage()
      for i = 1, 10 do assert.equal("table", type(rawget(made, i))) end
    end)
  end

  it("take all else, at any time", function()
    assert.same({ "one", "two", 3, "four" }, { run [[
      local class = setmetatable({}, { __call = function() return "four" end })
      local object = setmetatable({}, class)
      class.__index = class
      function class.first() return "one" end
      class.__tostring = function() return "two" end
      rawset(class, "third", 3)
      return object.first(), tostring(object), object.third, class()
    ]] })
  end)

  it("are what the recipe gave, and no other", function()
    assert.is_true(run [[
      local mt, of_mt = {}, {}
      local object = setmetatable({}, mt)
      local before = getmetatable(mt)
      setmetatable(mt, of_mt)
      return before == nil and getmetatable(object) == mt and getmetatable(mt) == of_mt and getmetatable("") == false
    ]])
  end)

  for code, problem in pairs {
    ["setmetatable(1, {})"] = "bad argument #1 to 'setmetatable' (table expected, got number)",
    ["setmetatable({}, 1)"] = "bad argument #2 to 'setmetatable' (nil or table expected, got number)",
    ["setmetatable(setmetatable({}, { __metatable = 1 }), {})"] = "cannot change a protected metatable",
    ["setmetatable({}, { __gc = true })"] =
      "setmetatable: a recipe's tables cannot have __gc; use a to-be-closed variable or rc.finally",
    ["rawset(setmetatable({}, { __metatable = 1 }), 1, 1)"] = "rawset: the table is protected",
  } do
    it("are refused at the recipe's line: " .. code, function()
      local ok, message = pcall(run, "\nlocal made = " .. code)
      assert.is_false(ok)
      assert.equal("probe.lua:2: " .. problem, message)
    end)
  end

  it("give nobody a way around what is protected", function()
    local env = environment()
    env.theirs = setmetatable({}, { __metatable = "theirs" })
    local ok, message = pcall(assert(load([[
      local meta = { __index = {} }
      local class = setmetatable({}, meta)
      setmetatable({}, class)
      rawget(meta, "__newindex")(theirs, "x", 1)
    ]], "@probe.lua", "t", env)))
    assert.is_false(ok)
    assert.equal("probe.lua:4: rawset: the table is protected", message)
    assert.is_nil(rawget(env.theirs, "x"))
  end)
end)
