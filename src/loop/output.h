/// The protocol's output: the real standard output, kept apart from everything else that writes.
#ifndef RCMCP_LOOP_OUTPUT_H
#define RCMCP_LOOP_OUTPUT_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct output;

enum output_event {
    OUTPUT_DRAINED, ///< everything queued has been taken by the system
    OUTPUT_BROKEN   ///< the reader is gone (EPIPE) or the write failed; nothing more can be written
};
typedef void output_fn(void *arg, enum output_event event);

/// Duplicates descriptor 1 to a private one and points descriptor 1 at standard error, so that
/// neither a library nor a child process can write into the protocol.  `fn` runs from the loop.
/// Closed with the loop, which first gives the reader up to a second to take what is queued.
/// On failure NULL, with a libuv error code in `*error`.
struct output *output_take(struct loop *loop, output_fn *fn, void *arg, int *error);

/// Queues `bytes`, then `tail`: all that the timers of a turn queue leaves in one write, and so
/// does all that is queued upon what has come, in order. False when memory is out; nothing was
/// queued then.  After OUTPUT_BROKEN bytes are dropped.
bool output_write(struct output *out, const char *bytes, size_t size, const char *tail,
                  size_t tail_size);

/// Bytes queued and not yet taken by the system.
size_t output_queued(const struct output *out);

/// What broke it, a libuv error code: UV_EPIPE or UV_ECONNRESET where the reader is gone; 0: it is
/// whole.
int output_error(const struct output *out);

/// The private descriptor, for isatty().
int output_descriptor(const struct output *out);

#endif
