local json = require "core.json"
local kit = require "spec.support.rc"
local invoke = require "lib.recipes.run.invoke"
local registry = require "lib.features.registry"

-- Runs a recipe as the catalog does, with arguments that are read by its parameters.
local function call(input, text, arguments)
  local result, err
  kit.with({}, function()
    local recipe, fn = kit.load(text, "probe")
    local tool
    tool = assert(registry.compile({
      name = "probe", description = "Probes.", input = input,
      run = function(values, ctx)
        return invoke.call(recipe, fn, { values }, ctx, {
          declaration = { name = "probe" }, find = kit.tools().find, schema = tool.schema,
        })
      end,
    }, { strict = true }))
    result, err = registry.attempt(tool, arguments or {}, kit.context())
  end)
  return result and result.data, err
end

local LIST = {
  { "prompt", "string", "What it shows", default = "a fox" },
  { "seed", "integer", "Its seed", optional = true },
  { "stages", "array", "What to do", optional = true, items = { { "steps", "integer", "Steps" } } },
  { "size", "object", "How large", optional = true, properties = { { "width", "integer", "Pixels" } } },
  { "free", "object", "Anything", optional = true },
}

describe("input", function()
  it("raises where a parameter is read that was not declared, with the place and the one that was meant", function()
    local _, err = call(LIST, "return { x = input.promt }")
    assert.matches("^probe.lua:1: input.promt: no such parameter is declared, did you mean 'prompt'?", err.message)
    _, err = call(LIST, "return { x = input.zzzzzzzz or 1 }")
    assert.matches("no such parameter is declared; there are free, prompt, seed, size, stages", err.message, 1, true)
    _, err = call({}, "return { x = input.prompt }")
    assert.matches("input.prompt: no such parameter is declared; none is declared", err.message, 1, true)
  end)

  it("gives nil for a declared parameter that was not given, and for what is no name", function()
    assert.same({ seed = true, first = true }, (call(LIST, "return { seed = input.seed == nil, first = input[1] == nil }")))
  end)

  it("is strict in objects and lists of objects that are declared, free in those that are not", function()
    local arguments = { stages = { { steps = 1 } }, size = { width = 5 }, free = { a = 1 } }
    local _, err = call(LIST, "return { x = input.stages[1].step }", arguments)
    assert.matches("input.stages[…].step: no such parameter is declared, did you mean 'steps'?", err.message, 1, true)
    _, err = call(LIST, "return { x = input.size.with }", arguments)
    assert.matches("input.size.with: no such parameter is declared, did you mean 'width'?", err.message, 1, true)
    assert.same({ steps = 1, width = 5, none = true },
      (call(LIST, "return { steps = input.stages[1].steps, width = input.size.width, none = input.free.b == nil }", arguments)))
  end)

  it("can be iterated, returned, encoded, copied and changed", function()
    local data = call(LIST, [[
      local names = {}
      for name in pairs(input) do names[#names + 1] = name end
      table.sort(names)
      local text = rc.json.encode(input)
      input.extra = 1
      local copy = {}
      for name, value in next, input do copy[name] = value end
      return { names = names, text = text, raw = rawget(input, "none") == nil, extra = input.extra, all = input, copied = copy.prompt,
               none = copy.none == nil }
    ]], { seed = 3 })
    assert.same({ "prompt", "seed" }, data.names)
    assert.equal('{"prompt":"a fox","seed":3}', data.text)
    assert.same({ true, 1, "a fox", true }, { data.raw, data.extra, data.copied, data.none })
    assert.same({ prompt = "a fox", seed = 3, extra = 1 }, data.all)
    assert.is_nil(data.all.anything_else)
  end)

  it("goes into a call as it is", function()
    local data = call({ { "deployment_id", "string", "D" } }, [[
      local ok, err = pcall(rc.tools.get_deployment, input)
      return { code = err.code }
    ]], { deployment_id = "x" })
    assert.equal("not_allowed", data.code)
  end)

  it("is free where the schema allows further members, and strict where it does not", function()
    local open = { type = "object", properties = { a = { type = "integer" } } }
    assert.same({ none = true }, (call(open, "return { none = input.b == nil }")))
    local patterned = { type = "object", properties = {}, patternProperties = { ["^x"] = {} }, additionalProperties = false }
    assert.same({ none = true }, (call(patterned, "return { none = input.xy == nil }")))
    for _, closed in ipairs {
      { type = "object", properties = { a = { type = "integer" } }, additionalProperties = false },
      '{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}',
    } do
      local _, err = call(closed, "return { x = input.b, y = 2 }")
      assert.matches("input.b: no such parameter", err.message, 1, true)
    end
  end)

  it("keeps its order in what is sent", function()
    local data = call({ type = "object", additionalProperties = false, properties = { graph = { type = "object" }, z = {}, a = {} } },
      "return { text = rc.json.encode(input) }", json.decode '{"z":1,"graph":{"9":{},"10":{}},"a":2}')
    assert.equal('{"z":1,"graph":{"9":{},"10":{}},"a":2}', data.text)
  end)
end)

describe("core.json.guard", function()
  it("answers for what is not there, keeps the order, and is not copied by like", function()
    local object = json.decode '{"z":1,"a":2}'
    local guarded = json.guard(object, function(_, key) return "no " .. tostring(key) end)
    assert.equal(object, guarded)
    assert.equal("no b", object.b)
    assert.equal('{"z":1,"a":2}', json.encode(object))
    local copy = json.like(object, { a = 1, z = 2 })
    assert.is_nil(copy.b)
    assert.equal('{"z":2,"a":1}', json.encode(copy))
    assert.equal('{"b":1}', json.encode(json.guard({ b = 1 }, print)))
    assert.error_matches(function() json.guard(json.as_array {}, print) end, "another metatable")
    assert.error_matches(function() json.guard({}, 1) end, "function expected")
  end)
end)
