-- The writes of clean-ups: those that do the same when they are done twice are tried again until it is sure that they were done.

local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local folder = require "spec.support.folder"
local json = require "core.json"
local kit = require "spec.support.rc"
local log = require "spec.support.log"
local recipes = require "spec.support.recipes"
local under_way = require "lib.recipes.run.under_way"

local ID = "a1b2c3d4-0000-4000-8000-000000000001"
local BACK = ('rc.finally(function() rc.tools.update_deployment { deployment_id = "%s", min_instances = 0 } end) return {}'):format(ID)
local USES = { uses = { "update_deployment", "create_deployment" } }

describe("a write of a clean-up", function()
  for name, rule in pairs {
    ["trouble"] = { kind = "status", status = 503 }, ["trouble under HTTP 200"] = { kind = "error_code", error_code = 500001 },
    ["a login page"] = { kind = "html", status = 200 }, ["a redirect"] = { kind = "text", status = 302, message = "" },
    ["nothing"] = { kind = "drop" },
    ["half an answer"] = { kind = "truncated", status = 200, message = '{"note":"cut off","id":"d"}' },
    ["something else"] = { kind = "text", status = 200, message = '{"ok":true}' },
    ["too many requests"] = { kind = "status", status = 429 }, ["a conflict"] = { kind = "status", status = 409 },
    ["a lock"] = { kind = "status", status = 423 }, ["a conflict under HTTP 200"] = { kind = "error_code", error_code = 409002 },
  } do
    for _, method in ipairs(name == "a redirect" and { "PATCH" } or { "PATCH", "GET" }) do
      it(("is tried again where it meets %s: %s"):format(name, method), function()
        kit.with({}, function(sim)
          assert(bed.call("update_deployment", { deployment_id = ID, min_instances = 1 }).ok)
          local fault = { method = method, path = ID, count = method == "GET" and 5 or 2 }
          for key, value in pairs(rule) do fault[key] = value end
          assert(sim:fault(fault))
          local began = clock.now()
          local result = kit.run(BACK, USES)
          assert.is_nil(result.text and result.text:find("a clean-up failed", 1, true), result.text)
          assert.equal(method == "PATCH" and 3 or 1, #sim:requests { method = "PATCH" } - 1)
          assert.equal(0, bed.call("get_deployment", { deployment_id = ID }).data.deployment.min_instances)
          assert.is_true(clock.now() - began < 5)
        end)
      end)
    end
  end

  it("that makes something is sent once", function()
    kit.with({}, function(sim)
      assert(sim:fault { kind = "html", status = 200, method = "POST", forever = true })
      local result = kit.run([[
        rc.finally(function() rc.tools.create_deployment { name = "n", workflow_id = "w", workflow_version = "v1" } end)
        return {}]], USES)
      assert.matches("a clean-up failed", result.text, 1, true)
      assert.equal(1, #sim:requests { method = "POST" })
    end)
  end)
end)

describe("a clean-up at the end of its block", function()
  local HOLD = ([[local function hold()
    return rc.finally(function() rc.tools.update_deployment { deployment_id = "%s", min_instances = 0 } end)
  end ]]):format(ID)

  -- Each leaves a block whose clean-up cannot wait where it stands.
  local ENDS = {
    ["of a function beside which another of rc.all failed"] =
      'pcall(rc.all, { function() local _ <close> = hold() rc.sleep(100) end, function() rc.sleep(1) error "two" end })',
    ["of a function beside which another of rc.map failed"] =
      'pcall(rc.map, { 1, 2 }, function(i) local _ <close> = hold() if i == 2 then error "two" end rc.sleep(100) end)',
    ["of a function deeper down"] = 'pcall(rc.all, { function() pcall(function() local _ <close> = hold() rc.sleep(100) end) end, '
      .. 'function() rc.sleep(1) error "two" end })',
    ["in a group within a group"] = [[pcall(rc.all, { function() rc.all { function() local _ <close> = hold() rc.sleep(100) end } end,
      function() rc.sleep(1) error "two" end })]],
    ["in a coroutine that is closed"] =
      "local co = coroutine.create(function() local _ <close> = hold() coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
    ["in a coroutine of a function that is told to end"] = [[pcall(rc.all, { function()
        coroutine.wrap(function() local _ <close> = hold() rc.sleep(100) end)() end, function() rc.sleep(1) error "two" end })]],
  }
  ENDS["whose own pcall would swallow that it is told to end"] = [[pcall(rc.all, { function()
    local _ <close> = rc.finally(function()
      pcall(rc.tools.update_deployment, { deployment_id = "]] .. ID .. [[", min_instances = 0 })
    end)
    rc.sleep(100) end, function() rc.sleep(1) error "two" end })]]

  for name, text in pairs(ENDS) do
    it("is made up for at the end of the call: " .. name, function()
      kit.with({}, function(sim)
        assert(bed.call("update_deployment", { deployment_id = ID, min_instances = 1 }).ok)
        local result = assert(kit.run(HOLD .. text .. " return {}", USES))
        assert.is_nil(result.text and result.text:find("a clean-up failed", 1, true), result.text)
        assert.equal(0, bed.call("get_deployment", { deployment_id = ID }).data.deployment.min_instances)
        assert.equal(name:find "rc.map" and 3 or 2, #sim:requests { method = "PATCH" })
      end)
    end)
  end
end)

describe("clean-ups of recipes within recipes", function()
  local function warmer(name, more, body)
    return ([[
      local rc = require "rc"
      return rc.tool { name = "%s", description = "Warms up, and puts back what was there.", uses = { "update_deployment", %s },
        input = { { "how", "string", "How it ends" } },
        run = function(input)
          local id = "%s"
          local function set(count) rc.tools.update_deployment { deployment_id = id, name = "n", keep_warm_duration_in_seconds = count } end
          %s
        end }]]):format(name, more, ID, body)
  end

  local OUTER = warmer("outer", '"inner"', [[
    rc.finally(function() set(0) end)
    set(1)
    if input.how == "fail" then
      rc.all { function() rc.tools.inner { how = "wait" } end, function() rc.sleep(5) error "no" end }
    end
    rc.tools.inner { how = input.how }]])
  local INNER = warmer("inner", "", [[
    rc.finally(function() rc.sleep(1) set(1) end)
    set(2)
    rc.sleep(100)]])

  local function patches(bench)
    local list = {}
    for i, request in ipairs(bench.sim:requests { method = "PATCH" }) do
      list[i] = json.decode(request.body).keep_warm_duration_in_seconds
    end
    return list
  end

  for how, finish in pairs {
    fail = function() end, cancel = function(task) task:cancel "the client gave up" end, leave = function() under_way.drain() end,
  } do
    it("put back in the opposite order what was set, when the call ends: " .. how, function()
      local own <close> = folder.new()
      own:write("outer.lua", OUTER)
      own:write("inner.lua", INNER)
      recipes.with({ folder = own.path }, function(bench)
        local task = bench:start("outer", { how = how })
        clock.sleep(10)
        finish(task)
        task:join()
        assert.same({ 1, 2, 1, 0 }, patches(bench))
      end)
    end)
  end
end)

describe("a clean-up of what has no answer yet", function()
  local FAILS = [[rc.finally(function() rc.tools.update_deployment { deployment_id = id, name = "n", min_instances = 0 } end)
    rc.all { function() rc.tools.update_deployment { deployment_id = id, name = "n", min_instances = 1 } end,
      function() rc.sleep(0.5) error "no" end }]]

  local function left(seconds)
    local count, lines
    kit.with({}, function(sim)
      assert(sim:fault { kind = "delay", seconds = seconds, method = "PATCH", count = 1 })
      lines = log.lines_of(function()
        kit.run(("local id = %q "):format(ID) .. FAILS, USES)
        clock.sleep(20)
      end)
      count = bed.call("get_deployment", { deployment_id = ID }).data.deployment.min_instances
    end)
    return count, table.concat(lines, "\n")
  end

  it("comes behind the answer, where that is near", function()
    local count, lines = left(2.5)
    assert.equal(0, count)
    assert.is_nil(lines:find("its clean-ups begin while", 1, true))
  end)

  it("says so where it overtakes what it undoes", function()
    local _, lines = left(10)
    assert.matches("warning: recipe 'probe': its clean-ups begin while 1 of its writes have no answer", lines, 1, true)
  end)
end)
