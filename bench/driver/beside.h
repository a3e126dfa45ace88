/// How long others wait while a recipe runs: pings, calls and jobs are sent at fixed moments,
/// whatever is still open, beside a recipe's call that begins again as it ends.
#ifndef BENCH_DRIVER_BESIDE_H
#define BENCH_DRIVER_BESIDE_H

#include "driver/server.h"

struct delays {
    double p50, p99, most; ///< seconds
};

struct beside {
    struct delays ping, status;           ///< from sending to having the answer
    struct delays ping_work, status_work; ///< processor time of the server between the two
    double innocent;                      ///< p50 of a recipe's call that does no harm
    long innocents, ends;                 ///< such calls, and the ends of the other recipe's
    long worker_kib;                      ///< the most that a worker has held
};

/// Runs that for so many seconds with calls of the tool `recipe`, or with none where that is
/// "none"; its workers on processor `cpu`, see workers_look().  What comes of the jobs' polls is
/// the stub's to tell.  Ends the program where an answer is not what it ought to be; the recipe's
/// own may be anything.
void beside_run(struct server *s, const char *recipe, double seconds, int cpu,
                struct beside *figures);

#endif
