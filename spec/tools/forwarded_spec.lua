-- What the API answers may be of any type: no answer breaks the output schema that its tool publishes, for official clients
-- throw such an answer away, and it may be paid.

local bed = require "spec.support.runcomfy"
local clock = require "lib.async.clock"
local json = require "core.json"
local kit = require "spec.support.mcp"
local schema = require "lib.schema"

local ODD = { "17", "1.5", "18446744073709551615", "null", "[]", "{}", '"text"', "true", '[{"a":[1]}]' }

local DEPLOYMENT = '{"id":"d","name":"n","workflow_id":"w","workflow_version":"v1","hardware":["AMPERE_48"],"min_instances":0,'
  .. '"max_instances":1,"queue_size":1,"keep_warm_duration_in_seconds":60,"status":"standby","is_enabled":true,"created_at":"t",'
  .. '"updated_at":"t","payload":{"workflow_api_json":{"6":{"inputs":{"text":"x"},"class_type":"C","_meta":{"title":"T"}}},'
  .. '"overrides":{"6":{"inputs":{"text":"y"}}},"object_info_url":"https://x"},"readme":"# R"}'
local SUBMISSION = '{"request_id":"r","status_url":"s","result_url":"u","cancel_url":"c"}'
local STATUS = '{"request_id":"r","status":"completed","queue_position":1,"instance_id":"i","status_url":"s","result_url":"u"}'
local RESULT = '{"request_id":"r","status":"succeeded","outputs":{"9":{"images":[{"url":"https://x/a","filename":"a.png","subfolder":"",'
  .. '"type":"output"}],"text":[["t"]]}},"error":null,"created_at":"t","finished_at":"t","instance_id":"i"}'
local FAILED = '{"request_id":"r","status":"failed","error":[{"errorCode":1,"error":"e","debugInfo":"d"}],"created_at":"t"}'

local IDS = { deployment_id = "d", request_id = "r" }

-- Tool, arguments, what the API answers by path; the first answer is the one that is spoilt.
local CASES = {
  { "list_deployments", {}, { { "", "[" .. DEPLOYMENT .. "]" } } },
  { "list_deployments", { include_payload = true, include_readme = true }, { { "", "[" .. DEPLOYMENT .. "]" } } },
  { "get_deployment", { deployment_id = "d", include_payload = true, include_readme = true }, { { "", DEPLOYMENT } } },
  { "create_deployment", bed.GOOD.create_deployment, { { "", DEPLOYMENT } } },
  { "update_deployment", bed.GOOD.update_deployment, { { "", DEPLOYMENT } } },
  { "delete_deployment", { deployment_id = "d" }, { { "", '{"deleted":true}' } } },
  { "submit_request", { deployment_id = "d" }, { { "/inference", SUBMISSION } } },
  { "submit_request", { deployment_id = "d", wait_for_completion = true, timeout_seconds = 2 },
    { { "/inference", SUBMISSION }, { "/status", STATUS }, { "/result", RESULT } } },
  { "submit_request", { deployment_id = "d", wait_for_completion = true, timeout_seconds = 2 },
    { { "/status", STATUS }, { "/inference", SUBMISSION }, { "/result", RESULT } } },
  { "submit_request", { deployment_id = "d", wait_for_completion = true, timeout_seconds = 2 },
    { { "/result", RESULT }, { "/inference", SUBMISSION }, { "/status", STATUS } } },
  { "submit_request", { deployment_id = "d", wait_for_completion = true, timeout_seconds = 2 },
    { { "/result", FAILED }, { "/inference", SUBMISSION }, { "/status", STATUS } } },
  { "get_request_status", IDS, { { "/status", STATUS } } },
  { "get_request_result", IDS, { { "/result", RESULT } } },
  { "get_request_result", IDS, { { "/result", FAILED } } },
  { "cancel_request", IDS, { { "/cancel", '{"request_id":"r","status":"completed","outcome":"cancelled"}' } } },
  { "call_instance_proxy", bed.GOOD.call_instance_proxy, { { "/proxy", '{"prompt_id":"p","node_errors":{}}' } } },
}

-- Every text that stands where one value of the JSON, at any depth, is another one; the whole, too.
local function spoilt(text, value)
  local list = {}
  local function visit(raw, head, tail)
    list[#list + 1] = head .. value .. tail
    local kind = raw:kind()
    if kind ~= "object" and kind ~= "array" then return end
    local parts = {}
    for key, item in raw:pairs() do parts[#parts + 1] = { kind == "object" and json.encode(key) .. ":" or "", item } end
    for at = 1, #parts do
      local before, after = {}, {}
      for i, part in ipairs(parts) do
        if i ~= at then table.insert(i < at and before or after, part[1] .. part[2]:text()) end
      end
      local open, close = kind == "object" and "{" or "[", kind == "object" and "}" or "]"
      visit(parts[at][2], head .. open .. table.concat(before, ",") .. (at > 1 and "," or "") .. parts[at][1],
        (at < #parts and "," or "") .. table.concat(after, ",") .. close .. tail)
    end
  end
  visit(json.raw(text), "", "")
  return list
end

-- A server with the ten tools, and the check of each by the schema that it publishes.
local function connect()
  local declarations = {}
  for i, name in ipairs(bed.NAMES) do declarations[i] = require("tools." .. name) end
  local session, transport = kit.connect(declarations)
  kit.initialize(session, transport, "2025-11-25")
  kit.send(session, { method = "notifications/initialized" })
  kit.send(session, { id = "list", method = "tools/list" })
  local checks = {}
  for _, tool in ipairs(transport.sent[1].result.tools) do checks[tool.name] = assert(schema.compile(tool.outputSchema)) end
  return session, transport, checks
end

local function call(session, transport, name, arguments)
  local before = #transport.sent
  kit.send(session, { id = before, method = "tools/call", params = { name = name, arguments = arguments } })
  while #transport.sent == before do clock.sleep(0.01) end
  return transport.sent[#transport.sent].result
end

describe("the structured content of", function()
  for number, case in ipairs(CASES) do
    local name, arguments, answers = case[1], case[2], case[3]
    it(("%s never breaks its published schema, whatever the API answers (%d: %s)"):format(name, number, answers[1][1]), function()
      local time <close> = clock.virtual()
      local sim <close> = assert(require("lib.sim.server").start())
      local _ <close> = bed.use { base_url = sim.base_url }
      time:run(function()
        local session, transport, checks = connect()
        for _, odd in ipairs(ODD) do
          for _, body in ipairs(spoilt(answers[1][2], odd)) do
            sim.faults:clear()
            for i, answer in ipairs(answers) do
              bed.answer_with(sim, i == 1 and body or answer[2], { path = answer[1] ~= "" and answer[1] or nil, forever = true })
            end
            local result = call(session, transport, name, arguments)
            if not result then error(body) end
            if result.isError then
              assert(result.structuredContent == nil or checks[name](result.structuredContent))
            else
              local ok, problem = checks[name](result.structuredContent)
              if not ok then error(problem .. " for " .. body) end
            end
          end
        end
      end)
    end)
  end
end)
