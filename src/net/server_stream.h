/// An answer that is made piecemeal: what is written goes out as the peer takes it.
#ifndef RCMCP_NET_SERVER_STREAM_H
#define RCMCP_NET_SERVER_STREAM_H

#include "net/server_answer.h"
#include "net/server_event.h"

#include <sys/types.h>

/// Begins a streamed answer to `r`: chunked, or up to the connection's end for an HTTP/1.0 client.
/// NULL: out of memory.
struct server_answer *server_answer_stream(struct server_request *r, unsigned status);

/// Queues bytes of the streamed answer; how many are queued in all, or -1 when the peer is gone or
/// the stream closed, -2 when memory is out (nothing was queued).
ssize_t server_stream_write(struct server_request *r, const void *bytes, size_t size);

/// Ends the streamed answer properly, after what is queued.
void server_stream_finish(struct server_request *r);

#endif
