local codec = require "core.codec"
local json = require "core.json"
local kit = require "spec.support.rc"

local function run(text, options)
  local result, err
  kit.with({}, function() result, err = kit.run(text, options) end)
  return result, err
end

local PNG = [["\x89PNG\r\n\x1A\n0000"]]

describe("what a recipe returns", function()
  it("is structured content, text and blocks, in any order", function()
    local result = run(([[return rc.text "done", { urls = { "u" } }, "a", "b", rc.image(%s)]]):format(PNG))
    assert.same({ urls = { "u" } }, result.data)
    assert.equal("a\nb", result.text)
    assert.same({ { type = "text", text = "done" },
      { type = "image", data = codec.base64_encode "\x89PNG\r\n\x1A\n0000", mimeType = "image/png" } }, result.content)
  end)

  it("is ok where it is nothing", function()
    assert.same({ ok = true }, run("return").data)
  end)

  it("is a list or a single value as well", function()
    assert.equal("[10,20]", json.encode(run("return { 10, 20 }").data))
    assert.equal("[]", json.encode(run("return rc.json.array()").data))
    for text, data in pairs {
      ["return 5"] = 5, ["return false"] = false, ["return 0.5, 'half'"] = 0.5, ["return rc.json.null"] = json.null,
    } do
      assert.equal(data, run(text).data)
    end
  end)

  -- What it holds, and what is wrong with it, by what it returns.
  local odd = {
    { "return {}, {}", "it gave 2 values that are data", "[{},{}]" },
    { "return true, { urls = { 'u' } }", "it gave 2 values that are data", '[true,{"urls":["u"]}]' },
    { "return { f = print, n = 1 }", "the value at .f is a function, which has no JSON form", '{"f":null,"n":1}' },
    { "return { a = { co = coroutine.create(print) } }", "the value at .a.co is a thread", '{"a":{"co":null}}' },
    { "return { x = 0/0, y = { 1/0, -1/0 } }", "the value at .x is a number that JSON has not: NaN",
      '{"x":"NaN","y":["Infinity","-Infinity"]}' },
    { "return 0/0", "the value is a number that JSON has not: NaN", '"NaN"' },
    { "return { u = 'u', t = 'caf\\xC3' }", "the value at .t is no valid UTF-8", '{"t":"caf\u{FFFD}","u":"u"}' },
    { "return { ['k\\xC3'] = 1 }", "the value has a key that is no valid UTF-8", '{"k\u{FFFD}":1}' },
    { "local t = { u = 'u' } t.t = t return t", "the value at .t contains itself", '{"t":null,"u":"u"}' },
    { "local a, b = { n = 1 }, { n = 2 } a.b, b.a = b, a return a", "the value at .b.a contains itself", '{"b":{"a":null,"n":2},"n":1}' },
    { "return { [true] = 1, [1.5] = 2 }", "the value has a key of type", '{"1.5":2,"true":1}' },
    { "return { [{}] = 1, b = 2 }", "the value has a key of type table", '{"b":2}' },
    { "return { [6] = 'a', ['6'] = 'b' }", 'has both the key 6 and the key "6"', '{"6":"b","6 (a number)":"a"}' },
    { "local t = {} local at = t for _ = 1, 200 do at.t = {} at = at.t end return { urls = { 'u' }, t = t }",
      "is nested more than 100 levels deep", '"urls":["u"]' },
    { "return print", "the value is a function", "null" },
    { "return { l = rc.json.array { 1, nil, 3 }, u = 'u' }", "the value at .l is a list with holes or names",
      '{"l":{"1":1,"3":3},"u":"u"}' },
    { "local l = rc.json.array { 1 } l.n = 2 return l", "the value is a list with holes or names", '{"1":1,"n":2}' },
    { "local t = {} for i = 1, 50 do t[i] = print end return t", "; and 30 more", "null,null" },
  }
  for _, case in ipairs(odd) do
    it(("is delivered with its fault: %s"):format(case[1]), function()
      local result, err = run(case[1])
      assert.is_nil(result)
      assert.equal("bad_result", err.code)
      assert.matches("recipe 'probe' returned what is no result: ", err.message, 1, true)
      assert.matches(case[2], err.message, 1, true)
      assert.equal(err.message, err.data.error)
      local text = json.encode(err.data.returned)
      if case[3]:find '^[%[{"]' and case[3]:find '[%]}"]$' and case[3]:sub(1, 6) ~= '"urls"' then
        assert.equal(case[3], text)
      else
        assert.matches(case[3], text, 1, true)
      end
    end)
  end

  it("is delivered with its texts and its content, also where this stood in the wrong place", function()
    local result, err = run(([[return { pictures = { rc.image(%s), "a" }, f = print }, "Two pictures.", rc.text "beside"]]):format(PNG))
    assert.is_nil(result)
    assert.matches("the value at .pictures[1] is a value of rc, which belongs beside the result", err.message, 1, true)
    assert.matches("\nTwo pictures.", err.message, 1, true)
    assert.equal('{"f":null,"pictures":[null,"a"]}', json.encode(err.data.returned))
    local kinds = {}
    for i, block in ipairs(err.content) do kinds[i] = block.type end
    table.sort(kinds)
    assert.same({ "image", "text" }, kinds)
  end)

  it("raises no metamethod of its tables", function()
    local result = run [[return setmetatable({ a = 1 }, { __pairs = error, __index = error, __len = error, __name = 5 })]]
    assert.same({ a = 1 }, result.data)
  end)
end)

describe("content", function()
  it("finds the type of bytes, and takes the one given", function()
    local result = run [[
      return rc.image("GIF89a..."), rc.audio("OggS..."), rc.image("??", "image/x-raw"), rc.audio("\xFF\xFB\x90\x00")
    ]]
    local types = {}
    for i, block in ipairs(result.content) do types[i] = block.type .. " " .. block.mimeType end
    assert.same({ "image image/gif", "audio audio/ogg", "image image/x-raw", "audio audio/mpeg" }, types)
  end)

  it("links and embeds", function()
    local result = run [[
      return rc.link("https://x.test/a/cat.png?sig=1", { mime_type = "image/png", size = 5, title = "Cat" }),
        rc.link("recipe://jobs/1", { name = "job" }), rc.embed("recipe://a", "plain"), rc.embed("recipe://b", '{"a":1}'),
        rc.embed("recipe://c", "\x89PNG\r\n\x1A\n0")
    ]]
    local blocks = result.content
    assert.same({ type = "resource_link", uri = "https://x.test/a/cat.png?sig=1", name = "cat.png", title = "Cat", mimeType = "image/png",
      size = 5 }, blocks[1])
    assert.equal("job", blocks[2].name)
    assert.same({ uri = "recipe://a", mimeType = "text/plain", text = "plain" }, blocks[3].resource)
    assert.equal("application/json", blocks[4].resource.mimeType)
    assert.same({ uri = "recipe://c", mimeType = "image/png", blob = codec.base64_encode "\x89PNG\r\n\x1A\n0" }, blocks[5].resource)
  end)

  it("refuses misuse, naming the place", function()
    for text, message in pairs {
      ["rc.text(5)"] = "rc.text must be a text, got number", ['rc.link "a:\\xFF"'] = "rc.link takes a URI, got 'a:\u{FFFD}'",
      ['rc.image "hello"'] = "rc.image: these bytes are no image that is known (text/plain); give its MIME type",
      ['rc.image("x", "image")'] = "rc.image: the MIME type must be such as image/png, got image",
      ['rc.image ""'] = "rc.image takes bytes, got none", ["rc.audio {}"] = "rc.audio takes bytes in a string, got table",
      ['rc.link "no uri"'] = "rc.link takes a URI, got 'no uri'", ['rc.link("a:b", { mime = "x" })'] = "rc.link has no option 'mime'",
      ['rc.embed("a:b", 5)'] = "rc.embed takes text or bytes, got number",
      ['rc.link("a:b", { size = "5" })'] = "rc.link: size must be a whole number",
    } do
      local _, err = run(text)
      assert.matches("probe.lua:1: " .. message, err.message, 1, true)
    end
  end)
end)

describe("rc.fail", function()
  it("ends the call with a message and fields, and no frames", function()
    local _, err = run [[rc.fail("no such style", { code = "bad_style", known = { "a", "b" } })]]
    assert.equal("no such style", err.message)
    assert.equal("bad_style", err.code)
    assert.same({ ok = false, error = "no such style", code = "bad_style", known = { "a", "b" } }, err.data)
  end)

  it("can be caught, with its fields", function()
    local result = run [[
      local ok, err = pcall(rc.fail, "x", { n = 1 })
      return { ok = ok, text = tostring(err), code = err.code, n = err.data.n }
    ]]
    assert.same({ ok = false, text = "x", code = "failed", n = 1 }, result.data)
  end)
end)

describe("rc.finally", function()
  it("runs at the end of its block, or of the call, once", function()
    local result = run [[
      local order = {}
      do
        local _ <close> = rc.finally(function() order[#order + 1] = "block" end)
        order[#order + 1] = "in"
      end
      order[#order + 1] = "after"
      return { order = order }
    ]]
    assert.same({ "in", "block", "after" }, result.data.order)
  end)

  it("notes a clean-up that fails, in the result", function()
    local result = run [[rc.finally(function() error("the lid is stuck", 0) end) return { ok = true }]]
    assert.is_true(result.data.ok)
    assert.matches("a clean-up failed: the lid is stuck", result.text, 1, true)
  end)
end)

describe("rc.json", function()
  it("keeps the order of members through recipes, tools and changes, unseen by getmetatable", function()
    local text = '{"9":{"inputs":{"image1":1,"image10":2,"image2":3}},"12":{"inputs":{"a":[{"y":1,"x":2}]}}}'
    kit.with({}, function(sim)
      local result = assert(kit.run([[
        local rc = require "rc"
        assert(getmetatable(rc.json.decode(input.text)) == nil and getmetatable(input.overrides) == nil)
        input.overrides["10"], input.overrides["12"].inputs.a[1].w = { inputs = { b = 1 } }, 2
        pcall(rc.tools.submit_request, { deployment_id = "]] .. kit.DEPLOYMENT .. [[", overrides = input.overrides }) -- no such nodes
        local indexed = setmetatable(rc.json.decode(input.text), { __index = { c = 3 } })
        return { graph = rc.json.decode(input.text), same = rc.json.encode(rc.json.decode(input.text)) == input.text, c = indexed.c }]],
        { uses = { "submit_request" }, input = { text = text, overrides = json.decode(text) } }))
      assert.equal(text, json.encode(result.data.graph))
      assert.same({ true, 3 }, { result.data.same, result.data.c })
      assert.equal('{"overrides":{"9":{"inputs":{"image1":1,"image10":2,"image2":3}},"12":{"inputs":{"a":[{"y":1,"x":2,"w":2}]}},'
        .. '"10":{"inputs":{"b":1}}}}', sim:requests()[1].body)
    end)
  end)

  it("loses nothing, and raises in Lua's way", function()
    local result = run [[
      local text = '{"a":[],"b":{},"n":null,"s":18446744073709551615,"z":1.0}'
      local value = rc.json.decode(text)
      local ok, err = pcall(rc.json.decode, "{")
      local bad, why = pcall(rc.json.encode, { f = print })
      return { same = rc.json.encode(value) == text, null = value.n == rc.null, err = err, why = why,
        list = rc.json.encode(rc.json.array()), order = rc.json.encode(rc.json.ordered({ "z", "a" }, { a = 1, z = 2 })) }
    ]]
    assert.is_true(result.data.same)
    assert.is_true(result.data.null)
    assert.matches("rc.json.decode: line 1, column 2", result.data.err, 1, true)
    assert.matches("rc.json.encode: at .f: ", result.data.why, 1, true)
    assert.equal("[]", result.data.list)
    assert.equal('{"z":2,"a":1}', result.data.order)
  end)
end)
