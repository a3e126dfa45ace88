---@meta
--- What the C core offers to Lua: one class a module, `local json = require "core.json"`.
--- Misuse raises; what the world refuses returns nil, message, code.  Callbacks run from the loop,
--- never from inside the function that was given them, never after `cancel`.
--- Where memory runs out in a callback that tells something once (a timer, an answer, a signal, a change, an end), it is called again:
--- it does no harm twice.

---@class core.Handle  a to-be-closed value
local Handle = {}

--- Ends what the handle stands for; its callback will not run any more.  Again: does nothing.
function Handle:cancel() end
