local bed = require "spec.support.runcomfy"

local cases = {
  { '{"request_id":"r","status":"completed","outcome":"cancelled"}', "cancelled" },
  { '{"request_id":"r","status":"completed","outcome":"not_cancellable"}', "not_cancellable" },
  { '{"request_id":"r","status":"completed","outcome":"canceled"}', "cancelled" },
  { '{"request_id":"r","status":"cancellation_requested"}', "cancelled" },
  { '{"request_id":"r","status":"Canceled"}', "cancelled" },
  { '{"request_id":"r","status":"not_cancellable"}', "not_cancellable" },
  { '{"request_id":"r","status":"completed"}', "unknown" },
  { '{"request_id":"r","outcome":"queued_for_cancel"}', "queued_for_cancel" },
  { "{}", "unknown" },
}

describe("tool cancel_request", function()
  for _, case in ipairs(cases) do
    it(("reads %s as %s"):format(case[1], case[2]), function()
      bed.with({}, function(sim)
        bed.answer_with(sim, case[1], { status = 202 })
        local answer = bed.call("cancel_request", { deployment_id = "d", request_id = "r" })
        assert.equal(("Cancel r: %s."):format(case[2]), answer.text:match "^[^\n]*")
        assert.equal(('{"ok":true,"cancel":%s,"outcome":"%s"}'):format(case[1], case[2]), answer.json)
        assert.equal("POST", sim:requests()[1].method)
        assert.equal("", sim:requests()[1].body)
      end)
    end)
  end

  it("takes an empty answer", function()
    bed.with({}, function(sim)
      bed.answer_with(sim, "", { status = 202 })
      local answer = bed.call("cancel_request", { deployment_id = "d", request_id = "r" })
      assert.equal('{"ok":true,"cancel":"","outcome":"unknown"}', answer.json)
    end)
  end)

  for _, form in ipairs { "outcome", "requested" } do
    it("cancels a job of the simulator, which answers in the form " .. form, function()
      bed.with({ sim = { cancel_form = form } }, function()
        local id = "a1b2c3d4-0000-4000-8000-000000000001"
        local request_id = bed.call("submit_request", { deployment_id = id }).data.submission.request_id
        local answer = bed.call("cancel_request", { deployment_id = id, request_id = request_id })
        assert.equal("cancelled", answer.data.outcome)
        assert.equal("not_cancellable", bed.call("cancel_request", { deployment_id = id, request_id = request_id }).data.outcome)
      end)
    end)
  end
end)
