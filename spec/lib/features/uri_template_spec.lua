local uri_template = require "lib.features.uri_template"

local function match(template, uri)
  return assert(uri_template.compile(template)):match(uri)
end

describe("mcp.uri_template", function()
  it("finds the values of simple variables", function()
    assert.same({ id = "42" }, match("recipe://jobs/{id}", "recipe://jobs/42"))
    assert.same({ a = "x", b = "y" }, match("recipe://{a}/of/{b}/end", "recipe://x/of/y/end"))
    assert.same({ date = "2026-01-02" }, match("rc://log/{date}", "rc://log/2026-01-02"))
  end)

  it("matches the whole of a URI or nothing", function()
    for _, uri in ipairs {
      "recipe://jobs/", "recipe://jobs", "recipe://jobs/1/2", "recipe://jobs/1?x", "xrecipe://jobs/1", "recipe://job/1", "",
      "recipe://jobs/a b", "recipe://jobs/a\n",
    } do
      assert.is_nil(match("recipe://jobs/{id}", uri), uri)
    end
    assert.is_nil(match("recipe://{a}/end", "recipe://x/ends"))
    assert.is_nil(match("recipe://{a}/end", "recipe://x/end/end"))
  end)

  it("lets '+' take slashes and more, and '#' a fragment", function()
    assert.same({ path = "a/b.txt?x=1" }, match("file:///data/{+path}", "file:///data/a/b.txt?x=1"))
    assert.same({ part = "top/1" }, match("rc://page{#part}", "rc://page#top/1"))
    assert.is_nil(match("rc://page{#part}", "rc://page"))
  end)

  it("decodes percent escapes once, and refuses malformed ones and what is no text", function()
    assert.same({ id = "a b/%41" }, match("rc://{id}", "rc://a%20b%2F%2541"))
    assert.same({ id = "ü" }, match("rc://{id}", "rc://%C3%BC"))
    assert.same({ id = "ü" }, match("rc://{id}", "rc://ü"))
    assert.is_nil(match("rc://{id}", "rc://%2"))
    assert.is_nil(match("rc://{id}", "rc://%zz"))
    assert.is_nil(match("rc://{id}", "rc://%FF"))
    assert.is_nil(match("rc://{id}", "rc://a%00b"))
  end)

  it("gives an earlier variable as little as the rest allows", function()
    assert.same({ a = "x", b = "y-z" }, match("rc://{a}-{b}", "rc://x-y-z"))
    assert.same({ a = "x/y", b = "z" }, match("rc://{+a}/{b}", "rc://x/y/z"))
    assert.same({ a = "p/x/q" }, match("rc://{+a}/x", "rc://p/x/q/x"))
    assert.same({ a = "-", b = "-" }, match("rc://{a}-{b}", "rc://---"))
  end)

  it("counts what stands for itself", function()
    assert.equal(#"rc://page/", uri_template.compile("rc://page/{id}").literal)
    assert.equal(#"rc://page#", uri_template.compile("rc://page{#id}").literal)
  end)

  it("refuses what it cannot read backwards", function()
    for template, expected in pairs {
      ["rc://{a}{b}"] = "two variables need a character between them",
      ["rc://{a,b}"] = "'{a,b}' must be a variable's name",
      ["rc://{a*}"] = "'{a*}' must be a variable's name",
      ["rc://x{?q}"] = "'{?q}': the operators are '+' and '#'",
      ["rc://{}"] = "'{}' must be",
      ["rc://{a}/{a}"] = "the variable 'a' stands in it twice",
      ["rc://{a"] = "a '{' without its '}'",
      ["rc://a}"] = "a '}' without its '{'",
      ["rc://{a}}"] = "a '}' without its '{'",
      ["rc://a"] = "it has no variable",
    } do
      local compiled, problem = uri_template.compile(template)
      assert.is_nil(compiled, template)
      assert.matches(expected, problem, 1, true)
    end
    assert.same({ a = "1", b = "2" }, match("rc://{a}{#b}", "rc://1#2"))
  end)

  it("is not slowed down by a URI made for that", function()
    local template = assert(uri_template.compile("rc://{+a}a{+b}a{+c}a{+d}a{+e}/end"))
    local uri, thousands = "rc://" .. ("a"):rep(2000) .. "/en", 0
    debug.sethook(function() thousands = thousands + 1 end, "", 1000)
    local variables = template:match(uri)
    debug.sethook()
    assert.is_nil(variables)
    assert.is_true(thousands < 1000)
    assert.equal(1992, #template:match(uri .. "d").e)
  end)
end)
