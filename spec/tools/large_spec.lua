-- Results that are larger than a message, a text or a transfer may be: what was paid arrives, all its URLs first.

local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local json = require "core.json"
local kit = require "spec.support.mcp"
local recipes = require "spec.support.recipes"
local folder = require "spec.support.folder"

local MIB = 1024 * 1024
local URL = "https://serverless-api-storage.runcomfy.net/deployment_requests/r/output/ComfyUI_%05d_.png"

-- Runs `fn(sim, call)`; call(name, arguments) goes through a server of the revision and gives the result.
local function with_server(version, fn)
  local time <close> = clock.virtual()
  local sim <close> = assert(require("lib.sim.server").start { cold_start = 1 })
  local _ <close> = bed.use { base_url = sim.base_url }
  time:run(function()
    local declarations = {}
    for i, name in ipairs(bed.NAMES) do declarations[i] = require("tools." .. name) end
    local session, transport = kit.connect(declarations)
    kit.initialize(session, transport, version)
    kit.send(session, { method = "notifications/initialized" })
    fn(sim, function(name, arguments)
      local before = #transport.sent
      kit.send(session, { id = before + 1, method = "tools/call", params = { name = name, arguments = arguments } })
      while #transport.sent == before do clock.sleep(0.01) end
      assert.is_true(#transport.texts[#transport.texts] <= 8 * MIB)
      return transport.sent[#transport.sent].result
    end)
  end)
end

-- A result with so many files, and `ballast` before them.
local function result_with(files, ballast)
  local items = {}
  for i = 1, files do
    items[i] = ('{"url":"%s","filename":"ComfyUI_%05d_.png","subfolder":"","type":"output"}'):format(URL:format(i), i)
  end
  return ('{"request_id":"r","status":"succeeded","outputs":{"1":%s,"9":{"images":[%s]}},"created_at":"t"}'):format(ballast,
    table.concat(items, ","))
end

local BALLAST = {
  ["one huge text"] = '{"text":["' .. ("x"):rep(9 * MIB) .. '"]}',
  ["many numbers"] = '{"depth":[' .. ("0.125,"):rep(9 * MIB // 6) .. "1]}",
  ["many texts"] = '{"text":[' .. ('["' .. ("t"):rep(1000) .. '"],'):rep(9 * 1024) .. "[]]}",
  ["what is nested deep"] = '{"x":' .. ("["):rep(3000) .. '"' .. ("x"):rep(9 * MIB) .. '"' .. ("]"):rep(3000) .. "}",
}

local function assert_delivered(result, files)
  assert.is_false(result.isError)
  local data = result.structuredContent
  assert.is_true(data.ok)
  assert.equal(files, #data.output_urls)
  for i = 1, files do assert.equal(URL:format(i), data.output_urls[i].url) end
  assert.equal("succeeded", data.result.status)
end

describe("a result over 8 MiB", function()
  for name, ballast in pairs(BALLAST) do
    it("is a success with all URLs and says that it was cut: " .. name, function()
      with_server("2025-11-25", function(sim, call)
        bed.answer_with(sim, result_with(40, ballast), { path = "/result", forever = true })
        for _, result in ipairs {
          call("get_request_result", { deployment_id = "d", request_id = "r" }),
          call("submit_request", { deployment_id = recipes.TEXT_TO_IMAGE, wait_for_completion = true }),
        } do
          assert_delivered(result, 40)
          assert.is_truthy(result.structuredContent.shortened or result.structuredContent.note)
        end
      end)
    end)
  end

  it("reaches clients that see text only, with its URLs first", function()
    with_server("2024-11-05", function(sim, call)
      bed.answer_with(sim, result_with(60, BALLAST["many texts"]), { path = "/result", forever = true })
      local result = call("get_request_result", { deployment_id = "d", request_id = "r" })
      assert.is_nil(result.isError or nil)
      local text = result.content[2].text
      assert.is_true(utf8.len(text) < 26000)
      for i = 1, 60 do assert.is_truthy(text:find(URL:format(i), 1, true)) end
      assert.equal(1, (text:find("output of node 9, images: https://", 1, true)))
    end)
  end)

  it("reaches a recipe", function()
    local own <close> = folder.new()
    own:write("one.lua", [[
      local rc = require "rc"
      return rc.tool {
        name = "one", description = "Submits and waits.", uses = { "submit_request" },
        run = function()
          local done = rc.submit { deployment_id = "]] .. recipes.TEXT_TO_IMAGE .. [[" }:wait()
          return { urls = #done.output_urls, last = done.output_urls[#done.output_urls].url, status = done.status, note = done.note }
        end,
      }]])
    for _, ballast in pairs(BALLAST) do
      recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
        assert(bench.sim:fault { kind = "text", status = 200, message = result_with(40, ballast), path = "/result", forever = true })
        local answer = bench:call "one"
        assert.is_true(answer.ok, answer.text)
        assert.same({ 40, URL:format(40), "succeeded" }, { answer.data.urls, answer.data.last, answer.data.status })
        assert.is_string(answer.data.note)
      end)
    end
  end)

  it("stays an error where the job failed, with the API's words", function()
    with_server("2025-11-25", function(sim, call)
      bed.answer_with(sim, '{"status":"failed","error":"CUDA out of memory","trace":"' .. ("x"):rep(9 * MIB) .. '"}', { path = "/result" })
      local result = call("get_request_result", { deployment_id = "d", request_id = "r" })
      assert.is_true(result.isError)
      assert.matches("CUDA out of memory", result.content[1].text, 1, true)
      assert.equal("r", result.structuredContent.request_id)
    end)
  end)
end)

local function node(i)
  return ('"%d":{"inputs":{"text":"%s","clip":["4",1]},"class_type":"CLIPTextEncode","_meta":{"title":"Node %d"}}'):format(i,
    ("words "):rep(60), i)
end

local function deployment(number, nodes)
  local parts = {}
  for i = 1, nodes do parts[i] = node(i) end
  return ('{"payload":{"workflow_api_json":{%s},"overrides":{},"object_info_url":"https://x/y"},"id":"dep-%d","name":"Name %d",'
    .. '"hardware":["AMPERE_48"],"min_instances":0,"max_instances":1,"status":"standby","is_enabled":true}'):format(
    table.concat(parts, ","), number, number)
end

describe("the text of a long answer", function()
  it("has a deployment's summary and names before its payload", function()
    for _, version in ipairs { "2024-11-05", "2025-03-26", "2025-11-25" } do
      with_server(version, function(sim, call)
        bed.answer_with(sim, deployment(1, 180), { path = "/deployments/dep-1" })
        local text = call("get_deployment", { deployment_id = "dep-1", include_payload = true }).content[2].text
        assert.is_true(utf8.len(text) < 26000)
        for i = 1, 180 do assert.is_truthy(text:find(('node %d CLIPTextEncode "Node %d": clip, text'):format(i, i), 1, true)) end
        local payload = text:find('"payload"', 1, true)
        assert.is_true(text:find("node 180 ", 1, true) < payload)
        assert.is_true(text:find('"name":"Name 1"', 1, true) < payload)
        assert.is_nil(text:find("payload_summary", 1, true))
        assert.matches("… shortened; the whole JSON has [%d,]+ bytes", text)
      end)
    end
  end)

  it("shows each of three large deployments", function()
    with_server("2024-11-05", function(sim, call)
      bed.answer_with(sim, "[" .. deployment(1, 300) .. "," .. deployment(2, 300) .. "," .. deployment(3, 300) .. "]", {})
      local text = call("list_deployments", { include_payload = true }).content[2].text
      for i = 1, 3 do
        assert.is_truthy(text:find(('"id":"dep-%d","name":"Name %d"'):format(i, i), 1, true))
        assert.is_nil(text:find(("deployment dep-%d"):format(i), 1, true))
      end
    end)
  end)

  it("names each of many deployments", function()
    with_server("2024-11-05", function(sim, call)
      local list = {}
      for i = 1, 90 do list[i] = deployment(i, 0) end
      bed.answer_with(sim, "[" .. table.concat(list, ",") .. "]", {})
      local text = call("list_deployments", {}).content[2].text
      for i = 1, 90 do assert.is_truthy(text:find(('deployment dep-%d "Name %d"'):format(i, i), 1, true)) end
    end)
  end)

  it("has the URLs before the raw result, also where it is short", function()
    with_server("2024-11-05", function(sim, call)
      bed.answer_with(sim, result_with(2, "{}"), { path = "/result" })
      local text = call("get_request_result", { deployment_id = "d", request_id = "r" }).content[2].text
      assert.matches('^{"ok":true,"output_urls":%[{.*}%],"result":{', text)
      assert(json.decode(text))
    end)
  end)
end)
