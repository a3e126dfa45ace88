local fs = require "core.fs"
local json = require "core.json"

local FOLDER = "../shared/json-suite/test_parsing"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- The texts of the suite whose names begin with `prefix`, by name; nil without the suite.
local function texts(prefix)
  local names = fs.list(FOLDER)
  if not names then return nil end
  local found = {}
  for _, name in ipairs(names) do
    if name:sub(1, #prefix) == prefix then found[name] = read(FOLDER .. "/" .. name) end
  end
  assert(next(found), FOLDER .. " has no file " .. prefix .. "*")
  return found
end

local function without_suite() pending(FOLDER .. " is not there; JSONTestSuite's files are not part of the project") end

describe("core.json with JSONTestSuite", function()
  it("accepts every y_ file, in decode and in raw, and brings it back", function()
    local files = texts "y_"
    if not files then return without_suite() end
    for name, text in pairs(files) do
      local value, message = json.decode(text)
      assert.is_true(value ~= nil, name .. ": " .. tostring(message))
      local raw = assert(json.raw(text), name)
      assert.equal(json.encode(value), json.encode(json.decode(raw:text())), name)
      assert.equal(json.encode(value), json.encode(json.decode(json.encode(value))), name)
      assert.equal(json.encode(value), json.encode(raw:value()), name)
    end
  end)

  it("rejects every n_ file, in decode and in raw", function()
    local files = texts "n_"
    if not files then return without_suite() end
    for name, text in pairs(files) do
      local value, message = json.decode(text)
      assert.is_nil(value, name)
      assert.matches("^line %d+, column %d+: ", message, name)
      local raw, same = json.raw(text)
      assert.is_nil(raw, name)
      assert.equal(message, same, name)
    end
  end)

  it("treats every i_ file alike in decode and in raw, and no invalid UTF-8 or surrogate gets through", function()
    local files = texts "i_"
    if not files then return without_suite() end
    for name, text in pairs(files) do
      local value, message = json.decode(text)
      local raw, same = json.raw(text)
      assert.equal(value ~= nil, raw ~= nil, name)
      assert.equal(message, same, name)
      if name:find("surrogate", 1, true) or name:find("invalid", 1, true) or not utf8.len(text) then assert.is_nil(value, name) end
    end
  end)
end)
