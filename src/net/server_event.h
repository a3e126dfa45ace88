/// What the HTTP server reports, and of what.
#ifndef RCMCP_NET_SERVER_EVENT_H
#define RCMCP_NET_SERVER_EVENT_H

#include <stddef.h>

struct server_request;

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

#endif
