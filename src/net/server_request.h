/// A request to the HTTP server, for whoever answers it.
#ifndef RCMCP_NET_SERVER_REQUEST_H
#define RCMCP_NET_SERVER_REQUEST_H

#include "net/server_answer.h"
#include "net/server_event.h"

/// Requests reported and not yet answered, of all servers.  A streamed answer counts as answered
/// once finished; so does a request whose peer is gone.
size_t server_pending(void);

/// What was asked.
const struct server_head *server_request_head(const struct server_request *r);

/// A pointer for the owner of the request; NULL at first.
void server_request_set_data(struct server_request *r, void *data);
void *server_request_data(const struct server_request *r);

/// Asks for the `ended` event; it comes also if the end was before.
void server_request_want_end(struct server_request *r);

/// Whether the request is over: answered in full, peer gone, or server closed.
bool server_request_over(const struct server_request *r);

/// One more reference, for the owner.
void server_request_keep(struct server_request *r);

/// Drops a reference.  With the owner's last one the request must have been answered or closed.
/// NULL is allowed.
void server_request_release(struct server_request *r);

/// Sends the answer, which is then the server's.  Once a request.  Without effect when it is over.
void server_request_answer(struct server_request *r, struct server_answer *a);

/// Closes the connection: without an answer, or in the middle of the streamed one.  Nothing
/// happens if the request is over.
void server_request_close(struct server_request *r);

#endif
