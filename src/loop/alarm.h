/// A timer that is set again and again, by code that must not fail.
#ifndef RCMCP_LOOP_ALARM_H
#define RCMCP_LOOP_ALARM_H

#include "loop/loop.h"

#include <stdint.h>

/// The caller owns the memory, and keeps it until the loop is freed.
struct alarm {
    uv_timer_t uv;
    void (*ring)(void *arg);
    void *arg;
};

/// Prepares an alarm that is not set.
void alarm_init(struct alarm *a, struct loop *loop, void (*ring)(void *arg), void *arg);

/// Lets it ring once, from the loop, after `ms` milliseconds; does nothing where it is set already.
void alarm_set(struct alarm *a, uint64_t ms);

#endif
