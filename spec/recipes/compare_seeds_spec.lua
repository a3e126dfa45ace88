local clock = require "lib.async.clock"
local recipes = require "spec.support.recipes"
local runcomfy = require "spec.support.runcomfy"

describe("recipes.compare_seeds", function()
  it("runs each seed once and shows them on one sheet", function()
    recipes.with({}, function(bench)
      local ctx = runcomfy.context()
      local answer = bench:call("compare_seeds", { deployment_id = "text-to-image", prompt = "a fox", seeds = { 7, 8, 9 } }, ctx)
      assert.is_true(answer.ok, answer.text)
      assert.equal(0, answer.data.failed)
      local urls = {}
      for i, image in ipairs(answer.data.images) do
        assert.equal(6 + i, image.seed)
        urls[image.url] = true
        assert.matches(("| %d | ![seed %d](%s) |"):format(image.seed, image.seed, image.url), answer.text, 1, true)
      end
      assert.equal(3, bench:count("POST", "/inference"))
      assert.is_true(next(urls) ~= nil and #answer.data.images == 3)
    end)
  end)

  it("makes as many new seeds as it is told, all different", function()
    recipes.with({}, function(bench)
      local answer = bench:call("compare_seeds", { deployment_id = "text-to-image", count = 4 })
      assert.is_true(answer.ok, answer.text)
      local seen = {}
      for _, body in ipairs(bench:bodies("POST", "/inference")) do seen[body.overrides["3"].inputs.seed] = true end
      local distinct = 0
      for _ in pairs(seen) do distinct = distinct + 1 end
      assert.equal(4, distinct)
    end)
  end)

  it("keeps the others when one fails", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", message = "unlucky" }
      local answer = bench:call("compare_seeds", { deployment_id = "text-to-image", seeds = { 1, 2 } })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, answer.data.failed)
      local errors = 0
      for _, image in ipairs(answer.data.images) do
        if image.error then errors = errors + 1 assert.matches("unlucky", image.error) else assert.is_string(image.url) end
      end
      assert.equal(1, errors)
    end)
  end)

  it("is an error when none succeeds", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", forever = true }
      local answer = bench:call("compare_seeds", { deployment_id = "text-to-image", seeds = { 1, 2 } })
      assert.is_false(answer.ok)
      assert.equal(2, #answer.data.images)
    end)
  end)

  it("returns the pictures themselves when asked to", function()
    recipes.with({}, function(bench)
      local answer = bench:call("compare_seeds", { deployment_id = "text-to-image", seeds = { 1, 2 }, inline = true })
      assert.is_true(answer.ok, answer.text)
      local images = 0
      for _, block in ipairs(answer.content) do
        if block.type == "image" then images = images + 1 assert.equal("image/png", block.mimeType) end
      end
      assert.equal(2, images)
    end)
  end)

  it("submits nothing more once it is cancelled, and names the jobs that had not ended", function()
    recipes.with({}, function(bench)
      local lines <close> = recipes.log()
      local task = bench:start("compare_seeds", { deployment_id = "text-to-image", seeds = { 1, 2, 3, 4 }, concurrency = 2 })
      clock.sleep(30)
      task:cancel("the user")
      task:join()
      clock.sleep(600)
      assert.equal(2, bench:count("POST", "/inference"))
      assert.equal(2, lines:count("had not ended; get_request_status tells how it goes"))
    end)
  end)

  it("names only the jobs that have not ended", function()
    recipes.with({ sim = { cold_start = 10, run_time = 100 } }, function(bench)
      local lines <close> = recipes.log()
      local task = bench:start("compare_seeds", { deployment_id = "text-to-image", seeds = { 1, 2, 3 }, concurrency = 1 })
      clock.sleep(160)
      task:cancel("the user")
      task:join()
      assert.equal(2, bench:count("POST", "/inference"))
      assert.equal(1, lines:count("had not ended; get_request_status tells how it goes"))
    end)
  end)
end)
