/// HTTP transfers by libcurl multi on an epoll loop: at most 256 at a time, handles in a pool, a
/// queue behind.  What any client of the API on libcurl has to spend.
#ifndef BENCH_FLOOR_TRANSFER_H
#define BENCH_FLOOR_TRANSFER_H

#include "base/buf.h"

#include <stdbool.h>

struct transfer {
    char url[256];
    const char *post; ///< body of a POST; NULL: GET
    struct buf body;  ///< of the answer
    long status;      ///< of the answer; 0: failed
    void (*done)(struct transfer *t);
    struct transfer *next;
    void *easy;
};

/// Opens libcurl and the multi handle, whose sockets go into the epoll descriptor `poller`, with
/// their number as data.  Ends the program when it cannot.
void transfer_open(int poller);

/// Starts or queues a transfer.  `done` runs later, from transfer_event() or transfer_tick().
void transfer_start(struct transfer *t);

/// For each event of a socket that transfer_open()'s descriptor reports.
void transfer_event(int fd, unsigned events);

/// Milliseconds until transfer_tick() is due, -1: never.
int transfer_timeout(void);
void transfer_tick(void);

#endif
