--- batch_from_csv: one run for each row of a table.
---
--- When:  there are many prompts, or combinations of inputs: a spreadsheet is the natural place for them.
--- Costs: GPU seconds of one run for each row.  All rows are checked before the first is paid for; plan_only=true only checks.
--- Call:  rcmcp run --examples batch_from_csv deployment_id=text-to-image file=foxes.csv plan_only=true
---        rcmcp run --examples batch_from_csv deployment_id=text-to-image file=foxes.csv
---
--- The first line names the inputs: prompt, negative, seed, image, width, height, or places such as 9.filename_prefix
--- (discover_inputs lists them).  Commas, semicolons or tabs stand between the cells.  An empty cell leaves the workflow's
--- own value; without a seed each row gets a new one.
---
---     prompt,seed,9.filename_prefix
---     a fox in the snow,7,snow
---     "a fox, at night",8,night

local csv = require "csv"
local outputs = require "outputs"
local rc = require "rc"
local running = require "running"
local workflow = require "workflow"

-- The overrides of all rows; ends the call at the first row that is wrong, before anything is paid for.
local function plan_of(flow, rows, numbers)
  local plan = {}
  for i, cells in ipairs(rows) do
    local ok, result = pcall(workflow.of_cells, flow, cells)
    plan[i] = ok and result or rc.fail(("row %d: %s"):format(numbers[i], tostring(result)), { row = numbers[i] })
  end
  return plan
end

-- What became of a row; a failed one's request may have been paid for, and save_outputs may find what it made.
local function outcome_of(row, run)
  if run.ok then return { row = row, request_id = run.value.request_id, urls = run.value.urls } end
  return { row = row, error = run.error.message, request_id = run.error.data and run.error.data.request_id }
end

return rc.tool {
  name = "batch_from_csv",
  title = "Batch from CSV",
  description = "Runs a deployment once for each row of a CSV table whose first line names inputs (prompt, negative, seed, image, width, "
    .. "height, or node.input). Checks all rows first. Costs GPU seconds of one run a row: ask the user before more than 4 rows.",
  input = {
    { "deployment_id", "string", "Id of the deployment, or its name" },
    { "csv", "string", "The table itself; else give `file`", optional = true },
    { "file", "string", "Path of a local CSV file", optional = true },
    { "concurrency", "integer", "Runs at the same time", minimum = 1, maximum = 16, default = 4 },
    { "node", "string", workflow.NODE, optional = true, examples = { "6.text" } },
    { "plan_only", "boolean", "Check the rows and return what would be submitted, at no cost", default = false },
  },
  uses = { "get_deployment", "list_deployments", "submit_request" },
  run = function(input, ctx)
    if (input.csv == nil) == (input.file == nil) then rc.fail("give either csv or file") end
    local rows, problem, numbers = csv.parse(input.csv or csv.read(input.file))
    if not rows or not numbers then rc.fail("the table: " .. problem) end
    local flow = workflow.open(input.deployment_id, input.node)
    local plan = plan_of(flow, rows, numbers)
    if input.plan_only then return { deployment_id = flow.deployment_id, rows = #rows, plan = rc.json.array(plan) } end

    local jobs, done = running.new(), 0
    local runs = rc.map(plan, function(overrides)
      local finished = jobs:run { deployment_id = flow.deployment_id, overrides = overrides }
      done = done + 1
      ctx:progress(done, #rows, ("row %d of %d"):format(done, #rows))
      return { request_id = finished.request_id, urls = outputs.urls(finished) }
    end, { concurrency = input.concurrency, stop_on_error = false })

    local results, failed = {}, 0
    for i, run in ipairs(runs) do
      results[i], failed = outcome_of(numbers[i], run), failed + (run.ok and 0 or 1)
    end
    return { deployment_id = flow.deployment_id, rows = #rows, failed = failed, results = results }
  end,
}
