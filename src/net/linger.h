/// Lingering close: reads and discards what a client still sends, so that the answer it was given
/// is not lost to a connection reset.
#ifndef RCMCP_NET_LINGER_H
#define RCMCP_NET_LINGER_H

struct lingering;
struct loop;

/// Takes a duplicate of the socket `fd` and discards its input until the peer closes, or for at
/// most two seconds.  `*list` is the head of a list that the linger is in while it lives; the
/// list's owner must outlive it or call linger_close_all().  Best effort: without memory or
/// descriptors nothing happens.
void linger_start(struct loop *loop, int fd, struct lingering **list);

/// Ends all of a list at once.
void linger_close_all(struct lingering **list);

#endif
