/// Messages in a stream of bytes: four bytes of length, the least significant first, and as many
/// bytes, of which there is at least one.
#ifndef RCMCP_BASE_FRAMES_H
#define RCMCP_BASE_FRAMES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { FRAMES_HEAD = 4 };

enum frames_event {
    FRAMES_MESSAGE, ///< a whole message is there
    FRAMES_MORE,    ///< not yet
    FRAMES_BROKEN,  ///< what comes is no message that may be; it stays so
};

/// A zeroed struct with `most` set is ready.  What it holds never grows beyond twice what came.
struct frames {
    size_t most;   ///< bytes that a message may have
    struct buf in; ///< what came and was not dropped yet, from `at` on
    size_t at;
    size_t refused; ///< of FRAMES_BROKEN: the length that was announced
};

/// Where at least `size` bytes that come may be written; NULL when memory is out.  Invalidates the
/// message that frames_next() gave.
char *frames_room(struct frames *f, size_t size);

/// So many bytes were written there.
void frames_came(struct frames *f, size_t size);

/// The message in front, which lives until it is dropped, or room is made.
enum frames_event frames_next(struct frames *f, const char **bytes, size_t *size);

/// Drops the message in front, which frames_next() has given.
void frames_drop(struct frames *f);

/// Whether nothing is there, not even a part of a message.
bool frames_are_empty(const struct frames *f);

/// Frees what came.
void frames_free(struct frames *f);

/// Appends a message of 1 to 2^32 - 1 bytes; false, and nothing was appended, when memory is out.
bool frames_write(struct buf *out, const char *bytes, size_t size);

#endif
