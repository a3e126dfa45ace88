-- Many words looked for in one pass, by way of core.redact, beside a search that compares each word at each place.
local memory = require "spec.support.memory"
local redact = require "core.redact"

local CUT = "[redacted]"

-- The text without the words; what overlaps or touches goes as one.
local function slow(text, words)
  local covered, out = {}, {}
  for at = 1, #text do
    for _, word in ipairs(words) do
      if text:sub(at, at + #word - 1) == word then
        for i = at, at + #word - 1 do covered[i] = true end
      end
    end
  end
  for at = 1, #text do
    if not covered[at] then out[#out + 1] = text:sub(at, at) elseif not covered[at - 1] then out[#out + 1] = CUT end
  end
  return table.concat(out)
end

local function random_text(random, alphabet, least, most)
  local out = {}
  for i = 1, random(least, most) do
    local at = random(#alphabet)
    out[i] = alphabet:sub(at, at)
  end
  return table.concat(out)
end

-- Numbers that are the same in each run.
local function generator(seed)
  local state = seed
  return function(low, high)
    if not high then low, high = 1, low end
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return low + (state >> 33) % (high - low + 1)
  end
end

describe("needles", function()
  it("finds what a search finds that compares each word at each place", function()
    local found = 0
    for seed = 1, 3000 do
      local random, words = generator(seed), {}
      for i = 1, random(1, 9) do words[i] = random_text(random, "GHJ", 1, 7) end
      local text = random_text(random, "GHJK", 0, 60)
      local expected = slow(text, words)
      assert.equal(expected, redact.new({ texts = words }):text(text), seed .. ": " .. table.concat(words, " "))
      found = found + (expected ~= text and 1 or 0)
    end
    assert.is_true(found > 1000)
  end)

  it("finds words that are the end of others, their beginning, their middle, and the same twice", function()
    local rules = redact.new { texts = { "GHHJ", "HHJ", "HJ", "GH", "HH", "GHHJ" } }
    assert.equal(CUT, rules:text "GHHJ")
    assert.equal(CUT, rules:text "GHJ") -- GH and HJ overlap: one
    assert.equal("J" .. CUT .. "G", rules:text "JHHG")
    assert.equal(CUT, rules:text "HHGH") -- these touch
    assert.equal("GJ" .. CUT, rules:text "GJHJ")
  end)

  it("goes on behind a beginning that leads nowhere", function()
    local rules = redact.new { texts = { "GGGGH" } }
    assert.equal("GGGGGGG" .. CUT, rules:text("GGGGGGG" .. "GGGGH"))
    assert.equal("GGGGGGGG", rules:text "GGGGGGGG")
    assert.equal("GGGGJ" .. CUT, rules:text "GGGGJGGGGH")
  end)

  it("takes words of any bytes, also zeros, and of one byte", function()
    local rules = redact.new { texts = { "\0\0\1", "\xff\xfe", "Z" } }
    assert.equal("\0" .. CUT .. "a" .. CUT .. "b" .. CUT, rules:text "\0\0\0\1a\xff\xfebZ")
    assert.equal("\0\0\xff", rules:text "\0\0\xff")
  end)

  it("holds some ten thousand words, each of which it finds", function()
    local words = {}
    for i = 1, 20000 do words[i] = ("key-%05d-of-many"):format(i) end
    local rules = redact.new { texts = words }
    for _, i in ipairs { 1, 2, 9999, 10000, 19999, 20000 } do assert.equal("<" .. CUT .. ">", rules:text("<" .. words[i] .. ">")) end
    assert.equal("key-20001-of-many", rules:text "key-20001-of-many")
    assert.equal("key-1-of-many", rules:text "key-1-of-many")
  end)

  it("survives memory that ends at any allocation of Lua's", function()
    memory.sweep(function()
      local rules = redact.new { texts = { "GHJ", "HHJJ" } }
      assert(rules:text "GGHJG" == "G" .. CUT .. "G")
    end)
  end)
end)
