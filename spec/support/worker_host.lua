-- Starts a worker, prints its process id, and waits to be killed.
local bed = require "spec.support.worker"

io.stdout:setvbuf "no"
bed.with(nil, function(host)
  assert(bed.load(host, bed.tool "return 1"))
  print(host:pids()[1])
  require("lib.async.fiber").sleep(600)
end)
