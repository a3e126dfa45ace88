/// The time limits of a running transfer, judged by us: libcurl looks at its clock before it looks
/// at its sockets, so that after a stop of the process (SIGSTOP, a suspended machine) or a long
/// turn it gives up an answer that lies there.
#ifndef RCMCP_NET_CLIENT_LIMITS_H
#define RCMCP_NET_CLIENT_LIMITS_H

#include "loop/loop.h"
#include "net/client_slot.h"

#include <stdbool.h>

struct client_limits;

/// The transfer in `arg` is over its time; slot->stop says which limit it was, SLOT_RUNS for the
/// total one.  The limits have ended by then.
typedef void client_limits_fn(void *arg);

/// Counts the turns of the loop: each has looked at all sockets.  One a client.
struct client_turns;
struct client_turns *client_turns_new(struct loop *loop); ///< NULL when memory is out
void client_turns_free(struct client_turns *turns); ///< its memory goes with the loop's last turn

/// Begins to watch the slot's transfer, by message->total_ms and message->idle_ms.  NULL when
/// memory is out.
struct client_limits *client_limits_start(struct loop *loop, const struct client_turns *turns,
                                          struct client_slot *slot, client_limits_fn *over,
                                          void *arg);

/// The time is up now: the transfer gets what lies in its socket, and is over then.  Once.
void client_limits_hurry(struct client_limits *limits);

/// Ends the watch; NULL is allowed.
void client_limits_end(struct client_limits *limits);

#endif
