/// The standard streams as the program finds them: closed, turned round, left non-blocking by
/// another program.
#ifndef RCMCP_BASE_STREAMS_H
#define RCMCP_BASE_STREAMS_H

#include <stdbool.h>

/// Makes them fit for the rest of the program: a descriptor opened later never becomes 0, 1 or 2,
/// and none of these is non-blocking, which would lose what the C library reads or writes.  At the
/// very start.  False: standard output takes nothing, for it was closed or is open for reading
/// only.
bool streams_open(void);

#endif
