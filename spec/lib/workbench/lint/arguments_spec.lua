local findings = require "spec.support.findings"

local function only(body)
  local list = findings.of(body)
  assert.equal(1, #list, body .. "\n" .. table.concat(list, "\n"))
  return list[1]
end

describe("lib.workbench.lint.arguments", function()
  it("says what a function takes, what it got, and how it is written", function()
    assert.equal("1 argument: rc.sleep takes seconds, a number as argument 1, not a text: rc.sleep(5)", only "rc.sleep '5'")
    assert.equal("1 argument: rc.job takes 2 arguments at least: rc.job(deployment_id, request_id)", only "return rc.job('d'):status()")
    assert.matches("^1 argument: rc.now does not look at argument 1", only "return rc.now(1)")
  end)

  it("says nothing of what it cannot know", function()
    for _, body in ipairs {
      "rc.sleep(input.seconds)", "rc.sleep(input.f())", "rc.sleep(nil)", "return rc.job(input.f())",
      "return rc.job(table.unpack(input.list))",
      "local s = '5' s = 5 rc.sleep(s)",
    } do
      assert.same({}, findings.of(body), body)
    end
  end)

  it("tells a level of the log from a text", function()
    assert.matches("^2 argument: ctx:log takes a level, which is debug, info, warning or error", only "\nctx:log('warn', 'x')")
    assert.same({}, findings.of "ctx:log('warning', 'x') rc.log('info', 'x')")
  end)

  it("wants a function where one is called later", function()
    assert.matches("pcall takes a function and its arguments, and calls it itself",
      only "return pcall(rc.submit { deployment_id = 'd' })", 1, true)
    assert.matches("rc.all takes functions, and calls them itself; entry 2 is",
      only "return rc.all { function() end, rc.submit({ deployment_id = 'd' }):wait() }", 1, true)
    assert.matches("a method needs its job: function() job:cancel() end",
      only "local job = rc.job('d', 'r') rc.finally(job.cancel)", 1, true)
    assert.matches("a method gets its job first: pcall(job.wait, job, …)",
      only "local job = rc.job('d', 'r') return pcall(job.wait)", 1, true)
  end)

  it("looks through pcall at what it calls", function()
    assert.matches("^1 argument: rc.sleep takes", only "return pcall(rc.sleep, '5')")
    assert.matches("^1 argument: ctx:log takes a level", only "return pcall(ctx.log, ctx, 'warn', 'x')")
  end)

  it("knows a URL from bytes, and one file from the list of all", function()
    assert.matches("rc.image takes bytes, not a URL: rc.image(rc.http({ url = … }).body)",
      only "return rc.image 'https://a.b/c.png'", 1, true)
    assert.matches("rc.download takes a URL, or one of output_urls as argument 1, not a list of files",
      only "rc.download(rc.job('d', 'r'):wait().output_urls)", 1, true)
  end)

  it("checks the parts of a request", function()
    assert.matches("a URL begins with https://, not 'example.com'", only "rc.http { url = 'example.com' }", 1, true)
    assert.matches("the method is GET, HEAD, POST, PUT, PATCH or DELETE, not 'FETCH'",
      only "rc.http { url = input.url, method = 'fetch' }", 1, true)
    assert.matches("no body goes with a GET; is method = \"POST\" missing?", only "rc.http { url = input.url, body = 'x' }", 1, true)
    assert.matches("headers are named", only "rc.http { url = input.url, headers = { 'Accept: x' } }", 1, true)
    assert.same({}, findings.of "rc.http { url = input.url, method = 'post', body = 'x', headers = { Accept = 'x' } }")
  end)

  it("knows which way round a proxied call and a range are", function()
    assert.matches('job:proxy takes the path first', only "rc.job('d', 'r'):proxy('POST', {})", 1, true)
    assert.matches("the method is GET or POST, not PUT", only "rc.job('d', 'r'):proxy('api/free', {}, { method = 'PUT' })", 1, true)
    assert.matches("rc.random: nothing lies between 9 and 1", only "return rc.random(9, 1)", 1, true)
    assert.same({}, findings.of "return rc.random(-9, -1)")
  end)

  it("finds a seed below 1 however deep it lies", function()
    assert.matches("^2 argument: rc.random%(%) is below 1; a seed is a whole number",
      only "rc.submit { deployment_id = 'd', overrides = { ['3'] = { inputs = {\nseed = rc.random() } } } }")
    assert.same({}, findings.of "rc.submit { deployment_id = 'd', overrides = { ['3'] = { inputs = { seed = rc.random(1, 9) } } } }")
  end)

  it("knows that the answer of a tool is no list", function()
    assert.matches("what rc.tools.list_deployments gives is no list: ipairs(answer.deployments)",
      only "for _, d in ipairs(rc.tools.list_deployments {}) do rc.log('info', d) end", 1, true)
  end)

  it("checks what a person is asked for", function()
    assert.matches("'list' is declared array",
      only "return ctx:elicit { message = 'm', input = { { 'list', 'array', 'L', items = 'string' } } }", 1, true)
    assert.same({}, findings.of "return ctx:elicit { message = 'm', input = { { 'name', 'string', 'N' } } }")
  end)
end)
