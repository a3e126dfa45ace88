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

#include "base/buf.h"
#include "loop/loop.h"
#include "net/trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct client_transfer;

enum {
    CLIENT_LIMIT = 256,       ///< transfers, and so connections, at once
    CLIENT_MAX_REDIRECTS = 5, ///< of a GET or HEAD
};

/// Everything is copied by client_start(), files are opened when the transfer begins.  Strings hold
/// no control characters: the caller has checked that.
struct client_request {
    const char *method;
    const char *url;            ///< http: or https:
    const char *const *headers; ///< whole lines, "Name: value"
    size_t header_count;
    const char *bearer; ///< NULL: none; goes to the URL's scheme, host and port alone
    const char *body;   ///< NULL: none
    size_t body_size;
    const char *body_file; ///< NULL: none; a regular file, sent as it is read
    const char *save_as;   ///< NULL: into memory; else where a 2xx answer's body goes
    long connect_ms;       ///< name, connection and TLS; above 0
    long total_ms;         ///< from leaving the queue; 0: none
    uint64_t idle_ms;      ///< once connected; 0: never
    size_t max_bytes;      ///< of the answer's body, decompressed
    /// A body over max_bytes (in memory) is shortened as JSON (base/brief.h); of one that is still
    /// larger, or is 16 times as large, the first max_bytes count.
    bool keep_head;
    bool no_redirects; ///< a redirect is the answer, also of a GET
    bool public_only;  ///< CLIENT_ADDRESS for a host of this machine or of a private network
};

enum client_code {
    CLIENT_OK,
    CLIENT_CONNECT,   ///< no connection: name, connecting, TLS handshake, within the time
    CLIENT_TLS,       ///< the peer's certificate, or the bundle to check it, is no good
    CLIENT_TIMEOUT,   ///< connected, but no complete answer in time
    CLIENT_TRUNCATED, ///< the answer ended early, or before it began
    CLIENT_TOO_LARGE, ///< over max_bytes
    CLIENT_FILE,      ///< body_file or save_as
    CLIENT_PROTOCOL,  ///< no valid HTTP answer, too many redirects, unusable URL
    CLIENT_NETWORK,   ///< the connection broke
    CLIENT_MEMORY,
    CLIENT_LIBRARY, ///< no usable libcurl
    CLIENT_ADDRESS, ///< public_only, and every address of the host is private
};

/// The code's word in Lua: "connect", "tls", …
const char *client_code_name(enum client_code code);

/// What became of a transfer; valid while the client_done runs.
struct client_result {
    enum client_code code;
    const char *message; ///< sentence for a person, names the host; NULL when code is CLIENT_OK
    bool sent;           ///< whether any byte of the request may have left
    bool cut;            ///< keep_head: there was more of the body
    bool partial;        ///< code is not CLIENT_OK: the head of an answer had come, and what there
                         ///< is of its body
    uint64_t left_out;   ///< keep_head: bytes of long texts that the body has not
    long status;         ///< these four: when code is CLIENT_OK, or where `partial`
    const struct buf *headers; ///< header block of the last response
    struct buf *body;          ///< may be freed early by the callee, to save memory
    const char *url;           ///< after redirects
};

/// Runs once, from the loop; never from inside client_start(), never after client_cancel().  The
/// transfer is gone when it is called.  `result` is NULL when the client is being freed: the owner
/// then only forgets the transfer.
typedef void client_done(void *arg, const struct client_result *result);

struct client_failure {
    enum client_code code;
    char message[512];
};

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
