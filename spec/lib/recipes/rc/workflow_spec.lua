-- A workflow that is long to trace, in a recipe: the others are served meanwhile.

local kit = require "spec.support.rc"
local turning = require "spec.support.turns"

-- 4,500 nodes, and the functions that look at them.
local LARGE = [[
  local graph = {}
  for i = 1, 1500 do
    graph[tostring(i)] = { class_type = "KSampler", inputs = { seed = i, positive = { "p" .. i, 0 }, width = i, add_noise = "enable" } }
    graph["p" .. i] = { class_type = "CLIPTextEncode", inputs = { text = "words " .. i } }
    graph["s" .. i] = { class_type = "SaveImage", inputs = { images = { tostring(i), 0 } } }
  end
]]

-- What the recipe gives, and how often the loop turned.
local function run(text)
  local result, err, turned
  kit.with({}, function()
    local turns <close> = turning.count()
    result, err = kit.run(LARGE .. text)
    turned = turns.number
  end)
  if not result then error(err.message, 2) end
  return result.data, turned
end

describe("rc.workflow, of a large graph", function()
  it("lets the loop turn while it traces it", function()
    local data, turned = run [[
      local flow = rc.workflow(graph)
      return { inputs = #flow.inputs, how = flow.roles.seed.how, seeds = #flow.roles.seed.inputs }
    ]]
    assert.same({ inputs = 6000, how = "traced", seeds = 1500 }, data)
    assert.is_true(turned > 5, turned)
  end)

  it("does so again where a call turns a switch of it", function()
    local _, once = run "rc.workflow(graph)"
    local data, turned = run [[
      local overrides = rc.workflow(graph):overrides { ["7.add_noise"] = "disable", ["7.width"] = 8 }
      return overrides["7"].inputs
    ]]
    assert.same({ add_noise = "disable", width = 8 }, data)
    assert.is_true(turned > once + 5, ("%d, then %d"):format(once, turned))
  end)

  it("does so in a coroutine of the recipe's, and beside other work", function()
    local data, turned = run [[
      local seen = {}
      rc.all {
        function()
          seen.first = #coroutine.wrap(function() return rc.workflow(graph) end)().inputs
          seen.last = seen.last or "traced"
        end,
        function() seen.last = seen.last or "beside" end,
      }
      return seen
    ]]
    assert.same({ first = 6000, last = "beside" }, data)
    assert.is_true(turned > 5, turned)
  end)

  it("works where nothing can wait, in one piece", function()
    local data = run [[
      local count
      local list = { 2, 1 }
      table.sort(list, function(a, b) count = #rc.workflow(graph).inputs return a < b end)
      return { count = count, first = list[1] }
    ]]
    assert.same({ count = 6000, first = 1 }, data)
  end)

  it("can be cancelled", function()
    local data = run [[
      local traced = false
      local ok, err = pcall(rc.all, {
        function() rc.workflow(graph) traced = true end,
        function() error({ code = "mine" }) end,
      })
      return { ok = ok, code = err.code, traced = traced }
    ]]
    assert.same({ ok = false, code = "mine", traced = false }, data)
  end)
end)
