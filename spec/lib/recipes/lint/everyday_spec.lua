local lint = require "lib.recipes.lint"

local KEY = "rk-0123456789abcdef"

-- The rules that a run function's body breaks, with their lines.
local function rules(body, head)
  local text = 'local rc = require "rc"\n' .. (head or "") .. 'return rc.tool { name = "probe", description = "P.", '
    .. 'uses = { "submit_request", "get_deployment" }, run = function(_, ctx)\n' .. body .. "\nend }"
  local tools = { get_deployment = { schema = { properties = { deployment_id = {} }, additionalProperties = false } } }
  local list = {}
  for _, finding in ipairs((lint.check_text(text, "probe.lua", { tool = function(name) return tools[name] end, key = KEY }))) do
    if not finding.rule:find "^uses" then list[#list + 1] = finding.rule .. ":" .. (finding.line or 0) end
  end
  return list
end

describe("check of everyday mistakes", function()
  local wrong = {
    ["rc.submit { deployment_id = 'd' }:wiat()"] = "unknown-method", ["local job = rc.submit {} job:cancle()"] = "unknown-method",
    ["ctx:progres(1)"] = "unknown-method", ["return ctx.simulatd"] = "unknown-method", ["ctx.progress(1, 2)"] = "dot-call",
    ["local job = rc.job('a', 'b') return job.wait()"] = "dot-call", ["rc.submit { deploymnt_id = 'd' }"] = "unknown-field",
    ["rc.submit({}):wait { timeot = 3 }"] = "unknown-field", ["rc.tools.get_deployment { id = 'd' }"] = "unknown-field",
    ["return rc.submit({}):wait().output_url"] = "unknown-field", ["rc.map({}, print, { concurency = 3 })"] = "unknown-field",
    ["rc.http { url = 'https://example.com/x' }"] = "host-missing",
    ["ctx:confirm 'Go on?'"] = "answer-unused", ["ctx:elicit { message = 'm', input = {} }"] = "answer-unused",
    ["return rc.submit({}):wait().output_urls[0]"] = "0-based", ["return 'a' + 'b' "] = "misused",
    ["local t = {} for i = 0, #t - 1 do print(t[i]) end"] = "misused", ["rc.tools { name = 'x' }"] = "misused",
    ["return '" .. KEY .. "'"] = "secret", ["return { api_key_comfy_org = 'comfyui-0123456789abcdef' }"] = "secret",
    ["local secret = 'a1b2c3d4e5f6a7b8c9' return secret"] = "secret",
  }

  for body, rule in pairs(wrong) do
    it("finds " .. rule .. " in: " .. body, function()
      assert.equal(rule .. ":3", rules(body)[1])
    end)
  end

  local fine = {
    "local own = { proxy = function() end } own:proxy() own:wiat()", "local job = { wiat = print } job:wiat()",
    "if not ctx:confirm 'Go on?' then return end", "local ok = pcall(ctx.progress, ctx, 1) return ok",
    "return rc.image(rc.http({ url = 'https://files.runcomfy.net/x.png' }).body)", "for i = 0, #{} - 1 do print(i + 1) end",
    "return { token = 'your-token-goes-here-123', max_tokens = 100, key = '6.text' }", "return ('1' + '2')",
    "local api_key = rc.read 'key.txt' return api_key", "local function own(x) return x:progress(1) end return own",
    "local t = { [0] = 1 } return t[0]", "local job = rc.submit {} job = nil return job",
  }

  for _, body in ipairs(fine) do
    it("finds nothing in: " .. body, function() assert.same({}, rules(body)) end)
  end

  it("takes a method `proxy` of something unknown for no use of the tool, that of a job for one", function()
    local function uses(body)
      local found = lint.check_text('local rc = require "rc"\nreturn rc.tool { name = "p", description = "P.", '
        .. 'uses = { "submit_request" }, run = function()\nlocal job = rc.submit {}\n' .. body .. "\nend }", "p.lua")
      return found[1] and found[1].rule
    end
    assert.equal("uses-missing", uses "job:proxy('api/free')")
    assert.is_nil(uses "local own = { proxy = print } own:proxy() job:wait()")
  end)

  it("says what other languages' words are here", function()
    local findings = lint.check_text("return null", "s.lua")
    assert.matches("unknown name 'null'; write nil", findings[1].message, 1, true)
  end)

  it("finds numbers as keys of what is made JSON, and not those of nodes, lists and lookups", function()
    local function first(body)
      local found = lint.check_text('local rc = require "rc"\nreturn rc.tool { name = "p", description = "P.", '
        .. 'uses = { "submit_request" }, run = function()\n' .. body .. "\nend }", "p.lua")
      for _, one in ipairs(found) do
        if one.rule ~= "uses-unused" then return ("%s:%d: %s"):format(one.rule, one.line, one.message) end
      end
    end
    local said = 'number-key:3: the keys of a JSON object are texts: write ["6"]'
    assert.equal(said, first "return rc.json.encode { [6] = 1 }")
    assert.equal(said, first "local json = rc.json return json.encode { a = { { b = { [6] = 1 } } } }")
    assert.equal(said, first "local o = { [6] = 1 } return rc.json.encode(o)")
    assert.equal(said, first "return rc.json.encode { ['a'] = { [6] = 1 } }")
    assert.is_nil(first "return rc.json.encode { [1] = 1, [2] = 2 }")
    assert.is_nil(first "return rc.json.encode { 1, [2] = 2 }")
    assert.is_nil(first "rc.submit { deployment_id = 'd', overrides = { [6] = { inputs = {} } } } return { [6] = 1 }")
    assert.is_nil(first "local names = { [6] = 'six' } return { names[6] }")
  end)

  it("never shows a key", function()
    for _, finding in ipairs((lint.check_text("return { '" .. KEY .. "' }", "s.lua", { key = KEY }))) do
      assert.is_nil(finding.message:find(KEY, 1, true))
    end
  end)

  it("knows the fields that lua/meta/rc.lua documents", function()
    local file <close> = assert(io.open("lua/meta/rc.lua"))
    local meta, vocabulary = file:read "a", require "lib.recipes.lint.vocabulary"
    for what, class in pairs { ["rc.submit"] = "rc.Submission", ["rc.http"] = "rc.HttpRequest", ["rc.map"] = "rc.MapOptions" } do
      local documented = {}
      local body = meta:match("%-%-%-@class " .. class:gsub("%.", "%%.") .. "\n(.-)\n\n")
      for name in body:gmatch "%-%-%-@field ([%w_]+)" do documented[name] = true end
      assert.same(documented, vocabulary.options[what].fields)
    end
  end)
end)
