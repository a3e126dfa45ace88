/// The ceiling of the memory that the program holds, as the host watches it: before something is
/// refused Lua's garbage is collected, and the log tells when three quarters, and nine tenths, of
/// the ceiling are held, and when no longer.
#ifndef RCMCP_HOST_CEILING_H
#define RCMCP_HOST_CEILING_H

#include <stdbool.h>
#include <stddef.h>

struct host;

/// Begins to watch; the host's loop and state are there.  False: memory is out.
bool ceiling_open(struct host *host);

/// Sets the most bytes that may be held; 0: no limit.
void ceiling_set(struct host *host, size_t bytes);

/// Ends the watch; the loop is about to end.
void ceiling_close(struct host *host);

/// Frees what ceiling_open() made, once the loop is gone.
void ceiling_free(struct host *host);

#endif
