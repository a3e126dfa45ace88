--- nightly_batch: a table of runs, saved to disk, from cron.
---
--- When:  prompts are collected by day and run by night.
--- Costs: GPU seconds of one run for each row.
--- Call:  rcmcp run nightly_batch.lua text-to-image prompts.csv --examples
---        0 2 * * *  cd ~/pictures && rcmcp run nightly_batch.lua flux prompts.csv --examples
---
--- Needs the example recipes batch_from_csv and save_outputs.  The table must lie where recipes may read: in the current folder
--- (unless that is the home folder), or in one of the setting file_folders.  Prints a line a row on stderr and the whole outcome
--- as JSON on stdout; the exit status is 1 if any row failed or could not be saved, so that cron tells.

local rc = require "rc"

local deployment, file = arg[1], arg[2]
if not deployment or not file then rc.fail("usage: rcmcp run nightly_batch.lua DEPLOYMENT FILE.csv") end

local batch = rc.tools.batch_from_csv { deployment_id = deployment, file = file }
local finished = {}
for _, result in ipairs(batch.results) do
  print(("row %d: %s"):format(result.row, result.error or result.urls[1]))
  if not result.error then finished[#finished + 1] = result.request_id end
end

local saved = { files = rc.json.array(), problems = rc.json.array() }
if #finished > 0 then saved = rc.tools.save_outputs { deployment_id = deployment, request_ids = finished } end

local outcome = { rows = batch.rows, failed = batch.failed, files = saved.files, problems = saved.problems }
if batch.failed > 0 or #saved.problems > 0 then
  rc.fail(("%d of %d rows failed, %d could not be saved"):format(batch.failed, batch.rows, #saved.problems), outcome)
end
return outcome
