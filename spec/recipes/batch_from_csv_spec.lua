local recipes = require "spec.support.recipes"

local TABLE = 'prompt,seed,9.filename_prefix\na fox in the snow,7,snow\n"a fox, at ""night""",8,night\n'

describe("recipes.batch_from_csv", function()
  it("runs each row once, with its values in their types", function()
    recipes.with({}, function(bench)
      local answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", csv = TABLE })
      assert.is_true(answer.ok, answer.text)
      assert.equal(2, answer.data.rows)
      assert.equal(0, answer.data.failed)
      assert.matches("snow_00001_%.png$", answer.data.results[1].urls[1])
      assert.matches("night_00001_%.png$", answer.data.results[2].urls[1])
      local texts = {}
      for _, body in ipairs(bench:bodies("POST", "/inference")) do
        texts[body.overrides["6"].inputs.text] = body.overrides["3"].inputs.seed
      end
      assert.same({ ["a fox in the snow"] = 7, ['a fox, at "night"'] = 8 }, texts)
    end)
  end)

  it("reads a local file", function()
    recipes.with({}, function(bench)
      local path = bench.files:write("foxes.csv", "\xEF\xBB\xBFprompt\r\na fox\r\n\r\n")
      local answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", file = path })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, answer.data.rows)
      assert.equal("a fox", bench:bodies("POST", "/inference")[1].overrides["6"].inputs.text)
    end)
  end)

  it("reads what Excel saves as Unicode text, and refuses an older encoding before anything is paid for", function()
    recipes.with({}, function(bench)
      local unicode = ("prompt\tseed\r\na fox\t7\r\n"):gsub(".", "%0\0")
      local answer = bench:call("batch_from_csv", {
        deployment_id = "text-to-image", file = bench.files:write("unicode.txt", "\xFF\xFE" .. unicode),
      })
      assert.is_true(answer.ok, answer.text)
      assert.same({ ["3"] = { inputs = { seed = 7 } }, ["6"] = { inputs = { text = "a fox" } } },
        bench:bodies("POST", "/inference")[1].overrides)
      answer = bench:call("batch_from_csv", {
        deployment_id = "text-to-image", file = bench.files:write("latin.csv", "prompt\na fox\nun caf\xE9\n"),
      })
      assert.is_false(answer.ok)
      assert.matches("row 3, column 'prompt': byte 0xE9 is not UTF-8", answer.text, 1, true)
      assert.equal(1, bench:count("POST", "/inference"))
    end)
  end)

  it("takes names as spreadsheets capitalize them, and those of nodes' inputs as they are", function()
    recipes.with({}, function(bench)
      local answer = bench:call("batch_from_csv",
        { deployment_id = "text-to-image", csv = "Prompt,SEED,9.filename_prefix\nA Fox,7,Snow\n", plan_only = true })
      assert.is_true(answer.ok, answer.text)
      assert.same({ { ["3"] = { inputs = { seed = 7 } }, ["6"] = { inputs = { text = "A Fox" } },
        ["9"] = { inputs = { filename_prefix = "Snow" } } } }, answer.data.plan)
      answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", csv = "Prompt,prompt\na,b\n", plan_only = true })
      assert.is_false(answer.ok)
      assert.matches("row 2: two columns are 'prompt'", answer.text, 1, true)
    end)
  end)

  it("only plans when asked to, at no cost", function()
    recipes.with({}, function(bench)
      local answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", csv = TABLE, plan_only = true })
      assert.is_true(answer.ok, answer.text)
      assert.equal(7, answer.data.plan[1]["3"].inputs.seed)
      assert.equal(0, bench:count("POST", ""))
    end)
  end)

  for name, case in pairs {
    ["a column that is no input"] = { "prompt,colour\na fox,red\n", "row 2: .*no input 'colour'; it has: prompt" },
    ["a seed that is no number"] = { "prompt,seed\na fox,7\na cat,many\n", "row 3: 'seed' must be a number, got 'many'" },
    ["a quote that never ends"] = { 'prompt\n"a fox\n', "row 2: a quote is never closed" },
    ["too many cells"] = { "prompt\na fox,7\n", "row 2 has 2 cells" },
    ["no rows"] = { "prompt\n", "at least one row" },
  } do
    it("refuses " .. name .. " before anything is paid for", function()
      recipes.with({}, function(bench)
        local answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", csv = case[1] })
        assert.is_false(answer.ok)
        assert.matches(case[2], answer.text)
        assert.equal(0, bench:count("POST", ""))
      end)
    end)
  end

  it("wants one of csv and file", function()
    recipes.with({}, function(bench)
      assert.matches("either csv or file", bench:call("batch_from_csv", { deployment_id = "text-to-image" }).text)
    end)
  end)

  it("goes on past a row that fails, and tells its error and its request", function()
    recipes.with({}, function(bench)
      bench.sim:fault { kind = "fail_run", message = "bad luck" }
      local answer = bench:call("batch_from_csv", { deployment_id = "text-to-image", csv = TABLE, concurrency = 1 })
      assert.is_true(answer.ok, answer.text)
      assert.equal(1, answer.data.failed)
      assert.matches("bad luck", answer.data.results[1].error)
      assert.is_string(answer.data.results[1].request_id)
      assert.equal(3, answer.data.results[2].row)
      assert.is_string(answer.data.results[2].urls[1])
    end)
  end)
end)
