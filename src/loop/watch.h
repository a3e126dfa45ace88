/// Changes in a folder, delivered from the loop.
#ifndef RCMCP_LOOP_WATCH_H
#define RCMCP_LOOP_WATCH_H

#include "loop/loop.h"

struct watch;

/// Something changed: `name`, in the folder, or NULL where the system does not tell which.  When
/// the folder itself goes, or is replaced, that is a change, too, and the last one that comes.
/// `error` is 0, or a libuv error code with which the watch broke.
typedef void watch_change_fn(struct watch *watch, const char *name, int error);
typedef void watch_closed_fn(struct watch *watch);

/// The caller owns the memory and keeps it until `closed` has run.
struct watch {
    uv_fs_event_t uv;
    watch_change_fn *changed;
    watch_closed_fn *closed;
};

/// Watches the folder `path`, not those in it; the watch keeps no loop alive.  Returns 0 or a libuv
/// error code; also after an error watch_close() must be called.
int watch_start(struct watch *watch, struct loop *loop, const char *path, watch_change_fn *changed,
                watch_closed_fn *closed);

/// Ends it: `changed` does not run any more, `closed` runs later, from the loop, once.
void watch_close(struct watch *watch);

#endif
