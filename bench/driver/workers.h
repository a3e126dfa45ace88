/// The processes that a server has started: where they run, and what they hold.
#ifndef BENCH_DRIVER_WORKERS_H
#define BENCH_DRIVER_WORKERS_H

#include <sys/types.h>

/// Sees to the children of `server` that there are now.  Each new one is bound to processor `cpu`
/// (none for a negative one) and gives way there to whoever wakes up.  Returns the most memory that
/// any of them has held so far, in KiB, 0 where there is none.
long workers_look(pid_t server, int cpu);

#endif
