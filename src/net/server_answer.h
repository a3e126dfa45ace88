/// Answers of the HTTP server: status, header lines and a body that is there.  For one that is made
/// piecemeal see server_stream.h.
#ifndef RCMCP_NET_SERVER_ANSWER_H
#define RCMCP_NET_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;
struct MHD_Response;
struct server_answer;

/// Begins an answer with a body, which is copied.  NULL: out of memory.
struct server_answer *server_answer_new(unsigned status, const void *body, size_t size);

/// Begins an answer that promises `promised` bytes, sends `size` of them and breaks the connection:
/// for tests of clients.  NULL: out of memory.
struct server_answer *server_answer_broken(unsigned status, const void *body, size_t size,
                                           uint64_t promised);

/// Adds a header line.  False: not allowed (line breaks), or out of memory.
bool server_answer_header(struct server_answer *a, const char *name, const char *value);

/// Frees an answer that was not sent.  NULL is allowed.
void server_answer_free(struct server_answer *a);

// Within the server:

/// An answer with this response, which is then the answer's.  NULL: `response` is, or out of
/// memory.
struct server_answer *server_answer_wrap(unsigned status, struct MHD_Response *response,
                                         bool is_stream);

bool server_answer_is_stream(const struct server_answer *a);

/// Hands the answer to libmicrohttpd, and frees it.  False: libmicrohttpd does not take it.
bool server_answer_queue(struct server_answer *a, struct MHD_Connection *connection);

#endif
