local findings = require "spec.support.findings"

local function only(body)
  local list = findings.of(body)
  assert.equal(1, #list, body .. "\n" .. table.concat(list, "\n"))
  return list[1]
end

describe("lib.workbench.lint.fields", function()
  it("knows what texts, numbers, booleans and lists have not", function()
    assert.equal("1 unknown-method: a text has no 'split'; go through text:gmatch \"[^,]+\"", only "return ('a,b'):split(',')")
    assert.matches("a number has no 'rep'; take tostring(…):rep(…)", only "return rc.now():rep(2)", 1, true)
    assert.matches(":upper(…), with a colon", only "local s = tostring(1) return s.upper", 1, true)
    assert.matches("output_urls is a list", only "return rc.job('d', 'r'):wait().output_urls.url", 1, true)
  end)

  it("names the fields that a thing has", function()
    assert.matches("has no 'output_url', did you mean 'output_urls'?", only "return rc.job('d', 'r'):wait().output_url", 1, true)
    assert.matches("; it has ", only "return rc.job('d', 'r'):wait().zzzzzzzz", 1, true)
    assert.same({}, findings.of "return rc.job('d', 'r'):wait().output_urls[1].url")
  end)

  it("tells a field that is called from a method that is not", function()
    assert.matches("is no method: without ()", only "return rc.job('d', 'r'):wait():output_urls()", 1, true)
    assert.matches("json is a method: response:json(…)", only "return rc.http({ url = input.x }).json.a", 1, true)
  end)

  it("leaves alone what the recipe made its own", function()
    assert.same({}, findings.of "local r = rc.job('d', 'r'):wait() r.mine = 1 return r.mine")
    assert.same({}, findings.of "local r = rc.job('d', 'r'):wait() r = { mine = 1 } return r.mine")
    assert.same({}, findings.of "local t = { push = function() end } t:push(1)")
    assert.same({}, findings.of "local t = setmetatable({}, { __index = table }) t:concat()")
  end)

  it("knows that a table has no methods of other languages", function()
    assert.equal("1 unknown-field: a table has no 'push'; take table.insert(list, item)", only "local t = {} t:push(1) return t")
    assert.matches("a table has no 'length'; the length of a list is #list", only "local t = { 1 } return t.length", 1, true)
    assert.same({}, findings.of "local t = { length = 3 } return t.length")
  end)

  it("knows what is no list", function()
    assert.matches("is no list; its files are in output_urls", only "return rc.job('d', 'r'):wait()[1]", 1, true)
    assert.matches("a character of it is text:sub(1, 1)", only "return ('a'):format(1)[1]", 1, true)
    assert.same({}, findings.of "return rc.job('d', 'r'):wait().output_urls[1]")
  end)

  it("knows rc: what is a function, what wants a dot, what json has", function()
    assert.matches("rc.http is a function: rc.http { url = …, method = \"GET\" }", only "return rc.http.get", 1, true)
    assert.matches("write rc.now(…), with a dot", only "return rc:now()", 1, true)
    assert.matches("write rc.tools.get_deployment { … }, with a dot", only "return rc.tools:get_deployment {}", 1, true)
    assert.matches("rc.json has no 'stringify'", only "local json = rc.json local f = json.stringify f(1)", 1, true)
  end)

  it("knows that the input has values and no methods", function()
    assert.matches("input has no methods: its parameters are values, input.x", only "return input:x()", 1, true)
  end)
end)
