local lint = require "lib.workbench.lint"

local KEY = "rk-0123456789abcdef"

-- What the bodies break beside: they are short.
local BESIDE = { ["uses-missing"] = true, ["uses-unused"] = true, ["missing-field"] = true, ["job-lost"] = true }

-- The rules that a run function's body breaks, with their lines.
local function rules(body, head)
  local text = 'local rc = require "rc"\n' .. (head or "") .. 'return rc.tool { name = "probe", description = "P.", '
    .. 'uses = { "submit_request", "get_deployment" }, run = function(_, ctx)\n' .. body .. "\nend }"
  local tools = { get_deployment = { schema = { properties = { deployment_id = {} }, additionalProperties = false } } }
  local list = {}
  for _, finding in ipairs((lint.check_text(text, "probe.lua", { tool = function(name) return tools[name] end, key = KEY }))) do
    if not BESIDE[finding.rule] then list[#list + 1] = finding.rule .. ":" .. (finding.line or 0) end
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

  -- Of other kinds of mistakes, some of each.
  for rule, bodies in pairs {
    argument = {
      "rc.submit('id', {})", "rc.submit({}):wait(60)", "rc.sleep '5'", "rc.log 'hello'", "ctx:log('warn', 'x')", "ctx:progress('half way')",
      "ctx:progress(50, 'drawing')", "local ok = ctx:confirm { message = 'x' }", "rc.map(function() end, { 1 })", "rc.map({ 1 }, print, 3)",
      "rc.all(function() end)", "rc.all { rc.submit({}):wait() }", "rc.finally(rc.submit({}):cancel())", "rc.fail { message = 'x' }",
      "rc.http 'https://files.runcomfy.net/x'", "rc.download(rc.submit({}):wait().output_urls)", "return rc.text { 1 }",
      "return rc.link { uri = 'x' }",
      "return rc.image(rc.submit({}):wait().output_urls[1].url)", "pcall(rc.submit {})", "local job = rc.submit {} pcall(job:wait())",
      "local job = rc.submit {} pcall(job.wait, { timeout = 5 })",
      "rc.submit { overrides = { ['3'] = { inputs = { seed = rc.random() } } } }",
    },
    comparison = {
      "return rc.submit({}):status().status == 'complete'", "local d = rc.submit({}):wait() return d.status ~= 'success'",
      "local job = rc.submit {} return job.status == 'completed'", "return not ctx.client == 'x'", "local n = 1 return not n > 3",
    },
    ["unknown-field"] = {
      "local job = rc.submit {} return job.id", "return rc.submit({}):wait().images", "return rc.submit({}):wait().output_urls.url",
      "return rc.http({ url = 'https://files.runcomfy.net/x' }).status_code",
      "local a = ctx:elicit { message = 'm', schema = {} } return a",
    },
    ["dot-call"] = { "rc:sleep(5)" }, ["unknown-rc"] = { "return rc.json.parse '{}'", "return rc.http.get 'x'" },
    result = { "return nil, 'no such deployment'",
    "return nil, 'no ' .. ctx.client.name" }, misused = { "for i, v in { 1, 2 } do print(i, v) end" },
    ["second-value"] = { "local job, err = rc.submit {} return job or err" },
    secret = {
      "return { ['X-Api-Key'] = 'a8f5f167f44f4964e6c998dee827110c' }", "return 'Bearer ' .. 'a8f5f167f44f4964e6c998dee827110c'",
      "return 'https://api.widgets.dev/?api_key=a8f5f167f44f4964e6c998dee827110c'", "return 'https://bob:hunter2secret@api.widgets.dev/'",
      "rc.submit { extra_data = { civitai = 'a8f5f167f44f4964e6c998dee827110c' } }",
    },
  } do
    for _, body in ipairs(bodies) do
      it("finds " .. rule .. " in: " .. body, function() assert.equal(rule .. ":3", rules(body)[1]) end)
    end
  end

  -- With a declaration around.
  local function of_declaration(fields, parameters, body)
    local text = ('local rc = require "rc"\nreturn rc.tool { name = "p", description = "P.", %s run = function(%s)\n%s\nend }')
      :format(fields, parameters, body)
    local list = {}
    for _, finding in ipairs((lint.check_text(text, "probe.lua"))) do
      if not finding.rule:find "^un" and not BESIDE[finding.rule] then list[#list + 1] = finding.rule end
    end
    return list[1]
  end

  it("finds what a declaration shows to be wrong", function()
    local input = 'input = { { "id", "string", "Id" }, { "n", "integer", "N", optional = true } },'
    local output = 'output = { { "url", "string", "U" }, { "n", "integer", "N", optional = true } },'
    assert.equal("comparison", of_declaration(input, "input", "return { a = input.id == 5 }"))
    assert.equal("comparison", of_declaration(input, "input", "return { a = input.n == '5' }"))
    assert.equal("argument", of_declaration(input, "input", "rc.sleep(input.id)"))
    assert.equal("result", of_declaration(output, "", "return { urls = {} }"))
    assert.equal("result", of_declaration(output, "", "return { url = 5 }"))
    assert.equal("result", of_declaration(output, "", "local url = 'x' print(url)"))
    assert.equal("parameters", of_declaration("", "ctx", "ctx:progress(1)"))
    assert.equal("parameters", of_declaration("", "self, input", "return { input }"))
    assert.equal("samples", of_declaration("samples = { submit_request = {} },", "", ""))
    assert.equal("pattern", of_declaration('input = { { "n", "string", "N", pattern = "^%d+$" } },', "input", "return { n = input.n }"))
    for _, fine in ipairs { "return { url = 'x', n = 1 }", "local r = { url = 'x' } return r",
    "local u = tostring(1) return { url = u }" } do
      assert.is_nil(of_declaration(output, "", fine))
    end
    assert.is_nil(of_declaration(input, "input", "return { a = input.id == '5', b = input.n == 5, c = #input.id, d = input.id:upper() }"))
  end)

  it("knows what a text has not that is a parameter", function()
    local text = 'local rc = require "rc"\nreturn rc.tool { name = "p", description = "P.", input = { { "id", "string", "Id" } }, '
      .. "run = function(input)\n%s\nend }"
    for body, message in pairs {
      ["return { input.id.length }"] = "a text has no 'length'; the length of a text is #text",
      ["return { input.id:split(',') }"] = "a text has no 'split'", ["return { input.id.upper() }"] = "write input.id:upper",
    } do
      local findings = lint.check_text(text:format(body), "probe.lua")
      assert.equal("unknown-method", findings[1].rule)
      assert.matches(message, findings[1].message, 1, true)
    end
  end)

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
    "local api_key = rc.read 'key.txt' return api_key", "local function own(x) return x:progress(1) end own(ctx.client)",
    "local job = rc.submit {} local ok, done = pcall(job.wait, job, { timeout = 3 }) return { ok, done.output_urls }",
    "local done = rc.submit({}):wait() done.mine = 1 return done.mine", "local job = rc.submit {} local wait = job.wait return wait(job)",
    "local t = setmetatable({}, { __call = print }) for x in t do print(x) end", "return not (ctx.client.name == 'x'), not true == false",
    "local m = { status = 'odd' } return m.status == 'other'", "local w = rc.random() return w < 0.5", "return nil", "return nil, 5",
    "local answer, why = ctx:elicit { message = 'm', input = {} } return answer, why", "rc.log('info', 5) ctx:progress(0.5, nil, 'x')",
    "local fns = { print } return { rc.all(fns), rc.all { fns[1], function() return 1 end } }", "return 'https://host:80/a?b=c@d:e'",
    "local t = { [0] = 1 } return t[0]", "local job = rc.submit {} job = nil return job",
  }

  for _, body in ipairs(fine) do
    it("finds nothing in: " .. body, function() assert.same({}, rules(body)) end)
  end

  it("takes a method `proxy` of something unknown for no use of the tool, that of a job for one", function()
    local function uses(body)
      local found = lint.check_text('local rc = require "rc"\nreturn rc.tool { name = "p", description = "P.", '
        .. 'uses = { "submit_request" }, run = function()\nlocal job = rc.submit { deployment_id = "d" }\n' .. body .. "\nend }", "p.lua")
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
        if not BESIDE[one.rule] then return ("%s:%d: %s"):format(one.rule, one.line, one.message) end
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
    local meta, signatures = file:read "a", require "lib.workbench.lint.signatures"
    for what, class in pairs { ["rc.submit"] = "rc.Submission", ["rc.http"] = "rc.HttpRequest", ["rc.map"] = "rc.MapOptions" } do
      local documented = {}
      local body = meta:match("%-%-%-@class " .. class:gsub("%.", "%%.") .. "\n(.-)\n\n")
      for name in body:gmatch "%-%-%-@field ([%w_]+)" do documented[name] = true end
      local known = {}
      for name in pairs(signatures.OPTIONS[what].fields) do known[name] = true end
      assert.same(documented, known)
    end
  end)
end)
