--- How long the end of a session waits, in seconds.  Official clients close our input, send SIGTERM 2 s later and SIGKILL 2 s
--- after that: all is done, or named, before.

return {
  UNDO_AT = 1.5, -- recipes that have something to undo are ended then, whatever they do
  ALL = 3.5,     -- what is not done by then is named in the log; where nobody kills, clean-ups have the time that is theirs
  LONGEST = 12,  -- even clean-ups are given up
}
