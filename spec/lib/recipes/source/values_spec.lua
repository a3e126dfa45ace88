local scan = require "lib.recipes.source.scan"
local values = require "lib.recipes.source.values"

local function scanned(text)
  return scan.scan("local rc = require 'rc' " .. text)
end

-- What the last value of a file is known to be.
local function kind(text)
  local list = scanned("return " .. text).returned.values
  local value = values.meaning(list[#list])
  return value and value.is
end

local function called(text)
  local names = {}
  for i, call in ipairs(scanned(text).calls) do names[i] = call.what end
  return names
end

describe("lib.recipes.source.values", function()
  it("knows what the functions of rc give", function()
    assert.equal("job", kind "rc.submit { deployment_id = 'd' }")
    assert.equal("response", kind "rc.http { url = 'u' }")
    assert.equal("content", kind "rc.text 'a'")
    assert.equal("number", kind "rc.now()")
    assert.equal("fraction", kind "rc.random()")
    assert.equal("number", kind "rc.random(1, 2)")
    assert.equal("results", kind "rc.map({}, f)")
    assert.equal("text", kind "rc.json.encode {}")
    assert.equal("unknown", kind "rc.json.decode '1'")
    assert.equal("answer", kind "rc.tools.get_deployment {}")
  end)

  it("knows what jobs and Lua's libraries give", function()
    assert.equal("finished", kind "rc.job('d', 'r'):wait()")
    assert.equal("status", kind "rc.job('d', 'r'):status()")
    assert.equal("outcome", kind "rc.job('d', 'r'):cancel()")
    assert.equal("unknown", kind "rc.job('d', 'r'):nonsense()")
    assert.equal("text", kind "tostring(1)")
    assert.equal("text", kind "table.concat {}")
    assert.equal("fraction", kind "math.random()")
    assert.equal("number", kind "math.random(6)")
    assert.same({ is = "text", text = "%d rows" }, scanned("return ('%d rows'):format(1)").returned.values[1])
  end)

  it("names each call by what it is a call of, through other names, too", function()
    assert.same({ "rc.now", "rc.tools.a", "rc.submit", "job:wait", "pcall", "table.concat", "rc.json.encode" },
      called [[local now, tools = rc.now, rc.tools now() tools.a {} local j = rc.submit {} j:wait() pcall(f) table.concat(t)
        rc.json.encode(1)]])
  end)

  it("knows that rc may be used anywhere, once it goes somewhere whole", function()
    assert.is_false(scanned("return rc.now()").opaque)
    assert.is_true(scanned("f(rc)").opaque)
    assert.is_true(scanned("local t = { rc }").opaque)
    assert.is_true(scanned("return rc[name]").opaque)
    assert.is_true(scanned("f(rc.tools)").opaque)
    assert.is_true(scan.scan("local rc = require(name)").opaque)
  end)

  it("reads what a declaration says of itself, and who gets its input", function()
    local tool = scanned("return rc.tool { name = 'a', run = function(input, ctx) return input.x end }").declarations[1]
    assert.equal("tool", tool.kind)
    assert.equal("a", tool.name)
    assert.is_true(tool.in_sight)
    assert.same({ x = 1 }, tool.input.fields)
    assert.equal("ctx", tool.run.parameters[2].role)

    local resource = scanned("return rc.resource { uri = 'recipe://a', read = function(ctx) end }").declarations[1]
    assert.equal("recipe://a", resource.key)
    assert.is_nil(resource.input)
    assert.equal("ctx", resource.run.parameters[1].role)

    local named = scanned("local spec = { name = 'b' } return rc.tool(spec)").declarations[1]
    assert.equal("b", named.key)
    assert.is_false(named.in_sight)
  end)

  it("finds what a local was made of, not what it became", function()
    local result = scanned("local a = { 1 } local b = a a = 2 return b").returned.values[1]
    assert.equal("table", values.made(result).is)
    assert.is_nil(values.made(nil))
  end)

  it("gives up on locals that name each other without end", function()
    local ring = { is = "variable", variable = {} }
    ring.variable.made = ring
    assert.is_nil(values.made(ring))
  end)

  it("notes methods that are called with a dot, and an index of zero", function()
    assert.equal("progress", scanned("return rc.tool { run = function(_, ctx) ctx.progress(1) end }").dotted[1].name)
    assert.equal(0, #scanned("return rc.tool { run = function(_, ctx) ctx.progress(ctx, 1) end }").dotted)
    assert.equal("output_urls", scanned("local done = rc.job('d', 'r'):wait() return done.output_urls[0]").zeroth[1].name)
  end)

  it("says whether a function gives anything", function()
    local function gives(body) return values.gives(scanned("return function() " .. body .. " end").returned.values[1]) end
    assert.is_true(gives "if x then return 1 end")
    assert.is_false(gives "if x then return end")
    assert.is_false(gives "local f = function() return 1 end")
  end)
end)
