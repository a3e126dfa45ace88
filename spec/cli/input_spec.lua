local input = require "cli.shared.input"
local json = require "core.json"

local parameters = {
  { "prompt", "string", "text" },
  { "count", "integer", "number", default = 1 },
  { "overrides", "object", "object", optional = true },
  { "ids", "array", "list", items = "string", optional = true },
}

local function read(...)
  return input.from_words({ ... }, parameters)
end

local function message(...)
  local arguments, err = read(...)
  assert.is_nil(arguments)
  assert.equal("bad_input", err.code)
  return err.message
end

describe("cli.shared.input", function()
  it("keeps text as it is, whatever it looks like", function()
    assert.same({ prompt = "42" }, read "prompt=42")
    assert.same({ prompt = "a=b" }, read "prompt=a=b")
    assert.same({ prompt = '{"x":1}' }, read 'prompt={"x":1}')
    assert.same({ prompt = "null" }, read "prompt=null")
    assert.same({ prompt = "@home" }, read "prompt=@home")
    assert.same({ prompt = "" }, read "prompt=")
  end)

  it("leaves numbers to the tool's own check, and takes null for absent", function()
    assert.same({ count = "7" }, read "count=7")
    assert.equal(json.null, read("count=null").count)
    assert.equal(json.null, read("overrides=null").overrides)
  end)

  it("reads JSON without loss", function()
    local arguments = read 'overrides={"3":{"inputs":{"seed":18446744073709551615,"list":[],"cfg":7.0}}}'
    assert.equal('{"3":{"inputs":{"seed":18446744073709551615,"list":[],"cfg":7.0}}}', json.encode(arguments.overrides))
  end)

  it("reads a list as JSON, as one word, or as a word repeated", function()
    assert.equal('["a","b"]', json.encode(read('ids=["a","b"]').ids))
    assert.equal('["a"]', json.encode(read("ids=a").ids))
    assert.equal('["a","b"]', json.encode(read("ids=a", "ids=b").ids))
  end)

  it("takes dashes for underscores in names, and passes unknown names on to the tool's check", function()
    assert.same({ dry_run = "x" }, read "dry-run=x")
  end)

  it("refuses a file that is empty: an empty word says none, but the file was to say something", function()
    local path = os.tmpname()
    for _, text in ipairs { "", " \n" } do
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
      assert.equal(("overrides: %s is empty"):format(path), message("overrides=@" .. path))
      assert.equal(("ids: %s is empty"):format(path), message("ids=@" .. path))
    end
    os.remove(path)
    assert.same({ overrides = "" }, read "overrides=")
  end)

  it("reads JSON from a file", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write '{"6":{"inputs":{"text":"a fox"}}}'
    file:close()
    local arguments = read("overrides=@" .. path)
    os.remove(path)
    assert.same({ ["6"] = { inputs = { text = "a fox" } } }, arguments.overrides)
  end)

  it("says what it cannot read", function()
    assert.equal("'prompt' is no key=value", message "prompt")
    assert.matches("^overrides is no JSON: line 1, column 2", message "overrides={")
    assert.equal("prompt is given 2 times", message("prompt=a", "prompt=b"))
    assert.matches("^overrides: cannot read /nonexistent/x", message "overrides=@/nonexistent/x")
  end)

  it("takes all arguments as one JSON object", function()
    assert.same({ a = 1 }, input.from_json '{"a":1}')
    local wrong = { ["{"] = "^%-%-args is no JSON: line 1", ["[]"] = "must be a JSON object", ["3"] = "must be a JSON object" }
    for text, expected in pairs(wrong) do
      local arguments, err = input.from_json(text)
      assert.is_nil(arguments)
      assert.matches(expected, err.message)
    end
  end)
end)
