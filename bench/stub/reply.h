/// The stub's answers: which bytes belong to which request.
#ifndef BENCH_STUB_REPLY_H
#define BENCH_STUB_REPLY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct reply {
    int status;
    struct buf *small; ///< the body, unless `large` is set; cleared before each request
    const char *large; ///< a body that stays valid; not copied
    size_t large_size;
    bool control; ///< one of the benchmark's own requests: never delayed
};

/// Builds the large answers.  False when memory is out.
bool reply_prepare(void);

/// Answers `method` and `target` (a string) at the moment `now`.
void reply_to(struct reply *r, const char *method, char *target, double now);

#endif
