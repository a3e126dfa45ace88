-- What is said where nobody knows whether a write took effect, or where a paid job runs: nothing that invites to pay twice.

local bed = require "spec.support.runcomfy"
local folder = require "spec.support.folder"
local json = require "core.json"
local log = require "spec.support.log"
local recipes = require "spec.support.recipes"
local words = require "spec.support.words"

local WRITES = { "submit_request", "create_deployment", "update_deployment", "delete_deployment", "cancel_request", "call_instance_proxy" }

-- Answers that leave it open whether a write took effect.
local OPEN = {
  { kind = "drop" }, { kind = "truncated", status = 200, message = '{"note":"the id is cut off","id":"d"}' }, { kind = "html" },
  { kind = "text", status = 504 }, { kind = "empty", status = 500 },
  { kind = "text", status = 303, message = "See Other" }, { kind = "empty", status = 307 },
  { kind = "status", status = 503, retry_after = 1 },
  { kind = "status", status = 408 }, { kind = "status", status = 499 }, { kind = "error_code", error_code = 500001 },
  { kind = "error_code", error_code = 503007, message = "upstream" }, { kind = "status", status = 599, error_code = 1 },
}

-- Answers of a submit that succeeded and give no id.
local NO_ID = { "", "accepted", "<html><title>Login</title></html>", "{}", '{"request_id":null}', '{"request_id":{}}', "[]", "17",
  '{"a":NaN' }

-- Answers that succeeded, and may come from somebody else than the API.
local PAGES = { "<html><title>Log in to this network</title></html>", " \r\n<!DOCTYPE html>\n<p>ok", '<?xml version="1.0"?><ok/>' }
local TEXTS = { "OK", "accepted", "undefined", '{"a":undefined' }
local NO_OBJECTS = { "17", "[]", "null", '"OK"', "true", '[{"id":"d"}]' }
local NO_DEPLOYMENTS = { "", "{}", '{"status":"ok"}', '{"id":null}', '{"id":""}', '{"id":{}}' }

-- What each write does not take for a proof that it was done.
local UNPROVEN = {
  create_deployment = { PAGES, TEXTS, NO_OBJECTS, NO_DEPLOYMENTS },
  update_deployment = { PAGES, TEXTS, NO_OBJECTS, NO_DEPLOYMENTS },
  delete_deployment = { PAGES, TEXTS },
  cancel_request = { PAGES, TEXTS, NO_OBJECTS },
  call_instance_proxy = { PAGES },
  submit_request = { PAGES, TEXTS, NO_OBJECTS, NO_DEPLOYMENTS },
}

-- Polls and results that fail while a job runs.
local POLLS = {
  { kind = "status", status = 500 }, { kind = "status", status = 429, retry_after = 2 }, { kind = "html" }, { kind = "drop" },
  { kind = "text", status = 200, message = "not JSON" }, { kind = "empty" },
  { kind = "status", status = 404 }, { kind = "status", status = 403 }, { kind = "status", status = 401 },
  { kind = "status", status = 422 }, { kind = "status", status = 302 }, { kind = "status", status = 409 },
}

local function name_of(rule)
  return json.encode(rule)
end

local function rule_with(rule, fields)
  local copy = {}
  for key, value in pairs(rule) do copy[key] = value end
  for key, value in pairs(fields) do copy[key] = value end
  return copy
end

local function assert_harmless(answer, lines)
  for _, text in ipairs { answer.text, answer.json or json.encode(answer.data), table.concat(lines or {}, "\n") } do
    assert.is_nil(words.invitation(text))
  end
end

describe("the words of", function()
  for _, name in ipairs(WRITES) do
    it(name .. " do not invite to repeat it where its outcome is unknown", function()
      for _, fault in ipairs(OPEN) do
        bed.with({}, function(sim)
          assert(sim:fault(rule_with(fault, { forever = true })))
          local answer
          local lines = log.lines_of(function() answer = bed.call(name, bed.GOOD[name]) end)
          assert.is_false(answer.ok)
          assert.equal("unknown", answer.data.delivery, name_of(fault))
          assert.matches("is unknown, and it was not sent again%. .*[Ll]ook ", answer.text)
          assert.equal(1, #sim:requests())
          assert_harmless(answer, lines)
        end)
      end
    end)

    it(name .. " say of an answer that shows no success that nobody knows, in the log, too", function()
      for _, list in ipairs(UNPROVEN[name]) do
        for _, body in ipairs(list) do
          for _, status in ipairs { 200, 201, 202 } do
            bed.with({}, function(sim)
              bed.answer_with(sim, body, { status = status, forever = true })
              local answer
              local lines = log.lines_of(function() answer = bed.call(name, bed.GOOD[name]) end)
              assert.is_false(answer.ok, body)
              assert.equal("unknown", answer.data.delivery, body)
              assert.matches("[Ll]ook ", answer.text)
              assert.matches("outcome unknown", lines[1], 1, true)
              assert.matches("^warning: ", lines[1])
              assert_harmless(answer, lines)
            end)
          end
        end
      end
    end)

    it(name .. " say of a plain refusal nothing about an unknown outcome", function()
      for _, status in ipairs { 400, 401, 402, 403, 404, 409, 413, 422, 423, 429 } do
        bed.with({}, function(sim)
          assert(sim:fault { kind = "status", status = status, forever = true })
          local answer = bed.call(name, bed.GOOD[name])
          assert.is_nil(answer.data.delivery, status)
          assert.is_nil(answer.text:find("is unknown", 1, true))
        end)
      end
    end)
  end

  it("a submit whose answer holds no id say that it may run", function()
    for _, body in ipairs(NO_ID) do
      for _, wait in ipairs { false, true } do
        bed.with({}, function(sim)
          bed.answer_with(sim, body)
          local answer = bed.call("submit_request", { deployment_id = "d", wait_for_completion = wait })
          assert.is_false(answer.ok)
          assert.equal("unknown", answer.data.delivery, body)
          assert.matches("may run and be billed", answer.text, 1, true)
          assert_harmless(answer)
        end)
      end
    end
  end)

  it("a submit that a page answers show the page, and not all of it", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, "<html><title>Log in to this network</title>" .. ("x"):rep(100000) .. "</html>")
      local answer = bed.call("submit_request", { deployment_id = "d" })
      assert.matches("HTTP 200 | RunComfy's answer is not one with a request_id: Log in to this network", answer.text, 1, true)
      assert.is_nil(answer.text:find("took the submit", 1, true))
      assert.is_true(#answer.json < 22000)
    end)
  end)

  it("a wait do not invite to submit again, however its polls fail", function()
    for _, path in ipairs { "/status", "/result" } do
      for _, fault in ipairs(POLLS) do
        bed.with({ sim = { cold_start = 1 } }, function(sim)
          assert(sim:fault(rule_with(fault, { forever = true, path = path })))
          local answer = bed.call("submit_request",
            { deployment_id = recipes.TEXT_TO_IMAGE, wait_for_completion = true, timeout_seconds = 40 })
          assert.equal("string", type(answer.data.submission.request_id), name_of(fault))
          assert.matches(answer.data.submission.request_id, answer.text, 1, true)
          assert_harmless(answer)
        end)
      end
    end
  end)

  it("a recipe do not invite to run it again, where a submit or a wait failed", function()
    local own <close> = folder.new()
    own:write("one.lua", [[
      local rc = require "rc"
      return rc.tool {
        name = "one", description = "Submits and waits.", uses = { "submit_request" },
        run = function() return rc.submit { deployment_id = "]] .. recipes.TEXT_TO_IMAGE .. [[" }:wait { timeout = 40 } end,
      }]])
    local function run(rule)
      recipes.with({ folder = own.path, sim = { cold_start = 1 } }, function(bench)
        assert(bench.sim:fault(rule))
        local answer = bench:call "one"
        assert.is_false(answer.ok, name_of(rule))
        assert.equal(1, bench:count("POST", "/inference"))
        assert_harmless(answer)
      end)
    end
    for _, fault in ipairs(OPEN) do run(rule_with(fault, { forever = true, path = "/inference" })) end
    for _, body in ipairs(NO_ID) do run { kind = "text", status = 200, message = body, path = "/inference" } end
    for _, fault in ipairs(POLLS) do run(rule_with(fault, { forever = true, path = "/status" })) end
  end)

  it("the tools' descriptions do not invite to pay twice", function()
    for _, name in ipairs(WRITES) do assert.is_nil(words.invitation(require("tools." .. name).description)) end
    assert.is_nil(words.invitation(require("lib.app.serving").INSTRUCTIONS))
  end)
end)

describe("the check of words", function()
  it("finds what invites, and lets pass what says to look first", function()
    for _, text in ipairs { "Try again.", "It is unknown. Please retry later.", "Resubmit the request.", "Submit it once more." } do
      assert.is_string(words.invitation(text))
    end
    for _, text in ipairs { "Do not submit it again.", "Look with list_deployments before creating it again.", "It ended." } do
      assert.is_nil(words.invitation(text))
    end
  end)
end)
