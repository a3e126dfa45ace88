/// One-shot timers.
#ifndef RCMCP_LOOP_TIMER_H
#define RCMCP_LOOP_TIMER_H

#include "loop/loop.h"

#include <stdint.h>

struct timer;
typedef void timer_fn(struct timer *t);

/// The caller owns the memory and keeps it until `closed` has run.
struct timer {
    union {
        uv_handle_t handle;
        uv_timer_t timer;
        uv_idle_t idle;
    } uv;
    timer_fn *fired;
    timer_fn *closed;
};

/// Starts a timer: `fired` runs once, after `ms` milliseconds, from the loop, never after
/// timer_close().  Cannot fail.
void timer_start(struct timer *t, struct loop *loop, uint64_t ms, timer_fn *fired,
                 timer_fn *closed);

/// As timer_start(), for the next turn of the loop: what else is ready comes first, also I/O, which
/// a chain of timers of 0 ms would keep waiting.
void timer_start_next_turn(struct timer *t, struct loop *loop, timer_fn *fired, timer_fn *closed);

/// Closes the timer; `closed` runs later, from the loop, once.  Call it exactly once.
void timer_close(struct timer *t);

#endif
