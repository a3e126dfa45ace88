local kit = require "spec.support.rc"

local HEAD = ('local job = rc.job("%s", "r")\nlocal flow = rc.workflow { ["1"] = { class_type = "A", inputs = { text = "x" } } }\n')
  :format(kit.DEPLOYMENT)

local function run(text, options)
  local result, err
  kit.with({}, function(sim)
    result, err = kit.run(HEAD .. text, options or { uses = { "submit_request", "get_deployment" } })
    assert.equal(0, #sim:requests { path = "/inference" }, "something was sent")
  end)
  return result, err
end

describe("a name that the API has not", function()
  for text, message in pairs {
    ["rc.sumbit { deployment_id = 'd' }"] = "probe.lua:3: rc has no 'sumbit', did you mean 'submit'?",
    ["return { t = rc.nwo() }"] = "probe.lua:3: rc has no 'nwo', did you mean 'now'?",
    ["rc.json.deocde '{}'"] = "probe.lua:3: rc.json has no 'deocde', did you mean 'decode'?",
    ["ctx:progres(1)"] = "probe.lua:3: ctx has no 'progres', did you mean 'progress'?",
    ["\n if ctx.dryrun then return end"] = "probe.lua:4: ctx has no 'dryrun', did you mean 'dry_run'?",
    ["job:wiat()"] = "probe.lua:3: a job has no 'wiat', did you mean 'wait'?",
    ["pcall(job.cancle, job)"] = "probe.lua:3: a job has no 'cancle', did you mean 'cancel'?",
    ["return { urls = job.output_urls }"] = "probe.lua:3: a job has no 'output_urls'; it has cancel, deployment_id, proxy,",
    ["rc.submit { overrides = flow:overides {} }"] = "probe.lua:3: a flow has no 'overides', did you mean 'overrides'?",
    ["rc.tools.get_deplyment { deployment_id = 'd' }"] = "did you mean 'get_deployment'?",
    ["rc.tools.list_deploymnts {}"] = "did you mean 'list_deployments'?", -- which 'uses' does not name, either
  } do
    it("is an error with the place and the one that was meant, and nothing is sent: " .. text:match "[^\n]+$", function()
      local result, err = run(text)
      assert.is_nil(result)
      assert.matches(message, err.message, 1, true)
      assert.matches("probe.lua:[34]", err.message)
    end)
  end

  it("is found in a response, too", function()
    kit.with({}, function(sim)
      local _, err = kit.run(('local r = rc.http { url = "%s/" } return { t = r.text }'):format(sim.base_url),
        { hosts = { "127.0.0.1" }, settings = { http_hosts = { "127.0.0.1" } } })
      assert.matches("probe.lua:1: a response has no 'text'; it has body, header, headers, json, status, url", err.message, 1, true)
    end)
  end)

  it("may be looked for with rawget and pairs, and set", function()
    local result = assert(run [[
      local count = 0
      for _ in pairs(rc) do count = count + 1 end
      job.mine, rc.mine = 5, 6
      return { count = count > 20, none = rawget(rc, "sumbit") == nil, mine = job.mine + rc.mine, at = job[1] == nil and rc[2] == nil,
        deadline = ctx.deadline ~= 5, client = ctx.client ~= 5, typo = pcall(function() return ctx.progres end) }
    ]])
    assert.same({ count = true, none = true, mine = 11, at = true, deadline = true, client = true, typo = false }, result.data)
  end)
end)
