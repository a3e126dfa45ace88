/// What the parts of the HTTP server share: the server, its requests, their queues.  Private to
/// them.  The functions are those of server_request.c.
#ifndef RCMCP_NET_SERVER_STATE_H
#define RCMCP_NET_SERVER_STATE_H

#include "base/buf.h"
#include "net/linger.h"
#include "net/mhd_api.h"
#include "net/server_answer.h"
#include "net/server_event.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <uv.h>

enum request_state {
    REQUEST_ARRIVING, ///< head or body still on the way
    REQUEST_ASKED,    ///< complete, not answered
    REQUEST_ANSWERED, ///< the answer is libmicrohttpd's business
    REQUEST_STREAMING,
    REQUEST_BROKEN, ///< to be closed as soon as libmicrohttpd asks
};

struct server_request {
    unsigned references; ///< the connection, the owner, a stream's response, a queue: one each
    enum request_state state;
    struct server *server;             ///< NULL once closed
    struct MHD_Connection *connection; ///< NULL once it is done with the request
    struct server_head head;
    char *uri; ///< path and query live here
    char *method;
    struct server_header *headers;
    struct buf body;
    char peer[INET6_ADDRSTRLEN];
    void *data;
    bool seen;      ///< libmicrohttpd showed the head
    bool suspended; ///< libmicrohttpd waits for resume
    bool pending;   ///< counted by server_pending()
    bool watched;   ///< the socket is in the server's disconnect set
    bool want_end;
    bool muted;    ///< the stream's bytes go nowhere (answer to HEAD)
    bool finished; ///< the stream's last byte is queued
    struct server_answer *answer;
    struct buf out; ///< of the stream
    enum server_end end;
    struct server_request *previous, *next; ///< all requests of the server
    struct server_request *queued;          ///< next in the server's queue
};

struct request_queue {
    struct server_request *first, *last;
};

struct server {
    struct MHD_Daemon *daemon; ///< NULL once closed
    struct loop *loop;
    uv_poll_t activity;   ///< libmicrohttpd's epoll descriptor
    uv_poll_t departures; ///< disconnect_fd
    uv_timer_t timer;     ///< libmicrohttpd's next time-out
    uv_timer_cb pump;     ///< of `timer`: has libmicrohttpd run
    unsigned handles;     ///< of the three, those not yet closed
    int disconnect_fd;    ///< epoll set of the sockets whose peers may leave while we compute
    bool pumping;         ///< libmicrohttpd runs, or what it left is being reported
    bool kicked;          ///< libmicrohttpd is to run soon, whatever it says itself
    uint16_t port;
    size_t max_body;
    struct server_events events;
    void *arg;
    struct server_request *requests;
    struct request_queue asked; ///< to be reported; each holds a reference
    struct request_queue over;  ///< ends to be reported; each holds a reference
    struct lingering *lingering;
    struct server *next; ///< of all open servers
};

/// A request that arrives; the caller has its one reference.  NULL: out of memory.
struct server_request *request_new(struct server *s, struct MHD_Connection *connection,
                                   const char *uri);

/// Queues hold references.
void request_push(struct request_queue *queue, struct server_request *r);
struct server_request *request_pop(struct request_queue *queue);

/// Frees what only the event that reports the request may look at.
void request_forget_body(struct server_request *r);

/// Gives the owner its reference and counts the request as pending.
void request_hand_out(struct server_request *r);

/// The request is answered, or never will be: it is not pending any more.
void request_settle(struct server_request *r);

/// Has libmicrohttpd leave the connection alone, and go on with it.
void request_suspend(struct server_request *r);
void request_resume(struct server_request *r);

/// The request's socket.
int request_socket(const struct server_request *r);

/// Puts the socket into the disconnect set, unless it is there or the request is over; takes it
/// out.
void request_watch(struct server_request *r);
void request_unwatch(struct server_request *r);

/// Has the connection closed as soon as libmicrohttpd asks.  The caller reports it.
void request_break(struct server_request *r);

#endif
