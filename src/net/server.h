/// HTTP server: libmicrohttpd, its epoll descriptor on the loop.  It knows nothing of what it
/// serves.
///
/// A request is reported once its whole body is there, and is answered now or later: with an answer
/// made at once, with a stream, or by closing the connection.  Nothing is reported from inside a
/// function of this header, but for SERVER_CLOSED from server_close().
#ifndef RCMCP_NET_SERVER_H
#define RCMCP_NET_SERVER_H

#include "net/server_answer.h"
#include "net/server_event.h"
#include "net/server_request.h"
#include "net/server_stream.h"

#include <stddef.h>
#include <stdint.h>

struct loop;
struct server;

struct server_options {
    const char *host; ///< a numeric IPv4 or IPv6 address, or "localhost"
    uint16_t port;    ///< 0: any free one
    size_t max_body;  ///< bytes; longer bodies are answered with 413 and never reported
};

/// Why server_listen() failed.
struct server_error {
    char message[256];
    const char *code; ///< name of the errno value ("EADDRINUSE"), or "library"
};

/// Opens the listening socket.  `events` is copied, `arg` goes to each of them.  The server keeps
/// the loop alive until it is closed.  NULL on failure, with *error set.
struct server *server_listen(struct loop *loop, const struct server_options *options,
                             const struct server_events *events, void *arg,
                             struct server_error *error);

/// The port it listens on.
uint16_t server_port(const struct server *s);

/// Closes the listening socket and all connections, now.  Requests that are still referenced stay
/// valid and refuse every answer.  Again: does nothing until `closed` has run.  Not from inside
/// libmicrohttpd's callbacks (no event is reported from there).
void server_close(struct server *s);

#endif
