-- What a recipe has paid for reaches its caller, whatever is wrong with it: the client, a recipe, the command line.

local child = require "spec.support.child"
local folder = require "spec.support.folder"
local json = require "core.json"
local kit = require "spec.support.recipes"

local DECLARED = [[output = {
  { "urls", "array", "Where", items = "string" }, { "seed", "integer", "Which", optional = true },
  { "details", "object", "More", optional = true, properties = { { "tags", "array", "Tags", items = "string" } } },
},]]

local function recipe(name, fields, body)
  return ('local rc = require "rc"\nreturn rc.tool { name = "%s", description = "A recipe.", %s run = function(input)\n%s\nend }\n')
    :format(name, fields, body)
end

-- Calls the recipe `main` among these, by name: { fields, body }.
local function with(recipes, fn, settings)
  local place <close> = folder.new()
  for name, parts in pairs(recipes) do place:write(name .. ".lua", recipe(name, parts[1], parts[2])) end
  kit.with({ folder = place.path, settings = settings }, fn)
end

local function call(recipes, settings)
  local answer
  with(recipes, function(bench) answer = bench:call "main" end, settings)
  return answer
end

describe("a result of a recipe", function()
  it("has the lists that its output declares, empty or not", function()
    for body, expected in pairs {
      ["return { urls = {} }"] = '{"urls":[]}', ["return { urls = { 'u' } }"] = '{"urls":["u"]}',
      ["return { urls = {}, details = { tags = {} } }"] = '{"details":{"tags":[]},"urls":[]}',
    } do
      local answer = call { main = { DECLARED, body } }
      assert.is_true(answer.ok, answer.text)
      assert.equal(expected, json.encode(answer.data))
    end
  end)

  it("has them where a schema declares them, and keeps empty objects", function()
    local schema = [==[output = [[{"type":"object","properties":{"rows":{"type":"array","items":{"$ref":"#/$defs/row"}}},
      "$defs":{"row":{"type":"object","properties":{"cells":{"type":"array"},"style":{"type":"object"}}}}}]],]==]
    local answer = call { main = { schema, "return { rows = { { cells = {}, style = {} } }, other = {} }" } }
    assert.equal('{"other":{},"rows":[{"cells":[],"style":{}}]}', json.encode(answer.data))
  end)

  it("stays one beside a clean-up that fails at great length", function()
    local answer = call { main = { "", 'rc.finally(function() error(("x"):rep(10000000)) end) return { seed = 7 }' } }
    assert.is_true(answer.ok, answer.text)
    assert.equal(7, answer.data.seed)
    assert.matches("^a clean%-up failed: main.lua:3: x+…$", answer.text)
    assert.is_true(#answer.text < 2000)
  end)

  it("says once that there is too much of it, and shows a long way in part", function()
    local answer = call { main = { "", "local t = {} for i = 1, 1200000 do t[i] = i end return { list = t }" } }
    assert.equal(1, select(2, answer.text:gsub("has more than", "")))
    answer = call { main = { "", "local t = {} for _ = 1, 200 do t = { t } end return { deep = t }" } }
    assert.matches("the value at .deep[1][1][1][1][1]…[1][1][1][1][1][1] is nested more than 100 levels deep", answer.text, 1, true)
  end)

  it("has them in what a recipe gets of another, and hands on", function()
    local answer = call {
      inner = { DECLARED, "return { urls = {} }" },
      main = { 'uses = { "inner" },', "local got = rc.tools.inner {} return { got = got, text = rc.json.encode(got) }" },
    }
    assert.equal('{"got":{"urls":[]},"text":"{\\"urls\\":[]}"}', json.encode(answer.data))
  end)

  it("takes empty lists for a recipe that declares them by schema", function()
    local answer = call {
      inner = { 'input = { type = "object", properties = { o = { properties = { ids = { type = "array" } } } } },',
        "return { o = input.o }" },
      main = { 'uses = { "inner" },', "return rc.tools.inner { o = { ids = {} } }" },
    }
    assert.equal('{"o":{"ids":[]}}', json.encode(answer.data))
  end)

  it("is delivered beside the fault where it breaks its output", function()
    for body, fault in pairs {
      ["return { urls = 'u' }, 'one', rc.text 'two'"] = "urls must be an array, not a string",
      ["return { urls = { 'u', 5 } }"] = "urls/1 must be a string, not an integer",
      ["return { seed = 5 }"] = "must have the member 'urls'", ["return 5"] = "must be an object, got integer",
      ["return { urls = { 'u' }, more = 1 }"] = "must not have the member 'more'",
      ["return 'only a text'"] = "must be an object, got none", ["return { 'u' }"] = "must be an object, not an array",
    } do
      local answer = call { main = { DECLARED, body } }
      assert.is_false(answer.ok, body)
      assert.matches("breaks its own output schema", answer.text, 1, true)
      assert.matches(fault, answer.text, 1, true)
      assert.equal("bad_result", answer.data.code)
    end
    local answer = call { main = { DECLARED, "return { urls = 'u' }, 'one', rc.text 'two'" } }
    assert.matches("\none\ntwo$", answer.text)
    assert.same({ urls = "u" }, answer.data.returned)
  end)

  it("names the jobs that go on where it breaks its output, in the log, too", function()
    local submits = ([[local job = rc.submit { deployment_id = "%s" } ]]):format(kit.TEXT_TO_IMAGE)
    for _, way in ipairs { "main", "run_recipe" } do
      for body, is_open in pairs { [submits .. "return { urls = 'u' }"] = true, [submits .. "job:wait() return { urls = 'u' }"] = false } do
        with({ main = { DECLARED .. ' uses = { "submit_request" },', body } }, function(bench)
          local lines <close> = kit.log()
          local answer = bench:call(way, way == "run_recipe" and { name = "main", input = {} } or {})
          assert.is_false(answer.ok)
          assert.same({ urls = "u" }, answer.data.returned)
          if not is_open then
            assert.is_nil(answer.data.open_requests)
            assert.equal(0, lines:count "Still open at RunComfy")
            return
          end
          local id = answer.data.open_requests[1].request_id
          assert.matches(id, answer.text, 1, true)
          assert.matches("Do not submit it again", answer.text, 1, true)
          assert.is_true(lines:count("Still open at RunComfy, and paid for while it runs: request " .. id) == 1)
        end)
      end
    end
  end)

  it("comes through run_recipe with its content and texts", function()
    with({ main = { "", 'return { n = 1 }, "said", rc.text "shown", rc.image("\\137PNG\\r\\n\\26\\n0000", "image/png")' } }, function(bench)
      local answer = bench:call("run_recipe", { name = "main" })
      assert.is_true(answer.ok, answer.text)
      assert.same({ "text", "image" }, { answer.content[1].type, answer.content[2].type })
    end)
    with({ main = { DECLARED, 'return { urls = 1 }, "said", rc.text "shown", rc.image("\\137PNG\\r\\n\\26\\n0000", "image/png")' } },
      function(bench)
        local answer = bench:call("run_recipe", { name = "main" })
        assert.is_false(answer.ok)
        assert.same({ "text", "image" }, { answer.content[1].type, answer.content[2].type })
        assert.matches("said", answer.text, 1, true)
        assert.same({ urls = 1 }, answer.data.returned)
      end)
  end)

  it("reaches a recipe that called it, in the error", function()
    local answer = call {
      inner = { DECLARED, "return { urls = 'u' }" },
      main = { 'uses = { "inner" },', "local ok, err = pcall(rc.tools.inner, {}) return { code = err.code, kept = err.data.returned }" },
    }
    assert.same({ code = "bad_result", kept = { urls = "u" } }, answer.data)
    answer = call {
      inner = { "", "return { urls = { 'u' }, f = print, x = 0/0 }" },
      main = { 'uses = { "inner" },', "return rc.tools.inner {}" },
    }
    assert.is_false(answer.ok)
    assert.matches("the value at .f is a function", answer.text, 1, true)
    assert.same({ f = json.null, urls = { "u" }, x = "NaN" }, answer.data.returned)
  end)

  it("is delivered where it takes too long to be checked", function()
    local slow = [[output = { type = "object", properties = { v = { type = "string", pattern = "(a|b|ab|.){1,800}x" } } },]]
    local answer = call({ main = { slow, "return { v = ('ab'):rep(100000), urls = { 'u' } }" } }, { recipe_cpu_ms = 100 })
    assert.is_false(answer.ok)
    assert.matches("cannot be checked: it takes too long", answer.text, 1, true)
    assert.same({ "u" }, answer.data.returned.urls)
  end)

  it("is refused before it runs where its input takes too long to be checked", function()
    local slow = [[input = { { "v", "string", "V", pattern = "(a|b|ab|.){1,800}x" } },]]
    with({ main = { slow, "return { ran = true }" } }, function(bench)
      local answer = bench:call("main", { v = ("ab"):rep(100000) })
      assert.is_false(answer.ok)
      assert.equal("The arguments cannot be checked: it takes too long.", answer.text)
    end, { recipe_cpu_ms = 100 })
  end)

  it("keeps the arrays that came from us empty, without a declaration, too", function()
    for value, expected in pairs {
      ['rc.json.decode("[]")'] = "[]", ['rc.json.decode([[{"a":[],"o":{}}]])'] = '{"a":[],"o":{}}', ["rc.json.array()"] = "[]",
      ["rc.map({}, function() end)"] = "[]", ["rc.all {}"] = "[]",
      ['rc.tools.list_deployments({ ids = { "none" } }).deployments'] = "[]",
      ['(function() local list = rc.json.decode("[1]") list[1] = nil return list end)()'] = "[]",
      ['rc.json.decode(rc.json.encode { x = rc.json.array() })'] = '{"x":[]}', ["{}"] = "{}",
    } do
      local answer = call { main = { 'uses = { "list_deployments" },', "return { v = " .. value .. " }" } }
      assert.equal('{"v":' .. expected .. "}", json.encode { v = answer.data.v }, value)
    end
  end)

  it("is whole in the text that every client sees, however long it is", function()
    local answer = call { main = { DECLARED, "return { urls = ('u'):rep(50000) }" } }
    assert.equal(json.encode { urls = ("u"):rep(50000) }, answer.content[1].text)
  end)
end)

describe("an error of a recipe", function()
  it("has its code among its data, also where it has none of its own", function()
    for body, code in pairs {
      ["error 'no'"] = "recipe_error", ["local x = nil return x.y"] = "recipe_error", ["rc.fail('no')"] = "failed",
      ["rc.fail('no', { code = 'mine' })"] = "mine", ["rc.submit {}"] = "not_allowed", ["while true do end"] = "cpu",
      ["rc.sleep(1e6)"] = "timeout", ["rc.tools.get_deployment { deployment_id = 'none' }"] = "http_status",
      ["error({ message = 'no', code = 'own' })"] = "own",
    } do
      local answer = call({ main = { 'uses = { "get_deployment" },', body } }, { recipe_cpu_ms = 100 })
      assert.is_false(answer.ok, body)
      assert.equal(code, answer.data.code or answer.data.status_code and "http_status", body)
      assert.is_false(answer.data.ok, body)
    end
  end)
end)

describe("rcmcp run", function()
  local function run(text, args)
    local place <close> = folder.new()
    place:write("main.lua", text)
    local words = { "run", place.path .. "/main.lua", "--simulate" }
    table.move(args or {}, 1, #(args or {}), #words + 1, words)
    return child.run(words)
  end

  it("prints lists as lists, and what breaks its output beside the fault", function()
    local status, out = run(recipe("main", "", "return { 10, 20 }"))
    assert.equal(0, status)
    assert.equal("[10,20]\n", out)
    status, out = run(recipe("main", "", "return rc.json.array()"))
    assert.equal(0, status)
    assert.equal("[]\n", out)
    status, out = run(recipe("main", DECLARED, "return { urls = 'u' }"))
    assert.equal(1, status)
    local data = json.decode(out)
    assert.same({ urls = "u" }, data.returned)
    assert.is_true(data.simulated)
    status, out = run(recipe("main", DECLARED, "return { urls = {} }"))
    assert.equal(0, status)
    assert.equal('{"simulated":true,"urls":[]}\n', out)
  end)

  it("says in any case that a list is simulated, which has no room for it", function()
    for _, body in ipairs { "return { 10, 20 }", "return rc.json.array()", "return 5" } do
      for _, words in ipairs { {}, { "-q" }, { "--json" }, { "-q", "--json" } } do
        local status, _, err = run(recipe("main", "", body), words)
        assert.equal(0, status)
        assert.equal(1, select(2, err:gsub("SIMULATED: made up by", "")), err)
      end
    end
    for _, words in ipairs { { "-q" }, { "--json" } } do
      assert.equal("", (select(3, run(recipe("main", "", "return { a = 1 }"), words))))
    end
  end)

  it("does the same for a script", function()
    local status, out = run "return { 1, 2 }"
    assert.equal(0, status)
    assert.equal("[1,2]\n", out)
    status, out = run "return { urls = { 'u' }, f = print }"
    assert.equal(1, status)
    assert.same({ urls = { "u" }, f = json.null }, json.decode(out).returned)
  end)
end)
