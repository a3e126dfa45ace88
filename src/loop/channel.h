/// A channel: messages both ways over a stream socket between two processes.
#ifndef RCMCP_LOOP_CHANNEL_H
#define RCMCP_LOOP_CHANNEL_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

/// The descriptor at which a process finds the channel to the one that started it.
enum { CHANNEL_INHERITED = 3 };

struct channel;

struct channel_callbacks {
    /// A message came; the bytes live until it returns.  False: it could not be taken, and comes
    /// again once channel_resume() is called.
    bool (*message)(void *arg, const char *bytes, size_t size);
    /// All that was queued is taken by the system, after there had been too much of it.
    void (*drained)(void *arg);
    /// Nothing will come any more; once.  `reason`: NULL where the other end was closed between two
    /// messages; else what is wrong, valid until it returns.
    void (*ended)(void *arg, const char *reason);
    /// The channel is about to be freed: the last call.
    void (*closed)(void *arg);
};

/// Makes two ends that are connected, neither inherited by other programs: 0 or a libuv error code.
int channel_pair(int ends[2]);

/// Whether CHANNEL_INHERITED is an end of a channel: 0 or a libuv error code.
int channel_check_inherited(void);

/// Sends and receives over an end, which is the channel's from now on, also after a failure.
/// Messages have 1 to `most` bytes.  Callbacks run from the loop, a limited number a turn.  On
/// failure NULL, with a libuv error code in `*error`, and no callback ever runs.
struct channel *channel_open(struct loop *loop, int end, size_t most,
                             const struct channel_callbacks *callbacks, void *arg, int *error);

/// Queues a message: what one turn of the loop queues leaves in one write.  False when memory is
/// out: nothing was queued.  After the other end is gone messages are dropped.
bool channel_send(struct channel *c, const char *bytes, size_t size);

/// The most bytes that a message may have.
size_t channel_most(const struct channel *c);

/// Bytes that the system has not taken.
size_t channel_queued(const struct channel *c);

/// Whether more is queued than is good: whoever can wait should, until `drained`.
bool channel_is_full(const struct channel *c);

/// Receives nothing until channel_resume().  The end is not seen meanwhile.
void channel_pause(struct channel *c);
void channel_resume(struct channel *c);

/// Ends it; what is queued is lost.  Only `closed` runs after this.  Call it exactly once.
void channel_close(struct channel *c);

#endif
