--- Why a worker has ended, in words.

local M = {}

local SIGNALS = {
  [4] = "it crashed (SIGILL)", [6] = "it gave up (SIGABRT)", [7] = "it crashed (SIGBUS)", [8] = "it crashed (SIGFPE)",
  [9] = "it was killed (SIGKILL): the system does that where memory runs out", [11] = "it crashed (SIGSEGV)",
  [15] = "it was ended (SIGTERM)", [31] = "it tried a system call that no recipe may make (SIGSYS)",
}

---@param status integer  its exit status
---@param signal integer  0: none
---@param last? string    the last line that it wrote to standard error
---@return string
function M.of(status, signal, last)
  local words = signal ~= 0 and (SIGNALS[signal] or ("signal %d ended it"):format(signal)) or ("it ended with status %d"):format(status)
  return last and ("%s; its last words: %s"):format(words, last) or words
end

return M
