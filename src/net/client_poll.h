/// libcurl's multi interface on the loop: one uv_poll a socket, one timer.
///
/// libcurl forgets the socket of a connection whenever a transfer on it ends, and asks for it again
/// with the next one.  Taking it out of epoll each time would cost two system calls a request, so a
/// socket stays there, parked, until it is closed or something happens on it.
#ifndef RCMCP_NET_CLIENT_POLL_H
#define RCMCP_NET_CLIENT_POLL_H

#include "loop/loop.h"
#include "net/curl_api.h"

#include <stdbool.h>

struct client_poll;

/// Called from the loop.
typedef void client_poll_fn(void *arg);

/// Drives `multi`.  `worked` is called after libcurl has worked: transfers may have ended.  NULL
/// when memory is out.
struct client_poll *client_poll_new(struct loop *loop, CURLM *multi, client_poll_fn *worked,
                                    void *arg);

/// Calls `hung_up` when something has happened on a parked socket, usually its end.
void client_poll_on_hang_up(struct client_poll *p, client_poll_fn *hung_up, void *arg);

/// Looks again at parked sockets for which that was called and that are still there.
void client_poll_look_again(struct client_poll *p);

/// Has an easy handle open and close its sockets here; only such sockets can be parked.
void client_poll_adopt(struct client_poll *p, CURL *easy);

/// What an adopted handle opens its sockets with.
curl_socket_t client_poll_open_socket(struct client_poll *p, const struct curl_sockaddr *address);

/// Whether libcurl's timer keeps the loop running: only while there are transfers.
void client_poll_hold(struct client_poll *p, bool hold);

/// Closes all handles; the memory goes with the loop's last turn.  After curl_multi_cleanup().
/// NULL is allowed.
void client_poll_free(struct client_poll *p);

#endif
