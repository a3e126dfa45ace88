/// One tools/call of the floor: its transfers in turn, then its answer.
#ifndef BENCH_FLOOR_CALL_H
#define BENCH_FLOOR_CALL_H

#include "base/buf.h"
#include "floor/message.h"

/// Starts the call that `m` asks for.  Its answer is appended to `out` later.
void call_start(const struct message *m, struct buf *out);

/// Milliseconds until call_tick() is due, -1: never.
int call_timeout(void);
void call_tick(void);

#endif
