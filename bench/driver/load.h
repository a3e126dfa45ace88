/// Calls to a server, so many in flight, each answer checked.
#ifndef BENCH_DRIVER_LOAD_H
#define BENCH_DRIVER_LOAD_H

#include "driver/answer.h"
#include "driver/server.h"

struct figures {
    double wall,
        cpu; ///< seconds: from the first call to the last answer; processor time of the server
    double p50, p99, most; ///< seconds from sending a call to having its answer
};

/// Sends `calls` calls, `in_flight` at a time, and waits for all answers.
void load_run(struct server *s, const struct question *question, long calls, long in_flight,
              struct figures *figures);

/// Sends `calls` calls and waits for none.  For the time a busy server takes to end.
void load_leave_open(struct server *s, const struct question *question, long calls);

#endif
