/// Signals, delivered from the loop.
#ifndef RCMCP_LOOP_SIGNALS_H
#define RCMCP_LOOP_SIGNALS_H

#include "loop/loop.h"

struct signal_watch;
typedef void signal_fn(struct signal_watch *watch);

/// The caller owns the memory and keeps it until `closed` has run.
struct signal_watch {
    uv_signal_t uv;
    signal_fn *arrived;
    signal_fn *closed;
};

/// Starts watching signal `number`; the watch keeps no loop alive.  Returns 0 or a libuv error
/// code; also after an error signal_watch_close() must be called.
int signal_watch_start(struct signal_watch *watch, struct loop *loop, int number,
                       signal_fn *arrived, signal_fn *closed);

/// Ends it; `closed` runs later, from the loop, once.
void signal_watch_close(struct signal_watch *watch);

#endif
