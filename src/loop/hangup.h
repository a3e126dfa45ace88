/// Whether the other side of a pipe or socket has closed its end, told while nobody reads: what it
/// wrote before that may still be there.
#ifndef RCMCP_LOOP_HANGUP_H
#define RCMCP_LOOP_HANGUP_H

#include "loop/loop.h"

#include <stdbool.h>

struct hangup;
typedef void hangup_fn(struct hangup *h);

/// The caller owns the memory and keeps it until `closed` has run.
struct hangup {
    union {
        uv_handle_t handle;
        uv_poll_t poll;
    } uv;
    int fd; // a copy: the loop knows a descriptor once, and somebody reads the original
    hangup_fn *happened;
    hangup_fn *closed;
};

/// Makes a watch of `fd`, which stays the caller's.  False: it cannot be watched, or descriptors or
/// memory are out; nothing is to be closed then.
bool hangup_open(struct hangup *h, struct loop *loop, int fd, hangup_fn *happened,
                 hangup_fn *closed);

/// From now on `happened` runs, once, from the loop, when the other side is gone.
void hangup_watch(struct hangup *h);

/// Not any more; until the next hangup_watch().
void hangup_ignore(struct hangup *h);

/// Ends the watch; `closed` runs later, from the loop.  Call it exactly once.
void hangup_close(struct hangup *h);

#endif
