local json = require "core.json"
local roles = require "lib.workflow.roles"
local support = require "spec.support.graphs"

local base, node, sampler = support.base, support.node, support.sampler
local keys, find, check, text = support.keys, support.find, support.check, support.text

describe("workflow.roles: odd graphs", function()
  it("circles end", function()
    check(base { ["6"] = node("ConditioningCombine", { conditioning_1 = { "6", 0 }, conditioning_2 = { "11", 0 } }),
                 ["11"] = node("FluxGuidance", { conditioning = { "6", 0 } }) }, { prompt = false })
    check(base { ["5"] = node("LatentBlend", { samples1 = { "3", 0 }, samples2 = { "5", 0 } }) }, { prompt = "6.text", seed = "3.seed" })
    check(base { ["6"] = text { "12", 0 }, ["12"] = node("Reroute", { [""] = { "12", 0 } }) }, { prompt = false })
    check(base { ["3"] = sampler { seed = { "12", 0 } }, ["12"] = node("Reroute", { [""] = { "13", 0 } }),
                 ["13"] = node("Reroute", { [""] = { "12", 0 } }) }, { seed = false })
  end)

  for name, value in pairs { ["null"] = json.null, ["a number"] = 5, ["an object"] = { a = 1 }, ["a list"] = json.as_array { 1, 2, 3 } } do
    it("words that are " .. name .. " are none", function()
      local graph = { ["1"] = node("easy fullLoader", { positive = value, negative = "bad" }), ["2"] = node("easy preSampling",
        { pipe = { "1", 0 }, seed = value }), ["3"] = node("easy kSampler", { pipe = { "2", 0 }, image_output = "Save" }) }
      check(graph, { prompt = false, negative = "1.negative" })
      check(base { ["6"] = text { "12", 0 }, ["12"] = node("ComfySwitchNode", { switch = true, on_true = value, on_false = "a" }) },
        { prompt = false, negative = "7.text" })
      check(base { ["3"] = sampler { positive = { "12", 0 } }, ["12"] = node("ComfySwitchNode", { switch = true, on_true = value,
        on_false = "a" }) }, { prompt = false, negative = "7.text" })
      check(base { ["6"] = text { "12", 0 }, ["12"] = node("easy pipeOut", { pipe = { "13", 0 } }), ["13"] = node("easy fullLoader",
        { positive = value }) }, { prompt = false })
      check(base { ["6"] = text(value) }, { prompt = false, negative = "7.text" })
    end)
  end

  it("many empty parts of a text are no words", function()
    local graph = base { t0 = node("PrimitiveString", { value = "a cat" }) }
    for i = 1, 40 do graph["t" .. i] = node("StringConcatenate", { string_a = { "t" .. i - 1, 0 }, string_b = "", delimiter = ", " }) end
    graph["6"] = text { "t40", 0 }
    check(graph, { prompt = "t0.value" })
  end)

  it("links to nowhere make no role", function()
    check(base { ["6"] = false }, { prompt = false, negative = "7.text" })
    check(base { ["3"] = false, ["8"] = false }, { prompt = false, seed = false })
  end)

  it("what was reduced to its samplers is read from its last nodes", function()
    check({ ["3"] = sampler {}, ["6"] = text "a cat", ["7"] = text "bad" }, { prompt = "6.text", negative = "7.text", seed = "3.seed" })
    check(base { ["3"] = false, ["11"] = sampler {} }, { prompt = "6.text", seed = "11.seed" })
  end)

  it("are the same in whatever order their tables come", function()
    local texts = {}
    for round = 1, 20 do
      local graph, ids = base { ["20"] = text "a cat", ["11"] = node("ConditioningCombine", { a = { "20", 0 },
        conditioning_2 = { "6", 0 } }) }, {}
      for id in pairs(graph) do ids[#ids + 1] = id end
      table.sort(ids, function(a, b) return (a:byte() * round) % 7 < (b:byte() * round) % 7 end)
      local again = {}
      for _, id in ipairs(ids) do again[id] = graph[id] end
      local parts = {}
      for _, name in ipairs(roles.NAMES) do parts[#parts + 1] = name .. "=" .. (keys(find(again)[name]) or "-") end
      texts[table.concat(parts, " ")] = true
    end
    assert.is_nil(next(texts, next(texts)))
  end)

  -- How many instructions reading takes, in thousands.
  local function steps(graph)
    local count = 0
    debug.sethook(function() count = count + 1 end, "", 1000)
    find(graph)
    debug.sethook()
    return count
  end

  local shapes = {
    ["a chain of conditionings"] = function(n)
      local graph = base { ["3"] = sampler { positive = { "c" .. n, 0 } }, c0 = text "a cat" }
      for i = 1, n do graph["c" .. i] = node("FluxGuidance", { conditioning = { "c" .. i - 1, 0 } }) end
      return graph
    end,
    ["many encoders behind one chain of texts"] = function(n)
      local graph = base { t0 = node("PrimitiveString", { value = "a cat" }) }
      for i = 1, n // 2 do graph["t" .. i] = node("Reroute", { [""] = { "t" .. i - 1, 0 } }) end
      graph["c0"] = text "a cat"
      for i = 1, n // 2 do
        graph["e" .. i] = text { "t" .. i, 0 }
        graph["c" .. i] = node("ConditioningCombine", { conditioning_1 = { "c" .. i - 1, 0 }, conditioning_2 = { "e" .. i, 0 } })
      end
      graph["3"] = sampler { positive = { "c" .. n // 2, 0 } }
      return graph
    end,
    ["many samplers behind one chain of pipes"] = function(n)
      local graph = base { p0 = node("ToBasicPipe", { positive = { "6", 0 }, negative = { "7", 0 } }), s0 = node("EmptyLatentImage",
        { width = 8, height = 8 }) }
      for i = 1, n // 2 do
        graph["p" .. i] = node("EditBasicPipe", { basic_pipe = { "p" .. i - 1, 0 } })
        graph["s" .. i] = node("ImpactKSamplerBasicPipe", { basic_pipe = { "p" .. i, 0 }, seed = i, latent_image = { "s" .. i - 1, 0 } })
      end
      graph["8"] = node("VAEDecode", { samples = { "s" .. n // 2, 0 } })
      return graph
    end,
    ["many outputs of one node with two sides"] = function(n)
      local graph = base { ["12"] = node("Mixer", { positive = { "6", 0 }, negative = { "7", 0 } }) }
      for i = 1, n // 4 do
        graph["s" .. i] = sampler { positive = { "12", i }, negative = { "12", i }, seed = i }
        graph["v" .. i] = node("SaveImage", { images = { "s" .. i, 0 } })
      end
      return graph
    end,
    ["many outputs of one node with many texts"] = function(n)
      local graph, texts = base(), {}
      for i = 1, 900 do texts["text_" .. i] = "a" end
      graph["12"] = node("JoinStringMulti", texts)
      for i = 1, n // 4 do
        graph["e" .. i] = text { "12", i }
        graph["s" .. i] = sampler { positive = { "e" .. i, 0 }, seed = i }
        graph["v" .. i] = node("SaveImage", { images = { "s" .. i, 0 } })
      end
      return graph
    end,
    ["many nodes that feed nothing"] = function(n)
      local graph = base()
      for i = 1, n do graph["x" .. i] = text "unused" end
      return graph
    end,
  }
  for name, shape in pairs(shapes) do
    it("are read in linear time: " .. name, function()
      local small, large = steps(shape(2500)), steps(shape(10000))
      assert.is_true(large < small * 7, ("%d, then %d thousand steps for four times the nodes"):format(small, large))
    end)
  end
end)
