/// The HTTP client: libcurl's transfers on the loop.
///
/// At most CLIENT_LIMIT transfers run at once, the others wait behind them in order; connections
/// are kept and used again, HTTP/2 streams share one.  TLS peers are always verified.  Proxies come
/// from the environment (http_proxy, https_proxy, all_proxy, no_proxy), but never for this machine.
///
/// Never twice: libcurl sends a request again when a kept connection turns out dead, whatever the
/// method.  So a method other than GET and HEAD gets a new connection, over HTTP/1.1 (a server may
/// refuse an HTTP/2 stream, which libcurl repeats too), without "Expect: 100-continue", and follows
/// no redirect.
#ifndef RCMCP_NET_CLIENT_H
#define RCMCP_NET_CLIENT_H

#include "loop/loop.h"
#include "net/client_request.h"
#include "net/trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct client_transfer;

enum { CLIENT_LIMIT = 256 }; ///< transfers, and so connections, at once

/// Opens libcurl and creates a client.  NULL, with `why` filled in, on failure.
struct client *client_new(struct loop *loop, struct client_failure *why);

/// Ends all transfers and connections; before loop_free() runs its last turn.  NULL is allowed.
void client_free(struct client *c);

/// Starts or queues a transfer.  NULL, with `why` filled in, when it cannot begin; nothing was sent
/// then.
struct client_transfer *client_start(struct client *c, const struct client_request *request,
                                     client_done *done, void *arg, struct client_failure *why);

/// Whether the request has taken the wire: bytes of it may have left.  Before that it waits in the
/// queue, for a name, for a connection, for TLS, and client_cancel() is certain to leave nothing
/// sent.
bool client_is_sent(const struct client_transfer *t);

/// Where the head of the answer has come: waits for the rest no longer.  The transfer ends, from
/// the loop, as one whose time is up, with what there is of its answer; one whose answer has not
/// begun goes on.
void client_hurry(const struct client_transfer *t);

/// Ends the transfer; an unfinished file is removed.
void client_cancel(struct client_transfer *t);

struct client_stats {
    size_t active;        ///< transfers not yet ended, queued ones included
    size_t queued;        ///< of these, waiting behind the limit
    uint64_t transfers;   ///< begun since the start
    uint64_t connections; ///< opened since the start, by transfers that have ended
};
struct client_stats client_stats(const struct client *c);

struct client_info {
    const char *version;
    const char *tls; ///< TLS library, or NULL
    struct trust trust;
    bool http2;
};
struct client_info client_info(const struct client *c);

#endif
