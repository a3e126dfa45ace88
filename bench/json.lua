--- Speed of core.json beside lua-cjson, in one run, taking turns:
---   build/release/rcmcp lua bench/json.lua [ROUNDS]
--- Prints medians of CPU time and ratios on a ComfyUI API-format graph of 500 kB and one of 5 MB, and ends
--- with status 1 when a gate is missed: decode and encode of 500 kB at least as fast as lua-cjson's, and
--- raw of 5 MB at least 10 times as fast as lua-cjson's decode (4 ms where that takes 40).
local json = require "core.json"
local has_cjson, cjson = pcall(require, "cjson")

local ROUNDS = tonumber(arg[1]) or 25
local GATE_RAW = 10

local seed = 20240601
local function random(limit)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return (seed >> 8) % limit
end

local WORDS = { "masterpiece", "portrait", "cinematic", "light", "detailed", "35mm", "bokeh", "golden hour", "rain", "neon", "café" }

local function prompt()
  local words = {}
  for i = 1, 8 + random(30) do words[i] = WORDS[1 + random(#WORDS)] end
  return table.concat(words, ", ")
end

local function link(count) return json.as_array { tostring(1 + random(count)), random(3) } end

local KINDS = {
  function(n)
    return "KSampler", { seed = 156680208700286 + random(100000), steps = 20 + random(20), cfg = 7.5, sampler_name = "euler",
                         scheduler = "normal", denoise = random(100) / 100, model = link(n), positive = link(n), negative = link(n),
                         latent_image = link(n) }
  end,
  function(n) return "CLIPTextEncode", { text = prompt(), clip = link(n) } end,
  function() return "CheckpointLoaderSimple", { ckpt_name = "models/v1-5-pruned-emaonly.safetensors" } end,
  function() return "EmptyLatentImage", { width = 512, height = 768, batch_size = 1 } end,
  function(n)
    return "LoraLoader", { lora_name = "add_detail.safetensors", strength_model = 0.75, strength_clip = 1.0, model = link(n),
                           clip = link(n) }
  end,
  function(n) return "VAEDecode", { samples = link(n), vae = link(n) } end,
  function(n) return "SaveImage", { filename_prefix = "ComfyUI \"" .. random(100) .. "\"\n", images = link(n) } end,
}

--- A graph whose text is about `bytes` long.
local function graph(bytes)
  local nodes, size, count = {}, 0, bytes // 200
  for id = 1, math.maxinteger do
    local class, inputs = KINDS[1 + random(#KINDS)](count)
    local node = { class_type = class, inputs = inputs, _meta = { title = class .. " " .. id } }
    nodes[tostring(id)] = node
    size = size + #json.encode(node) + 8
    if size > bytes then return nodes end
  end
end

local function median(samples)
  table.sort(samples)
  return samples[(#samples + 1) // 2]
end

--- Times functions by turns; medians in milliseconds by name.
local function measure(contestants, rounds)
  local samples = {}
  for round = 0, rounds do -- the first is for warming up
    for name, fn in pairs(contestants) do
      samples[name] = samples[name] or {}
      collectgarbage()
      local start = os.clock()
      fn()
      local taken = (os.clock() - start) * 1000
      if round > 0 then table.insert(samples[name], taken) end
    end
  end
  local medians = {}
  for name, list in pairs(samples) do medians[name] = median(list) end
  return medians
end

local missed = {}

local function gate(ok, what)
  if not ok then missed[#missed + 1] = what end
end

--- Ours and theirs; returns the milliseconds of their decode.
local function compare(label, text, value, gated)
  local contestants = {
    decode = function() return json.decode(text) end,
    encode = function() return json.encode(value) end,
  }
  if has_cjson then
    local theirs = cjson.decode(text)
    contestants.cjson_decode = function() return cjson.decode(text) end
    contestants.cjson_encode = function() return cjson.encode(theirs) end
  end
  local ms = measure(contestants, ROUNDS)
  for _, name in ipairs { "decode", "encode" } do
    local other = ms["cjson_" .. name]
    if other then
      print(("%-6s %-22s %8.3f ms   lua-cjson %8.3f ms   %.2f times as fast"):format(label, name, ms[name], other, other / ms[name]))
      gate(not gated or ms[name] <= other, label .. " " .. name)
    else
      print(("%-6s %-22s %8.3f ms   (lua-cjson is not installed)"):format(label, name, ms[name]))
    end
  end
  return ms.cjson_decode
end

--- The same text as people see it: indented.
local function indented(text)
  local depth, in_string = 0, false
  return (text:gsub('\\?.', function(c)
    if c == '"' then in_string = not in_string end
    if in_string or #c > 1 then return nil end
    if c == "{" or c == "[" then depth = depth + 1 return c .. "\n" .. ("  "):rep(depth) end
    if c == "}" or c == "]" then depth = depth - 1 return "\n" .. ("  "):rep(depth) .. c end
    if c == "," then return ",\n" .. ("  "):rep(depth) end
    if c == ":" then return ": " end
  end))
end

local function raw(label, text, theirs)
  local wide = indented(text)
  local held = assert(json.raw(text))
  assert(json.raw(wide):text() == text)
  local ms = measure({
    compact = function() return json.raw(text) end,
    wide = function() return json.raw(wide) end,
    splice = function() return json.encode { graph = held } end,
    find = function() return held:value("1", "class_type") end,
  }, ROUNDS)
  local function line(name, what, bytes)
    print(("%-6s %-22s %8.3f ms   %8.0f MB/s"):format(label, what, ms[name], bytes / ms[name] / 1000))
  end
  line("compact", "raw, already compact", #text)
  line("wide", ("raw, indented (%.1f MB)"):format(#wide / 1e6), #wide)
  line("splice", "encode of a raw", #text)
  line("find", "one value of a raw", #text)
  gate(not theirs or ms.compact * GATE_RAW <= theirs, label .. " raw")
end

local small, large = graph(500000), graph(5000000)
compare("500 kB", json.encode(small), small, true)
raw("500 kB", json.encode(small))
raw("5 MB", json.encode(large), compare("5 MB", json.encode(large), large))
for _, what in ipairs(missed) do print("missed: " .. what) end
if #missed > 0 then os.exit(1) end
