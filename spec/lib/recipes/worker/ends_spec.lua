local ends = require "lib.recipes.worker.ends"

describe("what is told of a worker's end", function()
  it("says why, and is known from what a recipe says", function()
    local ended, stopped, missing = ends.ended "it crashed (SIGSEGV)", ends.stopped(), ends.missing "no memory"
    assert.equal("the worker that ran the recipe has ended: it crashed (SIGSEGV)", ended.message)
    assert.same({ "worker_ended", true }, { ended.code, ended.ended })
    assert.same({ "worker_ended", true, true }, { stopped.code, stopped.ended, stopped.stopped })
    assert.equal("the recipe cannot run: no worker can be started for it: no memory", missing.message)
    assert.same({ "no_worker" }, { missing.code, missing.ended })
    for _, err in ipairs { ended, stopped, missing } do assert.is_true(ends.is(err)) end
    assert.is_false(ends.is(require("lib.errors").new("a recipe's", { code = "worker_ended" })))
    assert.is_false(ends.is(require("lib.errors").new "a recipe's"))
  end)

  it("is each call's own, for what that has begun is put into it", function()
    local shared = ends.missing "no memory"
    local one, other = ends.of_call("one", shared), ends.of_call("other", shared)
    one.data = { open_requests = {} }
    assert.equal("recipe 'one': the recipe cannot run: no worker can be started for it: no memory", one.message)
    assert.equal("recipe 'other': the recipe cannot run: no worker can be started for it: no memory", other.message)
    assert.same({ "no_worker", true }, { other.code, ends.is(other) })
    assert.is_nil(other.data)
    assert.is_nil(shared.data)
  end)
end)
