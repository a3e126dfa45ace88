/// What server.c and server_request.c share.  Private to them.
#ifndef RCMCP_NET_SERVER_REQUEST_H
#define RCMCP_NET_SERVER_REQUEST_H

#include "base/buf.h"
#include "net/linger.h"
#include "net/mhd_api.h"
#include "net/server.h"

#include <netinet/in.h>
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
    unsigned handles;     ///< of the three, those not yet closed
    int disconnect_fd;    ///< epoll set of the sockets whose peers may leave while we compute
    bool pumping;         ///< libmicrohttpd runs, or what it left is being reported
    bool kicked;          ///< see server_kick()
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

/// The library's functions; set before the first server exists.
extern const struct mhd_api *server_mhd;

/// Has libmicrohttpd run, and the queues reported, soon: from the loop, or in the pump's next
/// round. libmicrohttpd does not wake its epoll descriptor for a resumed connection.
void server_kick(struct server *s);

/// libmicrohttpd's callbacks of a request's life; `cls` is the server.
void *request_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context);
void request_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode why);

/// Queues hold references.
void request_push(struct request_queue *queue, struct server_request *r);
struct server_request *request_pop(struct request_queue *queue);

/// Frees what only the event that reports the request may look at.
void request_forget_body(struct server_request *r);

/// Puts the socket into the disconnect set, unless it is there or the request is over.
void request_watch(struct server_request *r);

/// Gives the owner its reference and counts the request as pending.
void request_hand_out(struct server_request *r);

/// The peer left: breaks the connection.  The caller reports it.
void request_leave(struct server_request *r);

/// Makes libmicrohttpd go on with a suspended connection.
void request_resume(struct server_request *r);

#endif
