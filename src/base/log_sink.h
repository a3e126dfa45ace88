/// Where log lines go: standard error, without ever waiting for its reader.  What the reader does
/// not take is kept up to a limit, then whole lines are dropped, and counted in a line of their own
/// once there is room again.
///
/// O_NONBLOCK belongs to the file description, which a terminal or a pipe shares with other
/// programs: it is not set on standard error itself, but on a description of our own of the same
/// pipe or terminal.  One thread logs.
#ifndef RCMCP_BASE_LOG_SINK_H
#define RCMCP_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/// Writes whole lines, at most 128 KiB at once, behind what is kept.
void log_sink_write(const char *lines, size_t size);

/// Tries to write what is kept; whether none is left.
bool log_sink_flush(void);

/// The same, giving the reader up to `ms` milliseconds: for the end of the program.
void log_sink_drain(int ms);

/// `fn(arg)` runs whenever lines come to be kept where there were none: somebody must call
/// log_sink_flush() from time to time from then on.  NULL: nobody.
void log_sink_on_kept(void (*fn)(void *arg), void *arg);

#endif
