-- What holds for all ten tools.

local bed = require "spec.support.runcomfy"
local json = require "core.json"
local parameters = require "lib.parameters"
local registry = require "lib.features.registry"

local HINTS = { "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint" }

-- readOnly, destructive, idempotent, openWorld
local ANNOTATIONS = {
  call_instance_proxy = { false, true, false, true },
  cancel_request = { false, true, true, true },
  create_deployment = { false, true, false, false },
  delete_deployment = { false, true, true, false },
  get_deployment = { true, false, true, false },
  get_request_result = { true, false, true, false },
  get_request_status = { true, false, true, false },
  list_deployments = { true, false, true, false },
  submit_request = { false, true, false, true },
  update_deployment = { false, true, false, false },
}

-- Parameters in their order, "*" for required ones.
local PARAMETERS = {
  call_instance_proxy = "deployment_id* instance_id* comfy_backend_path* request_body",
  cancel_request = "deployment_id* request_id*",
  create_deployment = "name* workflow_id* workflow_version* hardware min_instances max_instances queue_size keep_warm_duration_in_seconds",
  delete_deployment = "deployment_id*",
  get_deployment = "deployment_id* include_payload include_readme",
  get_request_result = "deployment_id* request_id*",
  get_request_status = "deployment_id* request_id*",
  list_deployments = "ids include_payload include_readme",
  submit_request = "deployment_id* overrides workflow_api_json extra_data webhook_url webhook_intermediate_status "
    .. "wait_for_completion timeout_seconds",
  update_deployment = "deployment_id* name workflow_version hardware min_instances max_instances queue_size "
    .. "keep_warm_duration_in_seconds is_enabled",
}

local NO_KEY_TEXTS = { "https://www.runcomfy.com/profile", "RUNCOMFY_API_KEY", "RUNCOMFY_API_KEY_FILE", "RUNCOMFY_TOKEN", "--simulate" }

local function good_but(name, field, value)
  local arguments = {}
  for key, item in pairs(bed.GOOD[name]) do arguments[key] = item end
  arguments[field] = value
  return arguments
end

local function refused_before_sending(name, field, value, expected)
  bed.with({}, function(sim)
    local answer = bed.call(name, good_but(name, field, value))
    assert.is_false(answer.ok)
    assert.matches(expected, answer.text, 1, true)
    assert.equal("invalid_input", answer.data.code)
    assert.equal(0, #sim:requests())
  end)
end

for _, name in ipairs(bed.NAMES) do
  describe("tool " .. name, function()
    local tool = require("tools." .. name)

    it("has an output schema that the schema of schemas allows: a server does not check it again", function()
      local checked, known = assert(registry.compile(tool)), assert(registry.compile(tool, { known = true }))
      assert.equal(json.encode(checked.output), json.encode(known.output))
      assert.equal(json.encode(checked.schema), json.encode(known.schema))
    end)

    it("has the official parameters, each described", function()
      local schema = parameters.compile(tool.input).schema
      local required, list = {}, {}
      for _, field in ipairs(schema.required or {}) do required[field] = true end
      for i, entry in ipairs(tool.input) do
        list[i] = entry[1] .. (required[entry[1]] and "*" or "")
        assert.is_true(#schema.properties[entry[1]].description > 5, entry[1])
      end
      assert.equal(PARAMETERS[name], table.concat(list, " "))
      assert.is_false(schema.additionalProperties)
    end)

    it("gives all four hints as booleans", function()
      for i, hint in ipairs(HINTS) do assert.equal(ANNOTATIONS[name][i], tool.annotations[hint]) end
    end)

    it("has an output schema that is an open object with ok", function()
      local schema = json.decode(json.encode(tool.output))
      assert.equal("object", schema.type)
      assert.equal("boolean", schema.properties.ok.type)
      assert.is_nil(schema.additionalProperties)
    end)

    it("says without a key where to get one and how to set it, and sends nothing", function()
      bed.with({ key = false }, function(sim)
        local answer = bed.call(name, bed.GOOD[name])
        assert.is_false(answer.ok)
        for _, part in ipairs(NO_KEY_TEXTS) do assert.matches(part, answer.text, 1, true) end
        assert.equal("no_key", answer.data.code)
        assert.is_false(answer.data.ok)
        assert.equal(0, #sim:requests())
      end)
    end)

    it("refuses an unknown argument by name before anything is sent", function()
      refused_before_sending(name, "deploymentid", "x", "Unknown argument 'deploymentid'")
    end)

    for field in pairs(bed.GOOD[name]) do
      if field:find("_id$") and field ~= "workflow_id" then
        for _, bad in ipairs { "", "..", "a/b", "a?b", "a#b", "a\nb", "https://example.com/x" } do
          it(("refuses %q as %s before anything is sent"):format(bad, field), function()
            refused_before_sending(name, field, bad, "'" .. field .. "'")
          end)
        end
      end
    end

    it("forwards the API's refusal with status, code, payload and what to do", function()
      bed.with({}, function(sim)
        bed.answer_with(sim, '{"error_code":403003,"error_message":"not yours","extra":[1.0,{}]}', { status = 403, count = 9 })
        local answer = bed.call(name, bed.GOOD[name])
        assert.is_false(answer.ok)
        assert.matches("^HTTP 403 | RunComfy error_code=403003 | not yours\n.*another account", answer.text)
        assert.equal(403, answer.data.status_code)
        assert.equal(403003, answer.data.error_code)
        assert.matches('"payload":{"error_code":403003,"error_message":"not yours","extra":[1.0,{}]}', answer.json, 1, true)
      end)
    end)

    it("takes HTTP 200 with an error_code as an error", function()
      bed.with({}, function(sim)
        bed.answer_with(sim, '{"error_code":10001,"error_message":"no funds"}')
        local answer = bed.call(name, bed.GOOD[name])
        assert.is_false(answer.ok)
        assert.matches("^HTTP 200 | RunComfy error_code=10001 | no funds", answer.text)
      end)
    end)

    it("never shows the key, even where the API does", function()
      bed.with({ key = "secret-key-42" }, function(sim)
        bed.answer_with(sim, '{"detail":"token secret-key-42 is bad"}', { status = 401, count = 9 })
        local answer = bed.call(name, bed.GOOD[name])
        assert.is_false(answer.ok)
        assert.is_nil((answer.text .. answer.json):find("secret-key-42", 1, true))
        assert.equal("Bearer secret-key-42", sim:requests()[1].headers.authorization)
      end)
    end)

    if tool.annotations.readOnlyHint then
      it("is repeated when the answer is lost, four times at most, after what Retry-After asks", function()
        bed.with({}, function(sim)
          assert(sim:fault { kind = "drop" })
          assert(sim:fault { kind = "status", status = 503 })
          assert(sim:fault { kind = "status", status = 429, retry_after = 7 })
          assert(sim:fault { kind = "status", status = 500, forever = true })
          assert.equal(500, bed.call(name, bed.GOOD[name]).data.status_code)
          local requests = sim:requests()
          assert.equal(4, #requests)
          assert.is_true(requests[4].at - requests[3].at > 6.999)
        end)
      end)
    else
      for kind, message in pairs { drop = false, truncated = '{"note":"the id is cut off","id":"d"}', status = false, html = false } do
        it(("is not sent twice when the answer is lost (%s), and says that the outcome is unknown"):format(kind), function()
          bed.with({}, function(sim)
            assert(sim:fault { kind = kind, message = message or nil, status = message and 200 or nil, forever = true })
            local answer = bed.call(name, bed.GOOD[name])
            assert.is_false(answer.ok)
            assert.equal(1, #sim:requests())
            assert.equal("unknown", answer.data.delivery)
            assert.matches("was not sent again", answer.text, 1, true)
          end)
        end)
      end
    end
  end)
end

describe("a write that never reached the API", function()
  it("says that nothing was started", function()
    bed.with({}, function(sim)
      sim:stop()
      local answer = bed.call("submit_request", { deployment_id = "d" })
      assert.is_false(answer.ok)
      assert.equal("not_sent", answer.data.delivery)
      assert.equal("connect", answer.data.code)
      assert.matches("nothing was started", answer.text, 1, true)
    end)
  end)
end)
