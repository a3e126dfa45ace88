/// Cuts a byte stream into lines.  A zeroed struct with `max` set is ready.
#ifndef RCMCP_BASE_LINES_H
#define RCMCP_BASE_LINES_H

#include "base/buf.h"

#include <stdbool.h>

enum lines_event {
    LINES_LINE, ///< a line, without its end (LF or CR LF)
    LINES_PART, ///< the next bytes of a line that is skipped; of its end, the CR may be among them
    LINES_TOO_LONG, ///< a line over the limit was skipped, and is over; no bytes
    LINES_NO_MEMORY ///< a line was skipped because memory ran out, and is over; no bytes
};

/// Gets each line; `bytes` is valid until it returns.  False stops the cutting behind this line,
/// for now or for good: the splitter may be gone by then.  For LINES_PART it must be true.
typedef bool lines_fn(void *arg, enum lines_event event, const char *bytes, size_t size);

struct lines {
    size_t max;                ///< longest line, in bytes, its end not counted
    struct buf pending;        ///< start of a line whose end has not come
    enum lines_event skipping; ///< inside a line that is skipped: what its end will report; else 0
};

/// Takes the next bytes of the stream and calls `fn` for each line they complete.  Returns how many
/// were taken: all, or, where `fn` stopped the cutting, those up to the end of the line it got
/// last.
size_t lines_feed(struct lines *l, const char *bytes, size_t size, lines_fn *fn, void *arg);

/// The stream ended: calls `fn` for a last line without an end, if there is one.
void lines_finish(struct lines *l, lines_fn *fn, void *arg);

/// Frees what is pending.
void lines_free(struct lines *l);

#endif
