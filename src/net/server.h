/// HTTP server: libmicrohttpd, its epoll descriptor on the loop.  It knows nothing of what it
/// serves.
///
/// A request is reported once its whole body is there, and is answered now or later: with an answer
/// made at once, with a stream, or by closing the connection.  Nothing is reported from inside a
/// function of this header, but for SERVER_CLOSED from server_close().
#ifndef RCMCP_NET_SERVER_H
#define RCMCP_NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct server;
struct server_request;
struct server_answer;

struct server_options {
    const char *host; ///< a numeric IPv4 or IPv6 address, or "localhost"
    uint16_t port;    ///< 0: any free one
    size_t max_body;  ///< bytes; longer bodies are answered with 413 and never reported
};

enum server_end {
    SERVER_COMPLETE, ///< the whole answer went out
    SERVER_GONE,     ///< the peer went away, or the connection was broken, before that
    SERVER_CLOSED,   ///< server_close() ended it
};

struct server_events {
    /// A request with its whole body.  The receiver owns one reference: server_request_release().
    void (*request)(struct server_request *request, void *arg);
    /// The end of a request that server_request_want_end() was called for; once.
    void (*ended)(struct server_request *request, enum server_end end, void *arg);
    /// After server_close(): the server's memory is gone, nothing will be reported any more.
    void (*closed)(void *arg);
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

/// Requests reported and not yet answered, of all servers.  A streamed answer counts as answered
/// once finished; so does a request whose peer is gone.
size_t server_pending(void);

struct server_header {
    const char *name;
    const char *value;
};

/// What was asked.  `method`, `path` and `query` live as long as the request, the rest only while
/// the event that reports the request runs.
struct server_head {
    const char *method;
    const char *path;  ///< as sent, percent-encoded, without the query
    const char *query; ///< without "?"; "" if there is none
    const char *body;
    size_t body_size;
    const char *peer; ///< the client's address, numeric
    const struct server_header *headers;
    size_t header_count;
};
const struct server_head *server_request_head(const struct server_request *r);

/// A pointer for the owner of the request; NULL at first.
void server_request_set_data(struct server_request *r, void *data);
void *server_request_data(const struct server_request *r);

/// Asks for the `ended` event; it comes also if the end was before.
void server_request_want_end(struct server_request *r);

/// Whether the request is over: answered in full, peer gone, or server closed.
bool server_request_over(const struct server_request *r);

/// Drops the owner's reference.  The request must have been answered or closed.  NULL is allowed.
void server_request_release(struct server_request *r);

/// Begins an answer with a body, which is copied.  NULL: out of memory.
struct server_answer *server_answer_new(unsigned status, const void *body, size_t size);

/// Begins an answer that promises `promised` bytes, sends `size` of them and breaks the connection:
/// for tests of clients.  NULL: out of memory.
struct server_answer *server_answer_broken(unsigned status, const void *body, size_t size,
                                           uint64_t promised);

/// Begins a streamed answer to `r`: chunked, or up to the connection's end for an HTTP/1.0 client.
/// NULL: out of memory.
struct server_answer *server_answer_stream(struct server_request *r, unsigned status);

/// Adds a header line.  False: not allowed (line breaks), or out of memory.
bool server_answer_header(struct server_answer *a, const char *name, const char *value);

/// Frees an answer that was not sent.  NULL is allowed.
void server_answer_free(struct server_answer *a);

/// Sends the answer, which is then the server's.  Once a request.  Without effect when it is over.
void server_request_answer(struct server_request *r, struct server_answer *a);

/// Closes the connection: without an answer, or in the middle of the streamed one.  Nothing
/// happens if the request is over.
void server_request_close(struct server_request *r);

/// Queues bytes of the streamed answer; how many are queued in all, or -1 when the peer is gone or
/// the stream closed, -2 when memory is out (nothing was queued).
ssize_t server_stream_write(struct server_request *r, const void *bytes, size_t size);

/// Ends the streamed answer properly, after what is queued.
void server_stream_finish(struct server_request *r);

#endif
