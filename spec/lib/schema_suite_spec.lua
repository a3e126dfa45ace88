-- The official test suite of draft 2020-12, where it is at hand beside the project.
local fs = require "core.fs"
local json = require "core.json"
local schema = require "lib.schema"

local SUITE = "../shared/json-schema-suite/"

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("a")
  f:close()
  return assert(json.decode(text))
end

-- All remotes, by the URL under which the tests know them.
local function remotes(folder, url, into)
  for _, name in ipairs(assert(fs.list(folder))) do
    local path = folder .. "/" .. name
    if assert(fs.stat(path)).type == "directory" then
      remotes(path, url .. name .. "/", into)
    elseif name:match("%.json$") then
      into[url .. name] = read(path)
    end
  end
  return into
end

local function run_group(group, documents)
  local check, message = schema.compile(group.schema, { documents = documents })
  for _, test in ipairs(group.tests) do
    it(group.description .. ": " .. test.description, function()
      assert(check, message)
      assert.equal(test.valid, (check(test.data)) == true)
    end)
  end
end

describe("the JSON Schema test suite", function()
  if not fs.stat(SUITE) then
    pending("is not beside the project (" .. SUITE .. ")")
    return
  end
  local documents = remotes(SUITE .. "remotes", "http://localhost:1234/", {})
  local folder = SUITE .. "tests/draft2020-12/"
  for _, name in ipairs(assert(fs.list(folder))) do
    if name:match("%.json$") then
      describe(name, function()
        for _, group in ipairs(read(folder .. name)) do run_group(group, documents) end
      end)
    end
  end
end)
