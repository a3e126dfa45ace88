-- What people get wrong who write a recipe, and what they get right in odd ways.
local kit = require "spec.support.rc"
local lint = require "lib.workbench.lint"

local INPUT = [[input = { { "id", "string", "I" }, { "prompt", "string", "P" }, { "n", "integer", "N", optional = true },
  { "flag", "boolean", "F", optional = true }, { "prompts", "array", "Ps", items = "string", optional = true },
  { "style", "string", "S", enum = { "ink", "oil" }, optional = true } },]]
local JOB = "local job = rc.submit { deployment_id = input.id }\n"

local BESIDE = { ["uses-missing"] = true, ["uses-unused"] = true, ["unread-parameter"] = true }

local function rules_of(text)
  local list = {}
  for _, finding in ipairs((lint.check_text(text, "probe.lua", { tool = kit.tools().find }))) do
    if not BESIDE[finding.rule] then list[#list + 1] = finding.rule end
  end
  return list
end

local function recipe(body, fields)
  return ('local rc = require "rc"\nreturn rc.tool { name = "probe", description = "P.", %s run = function(input, ctx)\n%s\nend }')
    :format(fields or INPUT, (body:gsub("ID", "deployment_id = input.id"):gsub("URL", "https://files.runcomfy.net/x")))
end

describe("check of what authors write", function()
  for rule, bodies in pairs {
    argument = {
      "rc.sleep()", "rc.fail()", "local job = rc.submit() return job:wait()", "local job = rc.job(input.id) return job:wait()",
      "ctx:progress()",
      "local ok = ctx:confirm() return { ok = ok }", "rc.sleep(60, 5)", "return { s = rc.file(input.id, 'image/png') }",
      JOB .. "job:proxy('api/free', 'POST')", JOB .. "job:proxy('api/queue', nil, { method = 'DELETE' })",
      JOB .. "job:wait { timeout = '60' }",
      JOB .. "rc.finally(job.cancel) job:wait()", "return rc.tools.get_deployment(input.id)",
      "local ok = pcall(rc.tools.get_deployment, input.id) return { ok = ok }", "local ok = pcall(rc.sleep, '5') return { ok = ok }",
      "local ok = pcall(ctx:confirm('x')) return { ok = ok }", JOB .. "local ok = pcall(job.wait(job)) return { ok = ok }",
      "return rc.tools.update_deployment { ID, min_instances = -1 }",
      "return rc.tools.update_deployment { ID, hardware = { 'A100' } }",
      "local job = rc.submit { deployment_id = 5 } return job:wait()",
      "return rc.map(input.prompts, function(p) return p end, { concurrency = '4' })",
      "return { r = rc.http({ url = 'files.runcomfy.net/x' }).body }", "return rc.image('https://x.runcomfy.net/a.png')",
      "return { r = rc.http({ url = 'URL', json = {} }).body }",
      "return { r = rc.http({ url = 'URL', headers = { 'Accept: x' } }).body }",
      "return { n = rc.random(10, 1) }", "local v = ctx:elicit { message = 'm', input = { { 'a', 'strng', 'A' } } } return v",
      "local v = ctx:elicit { message = 'm', input = { { 'a', 'array', 'A', items = 'string' } } } return v",
      "for _, c in ipairs(input.prompt) do print(c) end", "table.sort(input.prompt)", "table.insert(input.prompts)",
      "return { s = string.len(input.prompts) }", "return { s = math.max(input.prompts) }", JOB .. "ctx:log('info', job:wait())",
      "return rc.tools.get_deployment { deployment_id = input }", "local job = rc.submit { deployment_id = input } return job:wait()",
      "local job = rc.submit { ID, overrides = { ['6'] = { inputs = { text = rc.file } } } } return job:wait()",
      "local job = rc.submit { ID, workflow_api_json = 5 } return job:wait()",
      "local job = rc.submit { ID, overrides = { ['3'] = { inputs = { seed = math.random() } } } } return job:wait()",
    },
    ["missing-field"] = {
      "local job = rc.submit { overrides = {} } return job:wait()", "return rc.tools.get_deployment {}", "return rc.tools.get_deployment()",
      "return rc.http { method = 'GET' }", "local v = ctx:elicit { input = {} } return v",
      "return rc.tools.cancel_request { ID }",
    },
    overrides = {
      "local job = rc.submit { ID, overrides = { ['6'] = { input = { text = 'x' } } } } return job:wait()",
      "local job = rc.submit { ID, overrides = { inputs = { text = input.prompt } } } return job:wait()",
      "local job = rc.submit { ID, overrides = { { inputs = { text = 'x' } } } } return job:wait()",
      "local job = rc.submit { ID, overrides = { prompt = input.prompt } } return job:wait()",
      "local job = rc.submit { ID, overrides = { ['6'] = { inputs = 'x' } } } return job:wait()",
      "return rc.tools.submit_request { ID, overrides = { prompt = input.prompt } }",
    },
    ["unknown-field"] = {
      JOB .. "return { u = job:wait()[1].url }", JOB .. "return { u = job:wait().output_urls[1].Url }",
      "return rc.tools.list_deployments().items",
      JOB .. "for _, out in ipairs(job:wait().output_urls) do print(out.link) end", "return { n = rc.tools.list_deployments()[1] }",
      "return { n = rc.tools.get_deployment({ ID }).name }", "return { n = input.prompts.length }", "return { c = ctx.client.nam }",
      "return { n = rc.tools.list_deployments().deployments.length }",
      "return { p = rc.download('URL').filename }", "local t = {} t:insert(5) return t",
      "local t = { 1 } return { n = t.length }", "local job = rc.submit { input.id } return job:wait()",
    },
    ["unknown-method"] = { "return { n = input.n:upper() }", "return { x = input:prompt() }", "return { x = rc.uuid():split('-') }" },
    ["unknown-rc"] = { "rc.log.info('x')", "return { f = rc.file.read('x') }" },
    ["dot-call"] = {
      "if ctx:cancelled() then return end", "return { d = ctx.dry_run() }", "if ctx.confirm then return end", "rc.submit({ ID }).wait()",
      "return rc.tools:get_deployment { ID }", "return { a = rc.http({ url = 'URL' }).json.a }",
      "return { a = rc.http({ url = 'URL' }):body() }",
    },
    misused = {
      JOB .. "print('got ' .. job:wait())", JOB .. "return { u = job:wait().output_urls[1] .. '' }", "return { t = rc.now / 60 }",
      "return { s = 'a' .. input.prompts }", "return { s = input.flag .. 'x' }", "return { n = #input.n }",
      JOB .. "if #job:wait() == 0 then return end",
      "for _, d in rc.tools.list_deployments().deployments do print(d) end",
      "for p in input.prompts do print(p) end",
      "for i = 0, #input.prompts do print(input.prompts[i]) end", "for _, d in ipairs(rc.tools.list_deployments()) do print(d) end",
    },
    comparison = {
      "if input == 'x' then return end", "if ctx:confirm('sure?') == 'yes' then return end", "if rc.now > 5 then return end",
      JOB .. "if job:status() == 'completed' then return end", JOB .. "local s = job:wait() if s == 'succeeded' then return end",
      JOB .. "if job:cancel() == 'canceled' then return end", "if input.flag == 'true' then return end",
      "if input.style == 'oli' then return end",
      "local ok, err = pcall(rc.sleep, 5) if err.code == 'time_out' then return { ok = ok } end",
      "local a = rc.tools.get_request_status { ID, request_id = 'r' } if a == 'completed' then return end",
    },
    result = {
      "return { a = 1 }, { b = 2 }", "return print", JOB .. "return job.status", "return rc.json.encode", "return { a = rc.text }",
      "local r = rc.map(input.prompts, function(p) p:upper() end) return { r = r }",
    },
    ["second-value"] = { "local a, b = rc.all { function() return 1 end, function() return 2 end } return { a = a, b = b }" },
    ["value-unused"] = { "rc.text 'done'", "rc.json.encode { a = 1 }", "rc.image('x', 'image/png')" },
    ["job-lost"] = { "rc.submit { ID }", JOB .. "return { ok = true }",
      "rc.map(input.prompts, function() rc.submit { ID } end)" },
    unreachable = { "error 'x' return { a = 1 }", "rc.fail 'x' rc.sleep(1)", "while true do rc.sleep(1) end rc.sleep(2)" },
    endless = { "while true do rc.sleep(1) end", "while true do print 'x' ctx:progress(1) end" },
    secret = { "return { 'rk_live_4f9a8b7c6d5e4f3a2b1c' }", "return { 'glpat-4f9a8b7c6d5e4f3a2b1c' }" },
  } do
    for _, body in ipairs(bodies) do
      it("finds " .. rule .. " in: " .. body:match "[^\n]+$", function()
        local found = rules_of(recipe(body))
        assert.is_truthy(table.concat(found, " "):find(rule, 1, true), ("found: %s"):format(table.concat(found, " ")))
      end)
    end
  end

  for input, message in pairs {
    ["{ { 'a', 'integer', 'A', minimum = 5, maximum = 1 } }"] = "nothing is 5 or more and 1 or less",
    ["{ { 'a', 'string', 'A', enum = { 1, 2 } } }"] = "'enum' holds 1, which is no string",
    ["{ type = 'object', properties = { a = { type = 'string', discription = 'x' } } }"] = "did you mean 'description'?",
    ["{ type = 'object', properties = { prompt = {} }, required = { 'promt' } }"] = "'promt' is required, and no property has that name",
  } do
    it("finds what a schema cannot mean: " .. input, function()
      local text = recipe("return { input }", "input = " .. input .. ",")
      local findings = lint.check_text(text, "probe.lua")
      assert.same({ "schema", "warning", 2 }, { findings[1].rule, findings[1].level, findings[1].line })
      assert.matches(message, findings[1].message, 1, true)
    end)
  end

  it("finds what is wrong around the function", function()
    local function first(text) return rules_of('local rc = require "rc"\n' .. text)[1] end
    assert.equal("parameters", first [[return rc.tool { name = "x", description = "X.",
      run = function(ctx, input) return { ctx, input } end }]])
    local tool = 'rc.tool { name = "%s", description = "X.", run = function() return {} end }'
    assert.equal("result", first("return " .. tool:format "x" .. ", " .. tool:format "y"))
    assert.equal("result", first 'return { name = "x", description = "X.", run = function() return {} end }')
    assert.equal("unknown-parameter", first [[return rc.prompt { name = "x", description = "X.",
      arguments = { { "subject", "string", "A" } },
      run = function(arguments) return arguments.subjct end }]])
    assert.equal("unknown-parameter", first [[return rc.template { uri_template = "recipe://jobs/{job_id}", name = "J",
      read = function(variables) return variables.id end }]])
    assert.equal("result", first [[return rc.prompt { name = "x", description = "X.",
      run = function() return { { role = "system", content = "x" } } end }]])
    assert.equal("unknown-method", first [[return rc.resource { uri = "recipe://x", name = "J", read = function(ctx) ctx:progres(1) end }]])
  end)

  it("says which tool was meant that nobody has", function()
    local findings = lint.check_text(recipe "rc.tools.get_deplyment { ID }", "probe.lua", { tool = kit.tools().find })
    assert.matches("'get_deplyment' is called, but 'uses' does not name it, did you mean 'get_deployment'?", findings[#findings].message,
      1, true)
  end)

  for _, body in ipairs {
    JOB .. "local d = job:wait() for i, out in ipairs(d.output_urls) do print(i .. out.url .. tostring(out.filename)) end return "
      .. "{ #d.output_urls }",
    JOB .. "return { url = (job:wait().output_urls[1] or {}).url }",
    JOB .. "local ok, done = pcall(job.wait, job, { timeout = 60 }) if not ok and done.code == 'my_own' then return end return { ok = ok }",
    JOB .. "local s repeat rc.sleep(2) s = job:status().status until s == 'completed' or s == 'succeeded' return { s = s }",
    JOB .. "while true do if job:status().status == 'completed' then break end rc.sleep(1) end return { u = "
      .. "job:result().output_urls[1].url }",
    JOB .. "local body = {} if input.n then body.timeout = input.n end return { s = job:wait(body).status }",
    JOB .. "local wait = function(j, ...) return j:wait(...) end return { s = wait(job, { timeout = 3 }).status }",
    JOB .. "local done = nil done = job:wait() return { url = done.output_urls[1].url, mine = done.status }",
    JOB .. "return { r = job:proxy('api/system_stats', nil, { method = 'GET' }).system }",
    "local jobs = rc.map(input.prompts, function() return rc.submit { ID } end) "
      .. "local urls = {} for _, job in ipairs(jobs) do urls[#urls + 1] = job:wait().output_urls[1].url end return { urls = urls }",
    "rc.map(input.prompts, function(p) print(p) end) return { ok = true }",
    "local r = rc.map({ 1, 2 }, function(i) if i > 1 then return i end end) return { r = r }",
    "local a = rc.all { function() return 1 end } local x, y = table.unpack(a) return { x = x, y = y }",
    "local t = {} t.length = 5 t.push = function(x) return x end t.push(1) return { n = t.length }",
    "local Queue = {} Queue.__index = Queue function Queue:push(x) self[#self + 1] = x end setmetatable({}, Queue):push(1) return {}",
    "local V = setmetatable({}, { __add = function() return 5 end, __concat = function() return 'x' end }) return { n = V + V, s "
      .. "= V .. 'x' }",
    "local n = input.n or 5 return { s = input.prompt .. n .. 'x', t = -n, u = #input.prompt + n, v = input.prompt:upper():sub(1, 10) }",
    "local ok = ctx:confirm('Go on?') if not ok then return { done = false } end return { done = ok == true }",
    "local v = ctx:elicit { message = 'm', input = { { 'a', 'string', 'A', enum = { 'x' } }, { 'n', 'integer', 'N', optional = "
      .. "true } } } return v",
    "local overrides = {} for i, p in ipairs(input.prompts) do overrides[tostring(i)] = { inputs = { text = p } } end "
      .. "return rc.submit({ ID, overrides = overrides }):wait()",
    "local job = rc.submit { ID, overrides = { [input.style] = { inputs = { [input.prompt] = 5 } } } } return job:wait()",
    "local job = rc.submit { ID, overrides = { [6] = { inputs = { a = 'x' } }, ['12:3'] = { inputs = input } } } return job:wait()",
    "rc.submit { ID, webhook_url = 'https://example.com/hook' } return { sent = true }",
    "local s = { ID } s.webhook_url = 'https://example.com/hook' rc.submit(s) return { sent = true }",
    "local job = rc.job(input.id, input.prompt) local ok, e = pcall(job.result, job) return { ok = ok, m = ok and e.status or e.message }",
    "local r = rc.http { url = 'URL' } return { d = r:json().value, t = r:header 'Content-Type', n = #r.body, s = r.status }",
    "if not input.n then rc.fail('none') return end return { n = input.n }",
    "local next_id = rc.uuid return { id = next_id(), t = rc.now() - 5 }",
    "for _, p in ipairs(input.prompts) do if p == 'stop' then goto done end end ::done:: return { ok = true }",
    "return { a = 1 }, 'done', rc.text 'x', rc.link('https://x.y/z', { name = 'n' })", "return { n = rc.null, e = rc.json.array() }",
    "local next_one = coroutine.wrap(function() while true do coroutine.yield(rc.random()) end end) return { n = next_one() }",
    "local function check(v) if not v then error('stop', 0) end end while true do check(rc.random() > 0.1) end",
    "while true do local ok = pcall(rc.tools.get_deployment, { ID }) if ok then return { up = true } end rc.sleep(5) end",
    "local s = input.prompt if s:find('x', 1, true) then s = { s } else s = { 'none' } end return { s = s, n = #s }",
    "local out = {} for name, value in pairs(input) do out[name] = value end return out", "return input",
    "local e = { code = 'x' } e.code = 'timeot' if input.style == 'ink' or input.style == '' then return e end return { n = input.n ~= 0 }",
    "local count <const> = 3 local t = { [0] = 'zero', 'one' } return { t[0], t[1], count }",
    "return rc.tools.update_deployment { ID, min_instances = '1', is_enabled = 'false', hardware = 'AMPERE_48' }",
  } do
    it("finds nothing in: " .. body:match "[^\n]+$", function() assert.same({}, rules_of(recipe(body))) end)
  end
end)
