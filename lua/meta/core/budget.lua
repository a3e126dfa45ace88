---@meta core.budget
--- Coroutines that may use only so much processor time and memory.

---@class core.budget
local budget = {}

---@class core.budget.Budget
local Budget = {}

--- `cpu_ms`: processor time between two waits, default 2,000; `memory_bytes`: what it may hold, default 64 MiB;
--- `within`: another budget, in which this memory counts, too.
---@param limits { cpu_ms: integer?, memory_bytes: integer?, within: core.budget.Budget? }
---@return core.budget.Budget
function budget.new(limits) end

--- A coroutine that runs only in slices of this budget.
---@param fn function
---@return thread
function Budget:create(fn) end

--- Runs a slice.  "waiting" and what was yielded; "done" and what was returned; "failed", the error and a
--- traceback; "stopped", "cpu" or "memory", and a traceback: the limit was reached.  A coroutine that was
--- stopped stands where it was, nothing resumes it; once a budget has stopped one, nothing of it runs any more.
---@param thread thread
---@param ... any
---@return "waiting"|"done"|"failed"|"stopped" outcome, any ...
function Budget:resume(thread, ...) end

--- Closes the to-be-closed variables of a coroutine of another budget that was stopped, as a slice of this one.
---@param thread thread
---@return boolean ok, any err
function Budget:close(thread) end

--- The limit that was reached, whether the memory that ran out was that of the budget around it, and whether what was refused
--- last was refused for want of memory in the whole program.
---@return nil|"cpu"|"memory" limit, boolean crowded, boolean starved
function Budget:expired() end

---@return number seconds  processor time of all slices
---@return integer bytes   memory that it holds now
---@return integer peak    the most that it held
function Budget:used() end

--- Identifies the budget whose slice runs now; nil in the host's own code.
---@return lightuserdata?
function budget.current() end

--- What `current()` gives in slices of this budget.
---@return lightuserdata
function Budget:id() end

--- A text whose memory is the budget's, whoever made it; raises "not enough memory" where it has no room for it.
---@param text string
---@return string text
function Budget:own(text) end

--- A coroutine of the host's own: without the hook, also when it is made inside a slice.
---@param fn function
---@return thread
function budget.create_plain(fn) end

--- As coroutine.resume, for the host's own: inside a slice neither its time nor its memory count.
---@param thread thread
---@param ... any
---@return boolean ok, any ...
function budget.resume_plain(thread, ...) end

--- As coroutine.resume, for coroutines that a slice's code made itself: the limits reach through it.
---@param thread thread
---@param ... any
---@return boolean ok, any ...
function budget.resume_nested(thread, ...) end

--- As coroutine.close, for the same.
---@param thread thread
---@return boolean ok, any err
function budget.close_nested(thread) end

--- Tells that what comes now follows a wait.  Callbacks from the loop need not; the virtual clock does.
function budget.new_turn() end

return budget
