/// Jobs that complete after a given time, and what their clients did about them.
#ifndef BENCH_STUB_JOBS_H
#define BENCH_STUB_JOBS_H

#include "base/buf.h"

#include <stdbool.h>

/// Starts a job that is done between `least` and `most` milliseconds from `now` (seconds), evenly
/// spread. Returns its number, or -1 when memory is out.
long jobs_start(double now, double least, double most);

/// Notes a poll of a job; whether it is done.  Unknown jobs are never done.
bool jobs_poll(long job, double now);

/// Notes that the result of a job was fetched.
void jobs_result(long job, double now);

/// Forgets all jobs and all counts.
void jobs_reset(void);

/// Appends "name value" lines: jobs, polls, results, lag_mean_ms, lag_p99_ms (from completion to
/// the result's request), poll_p50_ms, poll_p99_ms, poll_max_ms (from the answer to a poll that
/// found a job done to the request for its result), burst (the most polls and results within 100
/// ms).
bool jobs_report(struct buf *out);

#endif
