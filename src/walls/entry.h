/// How a worker begins: before it opens or reads anything.
#ifndef RCMCP_WALLS_ENTRY_H
#define RCMCP_WALLS_ENTRY_H

#include <stdbool.h>

/// The descriptor of its socket.  0 and 1 lead nowhere; on 2 it may write what it cannot tell
/// otherwise.
enum { ENTRY_SOCKET = 3 };

/// Whether this is the command line of a worker.
bool entry_is_worker(int argc, char **argv);

/// Lets go of all that was inherited beside those descriptors, and of life without the parent.
/// False: no host has started this process, or it has ended meanwhile.
bool entry_begin(void);

#endif
