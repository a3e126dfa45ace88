local host_work = require "lib.recipes.boundary.host_work"

describe("lib.recipes.boundary.host_work", function()
  it("works in a recipe's call alone", function()
    assert.error_matches(function() host_work.run_raw(print) end, "only in a recipe's call")
  end)
end)
