/// Bytes on their way out: queued, and written to a descriptor as far as the system takes them.
#ifndef RCMCP_BASE_OUTGOING_H
#define RCMCP_BASE_OUTGOING_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/// A zeroed struct is empty.
struct outgoing {
    struct buf queue; ///< what is to be written is appended here
    size_t sent;      ///< bytes of the queue that are taken
};

/// Writes until all is taken or the system takes no more.  False: broken; errno says by what.
bool outgoing_write(struct outgoing *out, int fd);

/// Bytes that the system has not taken.
size_t outgoing_size(const struct outgoing *out);

/// Drops all and frees its memory.
void outgoing_free(struct outgoing *out);

#endif
