-- What a client may send as arguments, at its worst: none of it holds the server, and the answer has an end.
local coerce = require "lib.coerce"
local didyoumean = require "lib.didyoumean"
local parameters = require "lib.parameters"
local paths = require "lib.runcomfy.paths"
local steps = require "spec.support.steps"

local MB = 1024 * 1024

local function refused(list, arguments)
  local input, err = parameters.compile(list).check(arguments)
  assert.is_nil(input)
  return err
end

describe("arguments at their worst", function()
  for kind, texts in pairs {
    integer = { ("0"):rep(MB) .. "x", (" "):rep(MB) .. "x", "1" .. (" "):rep(MB) .. "x", "1." .. ("0"):rep(MB) .. "x" },
    number = { ("0"):rep(MB) .. "x", "1." .. ("0"):rep(MB) .. "x", (" "):rep(MB) .. "1 1", "1e" .. ("1"):rep(MB) .. "x" },
    boolean = { (" "):rep(MB) .. "x" .. (" "):rep(MB) .. "x" },
  } do
    it(("are no %s where a megabyte of text is none"):format(kind), function()
      for _, text in ipairs(texts) do assert.is_nil(coerce[kind](text)) end
    end)
  end

  it("are a number in any of its spellings, and in no other", function()
    for text, value in pairs { ["1.5"] = 1.5, [" -2e3 "] = -2000, ["1."] = 1, ["+0.25"] = 0.25, ["1E-2"] = 0.01 } do
      assert.equal(value, coerce.number(text))
    end
    for _, text in ipairs { "0x10", "nan", "inf", "1e", ".", "1 2", "--1", "1e999", "" } do assert.is_nil(coerce.number(text)) end
  end)

  it("list twenty unknown ones of a hundred thousand, the first ones, and say that there are more", function()
    local arguments = {}
    for i = 1, 100000 do arguments[("x%06d"):format(i)] = i end
    local err
    assert.is_true(steps.count(function() err = refused({ { "prompt", "string", "P", optional = true } }, arguments) end) < 5e6)
    assert.equal(20, #err.fields)
    assert.equal("x000001", err.fields[1])
    assert.equal("x000020", err.fields[20])
    assert.matches("There are more problems; the first 20 are listed.", err.message, 1, true)
    assert.is_true(#err.message < 4000)
  end)

  it("list all of twenty problems, and say nothing of more", function()
    local arguments = {}
    for i = 1, 20 do arguments["x" .. i] = i end
    local err = refused({}, arguments)
    assert.equal(20, #err.fields)
    assert.is_nil(err.message:find("more problems", 1, true))
  end)

  it("show the head of a name of a megabyte", function()
    local err = refused({}, { [("é"):rep(MB // 2)] = 1 })
    assert.is_true(#err.message < 1000)
    assert.is_true(#err.fields[1] < 210 and utf8.len(err.fields[1]) ~= nil)
  end)

  it("are read no further than the twentieth bad item of a list", function()
    local items = {}
    for i = 1, 100000 do items[i] = "no object" end
    local list = { { "shots", "array", "S", items = { { "text", "string", "T" } } } }
    local err
    assert.is_true(steps.count(function() err = refused(list, { shots = items }) end) < 1e5)
    assert.equal(20, #err.fields)
  end)

  it("are compared with the names of like length alone", function()
    local names = {}
    for i = 1, 20000 do names[i] = ("n"):rep(100) .. i end
    assert.is_true(steps.count(didyoumean.nearest, ("m"):rep(MB), names) < 1e6)
    assert.equal("prompt", didyoumean.nearest("promt", { "seed", "prompt" }))
  end)

  it("are no webhook's address where they are a megabyte long", function()
    for _, url in ipairs { "https://" .. ("a"):rep(MB) .. " ", "https://" .. ("a"):rep(MB), "https://a" .. (" "):rep(MB) } do
      local ok, err = paths.check_webhook(url)
      assert.is_nil(ok)
      assert.is_true(#err.message < 200)
    end
    assert.is_true(paths.check_webhook("https://example.com/hook?id=1#x"))
    assert.is_nil((paths.check_webhook("https:///hook")))
  end)
end)
