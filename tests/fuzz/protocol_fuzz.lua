--- What must hold for every message: see protocol_fuzz.c.

local json = require "core.json"
local protocol = require "lib.recipes.worker.protocol"

-- A message that is read is written in the same bytes, for each has one form; what is refused is told in words.
local function check(forms, bytes)
  local message, problem = protocol.read(forms, bytes)
  if not message then return assert(type(problem) == "string" and #problem > 0 and #problem < 500, "no reason") end
  assert(forms[message.kind], "of no kind")
  assert(protocol.write(forms, message) == bytes, "other bytes")
end

return function(bytes)
  check(protocol.FROM_WORKER, bytes)
  check(protocol.TO_WORKER, bytes)
  local value = json.unpack(bytes, 100000)
  if value ~= nil then protocol.fault(protocol.FROM_WORKER, value) end
end
