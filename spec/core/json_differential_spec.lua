--- core.json beside lua-cjson, which is right wherever it loses nothing.
local json = require "core.json"

local has_cjson, cjson = pcall(require, "cjson")
has_cjson = has_cjson and debug.getinfo(cjson.encode, "S").what == "C" -- not the one inside the program

local state
local function random(limit)
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % limit
end

local STRINGS = { "", "a", "key", "é", "😀", "with \"quotes\" and \\", "line\nbreak\ttab", "\0\1\31\127", "nothing odd in a longer string",
                  "sixteen bytes ..", "fifteen bytes .", "seventeen bytes ." }

local function scalar()
  local kind = random(6)
  if kind == 0 then return STRINGS[1 + random(#STRINGS)] end
  if kind == 1 then return random(2) == 0 end
  if kind == 2 then return json.null end
  if kind == 3 then return random(2000000) - 1000000 end
  if kind == 4 then return (random(2000000) - 1000000) / 1024 end
  return STRINGS[1 + random(#STRINGS)] .. random(100)
end

local function value(depth)
  local kind = depth > 3 and 9 or random(4)
  if kind == 0 then
    local list = json.as_array {}
    for i = 1, 1 + random(depth == 0 and 30 or 5) do list[i] = value(depth + 1) end
    return list
  elseif kind == 1 then
    local object = {}
    for _ = 1, 1 + random(depth == 0 and 30 or 5) do object[STRINGS[1 + random(#STRINGS)] .. random(20)] = value(depth + 1) end
    return object
  end
  return scalar()
end

--- Whether two decoded values are the same, as far as floats can tell.
local function same(ours, theirs)
  if type(ours) == "table" and type(theirs) == "table" then
    for key, part in pairs(ours) do
      if not same(part, theirs[key]) then return false end
    end
    for key in pairs(theirs) do
      if ours[key] == nil then return false end
    end
    return true
  end
  if type(ours) == "number" then return ours + 0.0 == theirs end
  if type(ours) == "userdata" and ours ~= json.null then return tonumber(tostring(ours)) + 0.0 == theirs end
  return ours == theirs
end

local function mutate(text)
  local at = 1 + random(#text)
  local kind = random(4)
  if kind == 0 then return text:sub(1, at - 1) .. text:sub(at + 1) end
  if kind == 1 then return text:sub(1, at) .. text:sub(at) end
  local bytes = '{}[]",:\\0123456789.eE+-tfn \n'
  local pick = 1 + random(#bytes)
  if kind == 2 then return text:sub(1, at - 1) .. bytes:sub(pick, pick) .. text:sub(at + 1) end
  return text:sub(1, at - 1) .. bytes:sub(pick, pick) .. text:sub(at)
end

describe("core.json beside lua-cjson", function()
  before_each(function() state = 20240601 end)

  local function each(count, fn)
    if not has_cjson then return pending "lua-cjson is not installed" end
    for _ = 1, count do fn(value(0)) end
  end

  it("writes what lua-cjson reads as the same", function()
    each(300, function(original)
      local text = json.encode(original)
      assert.is_true(same(original, cjson.decode(text)), text)
    end)
  end)

  it("reads what lua-cjson writes as the same", function()
    each(300, function(original)
      local text = cjson.encode(original)
      local read = json.decode(text)
      assert.is_true(same(read, cjson.decode(text)), text)
    end)
  end)

  it("accepts nothing that lua-cjson refuses, and then reads the same", function()
    local accepted, refused = 0, 0
    each(300, function(original)
      local text = json.encode(original)
      for _ = 1, 10 do
        local changed = mutate(text)
        local read = json.decode(changed)
        assert.equal(read ~= nil, json.raw(changed) ~= nil)
        if read ~= nil then
          assert.is_true(same(read, cjson.decode(changed)), changed)
          accepted = accepted + 1
        else
          refused = refused + 1
        end
      end
    end)
    assert.is_true(not has_cjson or (accepted > 100 and refused > 100))
  end)

  it("serves scripts written for lua-cjson", function()
    each(1, function()
      assert.equal(cjson.null, json.null)
      assert.equal(cjson.encode { 1, "two", cjson.null, true, { a = 3 } }, json.encode { 1, "two", json.null, true, { a = 3 } })
    end)
  end)
end)
