local folder = require "spec.support.folder"
local kit = require "rcmcp.testkit"

-- Keeps an instance on while a run goes on, and takes it back.
local SESSION = [[
local rc = require "rc"
return rc.tool {
  name = "session", description = "S.", uses = { "submit_request", "update_deployment", "get_deployment" },
  input = { { "pause", "number", "P", default = 0 } },
  run = function(input)
    local id = "a1b2c3d4-0000-4000-8000-000000000001"
    local _ <close> = rc.finally(function()
      rc.tools.get_deployment { deployment_id = id }
      rc.tools.update_deployment { deployment_id = id, min_instances = 0 }
    end)
    rc.tools.update_deployment { deployment_id = id, min_instances = 1 }
    for _ = 1, 2 do rc.submit { deployment_id = id, overrides = { ["3"] = { inputs = { seed = rc.random(0, 99) } } } }:wait() end
    if input.pause > 0 then rc.sleep(input.pause) end
    return { done = true }
  end,
}
]]

local function names(result)
  local list = {}
  for i, call in ipairs(require("lib.workbench.testkit.expectations").without_repeated_polls(result.calls)) do list[i] = call.name end
  return table.concat(list, " ")
end

local files, path

before_each(function()
  files = folder.new()
  path = files:write("session.lua", SESSION)
end)
after_each(function() files:remove() end)

describe("rcmcp.testkit's endings", function()
  it("come after seconds, and at calls: answered, or about to be made", function()
    local result = kit.run(path, {}, { cancel_after = 30 })
    assert.same({ true, 30.0 }, { result.cancelled, result.ended_at })
    result = kit.run(path, {}, { cancel_after = "submit_request" })
    assert.is_true(result.cancelled)
    assert.equal(1, kit.count_calls(result, "submit_request"))
    assert.matches("^update_deployment submit_request get_request_status cancel_request", names(result))
    result = kit.run(path, {}, { cancel_after = { "submit_request", count = 2 } })
    assert.equal(2, kit.count_calls(result, "submit_request"))
    assert.equal(1, kit.count_calls(result, "get_request_result"))
    result = kit.run(path, {}, { cancel_after = { "submit_request", before = true } })
    assert.is_true(result.cancelled)
    assert.equal(0.0, result.ended_at)
    result = kit.run(path, {}, { cancel_after = "delete_deployment" })
    assert.is_true(result.ok, result.error)
    assert.is_nil(result.ended_at)
  end)

  it("say what is no moment", function()
    for message, when in pairs {
      ["cancel_after takes seconds, or the name of a tool, got boolean"] = true,
      ["cancel_after has no field 'time'"] = { "submit_request", time = 3 },
      ["cancel_after: 'count' must be a number"] = { "submit_request", count = "two" },
      ["cancel_after names no tool"] = { count = 2 },
    } do
      local ok, err = pcall(kit.run, path, {}, { cancel_after = when })
      assert.is_false(ok)
      assert.matches(message, err, 1, true)
    end
  end)

  it("end waits when the client leaves, with the clean-ups, within the time that clients give", function()
    local result = kit.run(path, {}, { leave_after = 30 })
    assert.is_true(result.left)
    assert.is_false(result.ok)
    assert.matches("was waiting when its client ended the connection", result.error, 1, true)
    assert.equal(2, kit.count_calls(result, "update_deployment"))
    assert.equal(1, kit.count_calls(result, "cancel_request"))
    assert.is_true(result.seconds - result.ended_at < 3.5)
    assert.same({}, result.unfinished)
  end)

  it("let a call that needs no wait go on to its answer when the client leaves", function()
    local quick = files:write("quick.lua", [[
      local rc = require "rc"
      return rc.tool { name = "quick", description = "Q.", uses = { "get_deployment", "list_deployments" }, run = function()
        local first = rc.tools.list_deployments().deployments[1]
        return { name = rc.tools.get_deployment({ deployment_id = first.id }).deployment.name }
      end }]])
    local result = kit.run(quick, {}, { leave_after = "list_deployments" })
    assert.is_true(result.left)
    assert.equal("text-to-image", result.data.name)
  end)

  it("end a wait that begins after the client has left, at once", function()
    local result = kit.run(path, { pause = 600 }, { states = { "warm" }, leave_after = { "get_request_result", count = 2 } })
    assert.is_false(result.ok)
    assert.equal(result.ended_at, result.seconds)
    assert.equal(2, kit.count_calls(result, "update_deployment"))
  end)

  it("cancel calls that wait, and their jobs, when the host is told to end", function()
    local result = kit.run(path, {}, { shutdown_after = 30 })
    assert.is_true(result.shut_down)
    assert.is_false(result.ok)
    assert.equal(1, kit.count_calls(result, "cancel_request"))
    assert.equal(2, kit.count_calls(result, "update_deployment"))
    kit.expect_told(result, "cancelling the job: cancelled")
  end)

  it("leave the jobs alone, and name them, where the operator has set that", function()
    for _, ending in ipairs { "leave_after", "shutdown_after", "cancel_after" } do
      local result = kit.run(path, {}, { [ending] = 30, settings = { cancel_remote_on_client_cancel = false } })
      assert.equal(0, kit.count_calls(result, "cancel_request"))
      assert.equal(2, kit.count_calls(result, "update_deployment"))
      local id = result.calls[2].result.submission.request_id
      kit.expect_told(result, "request " .. id)
    end
  end)

  it("name what is not done in time", function()
    local slow = files:write("slow.lua", [[
      local rc = require "rc"
      return rc.tool { name = "slow", description = "S.", run = function()
        local _ <close> = rc.finally(function() rc.sleep(4.5) end)
        rc.sleep(600)
      end }]])
    local result = kit.run(slow, {}, { shutdown_after = 10 })
    assert.same({ "the end came while recipe 'slow' is still cleaning up" }, result.unfinished)
    assert.equal(14.5, result.seconds)
  end)
end)

describe("rcmcp.testkit's failing clean-ups", function()
  it("fail what clean-ups write, and nothing else, and are told", function()
    local result = kit.run(path, {}, { failing_cleanup = true })
    assert.is_true(result.ok, result.error)
    assert.is_true(result.data.done)
    local updates = {}
    for _, call in ipairs(result.calls) do
      if call.name == "update_deployment" then updates[#updates + 1] = call end
    end
    assert.is_nil(updates[1].error)
    assert.equal(503, updates[2].error.status_code)
    kit.expect_told(result, "a clean-up failed: HTTP 503")
    local patches = 0
    for _, request in ipairs(result.requests) do patches = patches + (request.method == "PATCH" and 1 or 0) end
    assert.is_true(patches > 2, "what may be repeated is")
  end)

  it("succeed once the service is well again, within their time", function()
    local result = kit.run(path, {}, { failing_cleanup = { count = 2, status = 500 } })
    assert.is_true(result.ok, result.error)
    assert.is_nil(result.calls[#result.calls].error)
    local ok = pcall(kit.expect_told, result, "a clean-up failed")
    assert.is_false(ok)
  end)

  it("are told in the log, too, where nobody gets an answer", function()
    for _, ending in ipairs { "cancel_after", "leave_after", "shutdown_after" } do
      local result = kit.run(path, {}, { failing_cleanup = { message = "closed for today" }, [ending] = 30 })
      kit.expect_told(result, "recipe 'session': a clean-up failed: ")
      kit.expect_told(result, "closed for today")
    end
  end)

  it("may lose the answer alone", function()
    local result = kit.run(path, {}, { failing_cleanup = { lost = true } })
    kit.expect_told(result, "Whether this update took effect is unknown")
  end)

  it("are those of a recipe that a clean-up calls, too", function()
    files:write("back.lua", [[
      local rc = require "rc"
      return rc.tool { name = "back", description = "B.", uses = { "update_deployment" }, run = function()
        rc.tools.update_deployment { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", min_instances = 0 }
      end }]])
    local outer = files:write("outer.lua", [[
      local rc = require "rc"
      return rc.tool { name = "outer", description = "O.", uses = { "back" }, run = function()
        local _ <close> = rc.finally(function() rc.tools.back {} end)
      end }]])
    kit.expect_told(kit.run(outer, {}, { failing_cleanup = true }), "a clean-up failed: HTTP 503")
  end)

  it("want the simulator, and fields that there are", function()
    for message, options in pairs {
      ["failing_cleanup needs the simulator"] = { failing_cleanup = true, replay = files:write("a.tape", '{"rcmcp_tape":1}\n') },
      ["failing_cleanup takes true, or"] = { failing_cleanup = 503 },
      ["there is no field 'code'; it takes count"] = { failing_cleanup = { code = 503 } },
      ["'count' must be a number"] = { failing_cleanup = { count = true } },
    } do
      local ok, err = pcall(kit.run, path, {}, options)
      assert.is_false(ok)
      assert.matches(message, err, 1, true)
    end
  end)
end)

describe("rcmcp.testkit's messages", function()
  local LONG, SHORT = "comfyui-very-secret-7", "pw7"

  -- Shows what it was given wherever a recipe can.
  local function run(options)
    local leaky = files:write("leaky.lua", ([[
      local rc = require "rc"
      return rc.tool { name = "leaky", description = "L.", input = { { "ask", "boolean", "A", default = false } },
        uses = { "submit_request" },
        run = function(input, ctx)
          local extra = { api_key_comfy_org = %q, pin = %q }
          rc.submit { deployment_id = "a1b2c3d4-0000-4000-8000-000000000001", extra_data = extra,
            overrides = { ["6"] = { inputs = { text = "a fox with " .. extra.api_key_comfy_org } } } }
          rc.log("info", "sent " .. extra.api_key_comfy_org)
          ctx:progress(1, 2, "sent " .. extra.api_key_comfy_org)
          if input.ask then ctx:confirm("Is " .. extra.api_key_comfy_org .. " right?") end
          rc.fail("no more with " .. extra.api_key_comfy_org)
        end }]]):format(LONG, SHORT))
    return kit.run(leaky, options and options.input or {}, options)
  end

  local function message_of(fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.is_nil(err:find(LONG, 1, true), err)
    assert.is_nil(err:find(SHORT, 1, true), err)
    return err
  end

  it("hold no extra_data, neither that of the call nor the one that was expected", function()
    local result = run()
    assert.matches("'delete_deployment'", message_of(kit.expect_calls, result, { "delete_deployment" }), 1, true)
    assert.matches("input.overrides.6.inputs.text is ", message_of(kit.expect_calls, result,
      { { "submit_request", { overrides = { ["6"] = { inputs = { text = "a cat with " .. LONG } } } } } }), 1, true)
    for _, wanted in ipairs { { pin = "other" }, { other = SHORT }, { api_key_comfy_org = "comfyui-other-secret" }, LONG,
                              { api_key_comfy_org = { LONG } } } do
      local message = message_of(kit.expect_calls, result, { { "submit_request", { extra_data = wanted } } })
      assert.matches("input.extra_data is another than expected", message, 1, true)
      assert.is_nil(message:find("comfyui-other-secret", 1, true))
    end
    assert.same({ LONG, SHORT }, { result.calls[1].input.extra_data.api_key_comfy_org, result.calls[1].input.extra_data.pin })
  end)

  it("hold none in what was told, which is found by its other words", function()
    local result = run()
    message_of(kit.expect_told, result, "no such words")
    message_of(kit.expect_told, result, "no such words, nor " .. LONG)
    for _, words in ipairs { "sent ", "no more with " } do kit.expect_told(result, words) end
    for _, line in ipairs(result.logs) do assert.is_nil(line:find(LONG, 1, true)) end
  end)

  it("hold none of a question that the spec does not answer, nor does what was asked", function()
    local result = run { input = { ask = true } }
    assert.matches("the spec gives no answer 1", result.error, 1, true)
    assert.is_nil(result.error:find(LONG, 1, true))
    assert.is_nil(result.questions[1].message:find(LONG, 1, true))
  end)

  it("hold no key", function()
    local redaction = require "lib.redaction"
    local _ <close> = redaction.add_key "rc-live-0123456789abcdef"
    local result = { calls = { { name = "submit_request", input = { note = "rc-live-0123456789abcdef" } } } }
    for _, expected in ipairs { { "x" }, { { "submit_request", { note = "y" } } } } do
      local ok, err = pcall(kit.expect_calls, result, expected)
      assert.is_false(ok)
      assert.is_nil(err:find("0123456789abcdef", 1, true), err)
    end
  end)
end)
